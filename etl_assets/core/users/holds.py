"""Holds, and claims that are stamped or taken back: what others than claiming write into the map of users."""

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.links.links import Links
from etl_assets.core.memory.counted import void_books
from etl_assets.core.users.waves import leave_wave
from etl_assets.model.errors import SettingsError

SQL = Statements(__file__)


def hold(connection: Connection, users: list[str], *, wave: str | None, touched: list[str]) -> None:
    """Takes the claims of `users` back, and holds everybody who was touched until an operator says otherwise."""
    SQL("hold_users").exec(connection, users=users, wave=wave, touched=touched)


def release(connection: Connection, *, wave: str | None = None, user: str | None = None) -> list[str]:
    """Lets undone users move again, those of a wave or one; returns their legacy ids. Runs inside `writing`."""
    return [found for (found,) in SQL("release_users").many(connection, wave=wave, user=user)]


def release_user(connection: Connection, user: str) -> None:
    """Lets an undone user move again; runs inside `writing`.

    Raises:
        SettingsError: nobody of this id is on hold after an undo.
    """
    if not release(connection, user=user):
        raise SettingsError(f"legacy user {user!r} is not on hold after an undo; `etl-assets user` says where she is")


def stamp_migrated(connection: Connection, users: list[str]) -> None:
    """Notes at users when their history arrived last."""
    SQL("stamp_migrated").exec(connection, users=users)


def without_history(connection: Connection, users: list[str]) -> list[str]:
    """Those of these users of whom nothing has arrived: no row, no balance, nothing in the profile."""
    return [user for (user,) in SQL("list_without_history").many(connection, users=users)]


def let_go(connection: Connection, links: Links, users: list[str], *, wave: str) -> list[str]:
    """Takes back the claims of those who have to wait whole, because a row of theirs is quarantined by now; says whose.

    Runs inside `writing`. What is quarantined before the claim keeps from claiming; only a file is looked for after it.
    Of whom something has arrived nothing is taken back.
    """
    incomplete = links.for_users(connection, users).incomplete_users(some=True)
    query = SQL("list_incomplete", incomplete=incomplete)
    found = without_history(connection, [user for (user,) in query.many(connection, users=users, wave=wave)])
    if found:
        unclaim(connection, found)
        void_books(connection)
    return found


def unclaim(connection: Connection, users: list[str]) -> None:
    """Takes back the claims of users of whom nothing has arrived, and counts them out of the waves that claimed."""
    leave_wave(connection, users)
    SQL("unclaim_users").exec(connection, users=users)
