"""The sensor `legacy_changes`: what is staged again by itself, and what is not."""

import shutil
import sqlite3

import pytest

from etl_assets.assets.keys import (
    RESTAGE,
    SNAPSHOT,
)
from etl_assets_tests.assets.pressing import clean_up
from etl_assets_tests.assets.ticks import accept, artifacts, press_migrate, reason, tick
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_a_staging_that_broke_off_is_asked_for_again(pressed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl_assets.automation.sensors.REST_FACTOR", 0)
    pressed.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    first = accept(pressed, tick(pressed, "legacy_changes"))
    pressed.materialize(SNAPSHOT)  # and no further
    second = accept(pressed, tick(pressed, "legacy_changes"))
    assert second.run_key != first.run_key
    assert pressed.run(RESTAGE, tags=second.tags) == 0
    assert "as it was" in reason(tick(pressed, "legacy_changes"))


def test_a_change_after_the_cleanup_does_not_undo_it(migrated: World) -> None:
    assert clean_up(migrated).success
    migrated.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    assert "cleaned up" in reason(tick(migrated, "legacy_changes"))
    assert "cleaned up" in reason(tick(migrated))


def test_an_unchanged_legacy_file_is_not_staged_again(pressed: World) -> None:
    assert "as it was when the last snapshot was taken" in reason(tick(pressed, "legacy_changes"))
    for suffix in ("-shm", "-wal"):  # what a reader of a WAL database leaves behind
        pressed.legacy_path.with_name(f"{pressed.legacy_path.name}{suffix}").touch()
    assert "as it was when the last snapshot was taken" in reason(tick(pressed, "legacy_changes"))


def test_a_change_in_the_wal_alone_is_noticed(awkward: World) -> None:
    with sqlite3.connect(awkward.legacy_path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    press_migrate(awkward)
    main = awkward.legacy_path.stat()
    connection = sqlite3.connect(awkward.legacy_path)
    try:
        connection.execute("UPDATE jobs SET status = 'edited' WHERE id = 3")
        connection.commit()
        assert awkward.legacy_path.stat().st_mtime_ns == main.st_mtime_ns
        request = accept(awkward, tick(awkward, "legacy_changes"))
        assert awkward.run(RESTAGE, tags=request.tags) == 0
        assert awkward.query("SELECT status FROM etl.stg_jobs WHERE _legacy_id = '3'") == [("edited",)]
        assert "as it was" in reason(tick(awkward, "legacy_changes"))
    finally:
        connection.close()


def test_a_legacy_file_that_goes_back_to_a_former_state_is_noticed(
    pressed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl_assets.automation.sensors.REST_FACTOR", 0)
    former, edited, keys = pressed.folder / "former.db", pressed.folder / "edited.db", []
    shutil.copy2(pressed.legacy_path, former)
    pressed.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    shutil.copy2(pressed.legacy_path, edited)
    for state in (edited, former, edited):
        shutil.copy2(state, pressed.legacy_path)
        request = accept(pressed, tick(pressed, "legacy_changes"))
        assert pressed.run(RESTAGE, tags=request.tags) == 0
        keys.append(request.run_key)
    assert len(set(keys)) == 3
    assert pressed.query("SELECT status FROM etl.stg_jobs WHERE _legacy_id = '3'") == [("edited",)]


@pytest.mark.usefixtures("with_dagster")
def test_an_app_that_never_stops_writing_is_staged_now_and_then(pressed: World) -> None:
    pressed.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    request = accept(pressed, tick(pressed, "legacy_changes"))
    assert pressed.run(RESTAGE, tags=request.tags) == 0
    pressed.legacy("UPDATE jobs SET status = 'again' WHERE id = 3")
    assert "keeps changing" in reason(tick(pressed, "legacy_changes"))


def test_a_missing_legacy_file_is_said_and_not_created(pressed: World) -> None:
    pressed.legacy_path.unlink()
    assert "does not exist" in reason(tick(pressed, "legacy_changes"))
    assert not pressed.legacy_path.exists()


def test_snapshots_do_not_pile_up(awkward: World) -> None:
    for number in range(5):
        awkward.legacy(f"UPDATE jobs SET status = 'edit {number}' WHERE id = 3")
        awkward.run(RESTAGE)
    assert len(list((artifacts(awkward) / "snapshots").glob("*/legacy.db"))) == 3
