"""From the old server's disk to the new app's storage: the files of rows that could be loaded but for them.

An object is noted before it is sent, and is there, and proven, before its line is written; a kill between the two
leaves an object under the key that the next run gives it again, or that the next sweep removes. What a row in
production names is never written over: another path, or other content, is another object, which the row names once it
is updated.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from etl_assets.access.files.whole import private_folder, scratch_path, sweep
from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.access.stores.stores import Found, LeadsOut, Store, open_store
from etl_assets.core.files.loose import begin_objects, settle_objects
from etl_assets.core.files.record import (
    ABSENT,
    STORED,
    Due,
    Line,
    former_lines,
    lines_of,
    list_due,
    write_lines,
)
from etl_assets.core.links.links import Links
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.pause import require_running
from etl_assets.faults import fault_point
from etl_assets.spec.columns import Column
from etl_assets.spec.model import Spec
from etl_assets.spec.sections import Files
from etl_assets.transform.file_paths import key_of, read_path

AT_ONCE = 8
USERS_AT_ONCE, FILES_AT_ONCE = 1_000, 500
Say = Callable[[int, int, float], None]
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Copied:
    """Files by what became of them, bytes that were stored, and seconds."""

    files: dict[str, int] = field(default_factory=dict)
    size: int = 0
    seconds: float = 0.0

    def add(self, lines: list[Line]) -> None:
        """Counts what was done."""
        for line in lines:
            self.files[line.state] = self.files.get(line.state, 0) + 1
            self.size += (line.size or 0) if line.state == STORED else 0


@dataclass(frozen=True)
class Errand:
    """For which wave and run files are copied, through which folder of unfinished work on this machine.

    `is_dry` copies nothing: they are found and sized, and noted as stored in a transaction that is rolled back.
    """

    wave: str
    run: str
    folder: Path
    is_dry: bool = False


@dataclass(frozen=True)
class Plan:
    """A line as it will be written, and the file to copy before that; None where there is nothing to copy."""

    line: Line
    found: Found | None = None
    former: Line | None = None


@dataclass(frozen=True)
class Copier:
    """The way of one column's files."""

    errand: Errand
    source: Store
    target: Store
    entry: Files
    table: str
    name: str
    column: Column

    def plan(self, due: Due, former: Line | None = None) -> Plan:
        """Looks for a file, and says what is to become of it.

        Args:
            due: the row.
            former: the line that it has so far.

        Raises:
            Unavailable: a store does not answer.
        """
        path = read_path(due.named, self.entry.strip)
        if path.verdict != "inside":
            return Plan(self._said(due, path.verdict))
        try:
            found = self.source.find(path.places)
        except LeadsOut:
            return Plan(self._said(due, "path_outside"))
        return Plan(self._lacking(due)) if found is None else Plan(self._stored(due, found, former), found, former)

    def send(self, plan: Plan) -> Line:
        """Copies the file of a plan; returns the line with what was read and what was stored.

        Raises:
            Unavailable: a store does not answer.
        """
        line, found, former = plan.line, plan.found, plan.former
        if found is None or line.key is None:
            return line
        scratch = scratch_path(self.errand.folder, "file")
        try:
            read = self.source.fetch(found, scratch)
            fault_point("files.fetched")
            if former and former.key and (former.named, former.sha256) == (line.named, read.sha256):
                # Touched, and the same to the byte.
                return replace(former, state=STORED, mark=found.mark)
            etag = self.target.put(scratch, line.key, read, name=found.place)
            fault_point("files.stored")
        except FileNotFoundError:
            due = Due(line.legacy_id, line.legacy_user_id, line.account, "", line.named)
            return self._lacking(due)
        finally:
            scratch.unlink(missing_ok=True)
        return replace(line, size=read.size, sha256=read.sha256, etag=etag)

    def _said(self, due: Due, state: str) -> Line:
        whose = (due.legacy_id, due.legacy_user_id, due.account, self.errand.wave)
        return Line(self.table, self.name, *whose, self.column.file or "", due.named, state)

    def _lacking(self, due: Due) -> Line:
        if self.column.missing == "quarantine":
            return self._said(due, "file_missing")
        return replace(self._said(due, ABSENT), value=due.named if self.column.missing == "keep" else None)

    def _stored(self, due: Due, found: Found, former: Line | None) -> Line:
        parts = {"account": due.account, "table": self.table, "column": self.name, "new_id": due.new_id}
        # What a row in production names stays as it is until the row names another.
        is_again = due.is_loaded or (former is not None and former.key is not None)
        version = f"{due.named}\0{found.mark}" if is_again else ""
        key = key_of(self.entry.key, place=found.place, version=version, **parts)
        url = f"{(self.entry.url or '').rstrip('/')}/{quote(key)}"
        value = {"key": key, "url": url, "keep": due.named}[self.column.write]
        said = self._said(due, STORED)
        return replace(said, source=found.place, size=found.size, key=key, value=value, mark=found.mark)


def copy_files(
    connection: Connection, links: Links, table: str, errand: Errand, *, users: list[str], say: Say = lambda *_: None
) -> Copied:
    """Copies the files that rows of these users name, eight at a time; what is stored already is not touched.

    Args:
        connection: to the target.
        links: as the load reads them.
        table: whose rows.
        errand: for which wave.
        users: legacy ids.
        say: is told files, bytes and seconds so far.

    Raises:
        SettingsError: the folder of the files is not there.
        Unavailable: a store does not answer; what was copied so far is noted, and is not copied again.
    """
    copied, started, run = Copied(), time.monotonic(), errand.run
    for name, column in links.spec.tables[table].file_columns.items():
        copier: Copier | None = None
        for due in _due(connection, links, table, name, users=users):
            copier = copier or _copier(links.spec, table, name, column, errand)  # nothing is opened for nobody
            lines = _copy(connection, copier, due, run=run)
            copied.add(lines)
            say(sum(copied.files.values()), copied.size, time.monotonic() - started)
    copied.seconds = time.monotonic() - started
    if copied.files:
        with writing(connection, run=run):
            told = {"table": table, "files": copied.files, "bytes": copied.size}
            audit(connection, run=run, action="files_copied", wave=errand.wave, **told)
    return copied


def _copy(connection: Connection, copier: Copier, due: list[Due], *, run: str) -> list[Line]:
    """Copies some files and notes them; where one fails, those that did not."""
    former = lines_of(connection, copier.table, copier.name, [one.legacy_id for one in due])
    plans, failed = _at_once(lambda one: copier.plan(one, former.get(one.legacy_id)), due)
    if failed is not None:
        raise failed
    if copier.errand.is_dry:
        lines = [plan.line for plan in plans]
        with writing(connection, run=run):
            write_lines(connection, lines)
        return lines
    begun = [plan.line for plan in plans if plan.found is not None]
    with writing(connection, run=run):
        require_running(connection)
        begin_objects(connection, begun, run=run)
    fault_point("files.begun")
    sent, failed = _at_once(lambda plan: (plan, copier.send(plan)), plans)
    _note(connection, sent, run=run)
    if failed is not None:
        raise failed
    return [line for _, line in sent]


def _at_once(work: Callable[[T], R], things: list[T]) -> tuple[list[R], BaseException | None]:
    """What came of so many at a time, in their order; after a failure no further one is begun, and it is returned."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(work, one) for one in things]
        wait(jobs, return_when=FIRST_EXCEPTION)
        pool.shutdown(cancel_futures=True)
    ended = [job for job in jobs if not job.cancelled()]
    failed = next((job.exception() for job in ended if job.exception()), None)
    return [job.result() for job in ended if job.exception() is None], failed


def _copier(spec: Spec, table: str, name: str, column: Column, errand: Errand) -> Copier:
    entry = spec.files[column.file or ""]
    source, target = open_store(entry.from_), open_store(entry.to)
    source.require_root()
    sweep(private_folder(errand.folder))
    return Copier(errand, source, target, entry, table, name, column)


def _due(connection: Connection, links: Links, table: str, column: str, *, users: list[str]) -> Iterator[list[Due]]:
    for first in range(0, len(users), USERS_AT_ONCE):
        some = users[first : first + USERS_AT_ONCE]
        with reading(connection):
            due = list_due(connection, links.for_users(connection, some), table, column, users=some)
        for start in range(0, len(due), FILES_AT_ONCE):
            yield due[start : start + FILES_AT_ONCE]


def _note(connection: Connection, sent: list[tuple[Plan, Line]], *, run: str) -> None:
    """Writes what became of files. An object that lost its line to another is loose: its row may name it still."""
    if not sent:
        return
    lines = [line for _, line in sent]
    with writing(connection, run=run):
        require_running(connection)
        former = former_lines(connection, lines)
        settle_objects(connection, [plan.line for plan, _ in sent if plan.found is not None])
        begin_objects(connection, former, run=run)
        write_lines(connection, lines)
        fault_point("files.before_commit")
    fault_point("files.committed")
