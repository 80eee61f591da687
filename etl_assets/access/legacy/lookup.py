"""The legacy keys of rows that others name by other columns: found in SQLite, whose `=` is the app's own."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from etl_assets.access.legacy.database import LegacyTable, describe, fill, open_read_only, quoted
from etl_assets.access.legacy.keys import cell_text, key_text
from etl_assets.model.errors import LegacyMismatch
from etl_assets.model.ids import NO_ROW
from etl_assets.spec.exports import Export, ExportColumn, Lookup, exports_of
from etl_assets.spec.model import Spec

ONCE_NAMED = "etl_once_named"  # in a scrubbed copy: the keys of removed rows that rows which stay name


def with_lookups(
    connection: sqlite3.Connection, export: Export, columns: tuple[ExportColumn, ...]
) -> tuple[ExportColumn, ...]:
    """The columns, with an expression for each that is the key of a row which others name.

    Raises:
        LegacyMismatch: the table of that row, or a column of it, is not there.
    """
    own = describe(connection, export.source)
    if own is None or not any(column.lookup for column in columns):
        return columns
    table = own
    is_once_named = describe(connection, ONCE_NAMED) is not None

    def filled(column: ExportColumn) -> ExportColumn:
        if column.lookup is None:
            return column
        cells = tuple(fill("{table}.{name}", table=quoted(table.name), name=quoted(n)) for n in column.lookup.columns)
        expr = named_key(connection, column.lookup, cells)
        if is_once_named:
            found = once_named(export.name, column.label, key_text(export, table))
            expr = fill("coalesce(({found}), ({expr}))", found=found, expr=expr)
        return replace(column, expr=expr)

    return tuple(map(filled, columns))


def named_key(connection: sqlite3.Connection, lookup: Lookup, cells: tuple[str, ...]) -> str:
    """An expression: the legacy key of the one row that has these cells, NULL where one of them is.

    Where no row has them, or several, it is a text that is no row's key and says so.

    Raises:
        LegacyMismatch: a column of the row's table is not there, or its key is not known.
    """
    said = " || ', ' || ".join(
        fill("{name} || '=' || {cell}", name=_text(name), cell=cell_text(cell))
        for name, cell in zip(lookup.to, cells, strict=True)
    )
    filled = " AND ".join(fill("{cell} IS NOT NULL", cell=cell) for cell in cells)
    parent = describe(connection, lookup.source)
    if parent is None:  # an optional table
        return fill("CASE WHEN {filled} THEN {mark} || {said} END", filled=filled, mark=_text(NO_ROW), said=said)
    known = {name.lower() for name in parent.columns}
    for name in lookup.to:
        if name.lower() not in known:
            has = ", ".join(parent.columns)
            raise LegacyMismatch(f"The legacy table {parent.name!r} has no column {name!r}; it has {has}.")
    source, key, columns = _indexed(connection, lookup, parent)
    same = " AND ".join(
        fill("etl_named.{to} = {cell}", to=to, cell=cell) for to, cell in zip(columns, cells, strict=True)
    )
    return fill(
        "CASE WHEN {filled} THEN (SELECT CASE count(*) WHEN 1 THEN min({key})"
        " WHEN 0 THEN {mark} || {said} ELSE {mark} || count(*) || ' rows with ' || {said} END"
        " FROM {source} AS etl_named WHERE {same}) END",
        filled=filled,
        key=key,
        mark=_text(NO_ROW),
        said=said,
        source=source,
        same=same,
    )


@dataclass(frozen=True)
class Seeker:
    """Looks rows up in one copy of the legacy database, for cells that an operator corrected."""

    copy: Path

    def __call__(self, lookup: Lookup, cells: list[tuple[str | None, str]]) -> str | None:
        """The legacy key of the row that has these cells, texts and their storage classes; see `named_key`."""
        with open_read_only(self.copy) as connection:
            return find_named(connection, lookup, [_value(text, kind) for text, kind in cells])


def find_named(connection: sqlite3.Connection, lookup: Lookup, values: Sequence[object]) -> str | None:
    """The legacy key of the row that has these values; see `named_key`."""
    connection.create_function("etl_real", 1, repr, deterministic=True)
    connection.text_factory = str
    bound = {f"etl{number}": value for number, value in enumerate(values)}
    query = fill("SELECT {key}", key=named_key(connection, lookup, tuple(f":{name}" for name in bound)))
    found = connection.execute(query, bound).fetchone()[0]
    return None if found is None else str(found)


def _value(text: str | None, kind: str) -> object:
    if text is None:
        return None
    if kind in "bT":
        return bytes.fromhex(text)
    return int(text) if kind == "i" else float(text) if kind == "r" else text


def keep_named(connection: sqlite3.Connection, spec: Spec, gone: str) -> None:
    """Notes for rows that stay which removed ones they name by other columns than the key: these are not unknown.

    `gone` has `etl_place` and `etl_key` of every row that is about to be removed.
    """
    for export in exports_of(spec).values():
        table = describe(connection, export.source)
        if table is None or not any(column.lookup for column in export.columns):
            continue
        connection.execute(
            fill(
                "CREATE TABLE IF NOT EXISTS {once} (etl_place TEXT, etl_label TEXT, etl_key TEXT, etl_named TEXT)",
                once=ONCE_NAMED,
            )
        )
        for column in with_lookups(connection, export, export.columns):
            if column.lookup is None:
                continue
            connection.execute(
                fill(
                    "INSERT INTO {once} SELECT {place}, {label}, q.key, q.named"
                    " FROM (SELECT {key} AS key, {named} AS named FROM {table}) AS q"
                    " WHERE q.named IN (SELECT etl_key FROM {gone} WHERE etl_place = {parent})"
                    " AND q.key NOT IN (SELECT etl_key FROM {gone} WHERE etl_place = {place} AND etl_key IS NOT NULL)",
                    once=ONCE_NAMED,
                    place=_text(export.name),
                    label=_text(column.label),
                    key=key_text(export, table),
                    named=column.expr or "",
                    table=quoted(table.name),
                    gone=gone,
                    parent=_text(column.lookup.place),
                )
            )


def _indexed(connection: sqlite3.Connection, lookup: Lookup, parent: LegacyTable) -> tuple[str, str, list[str]]:
    """Where to look, the key and the columns there: the table itself where it has an index, else a copy with one."""
    export = Export(lookup.place, lookup.source, (), key=lookup.key)
    if not (export.key or parent.primary_key):
        raise LegacyMismatch(
            f"The legacy table {parent.name!r} has no primary key: name its key in the spec, `key: [column]`."
        )
    key, columns = key_text(export, parent), [quoted(name) for name in lookup.to]
    wanted = " AND ".join(fill("etl_named.{name} = ?", name=name) for name in columns)
    plan = fill(
        "EXPLAIN QUERY PLAN SELECT 1 FROM {table} AS etl_named WHERE {wanted}", table=quoted(parent.name), wanted=wanted
    )
    steps = connection.execute(plan, [0] * len(columns)).fetchall()
    if any(str(step[3]).startswith("SEARCH") for step in steps):
        return quoted(parent.name), key, columns
    copy = quoted(f"etl named {lookup.place} {' '.join(lookup.to)}")
    alike = [fill("{name} COLLATE {how}", name=n, how=_collation(connection, parent, n)) for n in columns]
    slots = {"copy": copy, "columns": ", ".join(columns), "key": key, "table": quoted(parent.name)}
    connection.execute(fill("DROP TABLE IF EXISTS temp.{copy}", **slots))
    connection.execute(fill("CREATE TEMP TABLE {copy} AS SELECT {columns}, {key} AS etl_key FROM {table}", **slots))
    index = quoted(f"etl index {lookup.place} {' '.join(lookup.to)}")
    indexed = ", ".join(alike)
    connection.execute(fill("CREATE INDEX temp.{index} ON {copy} ({indexed})", index=index, indexed=indexed, copy=copy))
    return fill("temp.{copy}", copy=copy), "etl_named.etl_key", alike


def _collation(connection: sqlite3.Connection, table: LegacyTable, column: str) -> str:
    """The order by which SQLite compares a column, which a copy of it would not have: as its program says."""
    query = fill("EXPLAIN SELECT 1 FROM {table} AS t WHERE t.{column} = ?", table=quoted(table.name), column=column)
    steps = connection.execute(query, [""]).fetchall()
    found = [str(step[5]).rpartition("-")[0] for step in steps if step[1] in ("Eq", "Ne") and step[5]]
    return quoted(found[0]) if found and found[0] else "BINARY"


def once_named(place: str, label: str, key: str) -> str:
    """A query for the key of a removed row that a row which stays names."""
    return fill(
        "SELECT etl_named FROM {once} WHERE etl_place = {place} AND etl_label = {label} AND etl_key = {key}",
        once=ONCE_NAMED,
        place=_text(place),
        label=_text(label),
        key=key,
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
