"""Named SQL: the statements of the `.sql` file beside a module, `{slots}` filled by `psycopg.sql`, values bound."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import AdaptContext

Slot = sql.Composable
Row = tuple[Any, ...]
# `-- name: claim_users :exec (users, wave) {states}`: how it is run, the values that it binds, the slots to fill.
MARK = re.compile(r"^-- name: (\w+) :(one|first|many|exec|copy|fragment)\b.*\n", re.M)


class Statement(sql.Composed):
    """A statement with its slots filled; it is run through its kind, and may be a slot of another.

    Always with parameters, so that a doubled per cent sign means one.
    """

    def __init__(self, kind: str, parts: Iterable[Any]) -> None:
        """The parts are those of a `Composed`."""
        super().__init__(list(parts))
        self.kind = kind
        self._text: bytes | None = None

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Its text, made once, because it may be a part of many: names and constants are UTF-8 for whomever it is."""
        if self._text is None:
            self._text = super().as_bytes(None)
        return self._text

    def one(self, connection: psycopg.Connection[Row], /, **values: Any) -> Row:
        """The single row.

        Raises:
            LookupError: there is none.
        """
        row = self.of_kind("one")._run(connection, values).fetchone()
        if row is None:
            raise LookupError("the statement returned no row")
        return row

    def record(self, connection: psycopg.Connection[Row], /, **values: Any) -> dict[str, Any]:
        """The single row by the names of its columns, for those with more than a few."""
        cursor = self.of_kind("one")._run(connection, values)
        names = [column.name for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or (), strict=True))

    def first(self, connection: psycopg.Connection[Row], /, **values: Any) -> Row | None:
        """The first row, None where there is none."""
        return self.of_kind("first")._run(connection, values).fetchone()

    def many(self, connection: psycopg.Connection[Row], /, **values: Any) -> list[Row]:
        """All rows; only for results that are small by nature."""
        return self.of_kind("many")._run(connection, values).fetchall()

    def exec(self, connection: psycopg.Connection[Row], /, **values: Any) -> int:
        """How many rows it wrote."""
        return self.of_kind("exec")._run(connection, values).rowcount

    def of_kind(self, kind: str) -> "Statement":
        """Itself; a mistake of ours where the file says another kind."""
        if self.kind != kind:
            raise TypeError(f"a statement of kind {self.kind} was run as {kind}")
        return self

    def _run(self, connection: psycopg.Connection[Row], values: dict[str, Any]) -> psycopg.Cursor[Row]:
        return connection.execute(self, values)


class Statements:
    """The statements of the `.sql` file beside a module.

    `SQL = Statements(__file__)`, then `SQL("claim_users", states=...).exec(connection, wave=...)`. Comments
    are left out, which no server log needs.
    """

    def __init__(self, module: str) -> None:
        """Reads the file, once per process."""
        self.path = Path(module).with_suffix(".sql")
        _, *pieces = MARK.split(self.path.read_text(encoding="utf-8"))
        names, self._kinds, texts = pieces[::3], dict(zip(pieces[::3], pieces[1::3], strict=True)), pieces[2::3]
        self.texts = {name: _without_comments(text) for name, text in zip(names, texts, strict=True)}

    def __call__(self, name: str, **slots: Slot) -> Statement:
        """The statement with its identifiers and fragments filled in; values stay bound parameters."""
        return Statement(self._kinds[name], sql.SQL(self.texts[name]).format(**slots))


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


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
