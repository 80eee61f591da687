"""Weeks of runs leave no more in Dagster than the last days, and nothing that anybody looks up goes."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest

from etl_assets.assets.keys import HOUSEKEEPING, LOAD_WAVE, MIGRATE, PARTITION_TAG, RESOLVED, RESTAGE, VERIFY
from etl_assets.assets.resources import Stores, keep_connections
from etl_assets.automation.attempts import MARK_TAG, MOST_ATTEMPTS, attempts
from etl_assets.automation.housekeeping import drop_runs, drop_snapshots, drop_waves
from etl_assets.model.errors import SettingsError
from etl_assets.upkeep import KEEP_DAYS, read_upkeep
from etl_assets_tests.assets.ticks import WAVES, artifacts
from etl_assets_tests.world import World

FAILED, STARTED, DONE = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS
STORAGE = """
telemetry: {enabled: false}
storage: {postgres: {postgres_url: {env: TEST_DAGSTER_URL}}}
compute_logs: {module: dagster._core.storage.local_compute_log_manager, class: LocalComputeLogManager,
               config: {base_dir: HOME/storage}}
"""


@pytest.fixture
def instance(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's own storage as we ship it: in Postgres, with files of what runs print."""
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(STORAGE.replace("HOME", str(home)), encoding="utf-8")
    monkeypatch.setenv("TEST_DAGSTER_URL", world.url.replace("postgresql://", "postgresql+psycopg2://", 1))
    with dg.DagsterInstance.from_config(str(home)) as found:
        keep_connections(found)
        world.instance = found
        yield found


def later() -> datetime:
    return datetime.now(timezone.utc) + timedelta(minutes=1)


def a_run(world: World, job: str, status: dg.DagsterRunStatus, **tags: str) -> str:
    found = world.instance.create_run_for_job(world.definitions().resolve_job_def(job), status=status, tags=tags)
    world.instance.report_engine_event("something that it said", found)
    return found.run_id


def count(world: World, table: str, where: str = "true") -> int:
    [(found,)] = world.query(f"SELECT count(*)::int FROM {table} WHERE {where}")
    return int(found)


def test_old_runs_go_with_events_checks_and_logs_and_assets_keep_what_they_show(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.legacy("INSERT INTO users VALUES (1, 'ann@example.com', NULL, NULL)")
    assert world.run(MIGRATE) == 0
    for _ in range(2):
        assert world.run(VERIFY) == 0
    old = [run.run_id for run in instance.get_runs(dg.RunsFilter(job_name=VERIFY))]
    first_check = count(world, "asset_check_executions", f"run_id = '{old[1]}'")
    log = Path(instance.root_directory) / "storage" / old[1] / "compute_logs" / "a.out"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("what it printed")
    keys = list(instance.all_asset_keys())
    before = {key: event and event.run_id for key, event in instance.get_latest_materialization_events(keys).items()}
    checks = count(world, "(SELECT DISTINCT asset_key, check_name FROM asset_check_executions) AS c")
    assert (first_check > 0, drop_runs(instance, later())) == (True, 1)
    assert instance.get_run_by_id(old[1]) is None
    assert not log.exists()
    assert count(world, "event_logs", f"run_id = '{old[1]}'") == 0
    assert count(world, "asset_check_executions", f"run_id = '{old[1]}'") == 0
    after = instance.get_latest_materialization_events(keys)
    assert {key: event and event.run_id for key, event in after.items()} == before
    assert count(world, "(SELECT DISTINCT asset_key, check_name FROM asset_check_executions) AS c") == checks
    assert drop_runs(instance, later()) == 0


def test_young_runs_and_those_under_way_stay(world: World) -> None:
    instance = world.instance
    under_way, *done = (a_run(world, VERIFY, status) for status in (STARTED, DONE, DONE, DONE))
    assert drop_runs(instance, datetime.now(timezone.utc) - timedelta(days=1)) == 0
    assert drop_runs(instance, later()) == 2
    assert {run.run_id for run in instance.get_runs()} == {under_way, done[-1]}


def test_a_wave_that_gave_up_is_not_forgotten_and_one_that_came_through_is(world: World) -> None:
    instance = world.instance
    gave_up, came_through = "2026-01-02T000000Z", "2026-01-01T000000Z"
    instance.add_dynamic_partitions(WAVES, [came_through, gave_up, "2026-01-03T000000Z"])
    for status in (FAILED, DONE):
        a_run(world, LOAD_WAVE, status, **{PARTITION_TAG: came_through, MARK_TAG: "a"})
    for mark in "a" * 9 + "b" * MOST_ATTEMPTS:
        a_run(world, LOAD_WAVE, FAILED, **{PARTITION_TAG: gave_up, MARK_TAG: mark})
    a_run(world, LOAD_WAVE, DONE, **{PARTITION_TAG: "2026-01-03T000000Z"})
    a_run(world, RESTAGE, FAILED, **{MARK_TAG: "of a file"})
    known = attempts(instance, {PARTITION_TAG: gave_up}, mark="b")
    assert drop_runs(instance, later()) == 2 + 9
    assert attempts(instance, {PARTITION_TAG: gave_up}, mark="b") == known
    assert known.failed == MOST_ATTEMPTS
    assert attempts(instance, {MARK_TAG: "of a file"}, mark="of a file").failed == 1
    assert drop_waves(instance, later()) == 1
    assert instance.get_dynamic_partitions(WAVES) == [gave_up, "2026-01-03T000000Z"]


def test_a_wave_whose_partition_is_shown_keeps_its_key(migrated: World) -> None:
    wave = migrated.wave()
    migrated.instance.add_dynamic_partitions(WAVES, [wave, "2098-01-01T000000Z"])
    migrated.instance.report_runless_asset_event(dg.AssetMaterialization(RESOLVED, partition=wave))
    assert drop_waves(migrated.instance, later() + timedelta(days=1)) == 0


def test_old_snapshots_go_when_nobody_reads_them_and_all_is_staged_from_the_current_one(
    migrated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_KEEP_DAYS", "7")
    migrated.legacy("UPDATE jobs SET status = 'other'")
    assert migrated.migrate().exit_code == 0
    folder = artifacts(migrated) / "snapshots"
    assert len(list(folder.glob("*/"))) == 2
    under_way = a_run(migrated, VERIFY, STARTED)
    assert drop_snapshots(migrated.instance, Stores(), migrated.spec, run="") == 0
    migrated.instance.report_run_failed(migrated.instance.get_run_by_id(under_way), "over")  # type: ignore[arg-type]
    staged = migrated.query("SELECT DISTINCT snapshot FROM etl.staged")
    migrated.execute("UPDATE etl.staged SET snapshot = 'older' WHERE \"table\" = 'jobs'")
    assert drop_snapshots(migrated.instance, Stores(), migrated.spec, run="") == 0
    migrated.execute(f"UPDATE etl.staged SET snapshot = '{staged[0][0]}'")
    job = migrated.definitions().resolve_job_def(HOUSEKEEPING)
    assert job.execute_in_process(instance=migrated.instance).success
    assert [path.name for path in folder.glob("*/")] == [staged[0][0]]
    assert migrated.migrate().exit_code == 0


@pytest.mark.parametrize("value", ["0", "-1", "3.5", "a month", "99999", "\u0663"])
def test_a_malformed_number_of_days_is_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_KEEP_DAYS", value)
    with pytest.raises(SettingsError, match="ETL_KEEP_DAYS is a whole number from 1 to 3,650, 30 unless"):
        read_upkeep()
    monkeypatch.setenv("ETL_KEEP_DAYS", "")
    assert read_upkeep().keep_days == KEEP_DAYS
