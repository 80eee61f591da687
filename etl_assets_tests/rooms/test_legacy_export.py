"""Every cell of SQLite leaves as text from which it can be told exactly."""

import sqlite3
import struct
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.legacy.database import open_read_only
from etl_assets.access.legacy.export import SAMPLE_ROWS, open_export
from etl_assets.model.errors import LegacyMismatch
from etl_assets.spec.exports import Export, ExportColumn

COLUMNS = (ExportColumn("a", column="a"), ExportColumn("b", column="b"))
CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["", "\\.", "\\N", ",", '"', "\n", "\r\n", "'", "null", "0x10", "ff"]),
    st.binary(),
)


def make(path: Path, rows: list[tuple], columns: str = "id INTEGER PRIMARY KEY, a, b") -> Path:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE t ({columns})")
    marks = ", ".join("?" * len(columns.split(",")))
    connection.executemany(f"INSERT INTO t VALUES ({marks})", rows)
    connection.commit()
    connection.close()
    return path


def exported(path: Path, root: Path, export: Export) -> tuple[pl.DataFrame, dict[str, str]]:
    """The export through its file, as staging reads it."""
    artifacts = Artifacts(root)
    with open_read_only(path) as connection, artifacts.writing_export("s", export.name) as writer:
        reader = open_export(connection, export)
        assert reader is not None
        for batch in reader.batches():
            writer.write(batch)
        for keys in reader.excluded():
            writer.write_excluded(keys)
        manifest = writer.publish(
            table=export.name,
            snapshot="s",
            columns=reader.labels,
            declared={},
            usual=reader.usual,
            classes={k: dict(v) for k, v in reader.classes.items()},
            spec_digest="",
        )
    frames = list(artifacts.verified_batches(manifest))
    assert sum(frame.height for frame in frames) == manifest.rows
    return pl.concat(frames) if frames else pl.DataFrame(), reader.usual


def told(frame: pl.DataFrame, usual: dict[str, str], label: str, number: int) -> list[object]:
    """The cells that the CSV tells of, by its text and its classes alone."""
    cells: list[object] = []
    for text, classes in zip(frame[label], frame["_classes"], strict=True):
        kind = "n" if text is None else classes[number] if classes else usual[label]
        convert = {"n": lambda _: None, "i": int, "r": float, "t": str, "b": bytes.fromhex, "T": bytes.fromhex}
        cells.append(convert[kind](text))
    return cells


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cells_of_every_class_can_be_told_from_the_csv(tmp_path: Path, rows: list[tuple]) -> None:
    path = make(tmp_path / "t.db", [(n, *row) for n, row in enumerate(rows)])
    frame, usual = exported(path, tmp_path / "artifacts", Export("t", "t", COLUMNS))
    for number, label in enumerate(("a", "b")):
        found, expected = told(frame, usual, label, number), [row[number] for row in rows]
        assert [(type(cell), repr(cell)) for cell in found] == [(type(cell), repr(cell)) for cell in expected]


def test_reals_read_back_bit_for_bit(tmp_path: Path) -> None:
    numbers = [0.1, 1e22, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -0.0, 123456789.123456789, 2.0**53 + 2]
    path = make(tmp_path / "t.db", [(n, x, None) for n, x in enumerate(numbers)])
    frame, usual = exported(path, tmp_path / "artifacts", Export("t", "t", COLUMNS))
    found = told(frame, usual, "a", 0)
    assert [struct.pack("<d", x) for x in found] == [struct.pack("<d", x) for x in numbers]


def test_text_that_is_not_utf8_stops_nobody_else(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", [(1, "ok", 1)])
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO t VALUES (2, CAST(X'C3' AS TEXT), 2), (3, 'fine', 3)")
    connection.close()
    frame, usual = exported(path, tmp_path / "artifacts", Export("t", "t", COLUMNS))
    assert frame.rows() == [("1", "ok", "1", None), ("2", "C3", "2", "Ti"), ("3", "fine", "3", None)]
    assert told(frame, usual, "a", 0) == ["ok", b"\xc3", "fine"]


def test_where_divides_the_rows_in_two(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", [(1, 1, None), (2, None, None), (3, 0, None)])
    export = Export("t", "t", COLUMNS, where="a = 1")
    frame, _ = exported(path, tmp_path / "artifacts", export)
    assert frame["_key"].to_list() == ["1"]
    artifacts = Artifacts(tmp_path / "artifacts")
    assert pl.read_csv(artifacts.export_path("s", "t").with_name("t.excluded.csv"), infer_schema=False)[
        "_key"
    ].to_list() == ["2", "3"]


def test_expressions_may_not_read_secrets_nor_write(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", [], "id INTEGER PRIMARY KEY, a, password_hash")
    with open_read_only(path) as connection:
        for expr, words in (
            ("substr(password_hash, 1, 3)", "looks like a secret"),
            ("no_such(a)", "refuses the expression"),
        ):
            with pytest.raises(LegacyMismatch, match=words):
                open_export(connection, Export("t", "t", (ExportColumn("x", expr=expr),)))
        allowed = ExportColumn("x", expr="length(password_hash)", secret_allowed=True)
        assert open_export(connection, Export("t", "t", (allowed,))) is not None


def test_a_misspelt_column_is_not_read_as_a_string(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", [(1, "x", "y")])
    with open_read_only(path) as connection, pytest.raises(LegacyMismatch, match="no column 'aa'"):
        open_export(connection, Export("t", "t", (ExportColumn("aa", column="aa"),)))


def test_a_table_without_any_key_asks_for_one(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", [("x", "y")], "a, b")
    with open_read_only(path) as connection, pytest.raises(LegacyMismatch, match="no primary key"):
        open_export(connection, Export("t", "t", COLUMNS))


def test_an_empty_table_has_a_header_and_no_rows(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", [])
    frame, _ = exported(path, tmp_path / "artifacts", Export("t", "t", COLUMNS))
    assert frame.height == 0
    assert Artifacts(tmp_path / "artifacts").export_path("s", "t").read_text(encoding="utf-8") == "_key,a,b,_classes\n"


def test_a_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path / "artifacts")
    with pytest.raises(RuntimeError), artifacts.writing_export("s", "t") as writer:
        writer.write(pl.DataFrame({"_key": ["1"]}))
        raise RuntimeError
    left = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert [path for path in left if path.parent.name != "processes"] == []


@pytest.mark.parametrize("declared", ["", "TEXT", "TEXT COLLATE NOCASE", "INTEGER", "NUMERIC", "REAL", "BLOB"])
@pytest.mark.parametrize("usual", ["word", 7])
@pytest.mark.parametrize("odd", ["", "word", "7", 7, -1, 2.0, 2.5, float("-inf"), b"", b"\x00", b"word", None])
def test_one_odd_cell_behind_the_sample_is_told(tmp_path: Path, declared: str, usual: object, odd: object) -> None:
    columns = f"id INTEGER PRIMARY KEY, a {declared}, b"
    rows = [(number, usual, None) for number in range(1, SAMPLE_ROWS + 2)] + [(SAMPLE_ROWS + 2, odd, "end")]
    path = make(tmp_path / "l.db", rows, columns)
    with open_read_only(path) as connection:
        kept = [cell for (cell,) in connection.execute("SELECT a FROM t ORDER BY id")]
        kinds = {kind for (kind,) in connection.execute("SELECT DISTINCT typeof(a) FROM t WHERE a IS NOT NULL")}
        reader = open_export(connection, Export("t", "t", COLUMNS))
    assert reader is not None
    assert reader.is_plain is (kinds in ({"text"}, {"integer"}))
    frame, letters = exported(path, tmp_path / "artifacts", Export("t", "t", COLUMNS))
    found = told(frame, letters, "a", 0)
    assert [(type(cell), cell) for cell in found] == [(type(cell), cell) for cell in kept]
