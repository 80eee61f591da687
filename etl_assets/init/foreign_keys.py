"""How the tables of a legacy database hang together: foreign keys, declared or not, and columns that never repeat."""

import re
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.judging.by_values import are_all_keys, is_telling, looked_up
from etl_assets.init.judging.ownership import NEARLY, key_of
from etl_assets.init.judging.people import MOSTLY, UsersTable, recognise_users
from etl_assets.init.judging.secrets import is_secret
from etl_assets.init.judging.words import OTHER, OWNER, UNKNOWN, role_of, stem_of
from etl_assets.init.names import bare, is_called_after, names_itself, names_parent, singular, snake
from etl_assets.init.table_facts import ColumnFacts, ForeignKeyFacts, TableFacts
from etl_assets.spec.model import ROWID

SAMPLE_ROWS = 2_000_000
RESPELLED = "the same UUIDs in another spelling: compared as UUIDs"
SPELLINGS = 1000  # of so many keys
DIGITS, DASHED = 32, 36


def declared_references(connection: sqlite3.Connection, tables: Sequence[TableFacts]) -> tuple[TableFacts, ...]:
    """The tables with the foreign keys of the schema, and how many of their values are there."""
    by_name = {table.name.lower(): table for table in tables}
    return tuple(replace(table, foreign_keys=tuple(_declared(connection, table, by_name))) for table in tables)


def suggested_references(
    connection: sqlite3.Connection, tables: Sequence[TableFacts], *, chosen: str | None = None
) -> tuple[TableFacts, ...]:
    """The tables with what names and values suggest beside the declared foreign keys.

    A suggestion counts when its column is named after a table, or by what users do, and 95 % of its values are keys of
    it; of the column that says whose a row is half are enough. Without values the types must fit. Or when keys are what
    nothing is equal to by chance, and all values are keys. `chosen` are the users by the operator's word.
    """
    users = recognise_users(tables, chosen=chosen)
    keys = {table.name: _key_of_one(table, users) for table in tables}
    telling = {table.name for table in tables if keys[table.name] and is_telling(connection, table, keys[table.name])}
    found = []
    for table in tables:
        known = {key.columns[0] for key in table.foreign_keys if len(key.columns) == 1}
        suggested = [
            key
            for column in table.columns.values()
            if column.name not in known and (key := _suggested(connection, table, column, tables, users, telling))
        ]
        linked = replace(table, foreign_keys=(*table.foreign_keys, *suggested))
        more = looked_up(connection, linked, tables, users) if users is not None else []
        others = {key.columns for key in more}
        kept = (key for key in linked.foreign_keys if key.columns not in others)
        linked = replace(linked, foreign_keys=(*kept, *more))
        found.append(_with_maybes(connection, linked, tables, users) if users is not None else linked)
    return tuple(found)


def _with_maybes(
    connection: sqlite3.Connection, table: TableFacts, tables: Sequence[TableFacts], users: UsersTable
) -> TableFacts:
    """The table with the ids marked that name no table by their name, but are all users' ids, as 1, 2, 3 easily are."""
    home = next(parent for parent in tables if parent.name == users.home[0])
    known = {name for key in table.foreign_keys for name in key.columns} | set(table.primary_key)
    columns = dict(table.columns)
    for name, column in table.columns.items():
        is_id = stem_of(table.plainly(name)) != bare(table.plainly(name)) and not column.generated
        if is_id and name not in known and table.name != home.name and not _has_kind(table, column):
            maybe = are_all_keys(connection, table, column, home, users.home[1])
            columns[name] = replace(column, may_name_users=maybe)
    return replace(table, columns=columns)


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
        key = ForeignKeyFacts(columns, parent.name if parent else rows[0][1], to, called=table.plainly(columns[0]))
        key = _by_the_key_alone(key, parent)
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
            return replace(key, values=values, found=among, expr=expr, how=RESPELLED)
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
    telling: Collection[str],
) -> ForeignKeyFacts | None:
    if column.generated or is_secret(table, column.name):
        return None
    best: tuple[int, int, ForeignKeyFacts] | None = None
    for parent in tables:
        is_users = users is not None and parent.name == users.home[0]
        key = (_key_of_one(parent, users),)
        if not key[0]:
            continue
        share, sureness = _sureness(table, column, parent, key[0], users if is_users else None)
        if table.primary_key == (column.name,):
            # A row beside the parent's, one for one: its key is called after the parent, and nothing else says so.
            sureness = sureness * (parent is not table and _is_called_after_it(table, column, parent, key[0]))
            share = 1.0
        elif not sureness and parent is not table and parent.name in telling:
            share, sureness = 1.0, BARE * are_all_keys(connection, table, column, parent, key[0])
        if not sureness and is_users and _is_half_of_the_key(table, column):
            halves = (table.columns[name] for name in table.primary_key)
            share, sureness = 1.0, BARE * all(are_all_keys(connection, table, c, parent, key[0]) for c in halves)
        if not sureness:
            continue
        called = table.plainly(column.name)
        candidate = ForeignKeyFacts((column.name,), parent.name, key, declared=False, called=called)
        candidate = _counted(connection, table, candidate, parent)
        if not candidate.values and not (sureness > BARE and _are_alike(column, parent.columns.get(key[0]))):
            continue
        fits = candidate.found >= share * candidate.values
        if fits and (best is None or (candidate.found, sureness) > best[:2]):
            best = (candidate.found, sureness, candidate)
    return best[2] if best else None


def _key_of_one(table: TableFacts, users: UsersTable | None) -> str:
    """The one column by which rows of this table are named; none where it has several, or only a place."""
    if users is not None and table.name == users.home[0]:
        return users.home[1]
    key = key_of(table)
    return key[0] if len(key) == 1 and key != (ROWID,) else ""


BARE, NAMED, SURELY = 1, 2, 3
# `scanned_by`, `scanne_par`: somebody, whose name for what he did nobody has listed.
DONE_BY = re.compile(r"_(by|par|por|von|door|av|af)(_(id|uid|user|user_id))?$")
FEWEST_VALUES = 5


def _sureness(
    table: TableFacts, column: ColumnFacts, parent: TableFacts, key: str, users: UsersTable | None
) -> tuple[float, int]:
    """How many of the values must be keys of the parent, and how much the column's name says; 0 says nothing."""
    if parent is table:
        return NEARLY, NAMED * _names_itself(table, column)
    name = table.plainly(column.name)
    has_kind = _has_kind(table, column)
    if users is not None and (role := _role(name, users)) != UNKNOWN:
        is_bare = stem_of(name) == snake(name) and role != OWNER
        return (MOSTLY, SURELY) if role == OWNER else (NEARLY, BARE if is_bare or role == OTHER else NAMED)
    if names_parent(name, parent=parent.name, parent_key=key, prefix=parent.prefix):
        return NEARLY, SURELY if snake(parent.name) in {stem_of(name), f"{stem_of(name)}s"} else NAMED
    if users is not None and DONE_BY.search(snake(name)):
        return 1.0, BARE
    # Beside a column that says which table is meant, an id may be of any.
    return 1.0, BARE * (is_called_after(name, parent=parent.name) and not has_kind)


def _is_called_after_it(table: TableFacts, column: ColumnFacts, parent: TableFacts, key: str) -> bool:
    name = table.plainly(column.name)
    is_own = stem_of(name) in {bare(table.name), singular(bare(table.name))}
    is_named = names_parent(name, parent=parent.name, parent_key=key) or is_called_after(name, parent=parent.name)
    return not is_own and is_named


def _role(column: str, users: UsersTable) -> int:
    return role_of(column, users=users.names, key=users.home[1])


def _is_half_of_the_key(table: TableFacts, column: ColumnFacts) -> bool:
    """True in a table such as friends(a, b), whose key are two numbers that name no table."""
    key = [table.columns[name] for name in table.primary_key]
    is_small = all(part.integers == part.filled >= FEWEST_VALUES for part in key)
    return len(key) == 2 and is_small and column in key and not table.foreign_keys


def _are_alike(column: ColumnFacts, key: ColumnFacts | None) -> bool:
    """True where the declared types could hold the same: a text names no integer."""
    kinds = ["INT" in of.declared.upper() for of in (column, key) if of is not None and of.declared]
    return len(kinds) < 2 or kinds[0] == kinds[1]


def _names_itself(table: TableFacts, column: ColumnFacts) -> bool:
    return names_itself(column.name, table=table.name) and not _has_kind(table, column)


def _has_kind(table: TableFacts, column: ColumnFacts) -> bool:
    """Beside a column that says which table is meant, an id may be of any."""
    return f"{re.sub(r'_?id$', '', snake(column.name))}_type" in map(snake, table.columns)


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
