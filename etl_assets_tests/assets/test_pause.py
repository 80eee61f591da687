"""A pause: nothing more begins, nothing that was begun is left half, and `resume` goes on from there."""

import json

import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.assets.keys import PAUSE, RESUME
from etl_assets.core.load import load as loading
from etl_assets.core.memory.pause import pause, resume
from etl_assets.model.errors import Paused
from etl_assets_tests.assets.ticks import reason, tick
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

OURS = ("etl.staged", "etl.loaded", "etl.legacy_user_map", "etl.waves", "etl.book")


def test_while_it_is_paused_nothing_is_staged_claimed_or_loaded(pressed: World) -> None:
    before = pressed.checksum(*PRODUCTION, *OURS)
    said = pressed.cli("pause", "--why", "the app is upgraded")
    assert said.returncode == 0
    assert "paused since 20" in said.stderr
    assert "(the app is upgraded)" in said.stderr
    pressed.legacy("UPDATE jobs SET status = 'other'")
    again = pressed.cli("migrate")
    assert (again.returncode, "The migration is paused since" in again.stdout + again.stderr) == (1, True)
    for sensor in ("new_logins", "legacy_changes"):
        assert "`etl-assets resume`" in reason(tick(pressed, sensor))
    assert pressed.checksum(*PRODUCTION, *OURS) == before
    status = pressed.cli("status", "--json")
    assert "the app is upgraded" in json.loads(status.stdout)["paused"]
    doctor = pressed.cli("doctor")
    assert (doctor.returncode, "paused since" in doctor.stdout) == (0, True)
    assert "Resumed" in pressed.cli("resume").stderr
    assert "There was no pause." in pressed.cli("resume").stderr
    assert pressed.migrate().exit_code == 0
    assert "paused" not in pressed.cli("status", "--json").stdout
    assert pressed.query("SELECT count(*) FROM public.jobs WHERE status = 'other'") != [(0,)]


def test_a_wave_that_is_paused_while_it_loads_stops_between_whole_users(
    awkward: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "USERS_PER_TRANSACTION", 1)
    wave = awkward.stage()
    with connect(awkward.url) as connection, connect(awkward.url) as other:
        loader = loading.Loader(connection, awkward.links(), {}, "test")
        with pytest.raises(Paused, match="resume"):
            loading.load_wave(loader, wave=wave, progress=lambda *_: pause(other, "", run="test") and None)
        arrived = "SELECT user_id, count(*)::int FROM public.jobs GROUP BY 1"
        one = awkward.query(arrived)
        assert len(one) == 1
        assert awkward.query("SELECT loaded_at FROM etl.waves") == [(None,)]
        assert resume(other, run="test")
        loading.load_wave(loader, wave=wave, progress=lambda *_: None)
    both = awkward.query(arrived)
    assert len(both) == 2
    assert set(one) <= set(both)


def test_two_pauses_are_one_and_both_decisions_are_in_the_audit_trail(awkward: World) -> None:
    for job, run_config in ((PAUSE, {"why": "a"}), (PAUSE, {"why": "b"}), (RESUME, None)):
        config = {"ops": {"pause_migration": {"config": run_config}}} if run_config else {}
        done = awkward.definitions().resolve_job_def(job).execute_in_process(
            instance=awkward.instance, run_config=config
        )  # fmt: skip
        assert done.success
    found = awkward.query("SELECT action, detail ->> 'why' FROM etl.audit_log WHERE action IN ('paused', 'resumed')")
    assert sorted(found) == [("paused", "a"), ("resumed", None)]
