"""What is stuck is named with its holder, and cleared when the operator says so; what works is left alone."""

import subprocess
import sys
import threading

import dagster as dg
import psycopg
import pytest

from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.connection import connect, writing
from etl_assets.assets.keys import CLOSING, HOST_TAG, LOAD_WAVE, MIGRATE
from etl_assets.automation.instance import run_job
from etl_assets.commands.doctor import Complaint, examine
from etl_assets.core.memory import sessions
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.model.errors import Unavailable
from etl_assets.settings import read_settings
from etl_assets_tests.assets.ticks import HOLD_AND_DIE
from etl_assets_tests.site import until
from etl_assets_tests.world import World


def ask(world: World, *, clear: bool = False, break_lock: bool = False) -> dict[str, Complaint]:
    found = examine(read_settings(), world.spec, instance=world.instance, clear=clear, break_lock=break_lock)
    return {complaint.subject: complaint for complaint in found}


@pytest.fixture
def impatient(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A target with schema etl, on which silence for a moment counts."""
    monkeypatch.setattr(postgres, "SILENT_S", 0.1)
    monkeypatch.setattr(sessions, "LOOK_AGAIN_S", 0.3)
    with connect(world.url) as connection:
        ensure_schema(connection)
    return world


@pytest.mark.parametrize("option", ["clear", "break_lock"])
def test_a_stopped_writer_is_named_and_ended_and_writes_nothing_when_it_wakes_up(impatient: World, option: str) -> None:
    with pytest.raises(Unavailable), connect(impatient.url) as stopped, writing(stopped, run="0123456789"):
        stopped.execute("INSERT INTO etl.meta (key, value) VALUES ('late', 'x')")
        threading.Event().wait(0.3)
        told = ask(impatient)["writers' lock"]
        assert told.is_stuck
        assert "etl-assets 01234567, process" in told.words
        cleared = ask(impatient, **{option: True})["writers' lock"]
        assert not cleared.is_stuck
        assert "was ended" in cleared.words
        assert ask(impatient)["writers' lock"].words == "nobody holds it"
        with connect(impatient.url) as next_one, writing(next_one, run="next"):
            next_one.execute("INSERT INTO etl.meta (key, value) VALUES ('next', 'x')")
        stopped.execute("INSERT INTO etl.meta (key, value) VALUES ('later', 'x')")
    assert impatient.query("SELECT key FROM etl.meta WHERE key <> 'schema'") == [("next",)]
    [(action, detail)] = impatient.query("SELECT action, detail FROM etl.audit_log")
    assert action == "lock_broken"
    assert detail["holder"].startswith("etl-assets 01234567, process")


def test_a_writer_at_work_is_not_stuck_and_clear_leaves_it_alone(impatient: World) -> None:
    done = threading.Event()

    def work() -> None:
        with connect(impatient.url) as connection, writing(connection, run="busy"):
            while not done.is_set():
                connection.execute("SELECT pg_sleep(0.02)")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        found = {}
        while "busy" not in found.get("writers' lock", Complaint("", "")).words:
            found = ask(impatient, clear=True)
        assert not found["writers' lock"].is_stuck
        assert "--break-lock" in found["writers' lock"].words
    finally:
        done.set()
        worker.join()


def test_whoever_keeps_us_waiting_is_named_while_it_does(impatient: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PATIENCE_MS", 500)

    def read() -> None:
        with connect(impatient.url) as connection:
            connection.execute("SELECT count(*) FROM public.jobs")

    def waits() -> bool:
        here = "SELECT oid FROM pg_database WHERE datname = current_database()"
        return impatient.query(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND database = ({here})") == [(1,)]

    with psycopg.connect(impatient.url, application_name="psql") as admin:
        admin.execute("LOCK TABLE public.jobs")
        reader = threading.Thread(target=read)
        reader.start()
        until(waits, seconds=60)
        found = ask(impatient)
        holder = admin.info.backend_pid
        admin.rollback()
        reader.join()
    assert f"server process {holder} (psql)" in found["a lock of the app"].words
    assert found["waves"].is_stuck
    assert "a lock of the app" not in ask(impatient)


def test_a_run_whose_process_is_gone_is_named_and_cleared(impatient: World) -> None:
    zombie = impatient.instance.create_run_for_job(
        impatient.definitions().resolve_job_def(LOAD_WAVE),
        status=dg.DagsterRunStatus.STARTED,
        tags={HOST_TAG: "the-other-machine"},
    )
    subprocess.run([sys.executable, "-c", HOLD_AND_DIE, impatient.url, zombie.run_id], check=False)
    subject = f"run {zombie.run_id[:8]}"
    told = ask(impatient)[subject]
    assert (told.is_stuck, "on the-other-machine is gone" in told.words) == (True, True)
    assert not ask(impatient, clear=True)[subject].is_stuck
    assert ask(impatient)["runs"].words == "none is under way"


def test_a_staging_that_broke_off_is_named(awkward: World) -> None:
    assert ask(awkward)["waves"].words.startswith("Nothing was migrated to this target yet")
    assert run_job(awkward.definitions(), MIGRATE, awkward.instance, without=CLOSING) == 0
    awkward.execute("UPDATE etl.staged SET snapshot = 'other' WHERE \"table\" = 'jobs'")
    assert "from different snapshots" in ask(awkward)["waves"].words
