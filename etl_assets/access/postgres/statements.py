"""The `.sql` files of the rooms: one statement each, a header of comments, `{slots}` filled by `psycopg.sql`."""

from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

PACKAGE = Path(__file__).parent.parent.parent
# A statement's name is its path below the `sql` of its room; a name is there once.
FILES = {path.as_posix().rpartition("/sql/")[2].removesuffix(".sql"): path for path in PACKAGE.rglob("sql/**/*.sql")}
Slot = sql.Composable


@cache
def statement_text(name: str) -> str:
    """A file's statement without its header comments, which no server log needs."""
    lines = FILES[name].read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--")).strip()


def statement(name: str, **slots: Slot) -> sql.Composed:
    """A statement with its identifiers and fragments filled in; values stay bound parameters."""
    return sql.SQL(statement_text(name)).format(**slots)


def identifier(*names: str) -> sql.Identifier:
    """A quoted name; its per cent signs are doubled, because psycopg looks for placeholders in it too."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def literal(value: bool | str | list[str] | None) -> sql.Literal:  # noqa: FBT001 - the value itself, not a switch
    """A constant of the spec, such as a table's key."""
    if isinstance(value, list):
        return sql.Literal([item.replace("%", "%%") for item in value])
    return sql.Literal(value.replace("%", "%%") if isinstance(value, str) else value)


def catalog_text(text: str) -> sql.SQL:
    """SQL that Postgres' own catalog rendered: a type's name, a constraint's expression."""
    return sql.SQL(text.replace("%", "%%"))


def shown(query: sql.Composed, connection: psycopg.Connection[Any]) -> str:
    """A statement as an operator reads it."""
    return query.as_string(connection).replace("%%", "%")


def without_parameters(query: sql.Composed, connection: psycopg.Connection[Any]) -> bytes:
    """A statement for COPY, which psycopg does not search for placeholders."""
    return shown(query, connection).encode()


def qualified(schema: str, table: str) -> sql.Identifier:
    """`"schema"."table"`."""
    return identifier(schema, table)


def staging_table(table: str) -> sql.Identifier:
    """`etl.stg_<table>`."""
    return identifier("etl", f"stg_{table}")


def joined(parts: list[sql.Composable], *, by: str = ", ") -> sql.Composed:
    """Fragments side by side."""
    return sql.SQL(by).join(parts)


def literals(values: tuple[str, ...]) -> sql.Composed:
    """`'a', 'b'`."""
    return sql.SQL(", ").join(literal(value) for value in values)
