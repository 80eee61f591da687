"""One UUID in several spellings: how to write a column's as the keys that it names are written."""

import sqlite3

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.table_facts import ColumnFacts, TableFacts

SAMPLE = 1000
DIGITS = 32
DASHED = 36


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
        most=str(SAMPLE),
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
