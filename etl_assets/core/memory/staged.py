"""What is staged, and what it was made from: the only writer of `etl.staged`."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


class Staging(NamedTuple):
    """Which of some tables are staged, of how many snapshots, and a mark that every staging changes."""

    tables: frozenset[str]
    snapshots: int
    mark: str


def describe_staging(connection: Connection, tables: Iterable[str]) -> Staging:
    """The staging of these tables, `users` among them where they count."""
    found, snapshots, mark = SQL("describe_staging").one(connection, tables=list(tables))
    return Staging(frozenset(found), int(snapshots), str(mark))


def staged_tables(connection: Connection) -> set[str]:
    """The keys of the tables that are staged now, `users` among them."""
    return {name for (name,) in SQL("list_staged").many(connection)}


def are_staged(connection: Connection, tables: Iterable[str]) -> bool:
    """True when all of these are: before the first staging, and after a cleanup, they are not."""
    return set(tables) <= staged_tables(connection)


def touched_tables(connection: Connection) -> set[str]:
    """Tables to whose staging somebody has written since it was made; with what, only reading all of it tells."""
    return {name for (name,) in SQL("list_touched").many(connection)}


def find_staged(
    connection: Connection, table: str, *, key_columns: Sequence[str] | None = None, **facts: str
) -> int | None:
    """How many rows a table was staged with, where it was made from just this; None where it was not."""
    key = None if key_columns is None else list(key_columns)
    found = SQL("find_staged").first(connection, table=table, key_columns=key, **facts)
    return int(found[0]) if found else None


def made_with(*what: str) -> str:
    """Whatever a staging hangs on beside the export, the spec and the target; this program among it."""
    return " ".join((version("etl-assets"), *what))


def write_staged(connection: Connection, table: str, **facts: Any) -> None:
    """Writes down what a table is staged from: snapshot, digests of spec and target, rows, the export's sha256."""
    SQL("write_staged").exec(connection, table=table, **{"key_columns": None, "copied": None, **facts})


def write_staging_digest(connection: Connection, table: str, digest: str) -> None:
    """Keeps the digest of a staging table as it stands."""
    SQL("write_staging_digest").exec(connection, table=table, digest=digest)


def shrink_staged(connection: Connection, table: str, *, source: int, staged: int) -> None:
    """Counts rows of forgotten people out: of the source, of the staging table."""
    SQL("shrink_staged").exec(connection, table=table, source=source, staged=staged)


def refresh_source(connection: Connection, table: str, *, snapshot: str, content: str) -> None:
    """The sha256 of an export that was written again without the people who were forgotten."""
    values = {"table": table, "snapshot": snapshot, "content": content}
    SQL("refresh_source").exec(connection, **values)


def clear_staged(connection: Connection) -> None:
    """Nothing is staged any more."""
    SQL("clear_staged").exec(connection)


def staged_keys(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The key columns of each staged legacy table that has some: no file is needed to know them."""
    return {name: tuple(key) for name, key in SQL("list_key_columns").many(connection)}


def snapshots_of(connection: Connection, copied: str) -> set[str]:
    """The staged snapshots of a legacy database with this sha256: each copy of the same content has its own name."""
    return {name for (name,) in SQL("list_snapshots_of").many(connection, copied=copied)}


def snapshots_by_table(connection: Connection) -> dict[str, str]:
    """The snapshot of each staged table."""
    return dict(SQL("list_staged_snapshots").many(connection))
