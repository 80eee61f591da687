"""Sessions of the target that are taken again within one test, instead of a new one for each asset.

A new session learns the catalog anew, which is two fifths of what Postgres does in a migration of a few rows.
"""

import functools
import os
import select
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import psycopg
from psycopg.pq import TransactionStatus

from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.connection import Connection

Place = tuple[object, ...]
_open = postgres.open_session
_idle: defaultdict[Place, list[Connection]] = defaultdict(list)


@contextmanager
def taken_again() -> Iterator[None]:
    """Within it, a session that was closed outside of a transaction is given to who opens the next; then none is left."""
    if postgres.open_session is _take:
        yield
        return
    try:
        with mock.patch.object(postgres, "open_session", _take):
            yield
    finally:
        rest()


def rest() -> None:
    """Ends those that nobody has: the next learn anew what a database says to its sessions when they begin."""
    for connections in _idle.values():
        for connection in connections:
            del connection.close  # the class' own again
            connection.close()
    _idle.clear()


def _take(url: str, *, name: str = postgres.OUR_NAME) -> Connection:
    place = (url, *sorted(item for item in os.environ.items() if item[0].startswith("PG")))
    while _idle[place]:
        connection = _idle[place].pop()
        if not select.select([connection.fileno()], [], [], 0)[0]:  # the server says something to it when it ends it
            return connection
        psycopg.Connection.close(connection)
    connection = _open(url, name=name)
    connection.close = functools.partial(_close, place, connection)  # type: ignore[method-assign]
    return connection


def _close(place: Place, connection: Connection) -> None:
    if connection.broken or connection.pgconn.transaction_status != TransactionStatus.IDLE:
        psycopg.Connection.close(connection)
    elif connection not in _idle[place]:
        connection.isolation_level = connection.read_only = connection.deferrable = None
        connection.execute("DISCARD ALL")  # all that a session can remember
        _idle[place].append(connection)
