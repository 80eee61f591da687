"""Files of a wave that is undone, of a copy that was killed, and of a person who is forgotten."""

from pathlib import Path

import fsspec
import pytest

from etl_assets_tests.files.uploads import held, jobs
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_an_undo_removes_what_it_had_stored_and_a_new_run_brings_it_again(
    moved: World, store: fsspec.AbstractFileSystem
) -> None:
    assert moved.cli("migrate").returncode == 0
    assert moved.cli("undo", "--wave", "last").returncode == 0
    assert store.find("results") == []
    assert moved.query("SELECT count(*) FROM etl.files") == [(0,)]
    wave = moved.query("SELECT max(wave) FROM etl.waves")[0][0]
    assert moved.cli("migrate", "--wave", wave).returncode == 0
    assert len(store.find("results")) == 5


def test_an_undo_is_refused_where_the_app_has_changed_a_file(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem
) -> None:
    assert moved.cli("migrate").returncode == 0
    [(key,)] = moved.query("SELECT key FROM etl.files WHERE legacy_id = '1'")
    store.pipe_file(f"results/{key}", b"another")
    done = moved.cli("undo", "--wave", "last")
    assert done.returncode == 1
    assert "another file" in done.stderr
    assert len(store.find("results")) == 5
    assert moved.cli("undo", "--wave", "last", "--in-use").returncode == 0
    assert store.find("results") == [f"results/{key}"]


def test_doctor_removes_what_an_undo_that_was_killed_has_left(moved: World, store: fsspec.AbstractFileSystem) -> None:
    assert moved.cli("migrate").returncode == 0
    assert moved.cli("undo", "--wave", "last", ETL_FAULT="undo.committed:1").returncode != 0
    assert len(store.find("results")) == 5
    assert "5 are left over" in moved.cli("doctor").stdout
    moved.cli("doctor", "--clear")
    assert store.find("results") == []
    assert "0 are left over" in moved.cli("doctor").stdout


def test_doctor_removes_what_a_copy_that_was_killed_has_left(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    assert moved.cli("migrate", ETL_FAULT="files.before_commit:1").returncode != 0
    assert len(store.find("results")) == 5
    assert "5 are left over" in moved.cli("doctor").stdout
    moved.cli("doctor", "--clear")
    assert store.find("results") == []
    assert "0 are left over" in moved.cli("doctor").stdout
    assert moved.cli("migrate").returncode == 0
    assert len(store.find("results")) == 5


@pytest.mark.parametrize("incomplete", ["load", "hold"])
def test_who_is_forgotten_leaves_no_file_and_no_path(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path, incomplete: str
) -> None:
    held(moved, incomplete)
    (uploads / "canary.txt").write_bytes(b"canary")
    jobs(moved, (8, 2, "canary.txt"), (9, 2, "canary-gone.txt"))
    moved.cli("migrate")
    account = moved.account("b@example.com")
    [(hers,)] = moved.query("SELECT key FROM etl.files WHERE legacy_id = '8'")
    store.pipe_file(f"results/{hers}", b"changed by the app")
    if incomplete == "load":  # else nothing has arrived, though files were copied
        assert moved.cli("undo", "--user", "2", "--in-use").returncode == 0
    moved.execute("DELETE FROM auth.users WHERE email = 'b@example.com'")
    done = moved.cli("forget", "--user", "2")
    assert done.returncode == 0, done.stderr
    assert [key for key in store.find("results") if key.startswith(f"results/{account}")] == []
    assert moved.query("SELECT count(*) FROM etl.files WHERE legacy_user_id = '2'") == [(0,)]
    assert moved.query("SELECT count(*) FROM etl.loose_files") == [(0,)]
