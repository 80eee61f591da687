"""What weeks leave behind and nobody needs: old runs with their events and logs, keys of old waves, old snapshots."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import takewhile

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.access.postgres.dagster_pool import drop_check_executions
from etl_assets.assets.keys import HOUSEKEEPING, LOGIN_WAVES, PARTITION_TAG, RESOLVED
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.automation.attempts import MOST_ATTEMPTS, UNFINISHED
from etl_assets.core.load.due import staged_snapshots
from etl_assets.core.memory.schema import exists
from etl_assets.model.ids import WAVE_FORMAT, is_wave_key
from etl_assets.model.words import counted
from etl_assets.spec.model import Spec
from etl_assets.upkeep import read_upkeep

RUN = dg.DagsterRunStatus
FAILED = [RUN.FAILURE, RUN.CANCELED]
RUNS_A_PAGE, SECONDS_A_NIGHT = 500, 3_600
DAY_S = 86_400  # no file is sent for longer


@dataclass(frozen=True)
class Tidied:
    """How much went."""

    runs: int
    waves: int
    snapshots: int
    objects: int = 0

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"Removed {counted(self.runs, 'run')} with events and logs, {counted(self.waves, 'partition')} of waves, "
            f"{counted(self.snapshots, 'snapshot')}, {counted(self.objects, 'loose object')}. What was migrated "
            "is not touched: the target remembers that."
        )


def tidy(instance: dg.DagsterInstance, stores: Access, spec: Spec, *, keep_days: int, run: str = "") -> Tidied:
    """Removes what is older; runs again every night, and goes on where it stopped."""
    before = datetime.now(timezone.utc) - timedelta(days=keep_days)
    runs = drop_runs(instance, before)
    waves, snapshots = drop_waves(instance, before), drop_snapshots(instance, stores, spec, run=run)
    return Tidied(runs, waves, snapshots, stores.artifacts().shelf.sweep(older_s=DAY_S))


def drop_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Removes the finished runs that nobody looks at any more; returns how many.

    Three kinds stay however old they are: the last of each job, what holds an asset's latest materialization, and the
    last failures of what has not succeeded since, by which `attempts` knows that a wave gave up.
    """
    until = time.monotonic() + SECONDS_A_NIGHT
    old = instance.get_run_ids(dg.RunsFilter(statuses=[RUN.SUCCESS, *FAILED], updated_before=before))
    needed, dropped = _Needed(instance), 0
    oldest_first = list(reversed(old))
    for start in range(0, len(old), RUNS_A_PAGE):
        page = instance.get_runs(dg.RunsFilter(run_ids=oldest_first[start : start + RUNS_A_PAGE]))
        gone = [run.run_id for run in page if not needed.holds(run)]
        for run_id in gone:
            instance.delete_run(run_id)
            instance.compute_log_manager.delete_logs(prefix=[run_id])
        drop_check_executions(instance.event_log_storage, gone)
        dropped += len(gone)
        if time.monotonic() > until:
            break
    return dropped


class _Needed:
    """What some part of us, or of Dagster's pages, still looks up; each question is asked once."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        keys = list(instance.all_asset_keys())
        latest = instance.get_latest_materialization_events(keys)
        self._latest = {event.run_id for event in latest.values() if event is not None}
        self._known: dict[tuple[str, str], set[str]] = {}

    def holds(self, run: dg.DagsterRun) -> bool:
        """True for a run that stays, however old it is."""
        wave = run.tags.get(PARTITION_TAG, "")
        kept = run.run_id in self._latest or run.run_id in self._of(run.job_name)
        return kept or (run.status in FAILED and run.run_id in self._of(run.job_name, wave))

    def _of(self, job: str, wave: str | None = None) -> set[str]:
        """The last run of a job; or the last failures of one thing, where nothing has succeeded since."""
        known = (job, "the last of all" if wave is None else wave)
        if known not in self._known:
            tags = {PARTITION_TAG: wave} if wave else {}
            limit = 1 if wave is None else MOST_ATTEMPTS
            found = self._instance.get_runs(dg.RunsFilter(job_name=job, tags=tags), limit=limit)
            since = list(takewhile(lambda run: wave is None or run.status != RUN.SUCCESS, found))
            self._known[known] = {run.run_id for run in since}
        return self._known[known]


def drop_waves(instance: dg.DagsterInstance, before: datetime) -> int:
    """Takes the keys of old waves of which Dagster remembers nothing more from its list; returns how many.

    Their partitions would be shown as missing. `status` and schema `etl` know every wave, and `migrate --wave` brings
    one back by its key.
    """
    name = str(LOGIN_WAVES.name)
    opened = sorted(key for key in instance.get_dynamic_partitions(name) if is_wave_key(key))
    old = [key for key in opened[:-1] if key < before.strftime(WAVE_FORMAT)]
    if not old:
        return 0
    shown = instance.get_materialized_partitions(RESOLVED)
    gone = [
        key
        for key in old
        if key not in shown and not instance.get_run_ids(dg.RunsFilter(tags={PARTITION_TAG: key}), limit=1)
    ]
    for key in gone:
        instance.delete_dynamic_partition(name, key)
    return len(gone)


def drop_snapshots(instance: dg.DagsterInstance, stores: Access, spec: Spec, *, run: str) -> int:
    """Removes all snapshots but the current one, with their exports, when nobody can be reading them."""
    if any(other.run_id != run for other in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))):
        return 0
    artifacts = stores.artifacts()
    current = artifacts.current_snapshot_or_none()
    with stores.target_as_it_is() as connection, reading(connection):
        staged = staged_snapshots(connection, spec) if exists(connection) else set()
    # What a staging that broke off has left is compared with the exports of the snapshot before.
    if current is None or not staged <= {current.id}:
        return 0
    return len(artifacts.drop_snapshots(keep=1))


def build_housekeeping_job(spec: Spec) -> dg.JobDefinition:
    """The job `housekeeping`."""

    @dg.op(
        name="tidy_up",
        description="Removes finished runs that are older than ETL_KEEP_DAYS, with their events and logs, keys of old "
        "waves, snapshots that nothing reads, and what a kill has left on the shelf.",
    )
    def tidy_up(context: dg.OpExecutionContext, stores: Stores) -> None:
        with failures():
            days = read_upkeep().keep_days
            context.log.info(str(tidy(context.instance, stores, spec, keep_days=days, run=context.run_id)))

    @dg.job(
        name=HOUSEKEEPING,
        description="Every night: removes from Dagster what is older than ETL_KEEP_DAYS (30), which is finished runs "
        "with their events and logs, and old waves among the partitions; and snapshots that nothing reads. What the "
        "sensors and the assets' pages look up stays. It touches nothing on the target. Safe to run at any time.",
    )
    def housekeeping() -> None:
        tidy_up()

    return housekeeping
