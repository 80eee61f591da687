"""Production against SQLite, cell by cell: slow, and written apart from the pipeline.

Legacy rows are read by Python's own sqlite3; each cell is judged by `transform/reference.py`; production is read by
psycopg. The ledger only tells which row became which.
"""

import json
import sqlite3
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from etl_assets.spec.columns import Column
from etl_assets.spec.model import USERS, Spec, Table
from etl_assets_tests.transform import reference

Cell = tuple[str | None, str]


@dataclass
class Compared:
    """What was looked at: rows and cells that are equal, and every difference."""

    rows: int = 0
    cells: int = 0
    differences: list[str] = field(default_factory=list)
    by_type: Counter[str] = field(default_factory=Counter)


def compare_production(path: Path, url: str, spec: Spec) -> Compared:
    """Every loaded row of every table."""
    found = Compared()
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as legacy, psycopg.connect(url, row_factory=dict_row) as pg:
        legacy.text_factory = bytes
        pg.execute("SET TimeZone = 'UTC'")
        for table in spec.tables.values():
            _compare_table(legacy, pg, spec, table, found)
    legacy.close()
    return found


def _compare_table(
    legacy: sqlite3.Connection, pg: psycopg.Connection[Any], spec: Spec, table: Table, found: Compared
) -> None:
    keys = table.key or _primary_key(legacy, table.source)
    names = list(dict.fromkeys(column.from_ or name for name, column in table.columns.items() if column.expr is None))
    expressions = {name: column.expr for name, column in table.columns.items() if column.expr is not None}
    wanted = [*keys, *names, *expressions.values()]
    listed = ", ".join(word if word in expressions.values() else _quoted(word) for word in wanted)
    kinds = ", ".join(f"typeof({word if word in expressions.values() else _quoted(word)})" for word in wanted)
    rows = legacy.execute(f"SELECT {listed}, {kinds} FROM {_quoted(table.source)}").fetchall()
    by_key: dict[str, dict[str, Cell]] = {}
    for row in rows:
        cells = [
            _cell(value, kind.decode()) for value, kind in zip(row[: len(wanted)], row[len(wanted) :], strict=True)
        ]
        key = "/".join(_key_part(cell, alone=len(keys) == 1) for cell in cells[: len(keys)])
        by_key[key] = dict(zip([*keys, *names, *expressions], cells, strict=True)) | dict(
            zip([*names, *expressions], cells[len(keys) :], strict=True)
        )
    target = sql.SQL(
        'SELECT l.legacy_id, t.* FROM etl.loaded AS l JOIN {} AS t ON t.{}::text = l.new_id WHERE l."table" = %s'
    ).format(sql.Identifier(*table.target.split(".")), sql.Identifier(table.id.to))
    for row in pg.execute(target, [table.name]):
        found.rows += 1
        _compare_row(spec, table, by_key[row["legacy_id"]], row, found)


def _compare_row(spec: Spec, table: Table, legacy: dict[str, Cell], row: dict[str, Any], found: Compared) -> None:
    if table.id.rule == "uuid5" and row[table.id.to] != uuid.uuid5(spec.namespace, f"{table.name}/{row['legacy_id']}"):
        found.differences.append(f"{table.name} {row['legacy_id']}: the id")
    for name, column in table.columns.items():
        cell = legacy[name if column.expr is not None else column.from_ or name]
        if column.references and column.references.table == USERS:
            continue  # an account: who it is, is the identity tests' business
        expected, fault = _expected(spec, column, cell)
        actual = _plain(row[name])
        found.cells += 1
        found.by_type[column.type] += 1
        if fault is not None or expected != actual:
            found.differences.append(f"{table.name} {row['legacy_id']} {name}: {expected!r} {fault} is not {actual!r}")


def _expected(spec: Spec, column: Column, cell: Cell) -> tuple[Any, str | None]:
    text, kind = cell
    if column.references and spec.tables[column.references.table].id.rule == "uuid5":
        if text is None:
            return None, None
        return str(uuid.uuid5(spec.namespace, f"{column.references.table}/{_key_part(cell, alone=True)}")), None
    if column.empty == "null" and text == "" and kind == "t":
        return None, None
    if text is None and column.default is not None:
        text, kind = column.default, "t"
    value, fault = _RULES[column.type](spec, column, text, kind)
    return _plain(value), fault


def _time(spec: Spec, column: Column, text: str | None, kind: str) -> tuple[Any, str | None]:
    numeric = kind in ("i", "r") or (kind == "t" and reference.epoch(text, "t", "s")[1] is None)
    if column.unit == "julian" and numeric:
        return reference.julian(text, "r")
    if column.unit and numeric:
        return reference.epoch(text, kind, column.unit)
    if column.format and kind == "t" and text:
        try:
            found = datetime.strptime(text, column.format)
        except ValueError:
            pass
        else:
            return found.replace(tzinfo=timezone.utc), None
    return reference.timestamptz(text, kind, spec.source.timezone, 6)


def _day(spec: Spec, column: Column, text: str | None, kind: str) -> tuple[Any, str | None]:
    if column.unit or column.format:
        moment, fault = _time(spec, column, text, kind)
        return (moment.date() if moment else None), fault
    return reference.date_value(text, kind)


def _bytes(spec: Spec, column: Column, text: str | None, kind: str) -> tuple[Any, str | None]:
    if text is None:
        return None, None
    return (bytes.fromhex(text), None) if kind == "b" else (None, reference.REFUSED)


def _json(text: str | None, kind: str) -> tuple[Any, str | None]:
    kept, fault = reference.jsonb(text, kind)
    return (None if kept is None else json.loads(kept)), fault


_RULES: dict[str, Any] = {
    "text": lambda spec, column, text, kind: reference.text_value(text, kind, None),
    "integer": lambda spec, column, text, kind: reference.integer(text, kind, 32),
    "bigint": lambda spec, column, text, kind: reference.integer(text, kind, 64),
    "numeric": lambda spec, column, text, kind: reference.numeric(text, kind, None, 0),
    "double": lambda spec, column, text, kind: reference.double(text, kind),
    "boolean": lambda spec, column, text, kind: reference.boolean(text, kind),
    "uuid": lambda spec, column, text, kind: reference.uuid_text(text, kind),
    "jsonb": lambda spec, column, text, kind: _json(text, kind),
    "timestamptz": _time,
    "date": _day,
    "bytea": _bytes,
}


def _plain(value: Any) -> Any:
    """Values that mean the same compare the same."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc)
    if isinstance(value, (dict, list)):
        return ("json", value)
    return value


def _cell(value: Any, storage: str) -> Cell:
    kind = storage[0]
    if value is None:
        return None, "n"
    if kind == "b":
        return value.hex().upper(), "b"
    if kind == "t":
        try:
            return value.decode("utf-8"), "t"
        except UnicodeDecodeError:
            return value.hex().upper(), "T"
    return repr(value), kind


def _key_part(cell: Cell, *, alone: bool) -> str:
    text, kind = cell
    if text is None:
        return ""
    if kind == "r" and float(text).is_integer() and -(2**63) <= float(text) < 2**63:
        text = str(int(float(text)))
    if kind == "b":
        text = f"x'{text}'"
    return text if alone else text.replace("%", "%25").replace("/", "%2F")


def _primary_key(legacy: sqlite3.Connection, table: str) -> tuple[str, ...]:
    info = legacy.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    parts = sorted((row[5], row[1]) for row in info if row[5])
    return tuple(name.decode() if isinstance(name, bytes) else name for _, name in parts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
