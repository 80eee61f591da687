"""What a legacy database holds, counted by reading it."""

import sqlite3
from pathlib import Path

import pytest

from etl_assets.init import profile as legacy_profile
from etl_assets.init.profile import read_profile
from etl_assets.init.table_facts import DatabaseFacts, TableFacts
from etl_assets.model.errors import LegacyFileError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


def profile(path: Path, script: str) -> DatabaseFacts:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return read_profile(path)


def table(facts: DatabaseFacts, name: str) -> TableFacts:
    return next(found for found in facts.tables if found.name == name)


def test_cells_are_counted_by_class_and_shape(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE t (id INTEGER PRIMARY KEY, v, at, mail TEXT);
        INSERT INTO t (v, at, mail) VALUES (1, 1700000000, 'a@b.co'), (1.0, 1700000000000, 'nobody'), (0.5, 1700000000.25, NULL),
          (3000000000, 2460000.5, NULL), ('2024-01-01', 5, NULL), ('31/12/2020', 5, NULL), (x'00112233445566778899aabbccddeeff', 5, NULL),
          (CAST(x'ff' AS TEXT), 5, NULL), (9e999, 5, NULL), (NULL, NULL, NULL);""",
    )
    v, at = (table(facts, "t").columns[name] for name in ("v", "at"))
    assert (v.nulls, v.integers, v.reals, v.texts, v.blobs) == (1, 2, 3, 3, 1)
    assert (v.zeros_and_ones, v.small_integers, v.whole_reals, v.infinities, v.uuid_blobs) == (1, 1, 1, 1, 1)
    assert v.shapes == {"date": 1, "other": 1, "undecodable": 1}
    assert v.formats == {"%d/%m/%Y": 1}
    assert at.epochs == {"s": 2, "ms": 1, "julian": 1}
    assert table(facts, "t").columns["mail"].emails == 1


def test_hopeless_formats_are_dropped_and_the_others_counted_to_the_end(path: Path) -> None:
    rows = ", ".join(f"('{day:02}/{month:02}/2020')" for day in range(1, 29) for month in range(1, 13))
    facts = profile(path, f"CREATE TABLE t (d TEXT); INSERT INTO t VALUES {', '.join([rows] * 5)};")
    column = table(facts, "t").columns["d"]
    assert column.formats["%d/%m/%Y"] == column.texts == 28 * 12 * 5
    assert column.formats.get("%m/%d/%Y", 0) in (0, 12 * 12 * 5)
    assert set(column.formats) <= {"%d/%m/%Y", "%m/%d/%Y"}


def test_secrets_are_never_read(path: Path) -> None:
    facts = profile(path, "CREATE TABLE t (id INTEGER PRIMARY KEY, password TEXT); INSERT INTO t VALUES (1, 'CANARY');")
    assert table(facts, "t").columns["password"].filled == 0
    assert "CANARY" not in repr(facts)


def test_foreign_keys_know_their_parents_key_and_how_many_values_are_there(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE Parent (Pid INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES PARENT, q REFERENCES parent (PID), r REFERENCES gone (x),
                        a, b, FOREIGN KEY (A, B) REFERENCES pair);
        CREATE TABLE pair (x, y, PRIMARY KEY (y, x));
        INSERT INTO c (p, q) VALUES (1, 2), (3, NULL), (NULL, NULL);""",
    )
    found = {key.columns: key for key in table(facts, "c").foreign_keys}
    assert (found["p",].table, found["p",].to, found["p",].values, found["p",].found) == ("Parent", ("Pid",), 2, 1)
    assert (found["q",].to, found["q",].values, found["q",].found) == (("Pid",), 1, 1)
    assert (found["r",].table, found["r",].to) == ("gone", ("x",))
    assert found["a", "b"].to == ("y", "x")


def test_an_undeclared_reference_needs_its_values(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); INSERT INTO users VALUES (1, 'a@b.co'), (2, 'c@d.co');
        CREATE TABLE jobs (id INTEGER PRIMARY KEY, owner_id INTEGER, user_id INTEGER);
        INSERT INTO jobs VALUES (10, 1, 900), (11, 2, 901);
        CREATE TABLE files (id INTEGER PRIMARY KEY, jobId INTEGER, job_type TEXT); INSERT INTO files VALUES (1, 10, 'x');
        CREATE TABLE later (id INTEGER PRIMARY KEY, job_id INTEGER);""",
    )
    assert [(k.columns, k.table, k.declared) for k in table(facts, "jobs").foreign_keys] == [
        (("owner_id",), "users", False)
    ]
    assert [(k.columns, k.table) for k in table(facts, "files").foreign_keys] == [(("jobId",), "jobs")]
    assert [(k.columns, k.table, k.values) for k in table(facts, "later").foreign_keys] == [(("job_id",), "jobs", 0)]


def test_a_key_is_found_where_none_is_declared(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE by_index (id INTEGER NOT NULL UNIQUE, b TEXT, c INTEGER); INSERT INTO by_index VALUES (1, 'x', 1), (2, 'y', 1);
        CREATE TABLE by_data (price REAL, item_id INTEGER);
        WITH n(i) AS (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10))
        INSERT INTO by_data SELECT 1.5 * i, i FROM n;
        CREATE TABLE by_chance (price REAL, item_id INTEGER); INSERT INTO by_chance VALUES (1.5, 1), (2.5, 2);
        CREATE TABLE by_price (price INTEGER, sold_at TEXT, remark TEXT);
        INSERT INTO by_price SELECT 100 * item_id, '2024-01-' || item_id, 'r' || item_id FROM by_data;
        CREATE TABLE by_parents (by_index_id INTEGER, later_id INTEGER, price REAL); INSERT INTO by_parents VALUES (1, 1, 2.5);
        CREATE TABLE later (id INTEGER PRIMARY KEY); INSERT INTO later VALUES (1);
        CREATE TABLE by_nothing (a INTEGER); INSERT INTO by_nothing VALUES (1), (1);
        CREATE TABLE by_null (a INTEGER); INSERT INTO by_null VALUES (1), (NULL);
        CREATE TABLE empty (x TEXT, empty_id INTEGER);
        CREATE TABLE partial (a INTEGER, b INTEGER); CREATE UNIQUE INDEX p ON partial (a) WHERE b = 1;
        INSERT INTO partial VALUES (1, 2), (1, 2);""",
    )
    assert {found.name: found.unique for found in facts.tables} == {
        "by_index": (("id",),),
        "by_data": (("item_id",),),
        "by_chance": (),
        "by_price": (),
        "by_parents": (("by_index_id", "later_id"),),
        "later": (),
        "by_nothing": (),
        "by_null": (),
        "empty": (("empty_id",),),
        "partial": (),
    }


def test_views_virtual_and_shadow_tables_are_told_apart(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, up TEXT AS (upper(body)));
        CREATE VIRTUAL TABLE note USING fts5(body); CREATE VIEW v AS SELECT * FROM notes;
        CREATE TABLE note_taking (id INTEGER PRIMARY KEY); CREATE TABLE wr (k TEXT PRIMARY KEY) WITHOUT ROWID;""",
    )
    assert [found.name for found in facts.tables] == ["notes", "note_taking", "wr"]
    assert table(facts, "notes").columns["up"].generated
    reasons = {other.name: other.reason for other in facts.others}
    assert reasons["v"].startswith("a view")
    assert reasons["note"].startswith("a virtual table")
    assert reasons["note_data"] == "a shadow table of note"
    assert reasons["sqlite_sequence"].startswith("SQLite's own")


def test_a_long_table_is_judged_by_its_first_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_profile, "SAMPLE_ROWS", 2)
    facts = profile(
        path, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3);"
    )
    found = table(facts, "t")
    assert (found.rows, found.scanned, found.is_sampled, found.columns["n"].filled) == (3, 2, True, 2)


def test_long_cells_are_cut_but_long_json_is_still_json(path: Path) -> None:
    facts = profile(
        path,
        "CREATE TABLE t (j TEXT, b BLOB); INSERT INTO t VALUES ('[' || printf('%.5000c', '1') || ']', zeroblob(1000000)), "
        "('[' || printf('%.5000c', 'x'), NULL);",
    )
    assert table(facts, "t").columns["j"].shapes == {"json": 1, "other": 1}


def test_the_file_is_not_touched_and_a_bad_one_is_a_sentence(path: Path) -> None:
    profile(path, "CREATE TABLE t (a)")
    before = (path.stat().st_mtime_ns, path.read_bytes())
    read_profile(path)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert [found.name for found in path.parent.iterdir()] == ["app.db"]
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 5000)
    with pytest.raises(LegacyFileError):
        read_profile(path)
    with pytest.raises(LegacyFileError, match="does not exist"):
        read_profile(path.with_name("nowhere.db"))
    assert not path.with_name("nowhere.db").exists()


def test_defaults_and_checks_say_what_is_a_flag_and_zones_what_is_a_moment(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER DEFAULT false, b INTEGER CHECK (b IN (0, 1)), c INTEGER DEFAULT 0,
          d INTEGER CHECK ("d" IN (0, 1, 2)), z TEXT, n TEXT, k INTEGER);
        INSERT INTO t VALUES (1, 0, 1, 1, 2, '2024-01-01T00:00:00Z', '1700000000123', -1), (2, 0, 1, 1, 2, '2024-01-01', '5', 0);""",
    )
    columns = table(facts, "t").columns
    assert [name for name, column in columns.items() if column.is_flag] == ["a", "b"]
    assert (columns["z"].zoned, columns["n"].epochs, columns["n"].numbers) == (1, {"ms": 1}, 2)
    assert (columns["k"].minus_ones, columns["k"].zeros) == (1, 1)


TELLING = """
CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT);
CREATE TABLE chats (id INTEGER PRIMARY KEY, whom TEXT, colour TEXT, twin TEXT);
INSERT INTO users SELECT 'k' || (value * 7919), 'u' || value || '@example.com' FROM json_each('[1,2,3,4,5,6,7,8,9]');
INSERT INTO chats SELECT rowid, id, 'red', iif(rowid < 3, 'other', id) FROM users;
"""


def test_random_keys_prove_a_reference_whatever_its_name(path: Path) -> None:
    keys = table(profile(path, TELLING), "chats").foreign_keys
    assert [(key.columns, key.table, key.declared, key.found) for key in keys] == [(("whom",), "users", False, 9)]


def test_small_numbers_prove_nothing_without_a_name(path: Path) -> None:
    script = TELLING.replace("'k' || (value * 7919)", "value").replace("TEXT PRIMARY", "INTEGER PRIMARY")
    assert table(profile(path, script), "chats").foreign_keys == ()


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [("owner_email", "email", 12), ("username", "username", 12), ("author", "username", 12), ("colour", "username", None),
     ("owner_email", "'x' || email", None), ("approved_by_email", "email", None)],
)  # fmt: skip
def test_users_named_by_address_or_name_are_looked_up(path: Path, column: str, value: str, found: int | None) -> None:
    facts = profile(
        path,
        f"""CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, email TEXT);
        CREATE TABLE notes (id INTEGER PRIMARY KEY, {column} TEXT);
        INSERT INTO users SELECT value, 'n' || value, 'u' || value || '@example.com' FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]');
        INSERT INTO notes SELECT id, {value} FROM users;""",
    )
    keys = [key for key in table(facts, "notes").foreign_keys if key.table == "users"]
    assert [key.found for key in keys] == ([] if found is None else [found])
    if keys:
        connection = sqlite3.connect(path)
        rows = connection.execute(f"SELECT id, {keys[0].expr} FROM notes").fetchall()
        connection.close()
        assert all(one == other for one, other in rows)


def test_a_declared_reference_to_a_users_name_is_looked_up_and_a_name_that_repeats_is_not(path: Path) -> None:
    script = """CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT UNIQUE, nick TEXT, email TEXT);
        CREATE TABLE notes (id INTEGER PRIMARY KEY, author TEXT REFERENCES users (username), nick TEXT);
        INSERT INTO users VALUES (1, 'a', 'x', 'a@b.co'), (2, 'b', 'x', 'b@b.co');
        INSERT INTO notes VALUES (1, 'b', 'x');"""
    keys = table(profile(path, script), "notes").foreign_keys
    assert [(key.columns, key.to, key.declared, key.found) for key in keys] == [(("author",), ("id",), True, 1)]


@pytest.mark.parametrize(
    ("kind", "words", "is_found"),
    [
        ("target_type", ("post", "comment"), True),
        ("target", ("posts", "comments"), True),
        ("target_kind", ("app.Post", "app.Comment"), True),
        ("target_type", ("post", "song"), False),
        ("shape", ("post", "comment"), False),
    ],
)
def test_whatever_says_which_table_an_id_is_of(
    path: Path, kind: str, words: tuple[str, str], *, is_found: bool
) -> None:
    facts = profile(
        path,
        f"""CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE comments (id INTEGER PRIMARY KEY);
        CREATE TABLE likes (id INTEGER PRIMARY KEY, {kind} TEXT, target_id INTEGER);
        INSERT INTO posts VALUES (1), (2); INSERT INTO comments VALUES (3), (4);
        INSERT INTO likes VALUES (1, '{words[0]}', 1), (2, '{words[1]}', 3);""",
    )
    found = table(facts, "likes").several
    assert [(each.column, each.by, each.found) for each in found] == ([("target_id", kind, 2)] if is_found else [])


@pytest.mark.parametrize(
    ("parent", "key", "column", "is_found"),
    [
        ("classi", "id_classe", "id_classe", True),
        ("bestellungen", "id", "bestellung_id", True),
        ("party", "id", "part_id", False),
        ("workout", "wo_id", "ws_wo", True),
        ("workout", "wo_id", "ws_reps", False),
    ],
)
def test_other_plurals_and_prefixes_name_their_table(
    path: Path, parent: str, key: str, column: str, *, is_found: bool
) -> None:
    facts = profile(
        path,
        f"""CREATE TABLE {parent} ({key} INTEGER PRIMARY KEY, wo_a TEXT, wo_b TEXT, wo_c TEXT, wo_d TEXT);
        CREATE TABLE ws (ws_id INTEGER PRIMARY KEY, {column} INTEGER, ws_a TEXT, ws_b TEXT);
        INSERT INTO {parent} ({key}) VALUES (1), (2), (3), (4), (5), (6);
        INSERT INTO ws ({column}) VALUES (1), (2), (3), (4), (5), (6);""",
    )
    assert [k.table for k in table(facts, "ws").foreign_keys] == ([parent] if is_found else [])


def test_a_row_beside_a_users_is_named_by_its_own_key(path: Path) -> None:
    facts = profile(
        path,
        """CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
        CREATE TABLE settings_of (user_id INTEGER PRIMARY KEY, theme TEXT);
        CREATE TABLE tags (tag_id INTEGER PRIMARY KEY, name TEXT);
        INSERT INTO users VALUES (1, 'a@b.co'), (2, 'b@b.co');
        INSERT INTO settings_of VALUES (1, 'x'), (2, 'y'); INSERT INTO tags VALUES (1, 'x'), (2, 'y');""",
    )
    assert [key.columns for key in table(facts, "settings_of").foreign_keys] == [("user_id",)]
    assert table(facts, "tags").foreign_keys == ()
