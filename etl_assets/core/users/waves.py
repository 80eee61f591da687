"""Login waves from their seal to their undoing: the one home of `etl.waves`."""

from etl_assets.access.postgres.connection import Connection, run_statement
from etl_assets.access.postgres.statements import statement


def write_wave(connection: Connection, wave: str, *, users: int, run: str) -> None:
    """Seals a wave of so many users."""
    connection.execute(statement("write_wave"), {"wave": wave, "users": users, "run": run})


def reopen_wave(connection: Connection, wave: str, *, users: int, run: str) -> None:
    """Lets an undone wave, or one with undone users, be loaded again."""
    connection.execute(statement("reopen_wave"), {"wave": wave, "users": users, "run": run})


def finish_wave(connection: Connection, wave: str, *, staging: str) -> None:
    """Notes that all that could be loaded was, and from which staging."""
    connection.execute(statement("finish_wave"), {"wave": wave, "staging": staging})


def verify_waves(connection: Connection) -> None:
    """Notes that everything that was loaded has been verified."""
    run_statement(connection, statement("verify_waves"))


def undo_wave(connection: Connection, wave: str) -> None:
    """Notes that a wave was taken out again."""
    connection.execute(statement("undo_wave"), {"wave": wave})


def leave_wave(connection: Connection, user: str) -> None:
    """Counts a user out of the wave that claimed."""
    connection.execute(statement("leave_wave"), {"user": user})
