"""Which tables have rows that the target refused."""

from etl_assets.access.postgres.connection import Connection, rows
from etl_assets.access.postgres.statements import statement


def refused_tables(connection: Connection) -> frozenset[str]:
    """The tables of which the target has refused rows; `users` for balances."""
    return frozenset(name for (name,) in rows(connection, statement("list_refused_tables")))
