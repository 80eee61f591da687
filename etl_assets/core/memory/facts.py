"""Facts that a target remembers: the one home of `etl.meta`."""

from etl_assets.access.postgres.connection import Connection, rows
from etl_assets.access.postgres.statements import statement


def find_fact(connection: Connection, key: str) -> str | None:
    """A fact's value, or None."""
    found = rows(connection, statement("find_fact"), key=key)
    return str(found[0][0]) if found else None


def write_fact(connection: Connection, key: str, value: str) -> None:
    """Writes a fact down once; one that is known stays as it is."""
    connection.execute(statement("write_meta"), {"key": key, "value": value})


def replace_fact(connection: Connection, key: str, value: str) -> None:
    """Writes down a fact that may change."""
    connection.execute(statement("replace_fact"), {"key": key, "value": value})


def drop_fact(connection: Connection, key: str) -> None:
    """Takes back a fact that does not hold any more."""
    connection.execute(statement("forget_fact"), {"key": key})


def keep_content(connection: Connection, table: str) -> None:
    """Remembers what a table without a key held when its rows were first loaded."""
    connection.execute(statement("freeze_table"), {"table": table})


def refresh_content(connection: Connection, table: str, *, snapshot: str, content: str) -> None:
    """What such a table holds without the people who were forgotten."""
    values = {"table": table, "snapshot": snapshot, "content": content}
    connection.execute(statement("refresh_frozen"), values)
