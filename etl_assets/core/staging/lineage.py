"""Is this legacy file the one that was migrated so far? A wrong path or an old backup looks like many changes at once.

Users and rows that were staged last are looked for in the new copy, a sample of each: who has another address and
another moment of sign-up, which rows are gone or were made at another moment. Rows of users who are gone go with them.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from etl_assets.access.legacy.database import describe, fill, open_read_only, quoted
from etl_assets.access.legacy.keys import key_text
from etl_assets.access.postgres.connection import Connection, has_table
from etl_assets.access.postgres.statements import Statements, staging_table
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.facts import find_fact, replace_fact
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.staged import staged_tables
from etl_assets.model.errors import LegacyReplaced, sample_of
from etl_assets.model.ids import ROWID_PREFIX
from etl_assets.model.suppression import BLANKS
from etl_assets.spec.exports import Export, exports_of
from etl_assets.spec.model import USERS, Spec

SQL = Statements(__file__)

ACCEPTED, ACCEPTED_LENGTH = "accepted file", 12  # digits of its sha256
SAMPLE_ROWS = 10_000
FEW = 20  # fewer things say nothing by their share: then only a file in which nothing is as it was is another one


@dataclass
class Compared:
    """Things of one kind: how many were looked for, how many are as they were, and ids of those that are not.

    `explained` rows went with their users.
    """

    kind: str
    looked: int = 0
    same: int = 0
    explained: int = 0
    changed: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """For a sentence."""
        return f"{len(self.changed):,} of {self.looked:,} {self.kind} (ids {sample_of(self.changed)})"


def require_the_same_file(connection: Connection, copy: Path, spec: Spec, *, digest: str) -> None:
    """Raises unless the copy holds what was staged last, but for a share that the policy allows; inside `reading`.

    Raises:
        LegacyReplaced: it does not, and no operator has said that this is the one.
    """
    limit = spec.policy.max_changed
    if limit is None or not exists(connection):
        return
    if find_fact(connection, ACCEPTED) == digest:
        return
    found = compare(connection, copy, spec)
    looked = sum(some.looked for some in found)
    if looked < FEW:
        is_another = looked > 0 and not any(some.same for some in found)
    else:
        is_another = any(
            100 * len(some.changed) > limit * (some.looked - some.explained) for some in found if some.looked >= FEW
        )
    if is_another:
        raise LegacyReplaced([some.told for some in found if some.changed], accept=digest)


def accept_file(connection: Connection, digest: str, *, run: str) -> None:
    """Writes down that an operator takes the file of this digest for the one; inside `writing`."""
    replace_fact(connection, ACCEPTED, digest[:ACCEPTED_LENGTH])
    audit(connection, run=run, action="file_accepted", sha256=digest[:ACCEPTED_LENGTH])


def compare(connection: Connection, copy: Path, spec: Spec) -> list[Compared]:
    """What was staged last, held against a copy: users first, then each table."""
    staged, exports, found = staged_tables(connection), exports_of(spec), []
    with open_read_only(copy) as legacy:
        legacy.create_function("etl_real", 1, repr, deterministic=True)
        legacy.text_factory = lambda raw: raw.decode("utf-8", "replace")
        gone: set[str] = set()
        if spec.users and USERS in staged:
            users = _users(connection, legacy, spec, exports[USERS])
            found.append(users)
            gone = set(users.changed)
        # A staging table that somebody dropped is made anew, and says nothing.
        staged = {name for name in staged if has_table(connection, f"etl.stg_{name}")}
        for name in (name for name in spec.load_order if name in staged and not spec.tables[name].is_keyless):
            found.append(_rows(connection, legacy, spec, name, exports[name], gone))
    return found


def _users(connection: Connection, legacy: sqlite3.Connection, spec: Spec, export: Export) -> Compared:
    users = spec.users
    assert users is not None  # noqa: S101 - asked by the caller
    known = SQL("sample_users").many(connection, count=SAMPLE_ROWS)
    now = _read(legacy, export, [key for key, *_ in known], [users.email, users.created_column])
    found = Compared("users have another address and sign-up, or are gone", len(known))
    for key, email, created in known:
        there = now.get(key)
        is_same = there is not None and (
            _folded(email) == _folded(there[0]) or (created is not None and created == there[1])
        )
        found.same += is_same
        found.changed += [] if is_same else [key]
    return found


def _rows(
    connection: Connection, legacy: sqlite3.Connection, spec: Spec, name: str, export: Export, gone: set[str]
) -> Compared:
    created = spec.tables[name].created_column
    if export.optional and describe(legacy, export.source) is None:
        return Compared(f"rows of {name}")
    query = SQL("sample_created" if created else "sample_rows", staging=staging_table(name))
    known = query.many(connection, count=SAMPLE_ROWS)
    now = _read(legacy, export, [key for key, *_ in known], [created] if created else [])
    found = Compared(f"rows of {name} are gone, or were made at another moment", len(known))
    for key, owner, made in known:
        there = now.get(key)
        is_same = there is not None and (not there or None in (made, there[0]) or made == there[0])
        found.same += is_same
        found.explained += owner in gone and not is_same
        found.changed += [] if is_same or owner in gone else [key]
    return found


def _read(
    legacy: sqlite3.Connection, export: Export, keys: Iterable[str], columns: list[str]
) -> dict[str, tuple[str | None, ...]]:
    """The cells of the rows with these keys, as text; columns that are not there are NULL."""
    table = describe(legacy, export.source)
    if table is None:
        return {}
    present = {column.lower() for column in table.columns}
    cells = [_text(column) if column.lower() in present else "NULL" for column in columns]
    legacy.execute("DROP TABLE IF EXISTS temp.etl_sample")
    legacy.execute("CREATE TEMP TABLE etl_sample (key TEXT PRIMARY KEY)")
    wanted = ((key,) for key in keys if not key.startswith(ROWID_PREFIX))
    legacy.executemany("INSERT INTO temp.etl_sample VALUES (?)", wanted)
    query = "SELECT {cells} FROM {table} WHERE {key} IN (SELECT key FROM temp.etl_sample)"
    key = key_text(export, table)
    slots = {"cells": ", ".join([key, *cells]), "table": quoted(table.name), "key": key}
    found = legacy.execute(fill(query, **slots)).fetchall()
    return {row[0]: tuple(row[1:]) for row in found}


def _text(column: str) -> str:
    name = quoted(column)
    return "CASE typeof(" + name + ") WHEN 'real' THEN etl_real(" + name + ") ELSE CAST(" + name + " AS TEXT) END"


def _folded(email: str | None) -> str:
    return (email or "").strip(BLANKS).lower()
