"""What became of the runs that were requested for one thing: is one alive, how many failed, when may the next begin."""

import time
from dataclasses import dataclass

import dagster as dg

from etl_assets.access.postgres.connection import Connection
from etl_assets.assets.keys import HOST_TAG
from etl_assets.core.presence.presence import UI, at_work
from etl_assets.model.words import said

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
LAUNCHED = UNFINISHED[2:]
# When nothing can start a run here, and when something may: a run of the command line notes its process within
# milliseconds, a launched one imports Dagster first.
START_GRACE_S, LAUNCH_GRACE_S = 5, 120
MARK_TAG = ".dagster/etl_assets_mark"  # what a requested run was to bring: a failure counts until that changes
FIRST_WAIT_S, LONGEST_WAIT_S, MOST_ATTEMPTS = 60, 3_600, 6
DIED = (
    "The process of this run ended without a word: a crash, a kill or a power cut. What it committed stays, the rest "
    "was rolled back. Run it again; nothing else needs to be done."
)
FROM_OUTSIDE = "marked as failed from outside the execution context"  # by Dagster itself, which gives no reason there
OF_MEMORY = "That it ran out of memory, as the log may say, is what Dagster says of every process that was killed."


def end_dead_runs(
    instance: dg.DagsterInstance, connection: Connection, *, unnoted_after_s: float | None = None
) -> list[str]:
    """Marks runs as failed whose process is gone, on whichever machine; returns their ids.

    With the default launcher nobody else does: such a run stays STARTED for ever and takes a place in the queue
    (dagster#4319, dagster 1.13). With `unnoted_after_s` a run that was launched so long ago and never noted its process
    is dead too, unless another `etl-assets ui` is at work, whose it may be: it was killed while it started.
    """
    dead = dead_runs(instance, connection, unnoted_after_s=unnoted_after_s)
    for run in dead:
        instance.report_run_failed(run, DIED)
    return [run.run_id for run in dead]


def dead_runs(
    instance: dg.DagsterInstance, connection: Connection, *, unnoted_after_s: float | None = None
) -> list[dg.DagsterRun]:
    """The runs that are under way by Dagster's word, and whose process is gone."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
    noted = [record.dagster_run for record in records if HOST_TAG in record.dagster_run.tags]
    alive = at_work(connection, [run.run_id for run in noted])
    dead = [run for run in noted if run.run_id not in alive]
    if unnoted_after_s is not None and not at_work(connection, [UI], elsewhere=True):
        launched_before = time.time() - unnoted_after_s
        dead += [
            record.dagster_run
            for record in records
            if record.dagster_run.status in LAUNCHED
            and HOST_TAG not in record.dagster_run.tags
            and record.update_timestamp.timestamp() < launched_before
        ]
    return [run for run in dead if _is_unfinished(instance, run)]


def _is_unfinished(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """False for a run that has ended since it was read; its process may be gone then."""
    now = instance.get_run_by_id(run.run_id)
    return now is not None and now.status in UNFINISHED


@dataclass(frozen=True)
class Attempts:
    """Runs for one thing: the one that is under way, and the failed ones since the mark last changed."""

    running: str | None
    failed: int
    last_failed: str | None
    next_at: float

    @property
    def hindrance(self) -> str | None:
        """Why no further run is requested now, or None."""
        if self.running:
            return f"run {self.running[:8]} is under way"
        if self.failed >= MOST_ATTEMPTS:
            return (
                f"{said(self.failed, 'run', 'have failed')}, {(self.last_failed or '')[:8]} the last; settle what it "
                "says. It is tried again when staging has changed, or by hand: re-execute that run"
            )
        wait = self.next_at - time.time()
        if wait > 0:
            return f"run {(self.last_failed or '')[:8]} failed and says why; it is tried again in {wait:.0f} s"
        return None


def attempts(instance: dg.DagsterInstance, tags: dict[str, str], *, mark: str) -> Attempts:
    """The runs that carry these tags; failures of an earlier mark are forgotten."""
    records = instance.get_run_records(dg.RunsFilter(tags=tags), limit=50)
    running = next((record.dagster_run.run_id for record in records if record.dagster_run.status in UNFINISHED), None)
    over = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    failed = [
        record
        for record in records
        if record.dagster_run.status in over and record.dagster_run.tags.get(MARK_TAG) == mark
    ]
    last = failed[0] if failed else None
    ended = (last.end_time or last.update_timestamp.timestamp()) if last else 0.0
    wait = min(FIRST_WAIT_S * 2 ** (len(failed) - 1), LONGEST_WAIT_S) if failed else 0
    return Attempts(running, len(failed), last.dagster_run.run_id if last else None, ended + wait)
