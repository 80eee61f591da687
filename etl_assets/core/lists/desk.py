"""Lists that a person leafs through, a page at a time: who waits, what was set aside, which waves there were."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, streamed, transaction
from etl_assets.access.postgres.statements import Statements, literal
from etl_assets.core.links.links import Links
from etl_assets.core.links.places import places
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.staged import are_staged
from etl_assets.model.remedies import row_remedy, user_remedy

SQL = Statements(__file__)

PAGE_ROWS = 50
CELLS_SHOWN = 20
ORDERS = {
    "newest": sql.SQL("m.since DESC, m.legacy_user_id DESC"),
    "oldest": sql.SQL("m.since, m.legacy_user_id"),
    "id": sql.SQL("length(m.legacy_user_id), m.legacy_user_id"),
}


@dataclass(frozen=True)
class Waiting:
    """A legacy user and what has not arrived of hers, in rows; `since` is when she came into this state."""

    legacy_user_id: str
    email: str
    state: str
    reason: str | None
    since: datetime
    rows_waiting: int
    rows_quarantined: int
    remedy: str


@dataclass(frozen=True)
class Cells:
    """Rows of a table that are set aside for one reason; `column` is empty where it is no single value's fault."""

    table: str
    column: str
    rule: str
    rows: int
    remedy: str


@dataclass(frozen=True)
class Cell:
    """One refused value, or one refused row, and the line of the corrections file that would settle it."""

    table: str
    legacy_id: str
    legacy_user_id: str | None
    column: str
    storage_class: str | None
    value: str | None
    rule: str
    remedy: str


@dataclass(frozen=True)
class Wave:
    """A login wave; the times are None for what has not happened."""

    key: str
    sealed_at: datetime
    users: int
    rows: int
    loaded_at: datetime | None
    verified_at: datetime | None
    undone_at: datetime | None


def list_people(connection: Connection, state: str, *, order: str, page: int) -> tuple[list[Waiting], bool]:
    """One page of the users in a state, and whether there is another; runs inside `reading`."""
    values = {"state": state, "limit": PAGE_ROWS + 1, "skip": page * PAGE_ROWS}
    found = SQL("list_people", order=ORDERS[order]).many(connection, **values)
    users = [row[0] for row in found[:PAGE_ROWS]]
    open_rows = {
        user: (int(n or 0), int(m or 0)) for user, n, m in SQL("count_open_rows").many(connection, users=users)
    }
    refused = {user: int(n) for user, n in SQL("count_refused_rows").many(connection, users=users)}
    people = []
    for user, email, of_state, reason, since in found[:PAGE_ROWS]:
        waiting, quarantined = open_rows.get(user, (0, 0))
        counts = (waiting, quarantined + refused.get(user, 0))
        people.append(Waiting(user, email or "", of_state, reason, since, *counts, user_remedy(of_state, reason)))
    return people, len(found) > PAGE_ROWS


def invite_list(connection: Connection, state: str) -> Iterator[str]:
    """The addresses of the users in a state, streamed, each once; runs inside `reading`."""
    for (address,) in streamed(connection, SQL("list_addresses", state=literal(state))):
        yield str(address)


def find_by_account(connection: Connection, account: UUID) -> list[str]:
    """The legacy users whom an account has claimed; runs inside `reading`."""
    return [str(user) for (user,) in SQL("find_users_of_account").many(connection, account=str(account))]


def count_cells(connection: Connection) -> list[Cells]:
    """What values were refused, by table, column and rule; runs inside `reading`."""
    return [
        Cells(table, column, rule, int(rows), row_remedy(rule))
        for table, column, rule, rows in SQL("count_cells").many(connection)
    ]


def list_cells(connection: Connection, table: str, column: str, rule: str, *, page: int) -> tuple[list[Cell], bool]:
    """One page of refused values, and whether there is another; runs inside `reading`."""
    values = {"table": table, "column": column, "rule": rule, "limit": PAGE_ROWS + 1, "skip": page * PAGE_ROWS}
    found = SQL("list_cells").many(connection, **values)
    cells = [
        Cell(table, legacy_id, user, in_column, kind, value, of_rule, row_remedy(of_rule))
        for legacy_id, user, in_column, kind, value, of_rule in found[:PAGE_ROWS]
    ]
    return cells, len(found) > PAGE_ROWS


def list_places(connection: Connection, links: Links, table: str, reason: str, *, page: int) -> tuple[list[Cell], bool]:
    """One page of rows that links or the target keep back for a reason, and whether there is another.

    None after a cleanup, when no row can be looked for.
    """
    if not are_staged(connection, links.tables):
        return [], False
    query = SQL("list_places", places=places(links.as_whole, table))
    found = query.many(connection, reason=reason, limit=PAGE_ROWS + 1, skip=page * PAGE_ROWS)
    cells = [
        Cell(table, legacy_id, user, column or "", kind, value, rule, row_remedy(reason))
        for legacy_id, user, column, kind, value, rule in found[:PAGE_ROWS]
    ]
    return cells, len(found) > PAGE_ROWS


def cells_of(connection: Connection, user: str) -> list[Cell]:
    """A user's refused values, as far as they are known to be hers; runs inside `reading`."""
    found = SQL("list_cells_of_user").many(connection, user=user, limit=CELLS_SHOWN)
    return [
        Cell(table, legacy_id, user, column, kind, value, rule, row_remedy(rule))
        for table, legacy_id, column, kind, value, rule in found
    ]


def list_waves(connection: Connection, *, page: int) -> tuple[list[Wave], bool]:
    """One page of the waves, the newest first, and whether there is another; runs inside `reading`."""
    found = SQL("list_waves").many(connection, limit=PAGE_ROWS + 1, skip=page * PAGE_ROWS)
    return [Wave(*row) for row in found[:PAGE_ROWS]], len(found) > PAGE_ROWS


def arrivals(connection: Connection) -> list[tuple[date, int]]:
    """How many users have arrived by the end of each day (UTC) that brought some; runs inside `reading`."""
    total, found = 0, []
    for day, users in SQL("count_arrivals").many(connection):
        total += int(users)
        found.append((day, total))
    return found


def note_look(connection: Connection, user: str, *, by: str) -> None:
    """Writes into the audit trail that somebody has looked at a user, whose legacy id is there as its sha256.

    The trail is never changed, and somebody who is forgotten later must not stand in it.
    """
    with transaction(connection, read_only=False):
        audit(connection, run=by, action="looked", person=sha256(user.encode()).hexdigest())


def note_list(connection: Connection, name: str, *, by: str) -> None:
    """Writes into the audit trail that somebody has taken a list with addresses or values."""
    with transaction(connection, read_only=False):
        audit(connection, run=by, action="listed", list=name)
