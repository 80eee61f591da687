"""Pooled connections of SQLAlchemy, which Dagster's own storage keeps, are tried before they are used."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool


def try_before_use() -> None:
    """From here on a kept connection that the server has closed is replaced by a new one.

    https://docs.sqlalchemy.org/en/20/core/pooling.html#disconnect-handling-pessimistic
    """
    if not event.contains(QueuePool, "checkout", _require_alive):
        event.listen(QueuePool, "checkout", _require_alive)


def _require_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except connection.Error:
        raise DisconnectionError from None
