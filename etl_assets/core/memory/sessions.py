"""Who holds what on the target, and how to end it: `etl-assets doctor`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from etl_assets.access.postgres.connection import Connection, LockHolder, find_lock_holder, reading, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.schema import exists

SQL = Statements(__file__)

LOOK_AGAIN_S = 3.0
PATIENCE_MS = 10_000


@dataclass(frozen=True)
class Blocked:
    """A session of ours that waits for another session, and since when (the target's clock, UTC)."""

    name: str
    by_pid: int
    by_name: str
    since: datetime


def look_at_lock(connection: Connection) -> tuple[LockHolder | None, bool]:
    """Who holds the writers' lock, and whether that is a process which does nothing more: two looks, seconds apart."""
    first = find_lock_holder(connection)
    if first is None or not first.is_silent:
        return first, False
    time.sleep(LOOK_AGAIN_S)
    second = find_lock_holder(connection)
    return second, second is not None and (second.pid, second.mark) == (first.pid, first.mark)


def blocked_sessions(connection: Connection) -> list[Blocked]:
    """Sessions of ours that wait for a lock of somebody else: of the app, or of an administrator's open transaction."""
    return [Blocked(*row) for row in SQL("list_blocked").many(connection)]


@contextmanager
def impatient(connection: Connection) -> Iterator[None]:
    """A read-only transaction that waits PATIENCE_MS for a table: whoever asks what is stuck wants to hear it."""
    with reading(connection):
        SQL("be_impatient").one(connection, patience=f"{PATIENCE_MS}ms")
        yield


def end_session(connection: Connection, holder: LockHolder, *, run: str) -> bool:
    """Ends the session that holds the lock, and its lanes: what is not committed is rolled back, and a process that
    wakes up writes nothing.

    Returns:
        True when it is gone; False when the server did not end it within PATIENCE_MS.
    """
    is_gone = bool(SQL("end_session").one(connection, pid=holder.pid, name=holder.name, patience=PATIENCE_MS)[0])
    if is_gone and exists(connection):
        with writing(connection, run=run):
            audit(connection, run=run, action="lock_broken", holder=holder.name)
    return is_gone
