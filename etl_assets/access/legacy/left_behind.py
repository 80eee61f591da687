"""What a spec leaves in the legacy app: tables that no section names, and columns that nothing reads."""

import re

from etl_assets.access.legacy.database import LegacyConnection, LegacyTable, count_rows, describe, fill, quoted
from etl_assets.model.report import LeftLine
from etl_assets.spec.exports import Export, exports_of
from etl_assets.spec.model import Spec

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"


def left_behind(connection: LegacyConnection, spec: Spec) -> list[LeftLine]:
    """Tables with their rows first, then columns with their values; NULL is no value."""
    exports = exports_of(spec)
    named = {export.source.lower() for export in exports.values()}
    found = []
    for (name,) in sorted(connection.execute(TABLES)):
        table = describe(connection, name)
        if table is not None and name.lower() not in named:
            found.append(LeftLine(name, None, count_rows(connection, table)))
    by_source: dict[str, list[Export]] = {}
    for export in exports.values():
        by_source.setdefault(export.source.lower(), []).append(export)
    for sections in by_source.values():
        name, table, read = sections[0].name, describe(connection, sections[0].source), _words(sections)
        if table is None:
            continue
        unread = sorted(
            c for c in table.columns if c.lower() not in {*read, *(key.lower() for key in table.primary_key)}
        )
        found += [LeftLine(name, column, count) for column, count in _count_values(connection, table, unread)]
    return found


def _words(exports: list[Export]) -> set[str]:
    """The columns that these exports read, and every word of their expressions."""
    words: set[str] = set()
    for export in exports:
        words |= {name.lower() for name in (*export.key, *(c.column for c in export.columns if c.column))}
        texts = [export.where or "", *(column.expr or "" for column in export.columns)]
        words |= {word.lower() for text in texts for word in re.findall(r"\w+", text)}
    return words


def _count_values(connection: LegacyConnection, table: LegacyTable, columns: list[str]) -> list[tuple[str, int]]:
    """One reading of the table for all of them."""
    if not columns:
        return []
    counts = ", ".join(fill("count({column})", column=quoted(column)) for column in columns)
    query = fill("SELECT {counts} FROM {table}", counts=counts, table=quoted(table.name))
    return list(zip(columns, connection.execute(query).fetchone(), strict=True))
