"""The books as they closed last, kept by a cleanup: the one home of `etl.final_books`."""

import json
from typing import Any

from etl_assets.access.postgres.connection import Connection, rows
from etl_assets.access.postgres.statements import statement


def find_final_books(connection: Connection) -> dict[str, Any] | None:
    """The books under their contract names, or None before a cleanup."""
    found = rows(connection, statement("find_final_books"))
    return dict(found[0][0]) if found else None


def keep_final_books(connection: Connection, books: dict[str, Any], *, run: str) -> None:
    """Writes the books down; those of before are replaced."""
    connection.execute(statement("keep_final_books"), {"run": run, "books": json.dumps(books)})
