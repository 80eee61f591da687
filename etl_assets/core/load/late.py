"""Rows that could not be loaded when their owner's wave came, and can be by now; and what is staged."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.access.postgres.statements import Statement, Statements
from etl_assets.core.balances.balances import changed_balances
from etl_assets.core.balances.profiles import due_profile
from etl_assets.core.books.pages import (
    conflicted_users,
    has_books,
    pages_of_users,
    recount_conflicted,
    require_books,
    standing_pages,
)
from etl_assets.core.files.record import changed_file_users
from etl_assets.core.links.links import Links
from etl_assets.core.load.update import changed_users, has_changed_row
from etl_assets.core.memory.staged import describe_staging
from etl_assets.spec.model import USERS

SQL = Statements(__file__)


def late_users(connection: Connection, links: Links, *, run: str) -> tuple[list[str], str]:
    """Users with rows that could be loaded now, and the mark of the staging that said so.

    The books know who has such rows; where they are void they are counted here, in a transaction of their own.
    """
    with reading(connection):
        stands = has_books(connection, links) and not conflicted_users(connection)
    if not stands:
        with writing(connection, run=run):
            require_books(connection, links, run=run)
            recount_conflicted(connection, links)
    with reading(connection):
        staging = describe_staging(connection, [*links.tables, USERS]).mark
        found = changed_balances(connection, links) | due_profile(connection, links)
        query = _ready_rows("list_users_with_ready_rows", links, standing_pages(connection, links))
        found |= {user for (user,) in query.many(connection)} | _users_in_circles(connection, links)
        found |= changed_file_users(connection, links)
        # A file that was copied anew changes its row, and no staging.
        if links.spec.with_files or not SQL("find_wave_since").first(connection, staging=staging):
            for name in links.tables:
                found |= set() if links.spec.tables[name].owner.is_none else changed_users(connection, links, name)
    return sorted(found), staging


def _users_in_circles(connection: Connection, links: Links) -> set[str]:
    """Claimed users with rows that wait for one another's."""
    found: set[str] = set()
    for circle in links.spec.circles:
        waiting = SQL("list_users_waiting_in_circle").many(connection, tables=list(circle))
        users = [user for (user,) in waiting]
        if not users:
            continue
        suited = links.as_together.for_users(connection, users)
        for name in circle:
            query = SQL("list_users_ready_together", rows=suited.rows(name))
            found |= {user for (user,) in query.many(connection, users=users)}
    return found


def _ready_rows(name: str, links: Links, rows: Statement) -> Statement:
    join_user, account_reasons = links.standing(sql.SQL("b.legacy_user_id"))
    return SQL(name, ready=SQL("ready_pages", pages=rows, join_user=join_user, account_reasons=account_reasons))


def is_large(connection: Connection, wave: str) -> bool:
    """True when so many users are of this wave that reading all rows is cheaper than looking theirs up."""
    return bool(SQL("is_large_wave").one(connection, wave=wave)[0])


def unfinished_waves(connection: Connection) -> list[str]:
    """Keys of sealed waves whose load was cut off; running them again finishes them."""
    return [wave for (wave,) in SQL("list_unfinished_waves").many(connection)]


def has_late_rows(connection: Connection, links: Links, *, search: bool = True) -> bool:
    """True when a claimed user has a row or balance that could be written now; runs inside a transaction.

    With `search`, rows are judged anew that the target would have refused when the books were counted.
    """
    if changed_balances(connection, links) or due_profile(connection, links):
        return True
    owned = tuple(name for name in links.tables if not links.spec.tables[name].owner.is_none)
    found = _has_ready_rows(connection, links, owned, search=search) or changed_file_users(connection, links)
    return bool(found) or any(has_changed_row(connection, links, name) for name in owned)


def _has_ready_rows(connection: Connection, links: Links, owned: tuple[str, ...], *, search: bool) -> bool:
    if _ready_rows("find_ready_page", links, standing_pages(connection, links, owned)).first(connection):
        return True
    # Pages that were counted just now say of these users what is so.
    users = conflicted_users(connection) if search and has_books(connection, links) else []
    return any(
        users and _ready_rows("find_ready_page", links, pages_of_users(links, name)).first(connection, users=users)
        for name in owned
    )
