"""What the code relies on in Dagster, pinned, so that an upgrade says "Dagster changed"."""

import dagster as dg
import pytest


def run(
    assets: list, selection: dg.AssetSelection | None = None, instance: dg.DagsterInstance | None = None
) -> set[str]:
    """Names of the assets that a run materialized."""
    result = dg.materialize(assets, selection=selection, instance=instance, raise_on_error=False)
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}


@dg.asset
def up() -> None: ...


@dg.asset(deps=[up])
def down() -> None: ...


@dg.asset_check(asset=up, blocking=True)
def red() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


def test_a_blocking_check_stops_its_own_run_and_no_later_one() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert run([up, down, red], instance=instance) == {"up"}
        assert run([up, down, red], dg.AssetSelection.assets(down).without_checks(), instance) == {"down"}


def test_a_blocking_check_of_severity_warn_lets_everything_through() -> None:
    @dg.asset_check(asset=up, blocking=True)
    def pale() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    assert run([up, down, pale]) == {"up", "down"}


def test_a_multi_asset_check_that_yields_nothing_stops_downstream_when_it_cannot_be_subset() -> None:
    @dg.multi_asset_check(specs=[dg.AssetCheckSpec("silent", asset=up, blocking=True)])
    def silent():  # type: ignore[no-untyped-def]
        yield from ()

    assert run([up, down, silent]) == {"up"}


def test_asset_selection_of_a_run_keeps_the_checks() -> None:
    definitions = dg.Definitions(
        assets=[up, down], asset_checks=[red], jobs=[dg.define_asset_job("all", "*")], executor=dg.in_process_executor
    )
    result = definitions.resolve_job_def("all").execute_in_process(asset_selection=[up.key], raise_on_error=False)
    assert [evaluation.check_name for evaluation in result.get_asset_check_evaluations()] == ["red"]


def test_a_partitioned_asset_runs_before_an_unpartitioned_one_in_one_run() -> None:
    waves = dg.DynamicPartitionsDefinition(name="waves")

    @dg.asset(partitions_def=waves)
    def first() -> None: ...

    @dg.asset(deps=[first])
    def then() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("waves", ["a"])
        result = dg.materialize([first, then], partition_key="a", instance=instance)
        assert result.success
        assert [event.partition for event in result.get_asset_materialization_events()] == ["a", None]


def test_an_empty_metadata_table_needs_a_schema() -> None:
    with pytest.raises(Exception, match="schema"):
        dg.MetadataValue.table([])


def test_the_step_failure_of_a_red_blocking_check_is_told_by_its_class() -> None:
    result = dg.materialize([up, down, red], raise_on_error=False)
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert [failure.error.cls_name for failure in failures] == ["DagsterAssetCheckFailedError"]
