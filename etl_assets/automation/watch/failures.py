"""Failed runs as messages: red books, a refused load, a wave that gave up, anything else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from etl_assets.assets.keys import LOAD_WAVE, PARTITION_TAG, RECONCILIATION, RESTAGE, VERIFICATION
from etl_assets.automation.attempts import MARK_TAG, MOST_ATTEMPTS, attempts
from etl_assets.automation.watch.memory import Notice
from etl_assets.model.words import counted

KIND = dg.DagsterEventType
BOOKS, REFUSED, FAILED = "The books are red", "A load was refused", "A run failed"
MEANT = {"Paused"}  # an operator's own word
REFUSALS = {"Refused", "LegacyReplaced", "LegacyThawed", "LegacyMismatch", "TargetMismatch", "ArtifactError"}
LOOK = "The page of the run in the Dagster UI says which rows, why, and what to do; so does `etl-assets status`."
RUNS_A_TICK = 20


@dataclass(frozen=True)
class _Found:
    """What a failed run says: red checks as `check of asset (count)`, and errors by their class, with more about it."""

    checks: tuple[str, ...]
    errors: dict[str, str]
    is_books: bool

    @property
    def is_meant(self) -> bool:
        return bool(self.errors) and set(self.errors) <= MEANT and not self.checks

    @property
    def title(self) -> str:
        if self.is_books or "BooksOpen" in self.errors:
            return BOOKS
        return REFUSED if self.checks or REFUSALS & set(self.errors) else FAILED


def failed_runs(instance: dg.DagsterInstance, since: float) -> list[Notice]:
    """A notice for each cause: runs of one wave, or of one job, that fail alike have one key."""
    after = datetime.fromtimestamp(since, timezone.utc)
    records = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=after), limit=RUNS_A_TICK
    )
    return [notice for record in reversed(records) for notice in _notices(instance, record.dagster_run)]


def _notices(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[Notice]:
    found = _look(instance, run)
    if found.is_meant:
        return
    wave = run.tags.get(PARTITION_TAG, "")
    job = "assets picked by hand" if run.job_name.startswith("__") else f"the job {run.job_name}"
    what = [f"Run {run.run_id[:8]} of {job}{f' for wave {wave}' if wave else ''} has failed."]
    what += [f"Red: {check}." for check in found.checks]
    causes = [f"{name}{more}" for name, more in found.errors.items()]
    what += [f"Cause: {cause}." for cause in causes]
    key = " ".join((run.job_name, wave, *found.checks, *causes))
    yield Notice(f"run {key}", f"{found.title} ({run.job_name})", "\n".join([*what, LOOK]))
    yield from _gave_up(instance, run, wave)


def _look(instance: dg.DagsterInstance, run: dg.DagsterRun) -> _Found:
    checks: list[str] = []
    errors: dict[str, str] = {}
    is_books = False
    for event in _events(instance, run, KIND.ASSET_CHECK_EVALUATION):
        data: Any = event.event_specific_data
        if not data.passed and data.severity == dg.AssetCheckSeverity.ERROR:
            # The check's own sentence names a few legacy keys, and a key can be an address.
            count = data.metadata.get("count")
            number = f" ({count.value:,} found)" if count and isinstance(count.value, int) else ""
            checks.append(f"{data.check_name} of {data.asset_key.to_user_string()}{number}")
            is_books = is_books or data.asset_key in (VERIFICATION, RECONCILIATION)
    for event in _events(instance, run, KIND.STEP_FAILURE):
        data = event.event_specific_data
        told = data.user_failure_data.metadata if data.user_failure_data else {}
        cause = data.error.cause if data.error and data.error.cause else data.error
        name = str(told["error"].value) if "error" in told else cause.cls_name if cause else ""
        if name and name != "DagsterAssetCheckFailedError":
            errors[name] = f" ({told['cause'].value})" if "cause" in told else "" if told else f" in {event.step_key}"
    return _Found(tuple(sorted(set(checks))), errors, is_books)


def _events(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    records = instance.get_records_for_run(run.run_id, of_type=kind).records
    found = [record.event_log_entry.dagster_event for record in records]
    return [event for event in found if event is not None]


def _gave_up(instance: dg.DagsterInstance, run: dg.DagsterRun, wave: str) -> Iterator[Notice]:
    """A notice when no sensor tries this again."""
    mark = run.tags.get(MARK_TAG)
    if mark is None or run.job_name not in (LOAD_WAVE, RESTAGE):
        return
    tags = {PARTITION_TAG: wave} if wave else {MARK_TAG: mark}
    failed = attempts(instance, tags, mark=mark).failed
    if failed >= MOST_ATTEMPTS:
        what = f"Wave {wave}" if wave else "Staging the changed legacy database"
        yield Notice(
            f"gave up {wave or RESTAGE} {mark}",
            f"{what} gave up",
            f"{counted(failed, 'run')} failed, {run.run_id[:8]} the last. It is tried again when staging has changed, "
            f"or by hand. {LOOK}",
        )
