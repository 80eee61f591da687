"""The night's schedule reads everything, a wave reads itself, and each check says which of the two it was."""

import dagster as dg
import pytest

from etl_assets.assets.keys import LOAD_WAVE, VERIFICATION, VERIFY
from etl_assets.assets.resources import Stores
from etl_assets_tests.assets.pressing import clean_up
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def evaluate(world: World) -> dg.RunRequest | dg.SkipReason:
    schedule = world.definitions().resolve_schedule_def("verify_everything")
    with dg.build_schedule_context(instance=world.instance, resources={"stores": Stores()}) as context:
        found = schedule(context)
    assert isinstance(found, dg.RunRequest | dg.SkipReason)
    return found


def test_it_asks_for_nothing_before_migrate_was_run_by_hand(staged: World) -> None:
    found = evaluate(staged)
    assert isinstance(found, dg.SkipReason)
    assert "not run by hand on this target" in str(found.skip_message)


def test_it_asks_for_a_verification_of_everything(migrated: World) -> None:
    schedule = migrated.definitions().resolve_schedule_def("verify_everything")
    assert (schedule.job_name, schedule.default_status) == (VERIFY, dg.DefaultScheduleStatus.RUNNING)
    assert isinstance(evaluate(migrated), dg.RunRequest)


def test_it_says_why_not_when_staging_is_gone(migrated: World) -> None:
    assert clean_up(migrated).success
    found = evaluate(migrated)
    assert isinstance(found, dg.SkipReason)
    assert "cleaned up" in str(found.skip_message)


def depth(world: World) -> set[str]:
    """What the checks of the last verification say, which must all say the same."""
    checks = world.told[VERIFICATION].check_results or ()
    assert all(check.metadata["everything_read_at"].value for check in checks)
    return {str(check.metadata["depth"].value) for check in checks}


def test_a_check_says_how_deep_it_looked(migrated: World) -> None:
    assert migrated.run(VERIFY) == 0
    assert depth(migrated) == {"everything"}
    [first] = {c.metadata["everything_read_at"].value for c in migrated.told[VERIFICATION].check_results or ()}
    migrated.execute("UPDATE auth.users SET email_confirmed_at = now() WHERE email = 'cat@example.com'")
    assert migrated.run(LOAD_WAVE, wave=migrated.open_wave()) == 0
    assert depth(migrated) == {"this wave"}
    [again] = {c.metadata["everything_read_at"].value for c in migrated.told[VERIFICATION].check_results or ()}
    assert again == first
