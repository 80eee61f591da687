"""Undo, as Dagster's jobs, partitions and sensors know of it."""

import pytest

from etl_assets.assets.keys import LOAD_WAVE, NEW_WAVE, UNDO, key_of
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import tell_partitions
from etl_assets.automation.instance import run_job
from etl_assets_tests.assets.undoing import last_wave, states, take_out
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import World, failure_of

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_the_partition_says_that_nothing_of_its_wave_is_there(awkward: World) -> None:
    def shown() -> int:
        latest = awkward.instance.get_latest_materialization_event(key_of("production/jobs"))
        assert latest.asset_materialization.partition == wave
        assert "Taken out by `undo`" in latest.asset_materialization.metadata["taken_out"].value
        return latest.asset_materialization.metadata["rows_loaded"].value

    awkward.migrate()
    wave = last_wave(awkward)
    [(whole,)] = awkward.query("SELECT count(*) FROM public.jobs")
    tell_partitions(awkward.instance, Stores(), awkward.spec, take_out(awkward, user="1"))
    assert 0 < shown() < whole
    awkward.migrate(user="1")
    job = awkward.definitions().resolve_job_def(UNDO)
    config = {"ops": {"take_out": {"config": {"wave": wave}}}}
    assert job.execute_in_process(instance=awkward.instance, run_config=config).success
    assert shown() == 0


@pytest.mark.usefixtures("with_dagster")
def test_the_wave_can_be_run_again_in_the_ui(migrated: World) -> None:
    after, wave = migrated.checksum(*PRODUCTION), last_wave(migrated)
    take_out(migrated, wave=wave)
    assert migrated.run(LOAD_WAVE, wave=wave) == 0
    assert migrated.checksum(*PRODUCTION) == after
    assert states(migrated)["1"] == "resolved"


def test_a_sensor_never_brings_an_undone_wave_back(migrated: World) -> None:
    wave = last_wave(migrated)
    take_out(migrated, wave=wave)
    tags = {"dagster/sensor_name": "new_logins"}
    assert run_job(migrated.definitions(), LOAD_WAVE, migrated.instance, partition_key=wave, tags=tags) == 1
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_a_user_who_was_undone_comes_back_only_when_asked_for(staged: World) -> None:
    wave = staged.wave()
    take_out(staged, user="1")
    assert run_job(staged.definitions(), NEW_WAVE, staged.instance) == 0
    assert states(staged)["1"] == "held"
    staged.sign_up("dan@example.com")
    second = staged.stage()
    take_out(staged, wave=second)
    staged.migrate(again="last")
    assert second > wave
    assert states(staged)["4"] == "resolved"
    assert states(staged)["1"] == "held"


def test_the_job_takes_the_wave_from_the_launchpad(migrated: World) -> None:
    job = migrated.definitions().resolve_job_def(UNDO)
    config = {"ops": {"take_out": {"config": {"wave": "last"}}}}
    assert job.execute_in_process(instance=migrated.instance, run_config=config).success
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(0,)]
    again = job.execute_in_process(instance=migrated.instance, run_config=config, raise_on_error=False)
    assert "is not a wave of this target" in failure_of(again)
    for user in (4, "4"):  # YAML makes a number of an id, and nobody should have to know
        config = {"ops": {"take_out": {"config": {"user": user}}}}
        again = job.execute_in_process(instance=migrated.instance, run_config=config, raise_on_error=False)
        assert "4" in failure_of(again)
        assert "not valid" not in failure_of(again)
