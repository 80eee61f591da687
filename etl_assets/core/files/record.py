"""What became of each file that a row names: the only writer of `etl.files`."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypeVar

from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.access.postgres.statements import Statements, identifier, literal, staging_table
from etl_assets.core.links.links import Links
from etl_assets.core.memory.counted import carry_books

SQL = Statements(__file__)

STORED, CHANGED, ABSENT = "stored", "changed", "absent"
READY = (STORED, CHANGED, ABSENT)
MOST = 1_000
T = TypeVar("T")


class Due(NamedTuple):
    """A row whose file is to be copied; `named` is the path as the legacy app wrote it.

    `is_loaded`: it is in production already, and names the file that was copied for it then.
    """

    legacy_id: str
    legacy_user_id: str
    account: str
    new_id: str
    named: str
    is_loaded: bool = False


@dataclass(frozen=True)
class Line:
    """A line of `etl.files`; `size` in bytes, `sha256` in hex."""

    table: str
    column: str
    legacy_id: str
    legacy_user_id: str
    account: str
    wave: str
    entry: str
    named: str
    state: str
    source: str | None = None
    size: int | None = None
    sha256: str | None = None
    key: str | None = None
    etag: str | None = None
    value: str | None = None
    mark: str | None = None


class Object(NamedTuple):
    """An object of the store, and the row and column that name it."""

    table: str
    column: str
    legacy_id: str
    entry: str
    key: str | None
    etag: str | None
    legacy_user_id: str


class Stored(NamedTuple):
    """An object with what is known of it; `size` in bytes."""

    table: str
    column: str
    legacy_id: str
    entry: str
    key: str
    size: int
    etag: str
    sha256: str
    source: str
    mark: str | None
    state: str


class Refused(NamedTuple):
    """A file that was not there, or could not be read, by the path as the legacy app wrote it."""

    table: str
    column: str
    legacy_id: str
    entry: str
    named: str
    state: str


def list_due(connection: Connection, links: Links, table: str, column: str, *, users: list[str]) -> list[Due]:
    """The rows of these users whose file has to be copied before they can be loaded; or updated, where changes are."""
    slots = {"column": identifier(column), "column_name": literal(column), "table": literal(table)}
    rows = links.rows(table, as_new=links.spec.policy.updates)
    query = SQL("list_due", links=rows, staging=staging_table(table), **slots)
    return [Due(*row) for row in query.many(connection, users=users)]


def lines_of(connection: Connection, table: str, column: str, legacy_ids: list[str]) -> dict[str, Line]:
    """The lines that rows have so far, by legacy id."""
    named = {"tables": [table] * len(legacy_ids), "columns": [column] * len(legacy_ids), "legacy_ids": legacy_ids}
    with reading(connection):
        found = [Line(*row) for row in SQL("list_lines").many(connection, **named)]
    return {line.legacy_id: line for line in found}


def former_lines(connection: Connection, lines: list[Line]) -> list[Line]:
    """The lines whose object these will no longer name; inside `writing`."""
    keys = {(line.table, line.column, line.legacy_id): line.key for line in lines}
    found = [Line(*row) for row in SQL("list_lines").many(connection, **_keys(lines))]
    return [line for line in found if line.key and line.key != keys[line.table, line.column, line.legacy_id]]


def changed_file_users(connection: Connection, links: Links) -> set[str]:
    """Users with a loaded row whose file is to be copied anew; nobody where the spec only reports changes."""
    if not links.spec.policy.updates:
        return set()
    tables = [name for name in links.tables if links.spec.tables[name].file_columns]
    queries = [SQL("list_changed_users", links=links.rows(name, as_new=True), table=literal(name)) for name in tables]
    return {user for query in queries for (user,) in query.many(connection)}


def write_lines(connection: Connection, lines: list[Line]) -> None:
    """Notes what became of files; inside `writing`.

    The books say the same afterwards where every file was stored: they count such a row as ready before and after.
    """
    is_ready = all(line.state in READY for line in lines)
    if is_ready and not SQL("find_refused").first(connection, **_keys(lines)):
        carry_books(connection)
    SQL("write_files").exec(connection, lines=json.dumps([asdict(line) for line in lines]))


def refused_users(connection: Connection, users: list[str]) -> list[str]:
    """Those of these users who name a file that was not there, or could not be read."""
    return [user for (user,) in SQL("list_refused_users").many(connection, users=users)]


def missing_users(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Users with a file that was not there when it was looked for."""
    return [user for (user,) in SQL("list_missing_users").many(connection, tables=list(tables))]


def count_files(connection: Connection, *, user: str | None = None) -> dict[str, dict[str, tuple[int, int]]]:
    """Table -> state -> files and bytes; of one user or of all."""
    whose = {} if user is None else {"user": user}
    rows = SQL("count_files" if user is None else "count_files_of_user").many(connection, **whose)
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for table, state, files, size in rows:
        found.setdefault(table, {})[state] = (files, size)
    return found


def stored_objects(connection: Connection) -> Iterator[list[Stored]]:
    """All objects, `MOST` at a time."""
    return _paged(connection, "list_stored", Stored)


def refused_files(connection: Connection) -> Iterator[list[Refused]]:
    """All files for which rows are quarantined, `MOST` at a time."""
    return _paged(connection, "list_refused", Refused)


def _paged(connection: Connection, name: str, kind: Callable[..., T]) -> Iterator[list[T]]:
    after: tuple[str, str, str] = ("", "", "")
    while rows := SQL(name).many(connection, table=after[0], column=after[1], legacy_id=after[2], most=MOST):
        yield [kind(*row) for row in rows]
        after = rows[-1][:3]


def unloaded_objects(connection: Connection) -> list[Object]:
    """The objects whose row is not in production, and will not be with this account."""
    return [Object(*row) for row in SQL("list_unloaded").many(connection)]


def note_changed(connection: Connection, lines: Iterable[Stored]) -> None:
    """Notes that the old app has written to these files since they were copied; inside `writing`.

    The books say the same: their rows are loaded.
    """
    carry_books(connection)
    SQL("note_changed").exec(connection, **_keys(lines))


def drop_lines(connection: Connection, lines: Iterable[Line | Object | Stored | Refused]) -> None:
    """Forgets lines whose object is gone, or whose file may be there by now; inside `writing`."""
    SQL("drop_files").exec(connection, **_keys(lines))


def _keys(lines: Iterable[Any]) -> dict[str, list[str]]:
    listed = list(lines)
    return {
        "tables": [line.table for line in listed],
        "columns": [line.column for line in listed],
        "legacy_ids": [line.legacy_id for line in listed],
    }
