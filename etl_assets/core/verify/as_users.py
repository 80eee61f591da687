"""Production as its users see it: through the roles and policies of the Data API, not through ours."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from etl_assets.access.postgres.catalog import regclass
from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.dialect import ROLE
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal, qualified
from etl_assets.core.links.links import Links
from etl_assets.model.words import counted
from etl_assets.spec.model import Table

SQL = Statements(__file__)

USERS_LOOKED_AT = 5
BUDGET_S = 5.0  # without an index on the owner each look reads the whole table


@dataclass
class Sight:
    """How many users were looked at, and whatever one of them does not see as it stands, by legacy id.

    `hindrance` says why nobody could be looked at; `closed` names tables that users cannot read at all.
    """

    users: int
    differing: list[str]
    closed: list[str]
    hindrance: str = ""


def see_as_users(connection: Connection, links: Links, *, wave: str) -> Sight:
    """A few users of a wave look at their rows, as the app would let them; runs inside `reading`."""
    tables = [links.spec.tables[name] for name in links.tables if not links.spec.tables[name].owner.is_none]
    hindrance, closed = _access(connection, tables)
    seen = Sight(0, [], closed, hindrance)
    if hindrance:
        return seen
    readable = [table for table in tables if table.target not in closed]
    deadline = time.monotonic() + BUDGET_S
    for legacy_id, account in SQL("list_lookers").many(connection, wave=wave, count=USERS_LOOKED_AT):
        if time.monotonic() > deadline:
            break
        seen.users += 1
        expected = [_look(connection, links, table, account=str(account), whole=False) for table in readable]
        try:
            with _as_user(connection, account=str(account)):
                found = [_look(connection, links, table, account=str(account), whole=True) for table in readable]
        except psycopg.Error as error:
            seen.differing.append(f"{legacy_id}: {type(error).__name__}")
            continue
        for table, has, sees in zip(readable, expected, found, strict=True):
            if has != sees:
                seen.differing.append(f"{legacy_id}: {table.target} {_told(has, sees)}")
    return seen


def _told(has: tuple[int, int, str], sees: tuple[int, int, str]) -> str:
    others = sees[0] - sees[1]
    return f"{sees[1]:,} of {counted(has[1], 'row')}{f', and {others:,} of others' if others else ''}"


def _access(connection: Connection, tables: list[Table]) -> tuple[str, list[str]]:
    names = [regclass(table.target_schema, table.target_table) for table in tables]
    there, may, closed = SQL("read_access").one(connection, role=ROLE, tables=names)
    if not there:
        return f"there is no role {ROLE} here", []
    if not may:
        return f"this role may not act as {ROLE}: GRANT {ROLE} TO it", []
    return "", [table.target for table, name in zip(tables, names, strict=True) if name in closed]


def _look(connection: Connection, links: Links, table: Table, *, account: str, whole: bool) -> tuple[int, int, str]:
    """Rows in all, the account's own, and their sums; `whole` looks at everything that can be seen."""
    own = _is_own(links, table, "t")
    sums: list[sql.Composable] = [
        sql.SQL("{}, sum(t.{}::numeric) FILTER (WHERE {})").format(literal(column), identifier(column), own)
        for column in table.checks.sum
    ]
    query = SQL(
        "look_at_rows",
        target=qualified(table.target_schema, table.target_table),
        own=own,
        sums=joined(sums),
        within=sql.SQL("true") if whole else own,
    )
    count, mine, totals = query.one(connection, account=account)
    return int(count), int(mine), json.dumps(totals, sort_keys=True)


def _is_own(links: Links, table: Table, alias: str) -> sql.Composed:
    if not table.owner.via:
        return sql.SQL("{} = %(account)s::uuid").format(identifier(alias, table.owner.to or ""))
    reference = table.references[table.owner.via]
    parent = links.spec.tables[reference.table]
    return SQL(
        "is_own_by_parent",
        parent=qualified(parent.target_schema, parent.target_table),
        alias=identifier(f"{alias}p"),
        id=identifier(f"{alias}p", reference.key[0] if reference.key else parent.id.to),
        ref=identifier(alias, table.owner.via),
        own=_is_own(links, parent, f"{alias}p"),
    )


@contextmanager
def _as_user(connection: Connection, *, account: str) -> Iterator[None]:
    """The session as the Data API makes it for a signed-in user; all of it ends with the block."""
    claims = json.dumps({"sub": account, "role": ROLE})
    with connection.transaction(force_rollback=True):
        SQL("become_user").exec(connection, claims=claims, account=account)
        SQL("take_role", role=identifier(ROLE)).exec(connection)
        yield
