"""The books as they closed last, kept by a cleanup: the one home of `etl.final_books`."""

import json
from typing import Any

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


def find_final_books(connection: Connection) -> dict[str, Any] | None:
    """The books under their contract names, or None before a cleanup."""
    found = SQL("find_final_books").first(connection)
    return dict(found[0]) if found else None


def keep_final_books(connection: Connection, books: dict[str, Any], *, run: str) -> None:
    """Writes the books down; those of before are replaced."""
    SQL("keep_final_books").exec(connection, run=run, books=json.dumps(books))
