"""Holds: who waits for an operator's word after an undo."""

from etl_assets.access.postgres.connection import Connection, rows
from etl_assets.access.postgres.statements import statement


def release(connection: Connection, *, wave: str | None = None, user: str | None = None) -> list[str]:
    """Lets undone users move again, those of a wave or one; returns their legacy ids. Runs inside `writing`."""
    return [found for (found,) in rows(connection, statement("release_users"), wave=wave, user=user)]
