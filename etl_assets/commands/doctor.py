"""What is stuck, who holds it, and what clears it."""

from collections.abc import Iterator

import dagster as dg

from etl_assets.access.postgres.connection import Connection, LockHolder, connect, reading
from etl_assets.access.postgres.servers import target_url
from etl_assets.assets.keys import HOST_TAG, PARTITION_TAG
from etl_assets.assets.resources import Stores
from etl_assets.automation.attempts import LAUNCH_GRACE_S, MOST_ATTEMPTS, UNFINISHED, attempts, dead_runs, end_dead_runs
from etl_assets.commands.complaint import Complaint
from etl_assets.commands.disk import disks
from etl_assets.commands.put_back import look_back
from etl_assets.core.files.loose import loose_objects
from etl_assets.core.files.record import unloaded_objects
from etl_assets.core.files.removal import sweep_files
from etl_assets.core.load.due import Standing, read_standing
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.sessions import blocked_sessions, end_session, impatient, look_at_lock
from etl_assets.core.users.users import read_links
from etl_assets.model.errors import EtlError, ShelfRefused, Unavailable
from etl_assets.model.words import counted
from etl_assets.settings import Settings
from etl_assets.spec.model import Spec

RUN = "doctor"
MOST_LOOSE = 10_000  # of a column, that are counted
UPLOAD_S = 3_600  # what was begun since may be under way on another machine


def examine(
    settings: Settings, spec: Spec, *, instance: dg.DagsterInstance, clear: bool, break_lock: bool
) -> list[Complaint]:
    """Everything that can be stuck, after having cleared what was asked for.

    Args:
        settings: where everything is.
        spec: what is migrated.
        instance: whose runs are looked at.
        clear: mark the runs of dead processes as failed, and end a session that holds the lock and is stopped.
        break_lock: end the session that holds the writers' lock, whatever it does.

    Raises:
        Unavailable: the target does not answer.
    """
    with connect(target_url(settings)) as connection:
        found = look_back(settings, spec, connection, clear=clear, run=RUN)
        found += [*_disks(settings, connection), *_shelf(clear=clear)]
        found += _files(connection, spec, clear=clear)
        found += [*_lock(connection, clear=clear, break_lock=break_lock), *_blocked(connection)]
        try:
            with impatient(connection):
                standing = read_standing(connection, spec)
        except EtlError as problem:
            return [*found, *_runs(connection, instance, clear=clear), Complaint("waves", str(problem), is_stuck=True)]
        return [*found, *_runs(connection, instance, clear=clear), *_waves(instance, standing)]


def _files(connection: Connection, spec: Spec, *, clear: bool) -> Iterator[Complaint]:
    """Objects that no row names: an undo was cut off before it had removed them, or a run before it had noted them."""
    if not spec.with_files or not exists(connection):
        return
    with reading(connection):
        links = read_links(connection, spec)
    if clear:
        try:
            swept = sweep_files(connection, links, run=RUN)
        except EtlError as problem:
            yield Complaint("files", str(problem), is_stuck=True)
            return
        yield Complaint("files", f"{swept.removed} left over were removed, {len(swept.kept)} changed since stay")
        return
    with reading(connection):
        left = len(unloaded_objects(connection)) + len(loose_objects(connection, links, most=MOST_LOOSE))
    remedy = "; `etl-assets doctor --clear` removes them" if left else ""
    yield Complaint("files", f"{left} are left over that no row names{remedy}", is_stuck=bool(left))


def _disks(settings: Settings, connection: Connection) -> list[Complaint]:
    try:
        found = disks(settings, connection)
    except EtlError as unseen:  # the legacy app's machine may be off by now
        return [Complaint("disk", str(unseen))]
    return [Complaint(disk.subject, str(disk), is_stuck=not disk.is_enough) for disk in found]


def _shelf(*, clear: bool) -> list[Complaint]:
    """What killed processes have left where ETL_ARTIFACTS is a URL; with `clear` it goes."""
    try:
        removed = Stores().artifacts().shelf.sweep(older_s=UPLOAD_S) if clear else 0
    except (ShelfRefused, Unavailable) as problem:
        return [Complaint("shelf", str(problem), is_stuck=True)]
    return [Complaint("shelf", f"{counted(removed, 'object')} of killed processes went from it.")] if removed else []


def _lock(connection: Connection, *, clear: bool, break_lock: bool) -> Iterator[Complaint]:
    holder, is_stopped = look_at_lock(connection)
    if holder is None:
        yield Complaint("writers' lock", "nobody holds it")
    elif break_lock or (clear and is_stopped):
        yield _ended(connection, holder)
    elif is_stopped:
        yield Complaint(
            "writers' lock",
            f"held by a process that does nothing any more ({holder}): stopped, or cut off from the server. "
            "`etl-assets doctor --clear` ends its session; what it did not commit is rolled back.",
            is_stuck=True,
        )
    else:
        yield Complaint(
            "writers' lock", f"a run is at work ({holder}). `etl-assets doctor --break-lock` would end its session."
        )


def _ended(connection: Connection, holder: LockHolder) -> Complaint:
    is_gone = end_session(connection, holder, run=RUN)
    words = "was ended, and its transaction rolled back: run `migrate` again" if is_gone else "could not be ended"
    return Complaint("writers' lock", f"the session that held it ({holder}) {words}", is_stuck=not is_gone)


def _blocked(connection: Connection) -> Iterator[Complaint]:
    for session in blocked_sessions(connection):
        yield Complaint(
            "a lock of the app",
            f"{session.name} has waited since {session.since:%H:%M:%S} UTC for server process {session.by_pid} "
            f"({session.by_name}), which is none of ours. Let that end its transaction.",
            is_stuck=True,
        )


def _runs(connection: Connection, instance: dg.DagsterInstance, *, clear: bool) -> Iterator[Complaint]:
    dead = [run.run_id for run in dead_runs(instance, connection)]
    if clear:
        dead = end_dead_runs(instance, connection, unnoted_after_s=LAUNCH_GRACE_S)
    for found in _unfinished(instance):
        where = f" on {found.tags[HOST_TAG]}" if HOST_TAG in found.tags else ""
        stands = f"the job `{found.job_name}` is {found.status.value.lower()}"
        if found.run_id not in dead:
            yield Complaint(f"run {found.run_id[:8]}", f"{stands}{where}")
            continue
        yield Complaint(
            f"run {found.run_id[:8]}",
            f"{stands}, and its process{where} is gone. It holds nothing in Postgres; `etl-assets doctor --clear` "
            "marks it as failed.",
            is_stuck=True,
        )
    for run in dead if clear else ():
        yield Complaint(f"run {run[:8]}", "its process is gone; it was marked as failed. Run it again.")
    if not dead and not _unfinished(instance):
        yield Complaint("runs", "none is under way")


def _unfinished(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)))


def _waves(instance: dg.DagsterInstance, standing: Standing) -> Iterator[Complaint]:
    if standing.hindrance:
        yield Complaint("waves", standing.hindrance, is_stuck=standing.is_by_hand and not standing.is_paused)
        return
    for wave in standing.unfinished:
        tried = attempts(instance, {PARTITION_TAG: wave}, mark=standing.staging)
        gave_up = (
            f" {counted(tried.failed, 'run')} failed: no sensor tries again." if tried.failed >= MOST_ATTEMPTS else ""
        )
        words = f"broke off before it was read back.{gave_up} `etl-assets migrate`, or the job `new_wave`, finishes it."
        yield Complaint(f"wave {wave}", words, is_stuck=not tried.running)
    if not standing.unfinished:
        yield Complaint("waves", "every wave that was opened has come to its end")
