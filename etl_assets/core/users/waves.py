"""Login waves from their seal to their undoing: the only writer of `etl.waves`."""

from typing import NamedTuple

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


def write_wave(connection: Connection, wave: str, *, users: int, run: str) -> None:
    """Seals a wave of so many users."""
    SQL("write_wave").exec(connection, wave=wave, users=users, run=run)


def reopen_wave(connection: Connection, wave: str, *, users: int, run: str) -> None:
    """Lets an undone wave, or one with undone users, be loaded again."""
    SQL("reopen_wave").exec(connection, wave=wave, users=users, run=run)


def finish_wave(connection: Connection, wave: str, *, staging: str) -> None:
    """Notes that all that could be loaded was, and from which staging."""
    SQL("finish_wave").exec(connection, wave=wave, staging=staging)


def verify_waves(connection: Connection) -> None:
    """Notes that everything that was loaded has been verified."""
    SQL("verify_waves").exec(connection)


def mark_undone(connection: Connection, wave: str) -> None:
    """Notes that a wave was taken out again."""
    SQL("mark_undone").exec(connection, wave=wave)


def leave_wave(connection: Connection, users: list[str]) -> None:
    """Counts users out of the waves that claimed."""
    SQL("leave_wave").exec(connection, users=users)


class Claims(NamedTuple):
    """Some users, and the accounts that claimed."""

    users: list[str]
    accounts: list[str]


def unverified_claims(connection: Connection) -> Claims:
    """Whoever claimed in a wave that was loaded and not verified since."""
    return Claims(*SQL("list_unverified_claims").one(connection))


class Sealed(NamedTuple):
    """A wave that was sealed: how many users, and whether it was taken out again."""

    users: int
    is_undone: bool


def find_wave(connection: Connection, wave: str) -> Sealed | None:
    """A sealed wave, None where it was not sealed."""
    found = SQL("find_wave").first(connection, wave=wave)
    return Sealed(*found) if found else None


def users_of_wave(connection: Connection, wave: str) -> list[str]:
    """The legacy ids of whoever claimed in it."""
    return [user for (user,) in SQL("list_wave_users").many(connection, wave=wave)]
