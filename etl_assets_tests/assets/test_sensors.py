"""The sensors, tick by tick: what they ask for, why they do not, and that nothing is lost or doubled in between."""

import subprocess
import sys

import dagster as dg
import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.assets.keys import (
    CLOSING,
    HOST_TAG,
    LOAD_WAVE,
    MIGRATE,
    RESOLVED,
    RESTAGE,
    VERIFY,
)
from etl_assets.automation import attempts
from etl_assets.automation.attempts import MARK_TAG, MOST_ATTEMPTS
from etl_assets.automation.instance import run_job
from etl_assets.core.presence.presence import UI, hold, host, keep, release
from etl_assets_tests.assets.ticks import (
    HOLD_AND_DIE,
    WAVES,
    accept,
    another_process,
    fail,
    loaded,
    press_migrate,
    reason,
    run_wave,
    tick,
)
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import AT, World, failure_of

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_no_wave_opens_before_anything_was_migrated(awkward: World) -> None:
    assert "run the job `migrate` once" in reason(tick(awkward))


def test_no_wave_opens_before_migrate_was_run_by_hand(staged: World) -> None:
    assert "not run by hand on this target" in reason(tick(staged))
    assert "not run by hand on this target" in reason(tick(staged, "legacy_changes"))


def test_a_migration_that_a_sensor_asked_for_is_not_by_hand(awkward: World) -> None:
    tags = {"dagster/sensor_name": "legacy_changes"}
    assert awkward.run(MIGRATE, tags=tags) == 0
    assert "not run by hand on this target" in reason(tick(awkward))


@pytest.mark.usefixtures("with_dagster")
def test_pressing_migrate_lets_the_first_wave_open_and_close_the_books(pressed: World) -> None:
    assert loaded(pressed) == 0
    request = accept(pressed, tick(pressed))
    assert run_wave(pressed, request) == 0
    assert loaded(pressed) == 6
    assert pressed.query("SELECT wave, users FROM etl.waves") == [(request.partition_key, 2)]
    result = tick(pressed)
    assert reason(result) == "Nobody new has logged in, and no row is late."
    assert tick(pressed, cursor=result.cursor).cursor == result.cursor


@pytest.mark.usefixtures("with_dagster")
def test_the_command_line_lets_the_sensors_act_too(awkward: World) -> None:
    awkward.migrate()
    awkward.sign_up("dan@example.com")
    assert run_wave(awkward, accept(awkward, tick(awkward))) == 0
    assert awkward.query("SELECT count(*) FROM etl.waves") == [(2,)]


def test_a_tick_that_is_repeated_names_the_same_wave_and_run(pressed: World) -> None:
    first = accept(pressed, tick(pressed))
    # The daemon was killed after it had added the partition: no cursor was kept, no run was started.
    again = accept(pressed, tick(pressed))
    assert (again.run_key, again.partition_key) == (first.run_key, first.partition_key)
    assert pressed.instance.get_dynamic_partitions(WAVES) == [first.partition_key]


def test_the_key_of_a_first_visit_makes_room_for_that_of_the_moment_unless_somebody_pressed_it(pressed: World) -> None:
    """A wave's key says when it opened, and the UI may have been there for hours."""
    early, pressed_early = "2026-01-01T080000Z", "2026-01-01T090000Z"
    pressed.instance.add_dynamic_partitions(WAVES, [early])
    request = accept(pressed, tick(pressed))
    assert request.partition_key is not None
    assert request.partition_key > early
    assert pressed.instance.get_dynamic_partitions(WAVES) == [request.partition_key]
    pressed.instance.delete_dynamic_partition(WAVES, request.partition_key)
    pressed.instance.add_dynamic_partitions(WAVES, [early, pressed_early])
    pressed.instance.create_run_for_job(
        pressed.definitions().resolve_job_def(LOAD_WAVE),
        status=dg.DagsterRunStatus.CANCELED,
        tags={"dagster/partition": pressed_early},
    )
    assert accept(pressed, tick(pressed)).partition_key == pressed_early


def test_a_wave_is_not_asked_for_twice_while_its_run_is_under_way(pressed: World) -> None:
    request = accept(pressed, tick(pressed))
    started = pressed.instance.create_run_for_job(
        pressed.definitions().resolve_job_def(LOAD_WAVE),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": request.partition_key or ""},
    )
    assert f"run {started.run_id[:8]} is under way" in reason(tick(pressed))


@pytest.mark.usefixtures("with_dagster")
def test_a_failed_wave_is_run_again_under_its_own_key(pressed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed.execute("UPDATE etl.staged SET spec_digest = 'another' WHERE \"table\" = 'jobs'")
    first = accept(pressed, tick(pressed))
    assert run_wave(pressed, first) == 1
    assert "it is tried again in" in reason(tick(pressed))
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0)
    second = accept(pressed, tick(pressed))
    assert second.partition_key == first.partition_key
    assert second.run_key != first.run_key
    assert run_wave(pressed, second) == 1
    press_migrate(pressed)  # stages anew, which settles it
    third = accept(pressed, tick(pressed))
    assert third.partition_key == first.partition_key
    assert run_wave(pressed, third) == 0
    assert loaded(pressed) == 6
    assert pressed.query("SELECT users FROM etl.waves") == [(2,)]


def test_a_wave_that_keeps_failing_is_left_alone_until_something_changes(
    pressed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0)
    pressed.execute("UPDATE etl.staged SET spec_digest = 'another' WHERE \"table\" = 'jobs'")
    for _ in range(MOST_ATTEMPTS):
        fail(pressed, accept(pressed, tick(pressed)))
    assert f"{MOST_ATTEMPTS} runs have failed" in reason(tick(pressed))
    press_migrate(pressed)
    assert run_wave(pressed, accept(pressed, tick(pressed))) == 0


def test_a_run_whose_process_was_killed_does_not_block_the_next(pressed: World) -> None:
    request = accept(pressed, tick(pressed))
    tags = {"dagster/partition": request.partition_key or "", MARK_TAG: "another", HOST_TAG: "here"}
    zombie = pressed.instance.create_run_for_job(
        pressed.definitions().resolve_job_def(LOAD_WAVE), status=dg.DagsterRunStatus.STARTED, tags=tags
    )
    killed = subprocess.run([sys.executable, "-c", HOLD_AND_DIE, pressed.url, zombie.run_id], check=False)
    assert killed.returncode == -9
    assert accept(pressed, tick(pressed)).partition_key == request.partition_key
    ended = pressed.instance.get_run_by_id(zombie.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE


def test_a_living_run_is_left_alone_whoever_looks(awkward: World) -> None:
    def begin() -> dg.DagsterRun:
        job = awkward.definitions().resolve_job_def(LOAD_WAVE)
        return awkward.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)

    def dead(*, unnoted_after_s: float | None = None) -> list[str]:
        with connect(awkward.url) as connection:
            return attempts.end_dead_runs(awkward.instance, connection, unnoted_after_s=unnoted_after_s)

    run, starting = begin(), begin()
    assert dead() == []  # never noted: both may be starting
    assert hold(awkward.url, run.run_id)
    awkward.instance.add_run_tags(run.run_id, {HOST_TAG: "here"})
    assert dead(unnoted_after_s=3_600) == []
    with another_process(awkward.url, UI):
        assert dead(unnoted_after_s=-1) == []  # the UI of another machine may have launched it
    assert dead(unnoted_after_s=-1) == [starting.run_id]
    awkward.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    keep()  # the server was restarted: the process is there still, and says so again
    assert dead() == []
    release()
    assert dead() == [run.run_id]


def test_a_run_of_the_command_line_is_noted_before_dagster_knows_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[bool] = []

    def watched(url: str, run: str) -> bool:
        known.append(world.instance.has_run(run))
        return hold(url, run)

    for module in ("etl_assets.automation.instance", "etl_assets.assets.resources"):
        monkeypatch.setattr(f"{module}.hold", watched)
    run_job(world.definitions(), VERIFY, world.instance)
    assert known == [False, True]
    assert [run.tags[HOST_TAG] for run in world.instance.get_runs()] == [host()]


def test_users_whom_no_wave_would_take_open_none(migrated: World) -> None:
    migrated.execute("UPDATE auth.users SET banned_until = NULL")  # fay is held, eve ambiguous: both have accounts
    assert "Nobody new" in reason(tick(migrated))
    assert migrated.query("SELECT count(*) FROM etl.waves") == [(1,)]


def test_a_row_added_for_a_migrated_user_opens_a_wave_after_the_next_staging(migrated: World) -> None:
    cursor = tick(migrated).cursor
    migrated.legacy(f"INSERT INTO jobs VALUES (20, 1, 'export', 'late', '{AT}', NULL, NULL, NULL, NULL)")
    request = accept(migrated, tick(migrated, "legacy_changes"))
    assert migrated.run(RESTAGE, tags=request.tags) == 0
    assert run_wave(migrated, accept(migrated, tick(migrated, cursor=cursor))) == 0
    assert migrated.query("SELECT count(*) FROM public.jobs WHERE status = 'late'") == [(1,)]
    assert "Nobody new" in reason(tick(migrated))


def test_a_user_whom_the_target_refuses_does_not_open_wave_after_wave(awkward: World) -> None:
    awkward.execute("CREATE UNIQUE INDEX one_type ON public.jobs (lower(job_type))")  # no validation models expressions
    press_migrate(awkward)
    request = accept(awkward, tick(awkward))
    assert run_wave(awkward, request) == 0
    assert "Nobody new" in reason(tick(awkward))
    assert awkward.query("SELECT count(*) FROM etl.waves") == [(1,)]
    awkward.sign_up("dan@example.com")  # somebody else need not wait for that
    assert accept(awkward, tick(awkward)).partition_key != request.partition_key


@pytest.mark.usefixtures("with_dagster")
def test_a_wave_that_nobody_read_back_is_run_again(migrated: World) -> None:
    wave = migrated.wave()
    migrated.execute("UPDATE etl.waves SET verified_at = NULL")  # killed between load and verification
    again = accept(migrated, tick(migrated))
    assert again.partition_key == wave
    assert run_wave(migrated, again) == 0
    assert "Nobody new" in reason(tick(migrated))


def test_a_row_whose_hindrance_went_away_in_production_is_looked_for_again(
    awkward: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    awkward.execute(
        "CREATE UNIQUE INDEX ON public.jobs (source_file); INSERT INTO public.jobs (user_id, job_type, status, source_file) "
        "SELECT id, 'native', 'x', 'a.wav' FROM public.profiles LIMIT 1"
    )
    awkward.write_spec(("incomplete_users: hold ", "incomplete_users: load "))
    press_migrate(awkward)
    run_wave(awkward, accept(awkward, tick(awkward)))
    cursor = tick(awkward).cursor
    awkward.execute("DELETE FROM public.jobs WHERE job_type = 'native'")
    assert "Nobody new" in reason(tick(awkward, cursor=cursor))
    monkeypatch.setattr("etl_assets.automation.sensors.LOOK_AGAIN_S", -1)
    assert run_wave(awkward, accept(awkward, tick(awkward, cursor=cursor))) == 0
    assert awkward.query("SELECT count(*) FROM public.jobs WHERE source_file = 'a.wav'") == [(1,)]


def test_a_key_of_the_future_spoils_no_later_one(pressed: World) -> None:
    pressed.instance.add_dynamic_partitions(WAVES, ["2099-01-01T000000Z"])
    assert (accept(pressed, tick(pressed)).partition_key or "") < "2098"
    result = pressed.materialize(RESOLVED, partition_key="2099-01-01T000000Z")
    assert "lies in the future" in failure_of(result)
    assert pressed.query("SELECT count(*) FROM etl.waves") == [(0,)]


def test_an_edited_cursor_costs_a_search_and_nothing_else(migrated: World) -> None:
    for cursor in ("nonsense", "a b c", "x y"):
        assert "Nobody new" in reason(tick(migrated, cursor=cursor))


def test_no_wave_opens_while_the_staging_tables_are_of_two_snapshots(pressed: World) -> None:
    pressed.execute("UPDATE etl.staged SET snapshot = 'older' WHERE \"table\" = 'jobs'")
    assert "different snapshots" in reason(tick(pressed))


def test_a_wave_waits_for_a_staging_that_is_under_way(pressed: World) -> None:
    pressed.instance.create_run_for_job(
        pressed.definitions().resolve_job_def(RESTAGE), status=dg.DagsterRunStatus.STARTED
    )
    assert "of the job `restage` is under way" in reason(tick(pressed))


def test_an_unreachable_target_is_said_without_its_password(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_DATABASE_URL", "postgresql://u:CANARY_PASSWORD@127.0.0.1:9/db")
    for sensor in ("new_logins", "legacy_changes"):
        awkward.legacy("")
        text = reason(tick(awkward, sensor))
        assert "does not answer" in text
        assert "CANARY_PASSWORD" not in text


def test_ten_thousand_users_at_once_are_one_wave_and_one_run(world: World) -> None:
    world.legacy(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
        "INSERT INTO users SELECT i, 'u' || i || '@example.com', NULL, NULL FROM n;"
    )
    press_migrate(world)
    world.execute(
        "INSERT INTO auth.users (email, email_confirmed_at) "
        "SELECT 'u' || i || '@example.com', now() FROM generate_series(1, 10000) AS i"
    )
    assert run_wave(world, accept(world, tick(world))) == 0
    assert world.query("SELECT users FROM etl.waves") == [(10_000,)]


def test_production_is_the_same_when_sensors_and_hands_take_turns(pressed: World) -> None:
    run_wave(pressed, accept(pressed, tick(pressed)))
    before = pressed.checksum(*PRODUCTION)
    assert pressed.migrate().exit_code == 0
    assert pressed.run(MIGRATE, without=CLOSING) == 0
    assert pressed.checksum(*PRODUCTION) == before
