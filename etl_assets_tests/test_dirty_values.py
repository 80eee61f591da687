"""The dirty database with which the peer tools were measured, value by value: what each becomes here."""

from datetime import datetime, timezone

import pytest

from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

MOMENT = datetime(2023, 3, 12, 2, 30, tzinfo=timezone.utc)
SPEC = """
source: {timezone: UTC}
namespace: 11111111-2222-5333-8444-555555555555
users: {}
policy: {incomplete_users: load}
tables:
  things:
    target: public.things
    owner: user_id
    columns: {at: timestamptz, doc: jsonb, amount: integer, note: text}
"""
LEGACY = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT DEFAULT (datetime('now')));
CREATE TABLE things (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, at DATETIME DEFAULT (strftime('%s', 'now')),
                     doc TEXT, amount INTEGER, note TEXT);
INSERT INTO users (id, email) VALUES (1, 'a@x.org');
"""
# The column, the SQL of its value, and what comes of it: the value that arrives, or the rule that keeps it back.
VALUES: list[tuple[str, str, object]] = [
    ("at", "1678588200", "number_without_unit"),
    ("at", "1678588200000", "number_without_unit"),
    ("at", "1678588200.5", "number_without_unit"),
    ("at", "2460015.604", "number_without_unit"),
    ("at", "'2023-02-30'", "no_such_date"),
    ("at", "'2023-3-12'", "not_iso_8601"),
    ("at", "'2023-03-12T04:30:00+02:00'", MOMENT),
    ("at", "'2023-03-12 02:30:00'", MOMENT),
    ("at", "''", "empty"),
    ("at", "'now'", "not_iso_8601"),
    ("at", "'3/12/2023'", "not_iso_8601"),
    ("at", "'0000-00-00'", "no_such_date"),
    ("at", "NULL", None),
    ("doc", "'{bad'", "not_json"),
    ("doc", "''", "empty"),
    ("doc", "'{\"a\": NaN}'", "json_not_a_number"),
    ("doc", '\'{"a": "\\u0000"}\'', "json_nul"),
    ("doc", '\'{"a": 1, "a": 2}\'', "json_duplicate_key"),
    ("doc", "'{\"a\": 1}'", {"a": 1}),
    ("note", "'a' || char(0) || 'b'", "nul_in_text"),
    ("note", "CAST(x'6d61f16f' AS TEXT)", "invalid_utf8"),
    ("note", "x'00ff'", "blob_in_text"),
    ("note", "''", ""),
    ("note", "'=cmd()'", "=cmd()"),
    ("note", "7.0", "7.0"),
    ("amount", "10.5", "not_an_integer"),
    ("amount", "'1,000'", "not_an_integer"),
    ("amount", "'abc'", "not_an_integer"),
    ("amount", "9223372036854775807", "out_of_range"),
    ("amount", "10.0", 10),
    ("amount", "'42'", 42),
]
LINKS = [("NULL", "owner_missing"), ("99", "owner_unknown")]


def test_every_dirty_value_is_taken_or_kept_back_as_the_design_says(world: World) -> None:
    rows = [
        f"({n}, 1, {', '.join(value if column == name else 'NULL' for name in ('at', 'doc', 'amount', 'note'))})"
        for n, (column, value, _) in enumerate(VALUES, start=1)
    ]
    rows += [f"({900 + n}, {owner}, NULL, NULL, NULL, NULL)" for n, (owner, _) in enumerate(LINKS)]
    world.legacy(f"{LEGACY} INSERT INTO things VALUES {', '.join(rows)};", schema="")
    world.execute(
        "CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid, at timestamptz, doc jsonb, amount integer, note text)"
    )
    path = world.folder / "dirty.yaml"
    path.write_text(SPEC, encoding="utf-8")
    world.use_spec(path)
    world.sign_up("a@x.org")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    refused = {
        int(key): (column, rule)
        for key, column, rule in world.query('SELECT legacy_id, "column", rule FROM etl.quarantine')
    }
    loaded = {
        int(row[0]): dict(zip(("at", "doc", "amount", "note"), row[1:], strict=True))
        for row in world.query(
            "SELECT l.legacy_id, t.at, t.doc, t.amount, t.note FROM etl.loaded AS l JOIN public.things AS t ON t.id::text = l.new_id"
        )
    }
    for number, (column, value, expected) in enumerate(VALUES, start=1):
        if number in refused:
            assert refused[number] == (column, expected), value
            assert number not in loaded
        else:
            assert loaded[number][column] == expected, value
    assert len(refused) + len(loaded) == len(VALUES)
    book = outcome.books.tables[0]
    assert book.quarantined == len(refused) + len(LINKS)
    assert {group.reason for group in book.groups if group.state == "quarantined"} == {rule for _, rule in LINKS}


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_a_database_of_any_encoding_arrives_the_same(world: World, encoding: str) -> None:
    script = f"PRAGMA encoding = '{encoding}'; {LEGACY} INSERT INTO things VALUES (1, 1, NULL, NULL, 1, 'Málaga €\U0001f600');"
    world.legacy(script, schema="")
    world.execute(
        "CREATE TABLE public.things (id uuid PRIMARY KEY, user_id uuid, at timestamptz, doc jsonb, amount integer, note text)"
    )
    path = world.folder / "dirty.yaml"
    path.write_text(SPEC, encoding="utf-8")
    world.use_spec(path)
    world.sign_up("a@x.org")
    assert world.migrate().books.closed
    assert world.query("SELECT note FROM public.things") == [("Málaga €\U0001f600",)]


def test_a_damaged_file_is_one_sentence_and_nothing_is_written(world: World) -> None:
    world.legacy("")
    content = world.legacy_path.read_bytes()
    world.legacy_path.write_bytes(content[: len(content) // 2])
    for command in (("check",), ("migrate",), ("init", str(world.legacy_path))):
        result = world.cli(*command)
        assert result.returncode in (1, 2), result.stderr
        assert "Traceback" not in result.stderr
        assert len(result.stderr.strip().splitlines()) < 12
    assert world.legacy_path.read_bytes() == content[: len(content) // 2]
