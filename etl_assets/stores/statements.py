"""The `.sql` files: one statement each, a header of comments, `{slots}` filled by `psycopg.sql`."""

from functools import cache
from pathlib import Path

from psycopg import sql

FOLDER = Path(__file__).parent / "sql"
Slot = sql.Composable


@cache
def statement_text(name: str) -> str:
    """A file's statement without its header comments, which no server log needs."""
    lines = (FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--")).strip()


def statement(name: str, **slots: Slot) -> sql.Composed:
    """A statement with its identifiers and fragments filled in; values stay bound parameters."""
    return sql.SQL(statement_text(name)).format(**slots)


def qualified(schema: str, table: str) -> sql.Identifier:
    """`"schema"."table"`."""
    return sql.Identifier(schema, table)


def staging_table(table: str) -> sql.Identifier:
    """`etl.stg_<table>`."""
    return sql.Identifier("etl", f"stg_{table}")


def joined(parts: list[sql.Composable], *, by: str = ", ") -> sql.Composed:
    """Fragments side by side."""
    return sql.SQL(by).join(parts)


def literals(values: tuple[str, ...]) -> sql.Composed:
    """`'a', 'b'`."""
    return sql.SQL(", ").join(sql.Literal(value) for value in values)
