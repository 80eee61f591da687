"""Which columns tell a table's rows apart, where no key is declared: never what merely happens not to repeat."""

import sqlite3
from itertools import combinations

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.judging.secrets import is_secret
from etl_assets.init.names import looks_like_money, looks_like_time, singular, snake
from etl_assets.init.table_facts import ColumnFacts, TableFacts

FEWEST_ROWS = 10
MOST_PARENTS = 4
MOST_TRIES = 20
ID_NAMES = ("id", "uuid", "guid", "code", "number", "nr", "no", "key", "sku", "isbn", "slug")
PLACE_NAMES = frozenset(
    "position line line_number line_no item item_number seq sequence ordinal number nr no idx index part step "
    "page".split()
)


def declared_keys(connection: sqlite3.Connection, table: TableFacts) -> tuple[tuple[str, ...], ...]:
    """The column lists of UNIQUE constraints without NULL, secrets and BLOBs, the shortest first."""
    found = []
    for row in connection.execute(fill("PRAGMA index_list({table})", table=quoted(table.name))).fetchall():
        _, name, is_unique, origin, is_partial = row[:5]
        if is_unique and not is_partial and origin != "pk":
            info = connection.execute(fill("PRAGMA index_info({index})", index=quoted(name))).fetchall()
            columns = tuple(column for _, _, column in info)
            if all(column in table.columns and _is_usable(table, table.columns[column]) for column in columns):
                found.append(columns)
    return tuple(sorted(found, key=len))


def guessed_key(connection: sqlite3.Connection, table: TableFacts) -> tuple[str, ...]:
    """The columns that an expert would call the key of a table that declares none; empty where its rows have none.

    A table of two to four references has all of them. Else it is its own `id`, or a column that is called one in ten
    rows or more.
    What is called neither, money, moments and measures, may be equal tomorrow.
    """
    if table.primary_key:
        return ()  # whatever that is: nothing beside it is the key
    parents = _parents(table)
    ids = [column.name for column in table.columns.values() if _is_id(table, column) and column.name not in parents]
    wanted = [tuple(parents)] if 2 <= len(parents) <= MOST_PARENTS else []
    own = [name for name in ids if _is_its_own_id(table, name)]
    wanted += [(name,) for name in own]
    if table.rows == 0:
        return next(iter([*wanted, *((name,) for name in ids)]), ())
    if table.rows >= FEWEST_ROWS:
        wanted = [*((name,) for name in ids), *wanted]
        places = [c.name for c in table.columns.values() if snake(c.name) in PLACE_NAMES and _is_place(c)]
        more = [name for name in dict.fromkeys((*ids, *places)) if name not in parents]
        wanted += [(*parents, name) for name in more if parents]
        wanted += list(combinations(more, 2))
    return next((key for key in wanted[:MOST_TRIES] if _never_repeats(connection, table, key)), ())


def _is_its_own_id(table: TableFacts, name: str) -> bool:
    """True for `id`, and `dorm_id` of dorms: few rows are no reason to doubt that."""
    stems = {snake(table.name), singular(snake(table.name))}
    return snake(name) in ("id", "uuid", "guid") or snake(name) in {f"{stem}_id" for stem in stems}


def _parents(table: TableFacts) -> list[str]:
    """The columns that refer to other rows, in the order of the table."""
    named = {name for key in table.foreign_keys for name in key.columns}
    return [name for name, column in table.columns.items() if name in named and _is_usable(table, column)]


def _is_usable(table: TableFacts, column: ColumnFacts) -> bool:
    return not (column.nulls or column.generated or column.blobs or is_secret(table, column.name))


def _is_place(column: ColumnFacts) -> bool:
    return column.filled > 0 and column.integers == column.filled and not column.nulls


def _is_id(table: TableFacts, column: ColumnFacts) -> bool:
    words = snake(column.name).split("_")
    if not (words[-1] in ID_NAMES or words[-1].endswith("id")) or not _is_usable(table, column):
        return False
    return not (column.reals or looks_like_money(column.name) or looks_like_time(column.name))


def _never_repeats(connection: sqlite3.Connection, table: TableFacts, key: tuple[str, ...]) -> bool:
    query = fill(
        "SELECT EXISTS (SELECT 1 FROM {table} GROUP BY {columns} HAVING count(*) > 1)"
        " OR EXISTS (SELECT 1 FROM {table} WHERE {missing})",
        table=quoted(table.name),
        columns=", ".join(quoted(name) for name in key),
        missing=" OR ".join(fill("{name} IS NULL", name=quoted(name)) for name in key),
    )
    return not connection.execute(query).fetchone()[0]
