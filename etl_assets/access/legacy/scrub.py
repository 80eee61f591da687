"""A copy of the legacy database without the people who were forgotten: neither their rows nor anything left of them."""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from etl_assets.access.legacy.database import (
    LegacyTable,
    count_rows,
    describe,
    disk_fault,
    fill,
    open_read_only,
    quoted,
)
from etl_assets.access.legacy.export import (
    ONCE_REPEATED,
    REPEATED,
    SQLITE_READ,
    allow_all,
    find_repeated_keys,
    key_label,
)
from etl_assets.access.legacy.keys import key_part, key_text
from etl_assets.access.legacy.lookup import ONCE_NAMED, find_named, keep_named, with_lookups
from etl_assets.model.corrections import CorrectionsFile
from etl_assets.model.errors import LegacyMismatch
from etl_assets.model.suppression import Suppressions
from etl_assets.spec.columns import Column
from etl_assets.spec.exports import Export, ExportColumn, exports_of, label_of, lookup_label, owner_label
from etl_assets.spec.model import USERS, Spec, Table

GONE = "temp.etl_gone"
SAID = "temp.etl_said"
SHARED = "temp.etl_shared"
# Names of their own, because expressions over legacy columns stand within statements about them.
SCRATCH = (
    f"CREATE TABLE {GONE} (etl_place TEXT, etl_key TEXT, etl_label TEXT)",
    "CREATE INDEX temp.etl_gone_key ON etl_gone (etl_place, etl_key)",
    f"CREATE TABLE {SAID} (etl_place TEXT, etl_label TEXT, etl_key TEXT, etl_value TEXT)",
    "CREATE INDEX temp.etl_said_key ON etl_said (etl_place, etl_label, etl_key)",
    f"CREATE TABLE {SHARED} (place TEXT, key TEXT)",
)
SCRATCH_TABLES = {"gone": GONE, "shared": SHARED, "repeated": REPEATED, "once": ONCE_REPEATED}
DELETE, DROP = "DELETE FROM {table} WHERE {condition}", "DROP {kind} IF EXISTS {name}"
FORGOTTEN = "etl_is_forgotten(CAST({user} AS BLOB))"
Identity = tuple[int, int | None, int | None, float]


@dataclass(frozen=True)
class Scrub:
    """What decides whose a row is: the spec, the corrections of owners and references, and who was forgotten."""

    spec: Spec
    suppressions: Suppressions
    corrections: CorrectionsFile = field(default_factory=CorrectionsFile)


@dataclass(frozen=True)
class Scrubbed:
    """What a copy no longer holds: each table's rows by the key that the export gave them, how many users; and how many
    users it still holds.

    `others` are tables that are not of the spec and stay, because an expression of it reads them.
    """

    rows: dict[str, list[str]] = field(default_factory=dict)
    users: int = 0
    users_left: int = 0
    others: tuple[str, ...] = ()


def find_forgotten(path: Path, what: Scrub) -> dict[str, list[str]]:
    """The keys of the rows that forgotten people own in a copy, per owned table, directly or through parents.

    Raises:
        LegacyMismatch: a table of the spec is a view, or SQLite cannot tell.
    """
    with open_read_only(path) as connection, _told():
        return {name: keys for name, (keys, _) in _find(connection, what).items()}


def scrub(copy: Path, clean: Path, what: Scrub) -> Scrubbed:
    """Writes `clean`: the copy without the rows of forgotten people, and without every table that no export reads.

    Args:
        copy: scratch, which is used up.
        clean: a path where nothing is yet.
        what: whom to look for, and where.

    Raises:
        LegacyMismatch: a table of the spec is a view, whose rows cannot be removed, or SQLite cannot do it.
    """
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        with _told():
            for setting in ("journal_mode=OFF", "temp_store=MEMORY", "foreign_keys=OFF"):
                connection.execute("PRAGMA " + setting)
            found = _find(connection, what)
            keep_named(connection, what.spec, GONE)
            needed, own = _tables_read(connection, what.spec)
            _drop_the_rest(connection, needed)
            for name in reversed(found):
                source, condition = quoted(what.spec.tables[name].source), found[name][1]
                connection.execute(fill(DELETE, table=source, condition=condition))
            users, users_left = _delete_users(connection, what.spec)
            _keep_repeated(connection)
            before = _identities(connection, own)
            clean.touch(mode=0o600)
            # Unlike VACUUM, it gives no row another rowid, by which tables without a key are known.
            connection.execute("VACUUM INTO ?", [str(clean)])
    finally:
        connection.close()
    with open_read_only(clean) as cleaned:
        if _identities(cleaned, own) != before:
            raise LegacyMismatch(
                f"SQLite {sqlite3.sqlite_version} renumbers rows when it copies a database; use a newer one."
            )
    rows = {name: keys for name, (keys, _) in found.items() if keys}
    return Scrubbed(rows, users, users_left, others=tuple(sorted(needed - own - {ONCE_REPEATED, ONCE_NAMED})))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise disk_fault(error) or LegacyMismatch(
            f"Forgotten people cannot be taken out of a copy of the legacy database ({error}): nothing was "
            "published. Look at the schema of the legacy database and the spec's expressions."
        ) from None


def _find(connection: sqlite3.Connection, what: Scrub) -> dict[str, tuple[list[str], str]]:
    """Each owned table's keys of forgotten rows, parents first, and the condition that finds them."""
    connection.create_function("etl_real", 1, repr, deterministic=True)
    connection.text_factory = str
    judge = _judge(what.suppressions, _present(connection, what))
    connection.create_function("etl_is_forgotten", 1, judge, deterministic=True)
    _require_tables(connection, what.spec)
    for statement in SCRATCH:
        connection.execute(statement)
    found = {}
    exports = exports_of(what.spec)
    for name in (name for name in what.spec.load_order if not what.spec.tables[name].owner.is_none):
        table = describe(connection, exports[name].source)
        if table is None:
            continue
        condition = _condition(connection, what, what.spec.tables[name], exports[name], table)
        found[name] = (_keys(connection, exports[name], table, condition), condition)
    return found


def _present(connection: sqlite3.Connection, what: Scrub) -> dict[str, tuple[str | None, str | None]]:
    """Who has an id of somebody who was forgotten by now: address, and sign-up where it is nobody else's too."""
    users, export = what.spec.users, exports_of(what.spec).get(USERS)
    table = describe(connection, export.source) if export else None
    if users is None or export is None or table is None:
        return {}
    cells = [
        fill("CAST({name} AS TEXT)", name=quoted(name))
        if name.lower() in {n.lower() for n in table.columns}
        else "NULL"
        for name in (users.email, users.created_column)
    ]
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    wanted = ", ".join([key_text(export, table), *cells])
    query = fill("SELECT {wanted} FROM {table}", wanted=wanted, table=quoted(table.name))
    found = {key: (email, created) for key, email, created in connection.execute(query) if key is not None}
    connection.text_factory = str
    shared = Counter(created for _, created in found.values())
    return {
        key: (email, created if shared[created] == 1 else None)
        for key, (email, created) in found.items()
        if what.suppressions.names(key)
    }


def _judge(
    suppressions: Suppressions, present: dict[str, tuple[str | None, str | None]]
) -> Callable[[bytes | None], bool]:
    known: dict[bytes, bool] = {}

    def is_forgotten(key: bytes | None) -> bool:
        # As bytes, because a key that is not UTF-8 would be an error of the function.
        if key is None:
            return False
        if key not in known:
            user = key.decode("utf-8", "replace")
            # Rows of somebody whom the app has deleted since are that person's.
            known[key] = suppressions.covers(user, *present.get(user, (None, None)))
        return known[key]

    return is_forgotten


def _require_tables(connection: sqlite3.Connection, spec: Spec) -> None:
    for name, export in exports_of(spec).items():
        row = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE lower(name) = lower(?) AND type IN ('table', 'view')",
            [export.source],
        ).fetchone()
        if row and (row[0] == "view" or row[2].upper().startswith("CREATE VIRTUAL")):
            raise LegacyMismatch(
                f"The source of {name}, {row[1]!r}, is a view or a virtual table, and the rows of a person cannot be "
                "taken out of it. Name the table behind it in the spec, or take the table out of the spec."
            )


def _condition(connection: sqlite3.Connection, what: Scrub, table: Table, export: Export, legacy: LegacyTable) -> str:
    named = table.owner.from_ or table.columns[table.owner.via or ""].from_ or table.owner.via or ""
    if named.lower() not in {column.lower() for column in legacy.columns} and not (
        table.owner.via and table.columns[table.owner.via].expr
    ):
        raise LegacyMismatch(f"The legacy table {legacy.name!r} has no column {named!r}, which says whose a row is.")
    if table.owner.from_:
        expr, label = table.owner.expr, owner_label(table) or ""
        value = fill("({expr})", expr=expr) if expr else quoted(table.owner.from_)
        owner = _corrected(connection, what, export, legacy, ExportColumn(label, expr=value))
        return fill(FORGOTTEN, user=owner)
    column = table.columns[table.owner.via or ""]
    assert column.references is not None  # noqa: S101 - held by spec.rules
    parent = column.references.table
    value = fill("({expr})", expr=column.expr) if column.expr else quoted(column.from_ or table.owner.via or "")
    label = label_of(table, table.owner.via or "")
    lookup = None
    if column.references.key:
        named_by = _named_by(connection, export, table)
        column, value, lookup = Column(type="text"), named_by.expr or "", named_by.lookup
    value = _corrected(connection, what, export, legacy, ExportColumn(label, expr=value, lookup=lookup))
    function = "etl_ref_" + table.name
    connection.create_function(function, 1, _parent_key(column), deterministic=True)
    return fill(
        "EXISTS (SELECT 1 FROM {gone} AS gone"
        " WHERE gone.etl_place = {place} AND gone.etl_key = {to_key}(CAST({value} AS BLOB)))",
        gone=GONE,
        place=_text(parent),
        to_key=function,
        value=value,
    )


def _named_by(connection: sqlite3.Connection, export: Export, table: Table) -> ExportColumn:
    """The parent's key, where another column of the parent says whose a row is."""
    label = lookup_label(table, table.owner.via or "")
    columns = with_lookups(connection, export, export.columns)
    return next(column for column in columns if column.label == label)


def _parent_key(column: Column) -> Callable[[bytes | None], str | None]:
    """From a cell, as a key, to the parent's key: as staging reads a reference."""
    pattern = column.references.match if column.references else None

    def key(cell: bytes | None) -> str | None:
        text = None if cell is None else cell.decode("utf-8", "replace")
        if column.map is not None and text is not None:
            text = column.map.get(text, text)
        if text is None or (column.empty == "null" and text == ""):
            text = column.default
        if pattern is None or text is None:
            return text
        match = re.search(pattern, text)
        return match["id"] if match else None

    return key


def _corrected(
    connection: sqlite3.Connection, what: Scrub, export: Export, legacy: LegacyTable, cell: ExportColumn
) -> str:
    """The cell as a key, where the operator gave another owner or parent that one."""
    label, value, lookup = cell.label, cell.expr or "", cell.lookup
    said = what.corrections.of(export.name).cells(label)
    if not said:
        return key_part(value)
    values = [
        (export.name, label, c.legacy_id, find_named(connection, lookup, [c.value]) if lookup else c.value)
        for c in said
    ]
    connection.executemany(fill("INSERT INTO {said} VALUES (?, ?, ?, ?)", said=SAID), values)
    slots = {"said": SAID, "place": _text(export.name), "label": _text(label), "key": key_text(export, legacy)}
    given = fill("FROM {said} WHERE etl_place = {place} AND etl_label = {label} AND etl_key = {key}", **slots)
    return fill(
        "CASE WHEN EXISTS (SELECT 1 {given}) THEN (SELECT etl_value {given}) ELSE {own} END",
        given=given,
        own=key_part(value),
    )


def _keys(connection: sqlite3.Connection, export: Export, table: LegacyTable, condition: str) -> list[str]:
    find_repeated_keys(connection, export, table)
    slots = {
        "place": _text(export.name),
        "key": key_text(export, table),
        "label": key_label(export, table),
        "table": quoted(table.name),
        "condition": condition,
        **SCRATCH_TABLES,
    }
    connection.execute(
        fill("INSERT INTO {gone} SELECT {place}, {key}, {label} FROM {table} WHERE {condition}", **slots)
    )
    labels = connection.execute(fill("SELECT etl_label FROM {gone} WHERE etl_place = {place}", **slots)).fetchall()
    # A key that a removed row shares with one that stays names neither: whose are the children?
    connection.execute(
        fill(
            "INSERT INTO {shared} SELECT DISTINCT {place}, {key} AS k FROM {table}"
            " WHERE k IN (SELECT key FROM {repeated})"
            " AND k IN (SELECT etl_key FROM {gone} WHERE etl_place = {place}) AND NOT ({condition})",
            **slots,
        )
    )
    connection.execute(
        fill("DELETE FROM {gone} WHERE (etl_place, etl_key) IN (SELECT place, key FROM {shared})", **slots)
    )
    return [label for (label,) in labels]


def _keep_repeated(connection: sqlite3.Connection) -> None:
    if connection.execute(fill("SELECT 1 FROM {shared}", **SCRATCH_TABLES)).fetchone():
        connection.execute(fill("CREATE TABLE IF NOT EXISTS {once} (place TEXT, key TEXT)", **SCRATCH_TABLES))
        connection.execute(fill("INSERT INTO {once} SELECT place, key FROM {shared}", **SCRATCH_TABLES))


def _tables_read(connection: sqlite3.Connection, spec: Spec) -> tuple[set[str], set[str]]:
    """What the exports read, in lower case: all of it, and the spec's own tables among them."""
    own = {e.source.lower() for e in exports_of(spec).values() if describe(connection, e.source)}
    read = {*own, ONCE_REPEATED, ONCE_NAMED}

    def note(action: int, table: str | None, _column: str | None, _schema: str | None, view: str | None) -> int:
        if action == SQLITE_READ:
            read.update(name.lower() for name in (table, view) if name)
        return sqlite3.SQLITE_OK

    for export in exports_of(spec).values():
        wanted = [column.expr for column in export.columns if column.expr] + ([export.where] if export.where else [])
        if not wanted or export.source.lower() not in own:
            continue
        connection.set_authorizer(note)
        try:
            cells = ", ".join(fill("({expr})", expr=expression) for expression in wanted)
            connection.execute(fill("SELECT {cells} FROM {table} LIMIT 0", cells=cells, table=quoted(export.source)))
        finally:
            connection.set_authorizer(allow_all)
    return read, own


def _drop_the_rest(connection: sqlite3.Connection, needed: set[str]) -> None:
    """Whatever no export reads: it may tell of anybody. Triggers would copy what they see removed."""
    things = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
    for kind, name, text in things:
        if kind == "trigger" or (kind == "index" and text):
            connection.execute(fill(DROP, kind=kind, name=quoted(name)))
    rest = [(kind, name, text) for kind, name, text in things if kind in ("table", "view")]
    rest = [thing for thing in rest if thing[1].lower() not in {*needed, "sqlite_sequence"}]
    # Views first, and a virtual table before the tables that hold its content, which go with it.
    for kind, name, text in sorted(rest, key=lambda thing: (thing[0] != "view", not _is_virtual(thing[2]))):
        try:
            connection.execute(fill(DROP, kind=kind, name=quoted(name)))
        except sqlite3.OperationalError:
            if not _is_virtual(text):
                raise
            # Its module is the legacy app's own; without it only the catalog's line can go.
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("DELETE FROM sqlite_master WHERE name = ?", [name])
            connection.execute("PRAGMA writable_schema=RESET")


def _is_virtual(text: str) -> bool:
    return text.upper().startswith("CREATE VIRTUAL")


def _delete_users(connection: sqlite3.Connection, spec: Spec) -> tuple[int, int]:
    """Returns how many went and how many are left."""
    export = exports_of(spec).get(USERS)
    table = describe(connection, export.source) if export else None
    if export is None or table is None:
        return 0, 0
    condition = fill(FORGOTTEN, user=key_text(export, table))
    gone = connection.execute(fill(DELETE, table=quoted(table.name), condition=condition)).rowcount
    return gone, count_rows(connection, table)


def _identities(connection: sqlite3.Connection, names: set[str]) -> dict[str, Identity]:
    """The rowids of the tables, in numbers that change when any of them does."""
    found = {}
    for name in sorted(names):
        table = describe(connection, name)
        if table and table.rowid:
            query = "SELECT count(*), min({row}), max({row}), total({row}) FROM {table}"
            found[name] = connection.execute(fill(query, row=table.rowid, table=quoted(table.name))).fetchone()
    return found


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
