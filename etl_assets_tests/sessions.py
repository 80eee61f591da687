"""Sessions of the target that are taken again within one call, instead of a new one for each asset.

A new session learns the catalog anew, which is two fifths of what Postgres does in a migration of a few rows.
"""

import functools
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import psycopg
from psycopg.pq import TransactionStatus

from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.connection import Connection

_open = postgres.open_session


@contextmanager
def taken_again() -> Iterator[None]:
    """Within it, a session that was closed outside of a transaction is given to who opens the next; then none is left."""
    idle: defaultdict[str, list[Connection]] = defaultdict(list)

    def close(url: str, connection: Connection) -> None:
        if connection.broken or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            psycopg.Connection.close(connection)
            return
        connection.isolation_level = connection.read_only = connection.deferrable = None
        connection.execute("DISCARD ALL")  # all that a session can remember
        idle[url].append(connection)

    def take(url: str, *, name: str = postgres.OUR_NAME) -> Connection:
        try:
            return idle[url].pop()
        except IndexError:
            connection = _open(url, name=name)
            connection.close = functools.partial(close, url, connection)  # type: ignore[method-assign]
            return connection

    try:
        with mock.patch.object(postgres, "open_session", take):
            yield
    finally:
        for connections in idle.values():
            for connection in connections:
                del connection.close  # the class' own again
                connection.close()
