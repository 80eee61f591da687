"""Which tables have rows that the target refused."""

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


def refused_tables(connection: Connection) -> frozenset[str]:
    """The tables of which the target has refused rows; `users` for balances."""
    return frozenset(name for (name,) in SQL("list_refused_tables").many(connection))
