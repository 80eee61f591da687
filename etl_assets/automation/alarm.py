"""What failed and what to do, said once per failed run."""

from typing import Any

import dagster as dg

from etl_assets.automation.attempts import DIED, FROM_OUTSIDE, OF_MEMORY

NEXT_STEP = (
    "Nothing of the step that failed was kept half-done: settle the cause, then re-execute this run or press the job "
    "again. Failed waves and stagings that a sensor asked for are tried again by themselves."
)


def build_alarm() -> dg.SensorDefinition:
    """The sensor `failed_runs`, running from the start."""

    @dg.run_failure_sensor(
        name="failed_runs",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Says of each failed run what failed and what to do: in the run's own log, and here in the tick.",
    )
    def failed_runs(context: dg.RunFailureSensorContext):  # type: ignore[no-untyped-def]
        failures = context.get_step_failure_events()
        text = explain(context.instance, context.dagster_run, failures, otherwise=context.failure_event.message or "")
        context.log.error(text)
        context.instance.report_engine_event(text, context.dagster_run)
        return dg.SkipReason(text)

    return failed_runs


def explain(instance: dg.DagsterInstance, run: dg.DagsterRun, failures: Any, *, otherwise: str = "") -> str:
    """Job, wave, step, cause and remedy, without anything that is not ours to say; `otherwise` when no step failed."""
    wave = run.tags.get("dagster/partition")
    # Dagster's own name for what was picked on the graph starts with underscores.
    of = "of assets picked by hand" if run.job_name.startswith("__") else f"of the job `{run.job_name}`"
    what = f"Run {run.run_id[:8]} {of}{f' for wave {wave}' if wave else ''} failed."
    causes = [*_red_checks(instance, run), *(_cause(event) for event in failures)]
    if not causes and (FROM_OUTSIDE in otherwise or otherwise == DIED):
        return f"{what} {DIED} {OF_MEMORY}"
    return " ".join([what, *(cause for cause in causes or [otherwise] if cause), NEXT_STEP])


def _cause(event: dg.DagsterEvent) -> str:
    data: Any = event.step_failure_data
    step = event.step_key or "a step"
    if data.user_failure_data is not None and data.user_failure_data.description:
        return f"{step}: {data.user_failure_data.description}"
    if data.error is not None and data.error.cls_name == "DagsterAssetCheckFailedError":
        return ""  # the red check is named already
    cause = data.error.cause if data.error and data.error.cause else data.error
    # Not one of our own errors: its text may hold a customer's values, so only its class is repeated.
    return f"{step}: {cause.cls_name if cause else 'an error'}; the run's log has the rest."


def _red_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found = []
    for record in records:
        event = record.event_log_entry.dagster_event
        evaluation: Any = event.event_specific_data if event else None
        if evaluation and not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
            asset = evaluation.asset_key.to_user_string()
            found.append(f"The check {evaluation.check_name} on {asset} is red: {evaluation.description}")
    return found
