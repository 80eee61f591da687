"""The books of files: each file that a staged row names is stored, waits, is missing, or stays behind with its row."""

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, identifier, literal, staging_table
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


def _line(connection: Connection, links: Links, name: str, column: str) -> FileLine:
    slots = {"column": identifier(column), "staging": staging_table(name)}
    [named] = SQL("count_named", **slots).one(connection)
    query = SQL(
        "count_by_state",
        **slots,
        column_name=literal(column),
        links=links.as_whole.rows(name),
        table=literal(name),
    )
    found = {state: (int(count), int(size)) for state, count, size in query.many(connection)}
    files = {state: count for state, (count, _) in found.items()}
    return FileLine(f"{name}.{column}", int(named), files, sum(size for _, size in found.values()))
