"""Connections and transactions: every session speaks the same dialect, every writer takes the same lock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from etl_assets.model.errors import EtlError, SettingsError, Unavailable
from etl_assets.stores.faults import fault_point
from etl_assets.stores.statements import statement

Connection = psycopg.Connection[tuple[Any, ...]]
WRITER_LOCK = 6_020_115_112_097_884  # any constant of ours; what matters is that every writer takes the same
CONNECT_TIMEOUT_S = 10
LOCK_WAIT_S = 60.0
LOCK_RETRY_S = 0.2
STREAMED_ROWS = 2_000
TRANSIENT_STATES = ("08", "40", "53", "55P03", "57P")
UNDEFINED = ("3F000", "42P01")
# Row digests are made of text, so whatever shapes text is pinned; nothing of ours is found by search path.
DIALECT = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL search_path = pg_catalog",
    # Row level security would hide rows from us in silence; off, Postgres raises an error instead.
    "SET LOCAL row_security = off",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL jit = off",
    "SET LOCAL work_mem = '128MB'",
)


class DatabaseFault(EtlError):
    """Postgres refused a statement; says which rule, never the row: its DETAIL holds the customer's values."""

    def __init__(self, error: psycopg.Error) -> None:
        """Keeps what names the rule: the class, the SQLSTATE, and table, column and constraint."""
        diag = error.diag
        names = [
            f"{what} {name}"
            for what, name in (
                ("table", diag.table_name),
                ("column", diag.column_name),
                ("constraint", diag.constraint_name),
            )
            if name
        ]
        self.sqlstate = error.sqlstate or ""
        # A constraint is broken, or a number (a balance) does not fit its column.
        self.is_about_rows = self.sqlstate.startswith("23") or self.sqlstate == "22003"
        at = f" on {', '.join(names)}" if names else ""
        # Syntax and privilege messages name objects; those of class 22 and 23 quote values.
        said = f": {diag.message_primary}" if self.sqlstate.startswith("42") and diag.message_primary else ""
        super().__init__(f"Postgres refused: {type(error).__name__} ({self.sqlstate}){at}{said}")


def translated(error: psycopg.Error) -> EtlError:
    """Our error for the driver's: transient ones ask for a retry, the others are final."""
    state = error.sqlstate or ""
    if isinstance(error, psycopg.OperationalError) and (not state or state.startswith(TRANSIENT_STATES)):
        return Unavailable(
            f"The target database cannot be used now ({type(error).__name__} {state}).".replace(" )", ")")
        )
    return Unavailable(f"Another transaction was in the way ({state}).") if state[:2] == "40" else DatabaseFault(error)


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """A connection in autocommit mode; transactions are opened by `reading` and `writing`.

    Raises:
        SettingsError: the DSN cannot be read (it is not repeated: it may hold a password).
        Unavailable: the server does not answer, now or within the block.
        DatabaseFault: Postgres refused a statement of the block.
    """
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SettingsError(
            "TARGET_DATABASE_URL is no Postgres DSN; it looks like postgresql://user@host:5432/db"
        ) from None
    try:
        # No prepared statements: a transaction pooler hands each transaction another server.
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="etl-assets",
        )
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"The target database does not answer ({type(error).__name__}). Check TARGET_DATABASE_URL and the network."
        ) from None
    try:
        yield connection
    except psycopg.Error as error:
        raise translated(error) from None
    finally:
        connection.close()


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
            for setting in DIALECT:
                connection.execute(setting)
            yield
    except psycopg.Error as error:
        raise translated(error) from None


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
def writing(connection: Connection, *, run: str) -> Iterator[Connection]:
    """A writer's transaction: REPEATABLE READ, alone among ours, and never on a view from before its turn.

    The advisory lock makes writers take turns. A REPEATABLE READ transaction takes its view when it asks for the
    lock, though, not when it gets it; so each writer also moves `etl.writer.epoch`, which Postgres refuses (40001) to
    one whose view is older than the last writer's commit, and that one begins anew.

    Args:
        connection: from `connect`.
        run: the Dagster run, for whoever waits.

    Raises:
        Unavailable: another writer kept the lock for longer than LOCK_WAIT_S; says who.
    """
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            with transaction(connection, read_only=False):
                _take_turn(connection, run=run)
                fault_point("writing.begun")
                yield connection
            fault_point("writing.committed")
            return
        except _Stale:
            if time.monotonic() > deadline:
                raise Unavailable(_who_holds_the_lock(connection)) from None
            time.sleep(LOCK_RETRY_S)


def _take_turn(connection: Connection, *, run: str) -> None:
    held = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [WRITER_LOCK]).fetchone()
    if held is None or not held[0]:
        raise _Stale
    try:
        connection.execute(statement("move_epoch"), {"run": run})
    except psycopg.errors.SerializationFailure:
        raise _Stale from None


def _who_holds_the_lock(connection: Connection) -> str:
    row = connection.execute(statement("find_lock_holder"), {"key": WRITER_LOCK}).fetchone()
    who = f"server process {row[0]}, since {row[1]:%H:%M:%S}" if row else "a process that has just ended"
    return f"Another run is writing ({who}) and did not end within {LOCK_WAIT_S:.0f} s. Wait for it, then run again."


def run_statement(connection: Connection, query: sql.Composed, **values: Any) -> psycopg.Cursor[tuple[Any, ...]]:
    """Runs a statement of ours; always with parameters, so that a doubled per cent sign means one."""
    return connection.execute(query, values)


def rows(connection: Connection, query: sql.Composed, **values: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement; only for results that are small by nature."""
    return connection.execute(query, values).fetchall()


def streamed(connection: Connection, query: sql.Composed, *, name: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement through a cursor of the server, for results of any size; inside a transaction."""
    with connection.cursor(name=name) as cursor:
        cursor.itersize = STREAMED_ROWS
        cursor.execute(query, {})
        yield from cursor


def fire_deferred(connection: Connection) -> None:
    """What would be checked or fired at the commit is now, and from here on at once."""
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def one(connection: Connection, query: sql.Composed, **values: Any) -> tuple[Any, ...]:
    """The single row of a statement.

    Raises:
        LookupError: there is none.
    """
    row = connection.execute(query, values).fetchone()
    if row is None:
        raise LookupError("the statement returned no row")
    return row


def server_facts(connection: Connection) -> dict[str, str]:
    """What an operator needs to know where and when she is: database, server version, role, and the server's time."""
    row = connection.execute(
        "SELECT current_database(), current_setting('server_version'), current_user, "
        "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    ).fetchone()
    return dict(zip(("database", "version", "role", "now"), row or (), strict=False))
