"""Reads one export's rows out of a snapshot: every cell as text, its storage class beside it, nothing lost."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from etl_assets.access.files.artifacts import BATCH_ROWS
from etl_assets.access.legacy.database import LegacyTable, describe, fill, open_read_only, quoted, require_table
from etl_assets.access.legacy.keys import cell_text, key_text
from etl_assets.access.legacy.lookup import with_lookups
from etl_assets.model.errors import LegacyMismatch
from etl_assets.model.ids import REPEATED_MARK, ROWID_PREFIX
from etl_assets.spec.exports import Export, ExportColumn
from etl_assets.spec.model import ROWID, Spec, Table
from etl_assets.spec.rules import looks_secret

SAMPLE_ROWS = 2_000
READS_ALLOWED = {20, 21, 31, 33}  # SQLITE_READ, SQLITE_SELECT, SQLITE_FUNCTION, SQLITE_RECURSIVE
SQLITE_READ = 20
UNDECODABLE = "T"
STORAGE_CLASSES = {"i": "integer", "r": "real", "t": "text", "b": "blob"}
REPEATED = "temp.etl_repeated_keys"
ONCE_REPEATED = "etl_once_repeated"  # in a scrubbed copy: keys that a removed row shared with one that stays
Row = tuple[Any, ...]


@dataclass
class ExportReader:
    """One export on one open snapshot. After the batches are read, `classes` counts storage classes per column.

    `is_plain`: no cell is of another class than its column's usual one, TEXT or INTEGER, or NULL.
    """

    connection: sqlite3.Connection
    export: Export
    table: LegacyTable
    columns: tuple[ExportColumn, ...]
    usual: dict[str, str]
    is_plain: bool
    classes: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The CSV's columns between `_key` and `_classes`."""
        return tuple(column.label for column in self.columns)

    @property
    def declared(self) -> dict[str, str]:
        """Each label's declared SQLite type, empty for expressions."""
        return {column.label: self.table.columns.get(column.column or "", "") for column in self.columns}

    def batches(self) -> Iterator[pl.DataFrame]:
        """Frames of String columns: `_key`, the labels, `_classes`; at least one, which may be empty."""
        yield self.frame([])
        for rows in self.rows():
            yield self.frame(rows)

    def rows(self, after: int | None = None, last: int | None = None) -> Iterator[list[Row]]:
        """What SQLite says of the rows, in the order of the rowid, and at most BATCH_ROWS at a time.

        A row is `_key`, the labels' cells and `_classes`, each in bytes or None, and the rowid where there is one;
        where `is_plain`, integers are integers.
        Given rowids, only what stands above `after` and not above `last`.
        """
        cells = ", ".join(self._cell(column) for column in self.columns)
        query = fill(
            "SELECT {key}, {cells} {classes} {rowid} FROM {table} {where} {order}",
            key=key_label(self.export, self.table),
            cells=cells + ("," if cells else ""),
            classes=self._class_string(),
            rowid=f", {self.table.rowid}" if self.table.rowid else "",
            table=quoted(self.table.name),
            where=self._where(included=True, after=after, last=last),
            order=self._order(),
        )
        self.connection.text_factory = bytes
        cursor = self.connection.execute(query)
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield rows

    def frame(self, rows: list[Row]) -> pl.DataFrame:
        """Rows as `batches` has them; what they are is counted."""
        names = ("_key", *self.labels, "_classes")
        values = list(zip(*rows, strict=True))[: len(names)] if rows else [()] * len(names)
        integers = {c.label for c in self.columns if self.is_plain and not c.lookup and self.usual[c.label] == "i"}
        return self._counted(_decoded(dict(zip(names, values, strict=True)), self.usual, integers))

    def excluded(self) -> Iterator[pl.DataFrame]:
        """Frames of one String column `_key`: the rows for which `where` is not true."""
        if self.export.where is None:
            return
        self.connection.text_factory = str
        query = fill(
            "SELECT {key} FROM {table} {where} {order}",
            key=key_label(self.export, self.table),
            table=quoted(self.table.name),
            where=self._where(included=False),
            order=self._order(),
        )
        cursor = self.connection.execute(query)
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield pl.DataFrame({"_key": [key for (key,) in rows]}, schema={"_key": pl.String})

    def _where(self, *, included: bool, after: int | None = None, last: int | None = None) -> str:
        conditions, rowid = [], self.table.rowid or ""
        if self.export.where is not None:
            slots = {"where": self.export.where, "is_true": "1" if included else "0"}
            conditions.append(fill("(({where}) IS TRUE) = {is_true}", **slots))
        if after is not None:
            conditions.append(fill("{rowid} > {after}", rowid=rowid, after=str(after)))
        if last is not None:
            conditions.append(fill("{rowid} <= {last}", rowid=rowid, last=str(last)))
        return f"WHERE {' AND '.join(conditions)}" if conditions else ""

    def _order(self) -> str:
        return fill("ORDER BY {rowid}", rowid=self.table.rowid) if self.table.rowid else ""

    def _cell(self, column: ExportColumn) -> str:
        if column.lookup is not None:
            return _plain_cell(_source(column))
        # An integer is made text by polars, at a third of what SQLite takes.
        return _source(column) if self.is_plain else cell_text(_source(column))

    def _class_string(self) -> str:
        if self.is_plain:
            return "NULL"
        # What is looked up is text, or NULL where the columns are that name it; it is found once.
        cells = {c.label: "''" if c.lookup else _source(c) for c in self.columns}
        usual = " AND ".join(
            fill("typeof({cell}) IN ('null', '{usual}')", cell=cell, usual=STORAGE_CLASSES[self.usual[label]])
            for label, cell in cells.items()
        )
        letters = " || ".join(fill("substr(typeof({cell}), 1, 1)", cell=cell) for cell in cells.values())
        return fill("CASE WHEN {usual} THEN NULL ELSE {letters} END", usual=usual, letters=letters)

    def _counted(self, batch: pl.DataFrame) -> pl.DataFrame:
        odd = batch["_classes"].drop_nulls()
        for number, label in enumerate(self.labels):
            counter = self.classes.setdefault(label, Counter())
            filled = batch.height - batch[label].null_count()
            counter["n"] += batch.height - filled
            letters = odd.str.slice(number, 1)
            for letter, count in letters.value_counts().iter_rows():
                if letter != "n":
                    counter[letter] += count
                    filled -= count
            counter[self.usual[label]] += filled
        return batch


def open_export(connection: sqlite3.Connection, export: Export) -> ExportReader | None:
    """A reader for one export, or None where an optional table is absent.

    Raises:
        LegacyMismatch: a table, column or key is absent, an expression does not work, or something reads a secret.
    """
    connection.create_function("etl_real", 1, repr, deterministic=True)
    connection.text_factory = str
    if export.optional and describe(connection, export.source) is None:
        return None
    table = require_table(connection, export.source)
    present = {name.lower() for name in table.columns}
    columns = tuple(column for column in export.columns if not (column.optional and column.label not in present))
    _require_columns(export, table, columns)
    _require_no_secrets(connection, export, table, columns)
    columns = with_lookups(connection, export, columns)
    find_repeated_keys(connection, export, table)
    usual = _usual_classes(connection, table, columns)
    return ExportReader(connection, export, table, columns, usual, _is_plain(connection, table, columns, usual))


def _require_columns(export: Export, table: LegacyTable, columns: tuple[ExportColumn, ...]) -> None:
    key = export.key or table.primary_key
    if not key:
        raise LegacyMismatch(
            f"The legacy table {table.name!r} has no primary key: name its key in the spec, `key: [column]`; without "
            "any, `key: [rowid]` tells its rows apart by their place, and the table can be loaded once."
        )
    allowed = {column.column for column in columns if column.secret_allowed}
    for name in key:
        if looks_secret(name) and name not in allowed:
            raise LegacyMismatch(
                f"The key of the legacy table {table.name!r} is {name!r}, which looks like a secret and would be "
                "written everywhere; name another key, or name it among the columns with `secret: allowed`."
            )
    known = {name.lower() for name in table.columns}
    # Checked by hand: SQLite reads an unknown name in double quotes as a string.
    for name in (*key, *(column.column for column in columns if column.column)):
        if name == ROWID and export.key == (ROWID,) and table.rowid == ROWID:
            continue
        if name.lower() not in known:
            raise LegacyMismatch(
                f"The legacy table {table.name!r} has no column {name!r}; it has {', '.join(table.columns)}."
            )


def _require_no_secrets(
    connection: sqlite3.Connection, export: Export, table: LegacyTable, columns: tuple[ExportColumn, ...]
) -> None:
    expressions = [(column.label, column.expr) for column in columns if column.expr and not column.secret_allowed]
    if export.where:
        expressions.append(("where", export.where))
    for label, expression in expressions:
        read: set[str] = set()

        def note(action: int, _table: str | None, column: str | None, *_: object, read: set[str] = read) -> int:
            if action == SQLITE_READ and column:
                read.add(column)
            return sqlite3.SQLITE_OK if action in READS_ALLOWED else sqlite3.SQLITE_DENY

        connection.set_authorizer(note)
        try:
            connection.execute(
                fill("SELECT ({expression}) FROM {table} LIMIT 0", expression=expression, table=quoted(table.name))
            )
        except sqlite3.DatabaseError as error:
            raise LegacyMismatch(f"{export.name}.{label}: SQLite refuses the expression: {error}.") from None
        finally:
            connection.set_authorizer(allow_all)
        secrets = sorted(column for column in read if looks_secret(column))
        if secrets and label != "where":
            raise LegacyMismatch(
                f"{export.name}.{label} reads {secrets[0]!r}, which looks like a secret; see `secret:`."
            )


def allow_all(*_: object) -> int:
    """An authorizer that is none: Python 3.10 takes `set_authorizer(None)` for one that denies everything."""
    return sqlite3.SQLITE_OK


def key_columns(copy: Path, spec: Spec) -> dict[str, tuple[str, ...]]:
    """Each table's key columns: the spec's, else the primary key of the table in this copy of the database.

    A table that is not there, and whose key the spec does not name, is left out.
    """
    with open_read_only(copy) as connection:
        keys = {name: key_of(connection, table) for name, table in spec.tables.items()}
    return {name: key for name, key in keys.items() if key is not None}


def key_of(connection: sqlite3.Connection, table: Table) -> tuple[str, ...] | None:
    """A table's key columns: the spec's, else its primary key; None for one that is not there."""
    if table.key:
        return table.key
    legacy = describe(connection, table.source)
    return legacy.primary_key if legacy else None


def find_repeated_keys(connection: sqlite3.Connection, export: Export, table: LegacyTable) -> None:
    """Notes in a temporary table which keys tell no row apart, those among them that a scrubbed copy had before."""
    connection.execute(fill("DROP TABLE IF EXISTS {repeated}", repeated=REPEATED))
    connection.execute("CREATE TEMP TABLE etl_repeated_keys (key TEXT PRIMARY KEY)")
    is_declared = bool(table.primary_key) and export.key in ((), table.primary_key)
    if _is_rowid(export, table) or (is_declared and table.rowid is None):
        return  # unique by construction: the rowid itself, or the key of a WITHOUT ROWID table
    query = "INSERT INTO {repeated} SELECT {key} AS k FROM {table} WHERE k IS NOT NULL GROUP BY k HAVING count(*) > 1"
    slots = {"repeated": REPEATED, "once": ONCE_REPEATED, "key": key_text(export, table), "table": quoted(table.name)}
    connection.execute(fill(query, **slots))
    if describe(connection, ONCE_REPEATED):
        query = "INSERT OR IGNORE INTO {repeated} SELECT key FROM {once} WHERE place = ?"
        connection.execute(fill(query, **slots), [export.name])


def _is_rowid(export: Export, table: LegacyTable) -> bool:
    """True when the key is the table's INTEGER PRIMARY KEY: an integer in every row, and in each another."""
    return table.has_integer_key and export.key in ((), table.primary_key)


def _usual_classes(
    connection: sqlite3.Connection, table: LegacyTable, columns: tuple[ExportColumn, ...]
) -> dict[str, str]:
    if not columns:
        return {}
    cells = ["''" if column.lookup else _source(column) for column in columns]
    kinds = ", ".join(fill("substr(typeof({cell}), 1, 1)", cell=cell) for cell in cells)
    query = fill("SELECT {kinds} FROM {table} LIMIT ?", kinds=kinds, table=quoted(table.name))
    sample = connection.execute(query, [SAMPLE_ROWS]).fetchall()
    usual = {}
    for number, column in enumerate(columns):
        seen = Counter(row[number] for row in sample if row[number] != "n")
        usual[column.label] = seen.most_common(1)[0][0] if seen else "t"
    return usual


def _is_plain(
    connection: sqlite3.Connection, table: LegacyTable, columns: tuple[ExportColumn, ...], usual: dict[str, str]
) -> bool:
    """True when no cell needs a look at its storage class: one pass, at a quarter of what it spares the export."""
    if not set(usual.values()) <= set("it"):
        return False
    own = [column for column in columns if column.lookup is None]
    odd = " OR ".join(_is_odd(_source(column), usual[column.label]) for column in own) or "0"
    query = fill("SELECT 1 FROM {table} WHERE {odd} LIMIT 1", table=quoted(table.name), odd=odd)
    return connection.execute(query).fetchone() is None


def _is_odd(source: str, usual: str) -> str:
    if usual == "i":
        return fill("typeof({cell}) NOT IN ('null', 'integer')", cell=source)
    # Numbers sort before any text and BLOBs after it (https://sqlite.org/datatype3.html, 4.1): cheaper than typeof().
    return fill("({cell}) COLLATE BINARY < '' OR ({cell}) COLLATE BINARY >= x''", cell=source)


def _source(column: ExportColumn) -> str:
    return fill("({expr})", expr=column.expr) if column.expr else quoted(column.column or "")


def _plain_cell(source: str) -> str:
    return fill("CAST({cell} AS TEXT)", cell=source)


def key_label(export: Export, table: LegacyTable) -> str:
    """What the export writes as `_key`: the key, or the row's place where the key tells it from no other."""
    if _is_rowid(export, table):
        # Short, because it is most of a row's cost. NULL is there where the key is declared DESC, which is no rowid.
        number = quoted(table.primary_key[0])
        text = "ifnull(CAST({number} AS TEXT), '{prefix}' || {rowid})"
        return fill(text, number=number, prefix=ROWID_PREFIX, rowid=str(table.rowid))
    return fill(
        "CASE WHEN {key} IS NULL OR {key} IN (SELECT key FROM {repeated})"
        " THEN '{prefix}' || {row} || ifnull('{mark}' || {key}, '') ELSE {key} END",
        key=key_text(export, table),
        repeated=REPEATED,
        prefix=ROWID_PREFIX,
        mark=REPEATED_MARK,
        # Rows without a rowid (of a view, or WITHOUT ROWID) are told apart by their number in the scan.
        row=table.rowid or "row_number() OVER ()",
    )


def _decoded(cells: dict[str, tuple[Any, ...]], usual: dict[str, str], integers: set[str]) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {}
    undecodable: dict[str, list[int]] = {}
    for name, values in cells.items():
        if name in integers:
            columns[name] = pl.Series(name, values, dtype=pl.Int64).cast(pl.String)
            continue
        raw = pl.Series(name, values, dtype=pl.Binary)
        try:
            columns[name] = raw.cast(pl.String)
        except pl.exceptions.ComputeError:
            columns[name], undecodable[name] = _hex_where_needed(raw)
    frame = pl.DataFrame(columns)
    if not undecodable:
        return frame
    return frame.with_columns(_marked(frame, undecodable, usual))


def _hex_where_needed(raw: pl.Series) -> tuple[pl.Series, list[int]]:
    texts: list[str | None] = []
    bad: list[int] = []
    for row, value in enumerate(raw):
        try:
            texts.append(None if value is None else value.decode("utf-8"))
        except UnicodeDecodeError:
            texts.append(value.hex().upper())
            bad.append(row)
    return pl.Series(raw.name, texts, dtype=pl.String), bad


def _marked(frame: pl.DataFrame, undecodable: dict[str, list[int]], usual: dict[str, str]) -> pl.Series:
    labels = list(usual)
    classes = frame["_classes"].to_list()
    for name, rows in undecodable.items():
        if name not in usual:
            raise LegacyMismatch(
                "A legacy key is text that is not UTF-8; name another key in the spec, `key: [column]`."
            )
        for row in rows:
            letters = classes[row] or "".join("n" if frame[label][row] is None else usual[label] for label in labels)
            number = labels.index(name)
            classes[row] = letters[:number] + UNDECODABLE + letters[number + 1 :]
    return pl.Series("_classes", classes, dtype=pl.String)
