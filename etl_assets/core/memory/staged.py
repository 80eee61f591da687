"""What is staged, and what it was made from: the one home of `etl.staged`."""

from typing import Any

from etl_assets.access.postgres.connection import Connection, rows, run_statement
from etl_assets.access.postgres.statements import statement


def staged_tables(connection: Connection) -> set[str]:
    """The keys of the tables that are staged now, `users` among them."""
    return {name for (name,) in rows(connection, statement("list_staged"))}


def write_staged(connection: Connection, table: str, **facts: Any) -> None:
    """Writes down what a table is staged from: snapshot, digests of spec and target, rows, the export's sha256."""
    connection.execute(statement("write_staged"), {"table": table, **facts})


def write_staging_digest(connection: Connection, table: str, digest: str) -> None:
    """Keeps the digest of a staging table as it stands."""
    connection.execute(statement("write_staging_digest"), {"table": table, "digest": digest})


def shrink_staged(connection: Connection, table: str, *, source: int, staged: int) -> None:
    """Counts rows of forgotten people out: of the source, of the staging table."""
    connection.execute(statement("shrink_staged"), {"table": table, "source": source, "staged": staged})


def refresh_source(connection: Connection, table: str, *, snapshot: str, content: str) -> None:
    """The sha256 of an export that was written again without the people who were forgotten."""
    values = {"table": table, "snapshot": snapshot, "content": content}
    connection.execute(statement("refresh_content"), values)


def clear_staged(connection: Connection) -> None:
    """Nothing is staged any more."""
    run_statement(connection, statement("forget_staged"))
