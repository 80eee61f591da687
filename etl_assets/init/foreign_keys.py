"""How the tables of a legacy database hang together: foreign keys, declared or not, and columns that never repeat."""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.names import OWNER_NAMES, names_itself, names_parent, snake
from etl_assets.init.ownership import NEARLY, UsersTable, key_of, recognise_users
from etl_assets.init.table_facts import ColumnFacts, ForeignKeyFacts, TableFacts
from etl_assets.spec.rules import looks_secret

LONGEST_KEY = 4
MOST_TRIES = 40
SAMPLE_ROWS = 2_000_000
SPELLINGS = 1000  # of so many keys
DIGITS, DASHED = 32, 36
ID_NAMES = ("id", "uuid", "guid", "code", "number", "nr", "key")


def foreign_keys(
    connection: sqlite3.Connection, tables: Sequence[TableFacts]
) -> dict[str, tuple[ForeignKeyFacts, ...]]:
    """Each table's references with how many of their values are there: declared ones, then those that names suggest.

    An undeclared one counts when its column is named after a table and 95 % of its values are keys of it, or when
    there are no values yet.
    """
    by_name = {table.name.lower(): table for table in tables}
    users = recognise_users(tables)
    found = {}
    for table in tables:
        declared = _declared(connection, table, by_name)
        known = {key.columns[0] for key in declared if len(key.columns) == 1}
        suggested = [
            key
            for column in table.columns.values()
            if column.name not in known and (key := _suggested(connection, table, column, tables, users))
        ]
        found[table.name] = (*declared, *suggested)
    return found


def _declared(
    connection: sqlite3.Connection, table: TableFacts, by_name: dict[str, TableFacts]
) -> list[ForeignKeyFacts]:
    parts: dict[int, list[tuple[int, str, str, str | None]]] = {}
    for number, place, parent, column, to, *_ in connection.execute(
        fill("PRAGMA foreign_key_list({table})", table=quoted(table.name))
    ):
        parts.setdefault(number, []).append((place, parent, column, to))
    found = []
    # SQLite lists the last one first.
    for number in sorted(parts, reverse=True):
        rows = sorted(parts[number])
        parent = by_name.get(rows[0][1].lower())
        spelt = {name.lower(): name for name in table.columns}
        columns = tuple(spelt.get(column.lower(), column) for _, _, column, _ in rows)
        to = _refers_to(parent, [to for *_, to in rows])
        key = _by_the_key_alone(ForeignKeyFacts(columns, parent.name if parent else rows[0][1], to), parent)
        found.append(_counted(connection, table, key, parent))
    return found


def _by_the_key_alone(key: ForeignKeyFacts, parent: TableFacts | None) -> ForeignKeyFacts:
    """Of several columns the one that refers to the key, where there is one: it says which row alone."""
    for here, there in zip(key.columns, key.to, strict=True):
        if parent is not None and len(key.columns) > 1 and key_of(parent) == (there,):
            return replace(key, columns=(here,), to=(there,))
    return key


def _refers_to(parent: TableFacts | None, names: list[str | None]) -> tuple[str, ...]:
    if parent is None:
        return tuple(name or "" for name in names)
    if names[0] is None:
        return parent.primary_key  # `REFERENCES parent` without a column means its primary key
    spelt = {name.lower(): name for name in parent.columns}
    return tuple(spelt.get((name or "").lower(), name or "") for name in names)


def _counted(
    connection: sqlite3.Connection, table: TableFacts, key: ForeignKeyFacts, parent: TableFacts | None
) -> ForeignKeyFacts:
    column = key.columns[0]
    if parent is None or len(key.columns) != len(key.to):
        return key
    if not set(key.columns) <= set(table.columns) or not set(key.to) <= set(parent.columns):
        return key
    if len(key.columns) > 1:
        values, found = _pairs_found(connection, table, parent, key)
        return replace(key, values=values, found=found)
    values, found = _values_found(connection, table, parent, key.to[0], quoted(column))
    if found < NEARLY * values:
        expr = respelled(connection, table, table.columns[column], parent, key.to[0])
        among = _values_found(connection, table, parent, key.to[0], expr)[1] if expr else 0
        if among > found:
            return replace(key, values=values, found=among, expr=expr)
    return replace(key, values=values, found=found)


def _values_found(
    connection: sqlite3.Connection, table: TableFacts, parent: TableFacts, to: str, cell: str
) -> tuple[int, int]:
    query = fill(
        "SELECT count(c), coalesce(sum(c IN (SELECT {to} FROM {parent})), 0)"
        " FROM (SELECT {cell} AS c FROM {table} LIMIT ?)",
        to=quoted(to),
        parent=quoted(parent.name),
        cell=cell,
        table=quoted(table.name),
    )
    values, found = connection.execute(query, [SAMPLE_ROWS]).fetchone()
    return int(values), int(found)


def _pairs_found(
    connection: sqlite3.Connection, table: TableFacts, parent: TableFacts, key: ForeignKeyFacts
) -> tuple[int, int]:
    query = fill(
        "SELECT count(*), coalesce(sum(({columns}) IN (SELECT {to} FROM {parent})), 0)"
        " FROM (SELECT {columns} FROM {table} WHERE {filled} LIMIT ?)",
        columns=", ".join(quoted(name) for name in key.columns),
        to=", ".join(quoted(name) for name in key.to),
        parent=quoted(parent.name),
        filled=" AND ".join(fill("{name} IS NOT NULL", name=quoted(name)) for name in key.columns),
        table=quoted(table.name),
    )
    values, found = connection.execute(query, [SAMPLE_ROWS]).fetchone()
    return int(values), int(found)


def _suggested(
    connection: sqlite3.Connection,
    table: TableFacts,
    column: ColumnFacts,
    tables: Sequence[TableFacts],
    users: UsersTable | None,
) -> ForeignKeyFacts | None:
    if column.generated or looks_secret(column.name) or table.primary_key == (column.name,):
        return None
    best: ForeignKeyFacts | None = None
    for parent in tables:
        key = key_of(parent)
        if len(key) != 1 or not parent.primary_key:
            continue
        is_users = users is not None and parent.name == users.table and snake(column.name) in OWNER_NAMES
        is_named = is_users or names_parent(column.name, parent=parent.name, parent_key=key[0])
        if not (_names_itself(table, column) if parent is table else is_named):
            continue
        candidate = ForeignKeyFacts((column.name,), parent.name, key, declared=False)
        candidate = _counted(connection, table, candidate, parent)
        if candidate.found >= NEARLY * candidate.values and (best is None or candidate.found > best.found):
            best = candidate
    return best


def _names_itself(table: TableFacts, column: ColumnFacts) -> bool:
    # Beside a column that says which table is meant, an id may be of any.
    has_kind = f"{re.sub(r'_?id$', '', snake(column.name))}_type" in map(snake, table.columns)
    return names_itself(column.name, table=table.name) and not has_kind


def unique_columns(connection: sqlite3.Connection, table: TableFacts) -> tuple[tuple[str, ...], ...]:
    """Column lists that could be the key: those of UNIQUE constraints, else the first that the rows themselves allow.

    The rows are asked only where no other key is there, and only for columns that are neither NULL nor secret.
    """
    usable = {c.name for c in table.columns.values() if not (c.nulls or c.generated or looks_secret(c.name) or c.blobs)}
    found = [key for key in _unique_indexes(connection, table) if set(key) <= usable]
    if found or (table.primary_key and not any(looks_secret(name) for name in table.primary_key)):
        return tuple(found)
    ordered = sorted((name for name in table.columns if name in usable), key=lambda name: _key_rank(table, name))
    if not table.rows:
        return ((ordered[0],),) if ordered else ()
    tries = 0
    for length in range(1, LONGEST_KEY + 1):
        for key in combinations(ordered, length):
            tries += 1
            if tries > MOST_TRIES:
                return ()
            if _never_repeats(connection, table, key):
                return (key,)
    return ()


def _key_rank(table: TableFacts, name: str) -> tuple[int, int]:
    words = snake(name).split("_")
    is_id = words[-1] in ID_NAMES or words[-1].endswith("id")
    place = list(table.columns).index(name)
    # Measures and moments are unique by accident.
    return (0 if is_id else 2 if table.columns[name].reals else 1, place)


def _unique_indexes(connection: sqlite3.Connection, table: TableFacts) -> list[tuple[str, ...]]:
    found = []
    for row in connection.execute(fill("PRAGMA index_list({table})", table=quoted(table.name))).fetchall():
        _, name, is_unique, origin, is_partial = row[:5]
        if is_unique and not is_partial and origin != "pk":
            info = connection.execute(fill("PRAGMA index_info({index})", index=quoted(name))).fetchall()
            columns = tuple(column for _, _, column in info)
            if all(column in table.columns for column in columns):
                found.append(columns)
    return sorted(found, key=len)


def _never_repeats(connection: sqlite3.Connection, table: TableFacts, key: tuple[str, ...]) -> bool:
    query = fill(
        "SELECT EXISTS (SELECT 1 FROM {table} GROUP BY {columns} HAVING count(*) > 1)"
        " OR EXISTS (SELECT 1 FROM {table} WHERE {missing})",
        table=quoted(table.name),
        columns=", ".join(quoted(name) for name in key),
        missing=" OR ".join(fill("{name} IS NULL", name=quoted(name)) for name in key),
    )
    return not connection.execute(query).fetchone()[0]


def respelled(
    connection: sqlite3.Connection, table: TableFacts, column: ColumnFacts, parent: TableFacts, key: str
) -> str | None:
    """An SQLite expression that spells this column's UUIDs as the parent's keys are; None where there is none."""
    if not _are_uuids(column) or key not in parent.columns or not _are_uuids(parent.columns[key]):
        return None
    lengths = fill(
        "SELECT DISTINCT length(k), k = lower(k), typeof(k) FROM (SELECT {key} AS k FROM {parent} LIMIT {most})",
        key=quoted(key),
        parent=quoted(parent.name),
        most=str(SPELLINGS),
    )
    spellings = connection.execute(lengths).fetchall()
    if len(spellings) != 1 or spellings[0][2] != "text" or spellings[0][0] not in (DIGITS, DASHED):
        return None
    name = quoted(column.name)
    bare = f"hex({name})" if column.uuid_blobs else f"replace({name}, '-', '')"
    digits = f"lower({bare})" if spellings[0][1] else f"upper({bare})"
    if spellings[0][0] == DIGITS:
        return digits
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({digits}, {start}, {length})" for start, length in parts)


def _are_uuids(column: ColumnFacts) -> bool:
    return column.filled > 0 and column.uuid_blobs + column.shaped("uuid", "hex32") == column.filled
