"""States that last, as messages: a source that is quiet or cannot be read, a disk that fills; and the day's numbers."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg

from etl_assets.access.legacy.source import legacy_mark
from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.assets.keys import REPORT, VERIFY
from etl_assets.assets.resources import Access
from etl_assets.automation.watch.memory import Memory, Notice
from etl_assets.core.cutover.freeze import find_freeze
from etl_assets.core.memory.schema import exists
from etl_assets.core.verify.status import books_of
from etl_assets.core.watch.disk import target_disk
from etl_assets.model.books import Books
from etl_assets.model.errors import EtlError
from etl_assets.spec.model import Spec
from etl_assets.upkeep import Upkeep

HOUR_S, GIB = 3_600, 1 << 30
QUIET, UNREAD, UNREACHED, READ_ONLY = "source quiet", "source unread", "target unreached", "target read-only"
FILLED = 90  # percent of the target's disk
RUNNER, TARGET = "disk of the runner", "disk of the target"


@dataclass
class Look:
    """One tick's look at everything; `well` turns False where something is wrong by itself."""

    stores: Access
    spec: Spec
    upkeep: Upkeep
    memory: Memory
    now: float
    well: bool = True

    def notices(self) -> list[Notice]:
        """What lasts; a target that does not answer says nothing of itself."""
        found = self._runner_disk()
        try:
            with self.stores.target_as_it_is() as connection, reading(connection):
                is_frozen = exists(connection) and find_freeze(connection) is not None
                found += self._target_disk(connection)
            self.memory.lasts(UNREACHED, self.now, holds=False)
        except EtlError as problem:
            is_frozen, self.well = False, False
            found += self._after(UNREACHED, "The target cannot be used", f"Cause: {type(problem).__name__}.")
        return found + self._source(is_frozen=is_frozen)

    def _source(self, *, is_frozen: bool) -> list[Notice]:
        try:
            mark = legacy_mark(self.stores.settings())
        except (EtlError, OSError) as problem:
            self.well = False
            return self._after(UNREAD, "The legacy database cannot be read", f"Cause: {type(problem).__name__}.")
        self.memory.lasts(UNREAD, self.now, holds=False)
        if is_frozen:
            self.memory.lasts(QUIET, self.now, holds=False)
            return []
        words = "Is it still the file that the app writes to? A freeze, or ETL_QUIET_HOURS=0, ends this message."
        return self._after(QUIET, "The legacy database does not change", words, value=mark)

    def _after(self, what: str, title: str, words: str, *, value: str = "") -> list[Notice]:
        """A notice when something has lasted for ETL_QUIET_HOURS."""
        before = self.memory.since.get(what)
        lasted = self.memory.lasts(what, self.now, holds=True, value=value)
        if before != self.memory.since.get(what):
            self.memory.over(what)
        hours = self.upkeep.quiet_hours
        if not hours or lasted < hours * HOUR_S:
            return []
        return [Notice(what, title, f"This has been so for {lasted / HOUR_S:,.0f} hours. {words}")]

    def _runner_disk(self) -> list[Notice]:
        settings = self.stores.settings()
        low: dict[int, str] = {}
        places = {"ETL_ARTIFACTS": settings.artifacts, "DAGSTER_HOME": settings.dagster_home}
        for name, path in {**places, "temporary files": Path(tempfile.gettempdir())}.items():
            if path.exists():
                disk = shutil.disk_usage(path)
                if disk.free * 100 < disk.total * self.upkeep.disk_percent:
                    low.setdefault(path.stat().st_dev, f"{disk.free / GIB:,.1f} GiB are free for {name}")
        return self._low(RUNNER, "; ".join(low.values()))

    def _target_disk(self, connection: Connection) -> list[Notice]:
        found, most = target_disk(connection), self.upkeep.target_disk_gb
        is_low = most > 0 and found.bytes * 100 > most * GIB * FILLED
        notices = self._low(TARGET, f"{found.bytes / GIB:,.1f} GiB of {most:,} are taken" if is_low else "")
        if not found.is_read_only:
            self.memory.over(READ_ONLY)
            return notices
        self.well = False
        words = "Nothing can be loaded. Supabase does this when the disk is full: make it larger, then switch it off."
        return [*notices, Notice(READ_ONLY, "The target is read-only", words)]

    def _low(self, what: str, words: str) -> list[Notice]:
        if not words:
            self.memory.over(what)
            return []
        return [
            Notice(what, f"Little room on the {what}", f"{words}. A run that needs more stops, and nothing is half.")
        ]


def nightly_failed(instance: dg.DagsterInstance) -> bool:
    """True when the last run that read everything back has failed."""
    last = instance.get_runs(dg.RunsFilter(job_name=VERIFY), limit=1)
    return bool(last) and last[0].status == dg.DagsterRunStatus.FAILURE


def digest(instance: dg.DagsterInstance, look: Look) -> list[Notice]:
    """The day's numbers, once a day, after the time that ETL_DIGEST names."""
    at = datetime.fromtimestamp(look.now, timezone.utc)
    key = f"digest {at:%Y-%m-%d}"
    if not look.upkeep.digest or f"{at:%H:%M}" < look.upkeep.digest or key in look.memory.said:
        return []
    try:
        with look.stores.target_as_it_is() as connection:
            books = books_of(connection, look.spec)
    except EtlError:
        return []  # it is said when the target answers
    return [Notice(key, f"The migration on {at:%Y-%m-%d}", _numbers(books, _open_points(instance)))]


def _numbers(books: Books, points: int | None) -> str:
    users, rows = books.users, {"loaded": 0, "waiting": 0, "quarantined": 0, "excluded": 0}
    for name in rows:
        rows[name] = sum(getattr(book, name) for book in books.tables)
    away = users.get("waiting", 0) + users.get("unconfirmed", 0)
    held = sum(users.get(state, 0) for state in ("held", "ambiguous", "invalid_email", "no_email"))
    lines = [
        f"Arrived: {users.get('resolved', 0):,} of {users.get('total', 0):,} users, {rows['loaded']:,} rows.",
        f"Waiting: {away:,} users have not come back yet, {rows['waiting']:,} rows.",
        f"Held: {held:,} users, {rows['quarantined']:,} rows in quarantine, {books.refused:,} refused by the target.",
        f"Waves: {len(books.waves):,}. The books {'close' if books.closed else 'do not close'}.",
    ]
    lines += [f"Open points in the report: {points:,}."] if points is not None else []
    return "\n".join([*lines, *(["The migration is paused."] if books.paused else [])])


def _open_points(instance: dg.DagsterInstance) -> int | None:
    event = instance.get_latest_materialization_event(REPORT)
    found = event.asset_materialization.metadata.get("open_points") if event and event.asset_materialization else None
    return int(found.value) if found and isinstance(found.value, int) else None
