"""Where nothing has changed, `migrate` leaves out what would find its artifact as it is; only where all of it was green."""

import os

import dagster as dg

from etl_assets.assets.keys import VERIFICATION, staging_key
from etl_assets.automation.untouched import up_to_staging, were_green
from etl_assets_tests.world import World

SAID = "Nothing has changed in the legacy database since it was staged: that is left as it is"


def settle(world: World) -> None:
    """The file was written to a minute ago."""
    stat = world.legacy_path.stat()
    os.utime(world.legacy_path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 60 * 10**9))


def shown(world: World) -> dict[dg.AssetKey, float]:
    """When each asset was last materialized."""
    keys = [*up_to_staging(world.spec), VERIFICATION]
    found = world.instance.get_latest_materialization_events(keys)
    return {key: event.timestamp if event else 0 for key, event in found.items()}


def test_what_is_untouched_is_not_materialized_again_and_a_change_is(awkward: World) -> None:
    settle(awkward)
    assert awkward.migrate().exit_code == 0
    assert SAID not in awkward.said
    first = shown(awkward)
    assert awkward.migrate().exit_code == 0
    assert SAID in awkward.said
    second = shown(awkward)
    assert {key for key in first if first[key] != second[key]} == {VERIFICATION}
    # An asset whose last blocking check is red is for Dagster to show as held again.
    evaluation = dg.AssetCheckEvaluation(
        check_name="rows_match_the_export", asset_key=staging_key("jobs"), passed=False, metadata={}, blocking=True
    )
    definitions, keys = awkward.definitions(), up_to_staging(awkward.spec)
    assert were_green(definitions, awkward.instance, keys)
    awkward.instance.report_runless_asset_event(evaluation)
    assert not were_green(definitions, awkward.instance, keys)
    assert awkward.migrate().exit_code == 0
    third = shown(awkward)
    assert all(second[key] != third[key] for key in second)


def test_a_dagster_that_shows_nothing_is_shown_everything(migrated: World) -> None:
    assert not were_green(migrated.definitions(), migrated.instance, up_to_staging(migrated.spec))
