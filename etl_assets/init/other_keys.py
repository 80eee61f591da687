"""References by other columns than the key: foreign keys of several columns, and those to a unique column."""

import functools
from collections.abc import Callable
from dataclasses import replace

from etl_assets.init.draft import Choice, Draft, DraftColumn, DraftKey, DraftTable
from etl_assets.init.judging.ownership import is_to_key
from etl_assets.init.judging.people import MOSTLY
from etl_assets.init.table_facts import DatabaseFacts, ForeignKeyFacts, TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.types import carries


def is_by_columns(key: ForeignKeyFacts, tables: dict[str, TableFacts]) -> bool:
    """True for a declared foreign key to columns of a migrated table that are not its key."""
    return key.declared and key.table in tables and not is_to_key(key, tables)


def with_other_keys(draft: Draft, facts: DatabaseFacts) -> Draft:
    """The draft with the references that its tables can state; beside a column of another the reason why it cannot."""
    known = {table.name: table for table in facts.tables}
    by_source = {table.source: table for table in draft.tables}
    migrated = {name: known[name] for name in by_source}
    tables = []
    for table in draft.tables:
        for key in known[table.source].foreign_keys:
            if is_by_columns(key, migrated):
                # A table may refer to itself.
                table = _with_key(table, table if key.table == table.source else by_source[key.table], key)  # noqa: PLW2901
        tables.append(table)
    return replace(draft, tables=tuple(tables))


def _with_key(table: DraftTable, parent: DraftTable, key: ForeignKeyFacts) -> DraftTable:
    pairs = [(_named(table, here), _named(parent, there)) for here, there in zip(key.columns, key.to, strict=True)]
    refusal = _refusal(table, parent, key, pairs)
    if refusal:
        note = f"refers to {key.table}, but {refusal}: a plain value"
        return _changed(table, key.columns[0], lambda column: _noted(column, note))
    lost = key.values - key.found
    notes = (f"{lost:,} of {counted(key.values, 'value')} name no row of {key.table}",) if lost else ()
    made = DraftKey(tuple(str(here) for here, _ in pairs), parent.key, tuple(str(there) for _, there in pairs), notes)
    for (here, there), source in zip(pairs, key.columns, strict=True):
        if here != table.owner.to and table.column(str(here)).references is None:
            choice = Choice(_carried(table, parent, str(here), str(there)))
            table = _changed(table, source, functools.partial(_chosen, choice=choice))
    return replace(table, keys=(*table.keys, made))


def _refusal(
    table: DraftTable, parent: DraftTable, key: ForeignKeyFacts, pairs: list[tuple[str | None, str | None]]
) -> str | None:
    if key.values and key.found < MOSTLY * key.values:
        return f"only {key.found:,} of {counted(key.values, 'value')} are there"
    if table.owner.is_none and not parent.owner.is_none:
        return "a table without owner cannot refer to one whose rows arrive user by user"
    for (here, there), source, to in zip(pairs, key.columns, key.to, strict=True):
        if here is None or there is None:
            return f"{source if here is None else f'its {to}'} does not arrive as it is"
        if (here == table.owner.to) != (there == parent.owner.to):
            return f"its {to} says whose the row is"
        if here != table.owner.to and not _carried(table, parent, here, there):
            return f"{source} is {table.column(here).choice.type}, and its {to} {parent.column(there).choice.type}"
    return None


def _carried(table: DraftTable, parent: DraftTable, here: str, there: str) -> str:
    """The type in which a column carries what the parent has; none where it cannot."""
    mine, theirs = table.column(here), parent.column(there)
    if mine.references or table.on_target:
        return mine.choice.type if carries(mine.choice.type, theirs.choice.type) else ""
    return theirs.choice.type


def _named(table: DraftTable, source: str) -> str | None:
    """The target column that a legacy column fills as it is."""
    if source == table.owner.source and not table.owner.expr:
        return table.owner.to
    plain = [column for column in table.live if column.source == source and not (column.is_expression or column.expr)]
    return plain[0].name if plain and not plain[0].by else None


def _changed(table: DraftTable, source: str, change: Callable[[DraftColumn], DraftColumn]) -> DraftTable:
    return replace(table, columns=tuple(change(c) if c.source == source else c for c in table.columns))


def _chosen(column: DraftColumn, choice: Choice) -> DraftColumn:
    return replace(column, choice=choice)


def _noted(column: DraftColumn, note: str) -> DraftColumn:
    return replace(column, choice=replace(column.choice, notes=(note, *column.choice.notes)))
