"""The books of files: each file that a staged row names is stored, waits, is missing, or stays behind with its row."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal, staging_table
from etl_assets.core.links.binding import Slots
from etl_assets.core.links.links import Links
from etl_assets.core.memory.staged import staged_tables
from etl_assets.model.report import FileLine

SQL = Statements(__file__)


def file_books(connection: Connection, links: Links) -> tuple[FileLine, ...]:
    """A line for each column that names files; reads all rows of its table. Runs inside a transaction."""
    staged = staged_tables(connection)
    if not set(links.tables) <= staged:
        return ()
    return tuple(
        _line(connection, links, name, column)
        for name in links.spec.with_files
        if name in links.targets
        for column in links.spec.tables[name].file_columns
    )


def files_not_stored(links: Links) -> sql.Composed | None:
    """`legacy_user_id` of each file that a staged row names and that is not stored; None where no column names any."""
    parts: list[sql.Composable] = [
        SQL("files_not_stored", **_slots(name, column), links=links.as_whole.rows(name))
        for name in links.spec.with_files
        if name in links.targets
        for column in links.spec.tables[name].file_columns
    ]
    return joined(parts, by=" UNION ALL ") if parts else None


def _slots(name: str, column: str) -> Slots:
    return {
        "column": identifier(column),
        "column_name": literal(column),
        "staging": staging_table(name),
        "table": literal(name),
    }


def _line(connection: Connection, links: Links, name: str, column: str) -> FileLine:
    [named] = SQL("count_named", column=identifier(column), staging=staging_table(name)).one(connection)
    query = SQL("count_by_state", **_slots(name, column), links=links.as_whole.rows(name))
    found = {state: (int(count), int(size)) for state, count, size in query.many(connection)}
    files = {state: count for state, (count, _) in found.items()}
    return FileLine(f"{name}.{column}", int(named), files, sum(size for _, size in found.values()))
