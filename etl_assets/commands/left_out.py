"""What a spec leaves behind in the legacy database, and ids that it brings as dead numbers; the operator signs both."""

from collections.abc import Iterator
from itertools import groupby

from etl_assets.access.legacy.database import LegacyConnection, describe, fill, quoted
from etl_assets.access.legacy.left_behind import left_behind
from etl_assets.init.names import names_itself, names_parent
from etl_assets.model.words import counted, said
from etl_assets.spec.columns import Column
from etl_assets.spec.model import Spec, Table

LEFT_BEHIND = "left behind"
NUMBERS_AND_TEXTS = ("smallint", "integer", "bigint", "numeric", "text")
MOST_NAMES = 12


def left_out(connection: LegacyConnection, spec: Spec) -> Iterator[tuple[str, str]]:
    """Subjects and words: tables that no section names, columns that nothing reads, ids that are not remapped."""
    found = left_behind(connection, spec)
    tables = [f"{line.table} ({counted(line.count, 'row')})" for line in found if line.column is None]
    if tables:
        yield LEFT_BEHIND, f"{said(len(tables), 'table', 'are left')} in the legacy app: {_some(tables)}"
    for name, lines in groupby((line for line in found if line.column), key=lambda line: line.table):
        columns = [f"{line.column} ({counted(line.count, 'value')})" for line in lines]
        yield f"{LEFT_BEHIND} {name}", f"{said(len(columns), 'column', 'are left')} there: {_some(columns)}"
    for table in spec.tables.values():
        yield from _dead_ids(connection, spec, table)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _dead_ids(connection: LegacyConnection, spec: Spec, table: Table) -> Iterator[tuple[str, str]]:
    for name, column in table.columns.items():
        source = column.from_ or name
        if spec.carried(table, name):
            continue  # as the row has it that is referred to
        for parent in spec.tables.values():
            if not _may_name(table, column, source, parent):
                continue
            found = _named(connection, table, source, parent)
            if found:
                words = f"{said(found, 'value', 'name')} rows of {parent.name}, whose ids change"
                yield f"{table.name}.{name}", f"{words}: say `references: {{table: {parent.name}}}`"


def _may_name(table: Table, column: Column, source: str, parent: Table) -> bool:
    if column.references or column.expr or column.type not in NUMBERS_AND_TEXTS:
        return False
    if parent.id.rule != "uuid5" or len(parent.key) > 1 or source.lower() in {key.lower() for key in table.key}:
        return False
    if parent is table:
        return names_itself(source, table=table.source)
    return names_parent(source, parent=parent.source, parent_key=parent.key[0] if parent.key else "id")


def _named(connection: LegacyConnection, table: Table, source: str, parent: Table) -> int:
    known, of = describe(connection, parent.source), describe(connection, table.source)
    if (
        known is None
        or of is None
        or len(known.primary_key) != 1
        or source.lower() not in {c.lower() for c in of.columns}
    ):
        return 0
    query = fill(
        "SELECT count(*) FROM {table} WHERE {column} IN (SELECT {key} FROM {parent})",
        table=quoted(of.name),
        column=quoted(source),
        key=quoted((parent.key or known.primary_key)[0]),
        parent=quoted(known.name),
    )
    return int(connection.execute(query).fetchone()[0])
