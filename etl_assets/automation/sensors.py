"""What happens without a click: a wave when users have come back, a new staging when the legacy file has changed."""

import time
from typing import Any

import dagster as dg

from etl_assets.access.legacy.source import legacy_mark
from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import LOAD_WAVE, LOGIN_WAVES, MIGRATE, PARTITION_TAG, RESTAGE
from etl_assets.assets.resources import Stores
from etl_assets.automation.attempts import MARK_TAG, UNFINISHED, attempts, end_dead_runs
from etl_assets.automation.instance import wave_to_open
from etl_assets.core.load.due import CLEANED, Standing, read_standing, staged_snapshots, was_run_by_hand
from etl_assets.core.memory.pause import require_running
from etl_assets.model.errors import EtlError
from etl_assets.spec.model import Spec

LOGIN_INTERVAL_S, LEGACY_INTERVAL_S = 10, 30
LOOK_AGAIN_S = 3_600  # a conflict that went away in production, an account that is back: late rows without a staging
REST_FACTOR = 10  # an app that never stops writing is re-staged for at most a tenth of the time
NOT_BY_HAND = (
    "The job `migrate` was not run by hand on this target yet. Run it once: from then on waves open by themselves."
)


def build_sensors(spec: Spec) -> list[Any]:
    """`new_logins` and `legacy_changes`, running from the start; the third, `failed_runs`, is in `alarm`."""
    return [*([_build_new_logins(spec)] if spec.owned else []), _build_legacy_changes(spec)]


def _build_new_logins(spec: Spec) -> dg.SensorDefinition:
    @dg.sensor(
        name="new_logins",
        job_name=LOAD_WAVE,
        minimum_interval_seconds=LOGIN_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Opens a login wave when users have confirmed their accounts, or when rows of users who have moved "
        "can be loaded, and requests one run that claims, loads and verifies them. Says why when it does not. A wave "
        "that broke off is run again under its own key.",
    )
    def new_logins(context: dg.SensorEvaluationContext, stores: Stores):  # type: ignore[no-untyped-def]
        instance = context.instance
        quiet, looked = _remembered(context.cursor)
        is_old = time.time() - looked > LOOK_AGAIN_S
        try:
            with stores.target_as_it_is() as connection:
                end_dead_runs(instance, connection)
                with reading(connection):
                    standing = read_standing(connection, spec, quiet=quiet, search=is_old)
        except EtlError as error:
            return dg.SkipReason(str(error))
        looked = time.time() if is_old or quiet != standing.staging else looked
        return _wave_request(instance, standing, looked=looked)

    return new_logins


def _remembered(cursor: str | None) -> tuple[str, float]:
    """Which staging was found without late rows, and when; nothing, where somebody edited the cursor."""
    quiet, _, looked = (cursor or "").partition(" ")
    return (quiet, float(looked)) if looked.isdigit() else ("", 0.0)


def _wave_request(
    instance: dg.DagsterInstance, standing: Standing, *, looked: float
) -> dg.SensorResult | dg.SkipReason:
    """One run for the oldest wave that needs one and may have one.

    The cursor only remembers which staging has no late row, and when that was looked at, so losing it costs a search
    and nothing else. Which wave is next follows from the target and from the partitions: a tick that is repeated names
    the same wave, and Dagster starts no second run for a run key.
    """
    if standing.hindrance or not standing.is_by_hand:
        return dg.SkipReason(standing.hindrance or NOT_BY_HAND)
    cursor = "" if standing.has_late_rows else f"{standing.staging} {looked:.0f}"
    waves = list(standing.unfinished)
    if standing.is_due:
        waves.append(wave_to_open(instance, standing))
    if not waves:
        return dg.SensorResult(skip_reason="Nobody new has logged in, and no row is late.", cursor=cursor)
    hindrances = []
    for wave in waves:
        # A wave that keeps failing is passed by: the next one need not share its fate.
        tried = attempts(instance, {PARTITION_TAG: wave}, mark=standing.staging)
        if not tried.hindrance:
            break
        hindrances.append(f"Wave {wave}: {tried.hindrance}.")
        if tried.running:
            return dg.SensorResult(skip_reason=hindrances[-1], cursor=cursor)
    else:
        return dg.SensorResult(skip_reason=" ".join(hindrances), cursor=cursor)
    busy = _running(instance, MIGRATE, RESTAGE, LOAD_WAVE)
    if busy:
        return dg.SensorResult(skip_reason=f"{busy}; the wave opens when it has ended.", cursor=cursor)
    request = dg.RunRequest(
        run_key=f"{wave}/{standing.staging}/{tried.failed}", partition_key=wave, tags={MARK_TAG: standing.staging}
    )
    return dg.SensorResult(
        run_requests=[request],
        dynamic_partitions_requests=[LOGIN_WAVES.build_add_request([wave])],
        cursor=cursor,
    )


def _build_legacy_changes(spec: Spec) -> dg.SensorDefinition:
    @dg.sensor(
        name="legacy_changes",
        job_name=RESTAGE,
        minimum_interval_seconds=LEGACY_INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests a new snapshot and staging when the legacy file or its WAL has changed since the last "
        "snapshot. Says why when it does not. An app that writes all the time is staged now and then, not always.",
    )
    def legacy_changes(context: dg.SensorEvaluationContext, stores: Stores):  # type: ignore[no-untyped-def]
        try:
            mark = legacy_mark(stores.settings())
            current = stores.artifacts().current_snapshot_or_none()
            with stores.target_as_it_is() as connection, reading(connection):
                require_running(connection)
                is_by_hand = was_run_by_hand(connection)
                staged = staged_snapshots(connection, spec) if is_by_hand else set()
        except EtlError as error:
            return dg.SkipReason(str(error))
        if not is_by_hand:
            return dg.SkipReason(NOT_BY_HAND)
        if not staged:
            return dg.SkipReason(f"{CLEANED} Run the job `migrate` to stage the legacy database again.")
        if current is not None and current.source == mark:
            if staged == {current.id}:
                return dg.SkipReason("The legacy database is as it was when the last snapshot was taken.")
            # A run broke off between the snapshot and the last staging table.
            return _staging_request(context.instance, f"{current.id} {mark} to be staged")
        return _staging_request(context.instance, f"{current.id if current else 'none'} {mark}")

    return legacy_changes


def _staging_request(instance: dg.DagsterInstance, mark: str) -> dg.RunRequest | dg.SkipReason:
    """One run for a changed file, unless one is under way or the last one has just ended.

    The mark names the snapshot before the change too, so that a file that goes back to a former state is noticed.
    """
    busy = _running(instance, MIGRATE, RESTAGE, LOAD_WAVE)
    if busy:
        return dg.SkipReason(f"The legacy database has changed. {busy}; it is staged when that has ended.")
    tried = attempts(instance, {MARK_TAG: mark}, mark=mark)
    if tried.hindrance:
        return dg.SkipReason(f"The legacy database has changed, but {tried.hindrance}.")
    rest = _rest(instance)
    if rest > 0:
        return dg.SkipReason(f"The legacy database keeps changing; it is staged again in {rest:.0f} s.")
    return dg.RunRequest(run_key=f"{mark}/{tried.failed}", tags={MARK_TAG: mark})


def _rest(instance: dg.DagsterInstance) -> float:
    """Seconds until the file may be staged again: REST_FACTOR times what the last run of the sensor took."""
    records = instance.get_run_records(dg.RunsFilter(job_name=RESTAGE), limit=1)
    if not records or not records[0].start_time or not records[0].end_time:
        return 0.0
    took = records[0].end_time - records[0].start_time
    return records[0].end_time + REST_FACTOR * took - time.time()


def _running(instance: dg.DagsterInstance, *jobs: str) -> str | None:
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        if run.job_name in jobs:
            return f"Run {run.run_id[:8]} of the job `{run.job_name}` is under way"
    return None
