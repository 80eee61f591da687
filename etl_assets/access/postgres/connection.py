"""Connections and transactions: every session speaks the same dialect, every writer takes the same lock."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from etl_assets.access.postgres.dialect import (
    APP_PATH,
    CATALOG_PATH,
    DIALECT,
    ENCODING,
    OUR_PATH,
    UNICODE,
    in_dialect,
    unicode_arrives,
)
from etl_assets.access.postgres.refusals import translated
from etl_assets.access.postgres.statements import Statement, Statements, without_parameters
from etl_assets.faults import fault_point
from etl_assets.model.errors import OtherEncoding, SettingsError, TransactionPooler, Unavailable

SQL = Statements(__file__)

Connection = psycopg.Connection[tuple[Any, ...]]
WRITER_LOCK = 6_020_115_112_097_884  # any constant of ours; what matters is that every writer takes the same
LANE_LOCK = WRITER_LOCK + 1  # see lanes.py
CONNECT_TIMEOUT_S = 10
SUPABASE_TRANSACTION_POOLER = "6543"
PROBES = 3  # a pooler with several idle sessions can hand out two of them first
# A host that is gone is noticed within a minute; the server's own patience is hours.
KEEPALIVES: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
LOCK_WAIT_S = 60.0
SILENT_S = 30.0
OUR_NAME = "etl-assets"
NAME_LENGTH = 63  # Postgres cuts application_name there
LOCK_RETRY_S = 0.2


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """A connection in autocommit mode; transactions are opened by `reading` and `writing`.

    Raises:
        SettingsError: the DSN cannot be read (it is not repeated: it may hold a password).
        TransactionPooler: a session is not one server session here.
        Unavailable: the server does not answer, now or within the block.
        DatabaseFault: Postgres refused a statement of the block.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SettingsError(
            "TARGET_DATABASE_URL is no Postgres DSN; it looks like postgresql://user@host:5432/db"
        ) from None
    if parts.get("port") == SUPABASE_TRANSACTION_POOLER and not str(parts.get("host", "")).startswith("/"):
        raise TransactionPooler("port 6543 is Supabase's transaction pooler")
    connection = open_session(url)
    try:
        _require_one_session(url)
        yield connection
    except psycopg.Error as error:
        raise translated(error) from None
    finally:
        connection.close()


def with_absolute_files(url: str) -> str:
    """The DSN, with the files that it names (certificates, keys) where they are from any folder."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return url  # whoever connects says so
    files = {name: str(parts[name]) for name in ("sslrootcert", "sslcert", "sslkey", "sslcrl") if parts.get(name)}
    moved = {name: str(Path(file).resolve()) for name, file in files.items() if Path(file).exists()}
    return make_conninfo(url, **moved) if moved else url


def open_session(url: str, *, name: str = OUR_NAME) -> Connection:
    """A session in autocommit mode that its caller closes; `connect` is for whoever does something in it.

    Raises:
        Unavailable: the server does not answer.
    """
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            # So that the probe for a pooler gets its answer from one, which knows no prepared statement of ours.
            prepare_threshold=None,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=name,
            # Whatever PGCLIENTENCODING, the DSN or the database say; a pooler may drop it, so DIALECT repeats it.
            client_encoding=ENCODING,
            **KEEPALIVES,
        )
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"The target database does not answer ({type(error).__name__}). Check TARGET_DATABASE_URL and the network."
        ) from None


def beside(connection: Connection) -> dict[str, str]:
    """What opens a further session to where this connection is; it holds the password, and is not to be shown."""
    info = connection.info
    named = {"password": info.password, "application_name": OUR_NAME, "client_encoding": ENCODING}
    return {**info.get_parameters(), **named}


@cache
def _require_one_session(url: str) -> None:
    """Raises unless each of two connections keeps a server session of its own; asked once a process.

    Behind a transaction pooler they do not: two runs of ours would both get the same session lock, and a setting
    would leak to whoever comes next (measured with PgBouncer 1.18: two idle connections are the same server process).
    """
    with open_session(url) as one_session, open_session(url) as another:
        seen: dict[Connection, set[int]] = {one_session: set(), another: set()}
        for _ in range(PROBES):
            for connection, processes in seen.items():
                row = connection.execute("SELECT pg_backend_pid()").fetchone()
                processes.add(row[0] if row else 0)
    if len(seen[one_session] | seen[another]) != len(seen) or any(len(found) > 1 for found in seen.values()):
        raise TransactionPooler("two connections to it share one server session")


@contextmanager
def reading(connection: Connection) -> Iterator[Connection]:
    """A read-only transaction that sees one moment."""
    with transaction(connection, read_only=True):
        yield connection


@contextmanager
def transaction(connection: Connection, *, read_only: bool) -> Iterator[None]:
    """A REPEATABLE READ transaction in our dialect, without the writers' lock; most want `reading` or `writing`.

    Within a transaction it is a part of that one, and what would be found at its commit is found at its end: a
    dry run is one transaction around everything, which is rolled back.
    """
    if connection.info.transaction_status == TransactionStatus.INTRANS:
        with _part_of_a_transaction(connection):
            yield
        return
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = read_only
    try:
        with connection.transaction():
            speak(connection)
            yield
    except psycopg.Error as error:
        raise translated(error) from None


def speak(connection: Connection) -> None:
    """The open transaction is in our dialect from here; one trip to the server."""
    connection.execute(in_dialect(DIALECT))


@contextmanager
def as_the_app(connection: Connection) -> Iterator[None]:
    """Within it triggers, defaults and constraints of the app find what they name as they do in the app's sessions.

    Postgres' own functions go first all the same. Where a statement within fails, so does the transaction.
    """
    connection.execute(APP_PATH)
    yield
    connection.execute(OUR_PATH)


@contextmanager
def as_the_catalog_spells(connection: Connection) -> Iterator[None]:
    """Within it the catalog qualifies every name that is not Postgres' own, whatever the path is otherwise."""
    connection.execute(CATALOG_PATH)
    yield
    connection.execute(OUR_PATH)


@contextmanager
def looking_up(connection: Connection, *, few: bool) -> Iterator[None]:
    """Where `few` rows are asked for, statements within find them by their keys, at a cost that follows the rows.

    On today's disks a page by itself costs hardly more than one in a row; by default Postgres takes it for four times
    as much (https://www.postgresql.org/docs/current/runtime-config-query.html, random_page_cost).
    """
    with _set(connection, "random_page_cost", "1.1", wanted=few):
        yield


@contextmanager
def joining(connection: Connection, *, many: bool) -> Iterator[None]:
    """Where `many` fresh rows are joined, Postgres, which has no statistics of them yet, looks none up by itself."""
    with _set(connection, "enable_nestloop", "off", wanted=many):
        yield


@contextmanager
def _set(connection: Connection, setting: str, value: str, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    change = sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(setting), sql.Literal(value))
    connection.execute(change)
    yield
    # Where it fails within, so does the transaction.
    connection.execute(sql.SQL("SET LOCAL {} TO DEFAULT").format(sql.Identifier(setting)))


@contextmanager
def _part_of_a_transaction(connection: Connection) -> Iterator[None]:
    try:
        with connection.transaction():
            yield
            # Rolled back at once, which puts every constraint back to when it is due.
            with connection.transaction(force_rollback=True):
                fire_deferred(connection)
    except psycopg.Error as error:
        raise translated(error) from None


class _Stale(Exception):
    pass


@contextmanager
def writing(connection: Connection, *, run: str, with_lanes: bool = False) -> Iterator[Connection]:
    """A writer's transaction: REPEATABLE READ, alone among ours, and never on a view from before its turn.

    The advisory lock makes writers take turns. A REPEATABLE READ transaction takes its view when it asks for the
    lock, though, not when it gets it; so each writer also moves `etl.writer.epoch`, which Postgres refuses (40001) to
    one whose view is older than the last writer's commit, and that one begins anew.

    Args:
        connection: from `connect`.
        run: the Dagster run, for whoever waits.
        with_lanes: lanes of this turn will write, and this transaction will not.

    Raises:
        Unavailable: another writer kept the lock for longer than LOCK_WAIT_S; says who.
    """
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            with transaction(connection, read_only=False):
                _take_turn(connection, run=run, with_lanes=with_lanes)
                fault_point("writing.begun")
                yield connection
            fault_point("writing.committed")
            return
        except _Stale:
            if time.monotonic() > deadline:
                raise Unavailable(_who_holds_the_lock(connection)) from None
            time.sleep(LOCK_RETRY_S)


def wait_for_lock(connection: Connection, *, run: str) -> None:
    """Takes the writers' lock for the transaction that is open, where there is no epoch to move yet.

    Raises:
        Unavailable: another writer kept it for longer than LOCK_WAIT_S; says who.
    """
    deadline = time.monotonic() + LOCK_WAIT_S
    while not try_lock(connection, SQL("take_lock"), run=run):
        if time.monotonic() > deadline:
            raise Unavailable(_who_holds_the_lock(connection))
        time.sleep(LOCK_RETRY_S)


def try_lock(connection: Connection, how: Statement, *, run: str) -> bool:
    """True when a locking statement has got its lock for the open transaction, which bears the run's name from now.

    Every transaction that writes begins here, so here it proves that its texts arrive as the characters they are.

    Raises:
        OtherEncoding: they do not.
    """
    name = f"etl-assets {run[:8]}, process {os.getpid()} on {socket.gethostname()}"
    values = {"writer": WRITER_LOCK, "lane": LANE_LOCK, "name": name[:NAME_LENGTH], **UNICODE}
    try:
        held = how.first(connection, **values)
    except (psycopg.DataError, UnicodeError):
        raise OtherEncoding from None
    if held is None or not unicode_arrives(held):
        raise OtherEncoding
    return bool(held[0])


def _take_turn(connection: Connection, *, run: str, with_lanes: bool) -> None:
    if not try_lock(connection, SQL("take_lock_for_lanes" if with_lanes else "take_lock"), run=run):
        raise _Stale
    try:
        SQL("move_epoch").exec(connection, run=run)
        if not with_lanes:
            SQL("move_lanes").exec(connection)
    except psycopg.errors.SerializationFailure:
        raise _Stale from None


@dataclass(frozen=True)
class LockHolder:
    """Who writes now: the server process, what it calls itself (run, process and host), and since when.

    `is_silent` says that the server waits for this client, in a state that is older than SILENT_S; `mark` changes with
    everything that it does, so that two looks can tell a long COPY from a stopped process.
    """

    pid: int
    name: str
    since: datetime
    is_silent: bool
    mark: str

    def __str__(self) -> str:
        """For a sentence, without anything personal."""
        return f"{self.name}; server process {self.pid}, since {self.since:%H:%M:%S} UTC"


def find_lock_holder(connection: Connection) -> LockHolder | None:
    """Whoever holds the writers' lock of this database, or a lane whose leader has gone; None when nobody does."""
    values = {"writer": WRITER_LOCK, "lane": LANE_LOCK, "silent": SILENT_S}
    row = SQL("find_lock_holder").first(connection, **values)
    return LockHolder(*row) if row else None


def _who_holds_the_lock(connection: Connection) -> str:
    holder = find_lock_holder(connection) or "a process that has just ended"
    return (
        f"Another run is writing ({holder}) and did not end within {LOCK_WAIT_S:.0f} s. Wait for it, then run again; "
        "`etl-assets doctor` says whether it is stuck."
    )


def analyze(connection: Connection, table: sql.Identifier) -> None:
    """Statistics for what comes next in the transaction that has just filled the table."""
    SQL("analyze", table=table).exec(connection)


def streamed(connection: Connection, query: Statement) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, each cell as text or None, for results of any size; the connection is busy meanwhile.

    By COPY, because Postgres does not read in parallel for a cursor (PostgreSQL 18, *When Can Parallel Query Be Used*).
    """
    text = without_parameters(
        sql.SQL("COPY ({}) TO STDOUT (ENCODING 'UTF8')").format(query.of_kind("many")), connection
    )
    with connection.cursor() as cursor, cursor.copy(text) as copy:
        yield from copy.rows()


def fire_deferred(connection: Connection) -> None:
    """What would be checked or fired at the commit is now, and from here on at once."""
    with as_the_app(connection):
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def has_table(connection: Connection, name: str) -> bool:
    """True when there is a table of this name, as `regclass` reads it."""
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return bool(found and found[0])


def data_folder(connection: Connection) -> str | None:
    """Where the server keeps its data, on its own machine; None for a role that is not told."""
    found = SQL("find_data_folder").first(connection)
    return str(found[0]) if found else None


def server_facts(connection: Connection) -> dict[str, str]:
    """Which server an operator is looking at: database, server version, role, and the server's time."""
    row = connection.execute(
        "SELECT current_database(), current_setting('server_version'), current_user, "
        "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    ).fetchone()
    return dict(zip(("database", "version", "role", "now"), row or (), strict=False))
