"""Dagster's own storage: its pooled connections are tried before they are used, its tables' columns looked up once."""

import select
import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

# Asked several times for each materialization, and each time Postgres' catalog is read: 6,000 times for 100 tables, 16
# of 105 seconds (dagster-postgres 0.29.14).
REMEMBERED = ("has_asset_key_col", "_has_asset_key_col_on_connection", "has_table")
LAST_USED, TRUSTED_S = "etl_last_used", 5.0


def try_before_use() -> None:
    """From here on a kept connection that the server has closed is replaced by a new one.

    https://docs.sqlalchemy.org/en/20/core/pooling.html#disconnect-handling-pessimistic
    """
    if not event.contains(QueuePool, "checkout", _require_alive):
        event.listen(QueuePool, "checkin", _note_use)
        event.listen(QueuePool, "checkout", _require_alive)


def remember_columns(storage: object) -> None:
    """Which columns and tables this event log storage has is not asked again by this process.

    What it lacks is: `dagster instance migrate` may add it.
    """
    for name in REMEMBERED:
        ask = getattr(storage, name, None)
        if ask is not None:
            setattr(storage, name, _remembering(ask))


def drop_check_executions(storage: Any, runs: Sequence[str]) -> None:
    """Removes what checks have said in these runs, except for the last word of each check.

    `delete_run` leaves them: eleven rows a wave, for ever (dagster 1.13.27). Storages without a database have none.
    """
    if not runs or not hasattr(storage, "index_connection"):
        return
    said = sa.table("asset_check_executions", *map(sa.column, ("id", "run_id", "asset_key", "check_name")))
    last = sa.select(sa.func.max(said.c.id)).group_by(said.c.asset_key, said.c.check_name)
    with storage.index_connection() as connection:
        connection.execute(said.delete().where(said.c.run_id.in_(runs), said.c.id.not_in(last)))


def _remembering(ask: Callable[..., bool]) -> Callable[..., bool]:
    found: set[str] = set()

    def answer(*asked: Any) -> bool:
        name = asked[-1]
        if name not in found and ask(*asked):
            found.add(name)
        return name in found

    return answer


def _note_use(_connection: Any, record: Any) -> None:
    record.info[LAST_USED] = time.monotonic()


def _require_alive(connection: Any, record: Any, _proxy: Any) -> None:
    """Asks the server where the connection has lain for a while, or where something has come in on it since.

    Each event of a run takes two or three connections out of the pool. What a server sends unasked is its farewell.
    """
    try:
        arrived = select.poll()
        arrived.register(connection.fileno())
        is_quiet = not any(what & (select.POLLIN | select.POLLHUP | select.POLLERR) for _, what in arrived.poll(0))
        if is_quiet and time.monotonic() - record.info.get(LAST_USED, -TRUSTED_S) < TRUSTED_S:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (connection.Error, OSError, ValueError):
        raise DisconnectionError from None
