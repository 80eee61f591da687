"""Dagster's home and instance for the command line: the same one that the UI shows."""

import os
import uuid
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import dagster as dg

from etl_assets.access.files.file_lock import alone
from etl_assets.access.files.whole import private_folder
from etl_assets.access.postgres.servers import dagster_url, target_url
from etl_assets.assets.keys import HOST_TAG, LOGIN_WAVES, PARTITION_TAG, RECONCILIATION
from etl_assets.assets.resources import keep_connections
from etl_assets.automation.console import report_problem
from etl_assets.core.load.due import Standing
from etl_assets.core.presence.presence import hold, host
from etl_assets.model.ids import age_of, wave_key
from etl_assets.settings import Settings, adopt_dagster_url, read_settings

EVENT_BATCH = "200"  # events per insert: 10,000 partitions in one run took 8 s instead of 323 s (dagster 1.13.27)
FRESH = timedelta(minutes=1)  # a tick that was cut off and is repeated names the same wave
CONFIG_ERROR, REFUSED, ANYTHING_ELSE = 2, 1, 3


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The Dagster instance under DAGSTER_HOME, with our dagster.yaml where the operator has none of her own."""
    home = private_folder(settings.dagster_home)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(files("etl_assets").joinpath("dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH)
    if "ETL_DAGSTER_URL" in config.read_text(encoding="utf-8") and not adopt_dagster_url():
        os.environ["ETL_DAGSTER_URL"] = dagster_url(settings)
    # Two that make Dagster's tables at once break its SQLite storage for good: "more than one head" (dagster 1.13.27).
    with alone(home / "opening.lock"):
        instance = dg.DagsterInstance.get()
    keep_connections(instance)
    return instance


def prepare_first_visit(instance: dg.DagsterInstance) -> None:
    """Spares a newcomer two obstacles of an empty UI; does nothing once a wave was seen.

    "Materialize all" asks for a partition, so there is one: the wave that opens next. And `migrate` would warn in red
    that `reconciliation` was never materialized (dagster-webserver 1.13.27), which is how it has to be before the
    first wave.
    """
    name = str(LOGIN_WAVES.name)
    if not instance.get_dynamic_partitions(name):
        instance.add_dynamic_partitions(name, [wave_key(datetime.now(timezone.utc))])
    if instance.get_latest_materialization_event(RECONCILIATION) is None:
        words = "Nothing to reconcile yet: the first login wave opens after the job `migrate`."
        instance.report_runless_asset_event(dg.AssetMaterialization(RECONCILIATION, description=words))


def wave_to_open(instance: dg.DagsterInstance, standing: Standing) -> str:
    """The key of the wave that opens now: a wave's key is when it opened.

    One that a first visit was prepared with, perhaps hours ago, makes room for it where nobody has pressed it.
    """
    name = str(LOGIN_WAVES.name)
    for key in sorted(instance.get_dynamic_partitions(name)):
        if key != standing.key_among([key]) or age_of(key, at=standing.next_key) < FRESH:
            continue
        if not instance.get_run_ids(dg.RunsFilter(tags={PARTITION_TAG: key}), limit=1):
            instance.delete_dynamic_partition(name, key)
    return standing.key_among(instance.get_dynamic_partitions(name))


def run_job(
    definitions: dg.Definitions,
    name: str,
    instance: dg.DagsterInstance,
    *,
    partition_key: str | None = None,
    without: tuple[dg.AssetKey, ...] = (),
    tags: dict[str, str] | None = None,
) -> int:
    """Runs a job in this process; returns the command line's exit code, 0 when everything went well."""
    job = definitions.resolve_job_def(name)
    kept = [key for key in job.asset_layer.executable_asset_keys if key not in without]
    # Noted before Dagster knows of it: killed in between, it would be shown as under way for ever.
    run_id = str(uuid.uuid4())
    here = {HOST_TAG: host()} if hold(target_url(read_settings()), run_id) else {}
    outcome = job.execute_in_process(
        instance=instance,
        run_id=run_id,
        partition_key=partition_key,
        asset_selection=kept,
        tags={**(tags or {}), **here},
        raise_on_error=False,
        run_config={"loggers": {"progress": {"config": {}}}},
    )
    if outcome.success:
        return 0
    # A run can fail outside of its steps, when a resource does not come up; then no event has a code.
    return max((_exit_code(event) for event in outcome.all_events), default=0) or ANYTHING_ELSE


def _exit_code(event: dg.DagsterEvent) -> int:
    if not event.is_step_failure:
        return 0
    data: Any = event.step_failure_data
    failure = data.user_failure_data
    if failure is not None and "exit_code" in failure.metadata:
        report_problem(event.step_key or "", failure.description)
        return int(failure.metadata["exit_code"].value)
    if data.error is not None and data.error.cls_name == "DagsterExecutionInterruptedError":
        raise KeyboardInterrupt
    if data.error is not None and data.error.cls_name == "DagsterAssetCheckFailedError":
        return REFUSED
    # Not one of ours, so its text may hold anything: the class is shown, the rest stays in the run's log.
    cause = data.error.cause if data.error and data.error.cause else data.error
    report_problem(
        event.step_key or "", f"{cause.cls_name if cause else 'an error'}; a defect, please report the run's log"
    )
    return ANYTHING_ELSE
