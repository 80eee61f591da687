"""Counts what a legacy database holds, table by table, in one read-only pass; no value stays in memory."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from etl_assets.access.legacy.database import fill, open_read_only, quoted
from etl_assets.init.cells.file_names import names_file, with_root
from etl_assets.init.cells.value_shapes import (
    EMAIL,
    FORMATS,
    SMALL,
    is_credential,
    may_be_a_date,
    reads,
    text_shape,
)
from etl_assets.init.foreign_keys import declared_references, suggested_references
from etl_assets.init.judging.keys import declared_keys, guessed_key
from etl_assets.init.judging.secrets import is_beyond_doubt
from etl_assets.init.one_of_several import one_of_several
from etl_assets.init.table_facts import ColumnFacts, DatabaseFacts, OtherObject, TableFacts

SAMPLE_ROWS = 2_000_000
BATCH_ROWS = 1_000
LONGEST_TEXT = 4_000
UUID_BYTES = 16
UUID_VERSIONS = (1, 3, 4, 5, 6, 7)  # https://www.rfc-editor.org/rfc/rfc9562#name-version-field
GENERATED = (2, 3)  # table_xinfo's `hidden`: virtual and stored generated columns
HIDDEN = 1  # a hidden column of a virtual table
SNIFFED_SHAPES = ("other", "small", "big")  # 20240131 is a number too
KEPT_SHARE = 0.1
ZONES = ("Z", "+00:00", "+0000", "-00:00", "+00")
JULIAN = "julian"
FROM, TO = 946_684_800, 2_082_758_400  # the whole seconds of 2000-01-01 to 2035-12-31
EPOCHS = {unit: (FROM * scale, TO * scale) for unit, scale in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9))}
# Julian days are wider, as nothing else looks like them; Apple's seconds end where those since 1970 begin.
EPOCHS |= {
    JULIAN: (2_440_000, 2_470_000),
    "ticks": ((FROM + 62_135_596_800) * 10**7, (TO + 62_135_596_800) * 10**7),
    "webkit": ((FROM + 11_644_473_600) * 10**6, (TO + 11_644_473_600) * 10**6),
    "coredata": (250_000_000, FROM),
}
MICROSECONDS = 6


@dataclass
class _Counts:
    """One column's cells as they are read."""

    nulls: int = 0
    classes: Counter[type] = field(default_factory=Counter)
    zeros_and_ones: int = 0
    zeros: int = 0
    minus_ones: int = 0
    zoned: int = 0
    small_integers: int = 0
    whole_reals: int = 0
    infinities: int = 0
    finer_reals: int = 0
    uuid_blobs: int = 0
    emails: int = 0
    credentials: int = 0
    file_names: int = 0
    file_roots: frozenset[str] = frozenset()
    guid_blobs: int = 0
    plain_blobs: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    epochs: Counter[str] = field(default_factory=Counter)
    alive: tuple[str, ...] = tuple(FORMATS)
    sniffed: int = 0

    def add(self, values: tuple[Any, ...]) -> None:
        """One batch of cells; equal ones are looked at once."""
        kinds = Counter(map(type, values))
        self.nulls += kinds.pop(type(None), 0)
        self.classes.update(kinds)
        # Counted apart, because 1 and 1.0 are one key.
        if int in kinds:
            self._add_integers(Counter(value for value in values if type(value) is int))
        if float in kinds:
            self._add_reals(Counter(value for value in values if type(value) is float))
        if str in kinds:
            self._add_texts(Counter(value for value in values if type(value) is str))
        if bytes in kinds:
            blobs = [value for value in values if type(value) is bytes and len(value) == UUID_BYTES]
            self.uuid_blobs += len(blobs)
            self.guid_blobs += sum(_has_version(value, at=7) for value in blobs)
            self.plain_blobs += sum(_has_version(value, at=6) for value in blobs)

    def _add_integers(self, numbers: Counter[int]) -> None:
        self.small_integers += _within(numbers, -SMALL, SMALL)
        self.zeros_and_ones += numbers[0] + numbers[1]
        self.zeros += numbers[0]
        self._add_epochs(numbers)
        self.minus_ones += numbers[-1]

    def _add_epochs(self, numbers: Counter[int]) -> None:
        for unit, (first, last) in EPOCHS.items():
            if unit != JULIAN:  # whole Julian days are numbers like any other; a clock makes them REAL
                self.epochs[unit] += _within(numbers, first, last)

    def _add_reals(self, numbers: Counter[float]) -> None:
        self.infinities += numbers[inf] + numbers[-inf]
        self.whole_reals += sum(count for value, count in numbers.items() if value.is_integer() and abs(value) < SMALL)
        finer = (count for value, count in numbers.items() if len(repr(value).partition(".")[2]) > MICROSECONDS)
        self.finer_reals += sum(finer)
        for unit, (first, last) in EPOCHS.items():
            self.epochs[unit] += _within(numbers, first, last)

    def _add_texts(self, texts: Counter[str]) -> None:
        sniffed = 0
        digits = Counter({int(text): count for text, count in texts.items() if text_shape(text) in ("small", "big")})
        if digits:
            self._add_epochs(digits)
        for text, count in texts.items():
            shape = text_shape(text)
            self.shapes[shape] += count
            if shape == "midnight":
                self.zoned += count * text.endswith(ZONES)
            if shape == "other" and "@" in text:
                self.emails += count * bool(EMAIL.fullmatch(text))
            if shape == "other" and names_file(text):
                self.file_names += count
                self.file_roots = with_root(self.file_roots, text)
            if shape in ("other", "json"):
                self.credentials += count * is_credential(text)
            if shape in SNIFFED_SHAPES and self.alive:
                sniffed += count
                if may_be_a_date(text):
                    self._sniff(text, count)
        self.sniffed += sniffed
        if sniffed:
            # Hopeless formats are dropped soon: the rest of a long table then costs nothing.
            self.alive = tuple(f for f in self.alive if self.formats[f] >= KEPT_SHARE * self.sniffed)

    def _sniff(self, text: str, count: int) -> None:
        for format_ in self.alive:
            if reads(format_, text):
                self.formats[format_] += count


def _has_version(value: bytes, *, at: int) -> bool:
    """True for 16 bytes that could be a UUID whose version stands in this byte: the seventh, or .NET's eighth."""
    return value[8] >> 6 == 0b10 and value[at] >> 4 in UUID_VERSIONS


def _within(numbers: Mapping[Any, int], first: int, last: int) -> int:
    """How many fall in [first, last); most batches are told by their ends."""
    least, most = min(numbers), max(numbers)
    if least >= last or most < first:
        return 0
    if least >= first and most < last:
        return sum(numbers.values())
    return sum(count for value, count in numbers.items() if first <= value < last)


def read_profile(path: Path, *, users: str | None = None) -> DatabaseFacts:
    """Everything that `init` decides by: schema, counts per column, keys, and which references hold.

    The file is opened read-only and read within one transaction. Tables beyond 2,000,000 rows are judged by their
    first 2,000,000; columns called password and the like are not read at all. `users` says where the users' addresses
    are, `TABLE.COLUMN`, where an operator said so.

    Raises:
        LegacyFileError: the file cannot be read.
    """
    with open_read_only(path) as connection:
        connection.text_factory = _text
        connection.execute("BEGIN")
        kinds = _kinds(connection)
        tables = tuple(_read_table(connection, name) for name, kind in kinds.items() if kind == "table")
        others = tuple(OtherObject(name, kind) for name, kind in kinds.items() if kind != "table")
        tables = suggested_references(connection, declared_references(connection, tables), chosen=users)
        tables = tuple(_with_key(connection, table) for table in tables)
        tables = tuple(replace(table, several=one_of_several(connection, table, tables)) for table in tables)
        return DatabaseFacts(path.name, _schema(connection), tables, others)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _schema(connection: sqlite3.Connection) -> str:
    rows = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY type, name"
    )
    return "\n".join(sql for (sql,) in rows)


def _kinds(connection: sqlite3.Connection) -> dict[str, str]:
    """Each object's name -> `table`, or the reason why it is not migrated; in the order of the schema."""
    rows = connection.execute(
        "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"
    )
    found = rows.fetchall()
    is_virtual = "CREATE VIRTUAL TABLE"
    virtual = [name for name, _, sql in found if (sql or "").lstrip().upper().startswith(is_virtual)]
    # SQLite knows its shadow tables (3.37 and later); before that their names tell.
    listed = {row[1]: row[2] for row in connection.execute("PRAGMA table_list").fetchall()}
    kinds = {}
    for name, kind, _ in found:
        owner = next((parent for parent in virtual if name.lower().startswith(f"{parent.lower()}_")), None)
        if name.lower().startswith("sqlite_"):
            kinds[name] = "SQLite's own bookkeeping"
        elif kind == "view":
            kinds[name] = "a view: its rows stand in its tables"
        elif name in virtual:
            kinds[name] = "a virtual table: an index over other data, made anew on the target"
        elif owner and listed.get(name, "shadow") == "shadow":
            kinds[name] = f"a shadow table of {owner}"
        else:
            kinds[name] = "table"
    return kinds


def _read_table(connection: sqlite3.Connection, name: str) -> TableFacts:
    info = connection.execute(fill("PRAGMA table_xinfo({table})", table=quoted(name))).fetchall()
    created = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [name]).fetchone()[
        0
    ]
    columns = {
        row[1]: ColumnFacts(
            row[1],
            row[2] or "",
            not_null=bool(row[3]),
            generated=row[6] in GENERATED,
            is_flag=_says_flag(row[1], row[4], created or ""),
        )
        for row in info
        if row[6] != HIDDEN
    }
    primary_key = tuple(row[1] for row in sorted(info, key=lambda row: row[5]) if row[5])
    rows = int(connection.execute(fill("SELECT count(*) FROM {table}", table=quoted(name))).fetchone()[0])
    wanted = [c.name for c in columns.values() if not c.generated and not is_beyond_doubt(c.name)]
    counts = {column: _Counts() for column in wanted}
    for batch in _batches(connection, name, wanted):
        for column, values in zip(wanted, zip(*batch, strict=True), strict=True):
            counts[column].add(values)
    columns |= {column: _filled(columns[column], counts[column]) for column in wanted}
    found = TableFacts(name, rows, columns, scanned=min(rows, SAMPLE_ROWS), primary_key=primary_key)
    return replace(found, unique=declared_keys(connection, found))


def _says_flag(column: str, default: str | None, created: str) -> bool:
    """True where `DEFAULT false`, or `CHECK (x IN (0, 1))`, as SQLAlchemy writes it, says that a column is a flag."""
    if (default or "").strip("()' ").lower() in ("true", "false"):
        return True
    check = rf"""CHECK\s*\(\s*["`\[]?{re.escape(column)}["`\]]?\s+IN\s*\(\s*[01]\s*,\s*[01]\s*\)"""
    return re.search(check, created, re.IGNORECASE) is not None


def _with_key(connection: sqlite3.Connection, table: TableFacts) -> TableFacts:
    guess = () if table.unique else guessed_key(connection, table)
    return replace(table, unique=(guess,), is_guessed=True) if guess else table


def _batches(connection: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    if not columns:
        return
    cells = ", ".join(_cell(quoted(column)) for column in columns)
    query = fill("SELECT {cells} FROM {table} LIMIT ?", cells=cells, table=quoted(table))
    cursor = connection.execute(query, [SAMPLE_ROWS])
    while rows := cursor.fetchmany(BATCH_ROWS):
        yield rows


def _cell(name: str) -> str:
    # Long cells are cut, so that a batch stays small; of a long JSON text only its validity is told.
    return fill(
        "CASE typeof({cell}) WHEN 'blob' THEN substr({cell}, 1, {blob})"
        " WHEN 'text' THEN CASE WHEN length({cell}) <= {text} THEN {cell}"
        " WHEN substr({cell}, 1, 1) IN ('{{', '[') AND json_valid({cell}) THEN '{{}}'"
        " ELSE substr({cell}, 1, {text}) END ELSE {cell} END",
        cell=name,
        blob=str(UUID_BYTES + 1),
        text=str(LONGEST_TEXT),
    )


def _filled(column: ColumnFacts, counts: _Counts) -> ColumnFacts:
    return replace(
        column,
        nulls=counts.nulls,
        integers=counts.classes[int],
        reals=counts.classes[float],
        texts=counts.classes[str],
        blobs=counts.classes[bytes],
        zeros_and_ones=counts.zeros_and_ones,
        zeros=counts.zeros,
        minus_ones=counts.minus_ones,
        zoned=counts.zoned,
        small_integers=counts.small_integers,
        whole_reals=counts.whole_reals,
        infinities=counts.infinities,
        finer_reals=counts.finer_reals,
        credentials=counts.credentials,
        file_names=counts.file_names,
        file_roots=tuple(sorted(counts.file_roots)),
        guid_blobs=counts.guid_blobs if counts.plain_blobs < counts.guid_blobs else 0,
        uuid_blobs=counts.uuid_blobs,
        emails=counts.emails,
        shapes=dict(counts.shapes),
        formats={name: counts.formats[name] for name in counts.alive if counts.formats[name]},
        epochs={unit: count for unit, count in counts.epochs.items() if count},
    )
