"""A process says what it is at work on by a lock of a session of its own, which ends with it, however it ends.

Dagster leaves the run of a process that died with its code server as STARTED for ever (dagster#4319). A recorded pid
may be another process by now, and neither a pid nor a locked file says anything on another machine.
"""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg

from etl_assets.access.postgres.connection import NAME_LENGTH, Connection, open_session, reading
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.errors import EtlError

SQL = Statements(__file__)

UI = "ui"  # what `etl-assets ui` is at work on
PREFIX = "etl-assets at work on "


@dataclass
class _Session:
    """This process' session on one target, and what it is at work on there."""

    url: str = field(repr=False)
    connection: Connection
    held: list[str] = field(default_factory=list)


_sessions: dict[int, _Session] = {}  # by pid, because a forked child must not speak on its parent's session


def host() -> str:
    """The name of this machine or container."""
    return socket.gethostname()


def hold(url: str, what: str) -> bool:
    """Says that this process is at work on a run, or on something else, until it ends or `release` is called.

    Returns:
        False where the target does not answer: nobody can tell then, and whatever comes next will say so.
    """
    try:
        session = _sessions.get(os.getpid())
        if session is None or session.url != url:
            release()
            session = _sessions[os.getpid()] = _Session(url, _opened(url))
        _take(session, what)
    except (EtlError, psycopg.Error):
        return False
    return True


def keep() -> None:
    """Opens the session again where it was lost, as by a restart of the server."""
    session = _sessions.get(os.getpid())
    if session is None:
        return
    try:
        SQL("answer").one(session.connection)
    except psycopg.Error:
        session.connection.close()
        wanted, session.held = session.held, []
        try:
            session.connection = _opened(session.url)
            for what in wanted:
                _take(session, what)
        except (EtlError, psycopg.Error):
            session.held = wanted


def release() -> None:
    """Ends the session of this process."""
    session = _sessions.pop(os.getpid(), None)
    if session is not None:
        session.connection.close()


def at_work(connection: Connection, whats: Iterable[str], *, elsewhere: bool = False) -> dict[str, str]:
    """What some process is at work on, with the process' and host's name; `elsewhere`: others than this one alone."""
    own = _sessions.get(os.getpid())
    but = [own.connection.info.backend_pid] if own is not None and elsewhere else []
    with reading(connection):
        found = SQL("list_holders").many(connection, keys=[PREFIX + what for what in whats], but=but)
    return {key.removeprefix(PREFIX): name.removeprefix("etl-assets, ") for key, name in found}


def _take(session: _Session, what: str) -> None:
    if what not in session.held:
        SQL("hold").one(session.connection, key=PREFIX + what)
        session.held.append(what)


def _opened(url: str) -> Connection:
    connection = open_session(url, name=f"etl-assets, process {os.getpid()} on {host()}"[:NAME_LENGTH])
    SQL("stay").many(connection)
    return connection
