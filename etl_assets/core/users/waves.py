"""Login waves from their seal to their undoing: the one home of `etl.waves`."""

from typing import Any

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


def undo_wave(connection: Connection, wave: str) -> None:
    """Notes that a wave was taken out again."""
    SQL("undo_wave").exec(connection, wave=wave)


def leave_wave(connection: Connection, user: str) -> None:
    """Counts a user out of the wave that claimed."""
    SQL("leave_wave").exec(connection, user=user)


def find_wave(connection: Connection, wave: str) -> tuple[Any, ...] | None:
    """A sealed wave's number of users, and whether it was undone; None where it was not sealed."""
    return SQL("find_wave").first(connection, wave=wave)


def users_of_wave(connection: Connection, wave: str) -> list[str]:
    """The legacy ids of whoever claimed in it."""
    return [user for (user,) in SQL("list_wave_users").many(connection, wave=wave)]
