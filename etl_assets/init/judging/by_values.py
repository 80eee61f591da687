"""References that values prove, whatever a column is called, and users who are named by address or by name."""

import re
import sqlite3
from collections.abc import Sequence

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.judging.people import LOGIN_NAMES, UsersTable
from etl_assets.init.judging.secrets import is_secret
from etl_assets.init.judging.words import OTHER, UNKNOWN, role_of
from etl_assets.init.names import bare, looks_like_email
from etl_assets.init.table_facts import ColumnFacts, ForeignKeyFacts, TableFacts

NEARLY = 0.95
LOGIN_NAME = re.compile(r"(^|_)(login|username|user_?name|uname|nick|nickname|handle|screen_?name|account_?name)($|_)")
FEWEST_VALUES = 5
SHORTEST_KEY = 4
LEAST_NUMBER = 1_000_000
SPARSE = 10
SAMPLE_ROWS = 2_000_000
FIRST_ROWS = 200


def is_telling(connection: sqlite3.Connection, table: TableFacts, key: str) -> bool:
    """True for keys that nothing else is equal to by chance: random texts and large numbers, not 1, 2, 3."""
    column = table.columns[key]
    if column.filled < FEWEST_VALUES or column.blobs or column.reals:
        return False
    if column.texts == column.filled and not column.shaped("small", "big", "zero_or_one", "date"):
        query = fill("SELECT min(length({key})) FROM {table}", key=quoted(key), table=quoted(table.name))
        return int(connection.execute(query).fetchone()[0]) >= SHORTEST_KEY
    if column.integers == column.filled:
        query = fill("SELECT min({key}), max({key}) FROM {table}", key=quoted(key), table=quoted(table.name))
        least, most = connection.execute(query).fetchone()
        return int(least) >= LEAST_NUMBER and most - least > SPARSE * table.rows
    return False


def are_all_keys(
    connection: sqlite3.Connection, table: TableFacts, column: ColumnFacts, parent: TableFacts, key: str
) -> bool:
    """True where the column's first values, five different ones or more, are all keys of the parent."""
    there = parent.columns[key]
    if (column.texts == 0) != (there.texts == 0) or column.filled < FEWEST_VALUES or column.reals or column.blobs:
        return False
    query = fill(
        "SELECT count(DISTINCT c), coalesce(min(c IN (SELECT {key} FROM {parent})), 0)"
        " FROM (SELECT {column} AS c FROM {table} WHERE {column} IS NOT NULL LIMIT ?)",
        key=quoted(key),
        parent=quoted(parent.name),
        column=quoted(column.name),
        table=quoted(table.name),
    )
    different, are_there = connection.execute(query, [FIRST_ROWS]).fetchone()
    return bool(are_there) and different >= FEWEST_VALUES


def looked_up(
    connection: sqlite3.Connection, table: TableFacts, tables: Sequence[TableFacts], users: UsersTable
) -> list[ForeignKeyFacts]:
    """Columns that name a user by address or by name, as `owner_email` does, with the expression for the user's id.

    Of undeclared ones only the first, where nothing else leads from the table to a user.
    """
    home = next((found for found in tables if found.name == users.table), None)
    if home is None or table.name == home.name or users.stands_for is not None:
        return []
    names = {
        users.email,
        *(c for c in home.columns if LOGIN_NAME.search(bare(c)) or bare(c) in LOGIN_NAMES),
        *(k[0] for k in home.unique if len(k) == 1),
    }
    wanted = [name for name in home.columns if name in names - {users.id} and _tells_apart(connection, home, name)]
    declared = [
        found
        for key in table.foreign_keys
        if key.declared and key.table == home.name and len(key.to) == 1 and key.to[0] in wanted
        for found in (_counted(connection, table, key.columns[0], home, key.to[0], users),)
    ]
    if declared or any(users.is_named_by(key) for key in table.foreign_keys):
        return declared
    for column in table.columns.values():
        if column.filled != column.texts or not column.filled or is_secret(table, column.name) or column.generated:
            continue
        for name in wanted:
            if _is_called_so(column.name, name, users):
                found = _counted(connection, table, column.name, home, name, users)
                if found.found >= NEARLY * found.values:
                    return [found]
    return []


def _is_called_so(column: str, wanted: str, users: UsersTable) -> bool:
    """`owner_email`, `user_email`, `username`, `author`: after the users' column, or after what users do."""
    if bare(column) == bare(wanted):
        return True
    if looks_like_email(column) and not looks_like_email(wanted):
        return False
    words = [word for word in bare(column).split("_") if word not in ("email", "mail", "address", "name", "login")]
    role = role_of("_".join(words), users=users.names)
    return role not in (UNKNOWN, OTHER)


def _tells_apart(connection: sqlite3.Connection, table: TableFacts, column: str) -> bool:
    facts = table.columns[column]
    if not facts.texts or facts.texts < facts.filled or is_secret(table, column):
        return False
    query = fill(
        "SELECT count({column}) = count(DISTINCT {column}) FROM {table}",
        column=quoted(column),
        table=quoted(table.name),
    )
    return bool(connection.execute(query).fetchone()[0])


def _counted(
    connection: sqlite3.Connection, table: TableFacts, column: str, home: TableFacts, by: str, users: UsersTable
) -> ForeignKeyFacts:
    cell = fill("{table}.{column}", table=quoted(table.name), column=quoted(column))
    expr = fill(
        "(SELECT {home}.{id} FROM {home} WHERE {home}.{by} = {cell})",
        home=quoted(home.name),
        id=quoted(users.id),
        by=quoted(by),
        cell=cell,
    )
    query = fill(
        "SELECT count({column}), coalesce(sum({column} IN (SELECT {by} FROM {home})), 0)"
        " FROM (SELECT {column} FROM {table} LIMIT ?)",
        column=quoted(column),
        by=quoted(by),
        home=quoted(home.name),
        table=quoted(table.name),
    )
    values, found = connection.execute(query, [SAMPLE_ROWS]).fetchone()
    how = f"{column} holds the {by} of a user, and the expression looks the id up"
    called = table.plainly(column)
    is_declared = any(key.columns == (column,) and key.declared for key in table.foreign_keys)
    return ForeignKeyFacts((column,), home.name, (users.id,), is_declared, int(values), int(found), expr, how, called)
