"""The legacy file is read as of one moment, whatever state it is in, and never written."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from etl_assets.access.legacy import database as legacy_sqlite
from etl_assets.access.legacy.database import copy_database, open_read_only, require_table
from etl_assets.model.errors import LegacyFileError, LegacyMismatch


def make(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


def test_the_copy_holds_what_only_the_wal_has(tmp_path: Path) -> None:
    path = tmp_path / "wal.db"
    writer = sqlite3.connect(path)
    writer.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (a); INSERT INTO t VALUES (1)"
    )
    writer.commit()
    assert (tmp_path / "wal.db-wal").stat().st_size > 0
    copy_database(path, tmp_path / "copy.db")
    writer.close()
    with open_read_only(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT * FROM t").fetchall() == [(1,)]
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("copy")) == ["copy.db"]


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_copy_under_a_busy_writer_has_no_orphans(tmp_path: Path, mode: str) -> None:
    path = make(tmp_path / "live.db", f"PRAGMA journal_mode={mode}; CREATE TABLE u (id); CREATE TABLE j (u)")
    stop = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        number = 0
        while not stop.is_set():
            number += 1
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO u VALUES (?)", [number])
            connection.execute("INSERT INTO j VALUES (?)", [number])
            connection.execute("COMMIT")
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for round_number in range(5):
            copy = tmp_path / f"copy{round_number}.db"
            copy_database(path, copy)
            with open_read_only(copy) as connection:
                assert (
                    connection.execute("SELECT count(*) FROM u").fetchall()
                    == connection.execute("SELECT count(*) FROM j").fetchall()
                )
                assert connection.execute("SELECT count(*) FROM j WHERE u NOT IN (SELECT id FROM u)").fetchone() == (0,)
    finally:
        stop.set()
        writer.join()


def test_a_locked_file_is_given_up_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_sqlite, "BUSY_TIMEOUT_S", 0.3)
    path = make(tmp_path / "locked.db", "CREATE TABLE t (a)")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LegacyFileError, match="another program held it"):
        copy_database(path, tmp_path / "copy.db")
    holder.close()


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = make(tmp_path / "bad.db", "CREATE TABLE t (a); " + "INSERT INTO t VALUES (hex(randomblob(900)));" * 60)
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)
    with pytest.raises(LegacyFileError, match="damaged"):
        copy_database(path, tmp_path / "copy.db")


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(LegacyFileError, match="does not exist"), open_read_only(tmp_path / "none.db"):
        pass
    assert not (tmp_path / "none.db").exists()


def test_a_path_with_odd_characters_opens(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%20"
    folder.mkdir()
    path = make(folder / "leg acy.db", "CREATE TABLE t (a)")
    copy_database(path, tmp_path / "copy.db")
    with pytest.raises(LegacyFileError, match="readonly"), open_read_only(path) as connection:
        connection.execute("CREATE TABLE x (a)")


def test_a_misspelt_table_is_suggested(tmp_path: Path) -> None:
    path = make(tmp_path / "t.db", "CREATE TABLE jobs (id INTEGER PRIMARY KEY)")
    with open_read_only(path) as connection:
        with pytest.raises(LegacyMismatch, match="did you mean 'jobs'"):
            require_table(connection, "jbos")
        assert require_table(connection, "JOBS").name == "jobs"
