"""Rows that could not be loaded when their owner's wave came, and can be by now; and what is staged."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.access.postgres.statements import Statements, joined, literal
from etl_assets.core.balances.balances import changed_balances
from etl_assets.core.balances.profiles import due_profile
from etl_assets.core.links.links import Links
from etl_assets.core.load.update import changed_users, has_changed_row

SQL = Statements(__file__)


def late_users(connection: Connection, links: Links, owned: list[str], *, wave: str) -> tuple[list[str], str]:
    """Users with rows that could be loaded now, and the mark of the staging that said so.

    Of this wave's own users, who have just got all that was ready, only rows that refer to others are looked at.
    """
    found: set[str] = set()
    with reading(connection):
        found |= changed_balances(connection, links) | due_profile(connection, links)
        staging = describe_staging(connection, links)[2]
        for name in owned:
            # Reading all rows as a whole would keep the users from coming first.
            whose = sql.SQL("") if links.can_be_freed(name) else sql.SQL("AND m.wave IS DISTINCT FROM %(wave)s")
            query = SQL("list_late_users", links=links.rows(name), whose=whose)
            found |= {user for (user,) in query.many(connection, wave=wave)}
            found |= changed_users(connection, links, name)
    return sorted(found), staging


def describe_staging(connection: Connection, links: Links) -> tuple[set[str], int, str]:
    """Which of the spec's tables are staged, users included; of how many snapshots; and a mark of this staging."""
    tables = joined([*(literal(name) for name in links.tables), literal("users")])
    staged, snapshots, mark = SQL("describe_staging", tables=tables).one(connection)
    return set(staged), int(snapshots), str(mark)


def is_large(connection: Connection, wave: str) -> bool:
    """True when so many users are of this wave that reading all rows is cheaper than looking theirs up."""
    return bool(SQL("is_large_wave").one(connection, wave=wave)[0])


def unfinished_waves(connection: Connection) -> list[str]:
    """Keys of sealed waves whose load was cut off; running them again finishes them."""
    return [wave for (wave,) in SQL("list_unfinished_waves").many(connection)]


def has_late_rows(connection: Connection, links: Links) -> bool:
    """True when a claimed user has a row or balance that could be written now; runs inside a transaction."""
    return bool(changed_balances(connection, links) or due_profile(connection, links)) or any(
        SQL("find_late_row", links=links.as_whole.rows(name)).one(connection)[0] is not None
        or has_changed_row(connection, links, name)
        for name in links.tables
        if not links.spec.tables[name].owner.is_none
    )
