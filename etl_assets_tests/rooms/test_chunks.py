"""An export whose unchanged chunks are taken over is, byte for byte, the one that reads everything."""

import sqlite3
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.exports import Manifest
from etl_assets.access.legacy import chunks, export
from etl_assets.access.legacy.chunks import classes_of, write_rows
from etl_assets.access.legacy.database import open_read_only
from etl_assets.access.legacy.export import open_export
from etl_assets.core.staging.difference import find_change
from etl_assets.core.staging.update import FormerStaging
from etl_assets.spec.exports import Export, ExportColumn
from etl_assets.transform.differences import rows_at

BATCH, CHUNK = 2, 4
EXPORT = Export("t", "t", (ExportColumn("a", column="a"), ExportColumn("b", column="b")))
JOINED = Export("t", "t", (ExportColumn("a", expr="(SELECT name FROM names WHERE id = t.a)"),), where="b IS NOT 'out'")
CELL = st.one_of(
    st.none(), st.integers(-9, 9), st.sampled_from(["", "x", '"', "a\nb", "1", "out"]), st.binary(max_size=2)
)
# One write of the app: a rowid, and what becomes of its row; None is its removal.
WRITES = st.lists(st.tuples(st.integers(-3, 25), st.none() | st.tuples(CELL, CELL)), max_size=12)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH_ROWS", BATCH)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", CHUNK)


def make(path: Path, table: str = "id INTEGER PRIMARY KEY, a, b") -> Path:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(f"CREATE TABLE names (id INTEGER PRIMARY KEY, name); CREATE TABLE t ({table});")
    connection.executemany("INSERT INTO names VALUES (?, 'name ' || ?1)", [(number,) for number in range(-9, 10)])
    connection.executemany("INSERT INTO t VALUES (?, ?1 % 10, 'b')", [(number,) for number in range(1, 20)])
    connection.commit()
    connection.close()
    return path


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(";".join(statements))
    connection.close()


def exported(artifacts: Artifacts, path: Path, wanted: Export, snapshot: str, former: Manifest | None) -> Manifest:
    with open_read_only(path) as connection, artifacts.writing_export(snapshot, wanted.name) as writer:
        reader = open_export(connection, wanted)
        assert reader is not None
        known = (former, artifacts.export_path(former.snapshot, former.table)) if former else None
        written = write_rows(reader, writer, known)
        facts = {"table": wanted.name, "snapshot": snapshot, "spec_digest": "", "declared": {}}
        classes = classes_of(reader, written)
        return writer.publish(**facts, columns=reader.labels, usual=reader.usual, classes=classes, chunks=written)


def both(artifacts: Artifacts, path: Path, wanted: Export, former: Manifest) -> Manifest:
    """The incremental export, which is held against the one from nothing."""
    found = exported(artifacts, path, wanted, "now", former)
    whole = exported(artifacts, path, wanted, "whole", None)
    content = artifacts.export_path("now", "t").read_bytes()
    assert content == artifacts.export_path("whole", "t").read_bytes()
    assert (found.sha256, found.rows, found.usual) == (whole.sha256, whole.rows, whole.usual)
    assert found.classes == whole.classes
    assert sum(chunk.rows for chunk in found.chunks) == found.rows
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WRITES, WRITES, st.sampled_from([EXPORT, JOINED]))
def test_any_writes_between_two_exports(tmp_path: Path, first: list, then: list, wanted: Export) -> None:
    path, artifacts = make(tmp_path / "t.db"), Artifacts(tmp_path / "artifacts")
    former = exported(artifacts, path, wanted, "former", None)
    for writes in (first, then):
        connection = sqlite3.connect(path)
        for number, cells in writes:
            connection.execute("DELETE FROM t WHERE id = ?", [number])
            if cells is not None:
                connection.execute("INSERT INTO t VALUES (?, ?, ?)", [number, *cells])
        connection.commit()
        connection.close()
        found = both(artifacts, path, wanted, former)
        told = differing(artifacts, former, found)
        assert told == differing_rows(artifacts, former, found)
        former = exported(artifacts, path, wanted, "former", former)


def differing(artifacts: Artifacts, former: Manifest, now: Manifest) -> tuple[set, set] | None:
    """The rows that staging takes out and in, as chunks tell them; None where it stages the table whole."""
    found = find_change(artifacts, FormerStaging(former.snapshot, former.sha256, former.rows), now)
    if found is None:
        return differing_rows(artifacts, former, now)
    return (
        _rows(rows_at(artifacts.verified_batches(former, found.was), found.rows.gone)),
        _rows(rows_at(artifacts.verified_batches(now, found.now), found.rows.fresh)),
    )


def differing_rows(artifacts: Artifacts, former: Manifest, now: Manifest) -> tuple[set, set]:
    before, after = (_rows(artifacts.verified_batches(manifest)) for manifest in (former, now))
    return before - after, after - before


def _rows(batches: object) -> set[tuple]:
    return {row for batch in batches for row in pl.DataFrame(batch).rows()}  # type: ignore[attr-defined]


def test_one_changed_row_reads_one_chunk(tmp_path: Path) -> None:
    path, artifacts = make(tmp_path / "t.db"), Artifacts(tmp_path / "artifacts")
    former = exported(artifacts, path, EXPORT, "former", None)
    assert [chunk.rows for chunk in former.chunks] == [4, 4, 4, 4, 3]
    change(path, "UPDATE t SET b = 'other' WHERE id = 6")
    found = both(artifacts, path, EXPORT, former)
    assert found.kept == 12  # of 19: the chunk of row 6 is read, and the last one, which has room
    told = find_change(artifacts, FormerStaging("former", former.sha256, former.rows), found)
    assert told is not None
    assert [chunk.last for chunk in told.now or ()] == [8]
    assert differing(artifacts, former, found) == ({("6", "6", "b", None)}, {("6", "6", "other", None)})


def test_rows_that_are_added_fill_the_last_chunk(tmp_path: Path) -> None:
    path, artifacts = make(tmp_path / "t.db"), Artifacts(tmp_path / "artifacts")
    former = exported(artifacts, path, EXPORT, "former", None)
    change(path, "INSERT INTO t VALUES (30, 1, 'b'), (31, 1, 'b')")
    found = both(artifacts, path, EXPORT, former)
    assert [chunk.rows for chunk in found.chunks] == [4, 4, 4, 4, 4, 1]
    change(path, "DELETE FROM t WHERE id BETWEEN 5 AND 8")
    assert [chunk.rows for chunk in both(artifacts, path, EXPORT, found).chunks] == [4, 4, 4, 4, 1]


def test_a_change_in_another_table_that_shows_here_is_seen(tmp_path: Path) -> None:
    path, artifacts = make(tmp_path / "t.db"), Artifacts(tmp_path / "artifacts")
    former = exported(artifacts, path, JOINED, "former", None)
    change(path, "UPDATE names SET name = 'Other' WHERE id = 5")
    found = both(artifacts, path, JOINED, former)
    assert found.sha256 != former.sha256
    assert found.kept == 8  # rows 5 and 15 are in the second and the fourth of five chunks


def test_a_key_that_is_repeated_by_now_changes_the_row_that_had_it_alone(tmp_path: Path) -> None:
    path, artifacts = make(tmp_path / "t.db", "id INTEGER, a, b"), Artifacts(tmp_path / "artifacts")
    wanted = Export("t", "t", EXPORT.columns, key=("id",))
    former = exported(artifacts, path, wanted, "former", None)
    change(path, "INSERT INTO t VALUES (6, 1, 'b')")
    assert both(artifacts, path, wanted, former).kept == 12


def test_a_table_without_rowids_and_wide_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = Artifacts(tmp_path / "artifacts")
    path = make(tmp_path / "t.db", "id TEXT PRIMARY KEY, a, b) WITHOUT ROWID; CREATE TABLE u (id")
    former = exported(artifacts, path, EXPORT, "former", None)
    assert (former.chunks, former.rows) == ((), 19)
    found = exported(artifacts, path, EXPORT, "now", former)
    assert (found.sha256, found.kept, found.classes) == (former.sha256, 0, former.classes)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    wide = exported(artifacts, make(tmp_path / "w.db"), EXPORT, "wide", None)
    assert [chunk.rows for chunk in wide.chunks] == [BATCH] * 9 + [1]
