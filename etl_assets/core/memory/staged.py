"""What is staged."""

from etl_assets.access.postgres.connection import Connection, rows
from etl_assets.access.postgres.statements import statement


def staged_tables(connection: Connection) -> set[str]:
    """The keys of the tables that are staged now, `users` among them."""
    return {name for (name,) in rows(connection, statement("list_staged"))}
