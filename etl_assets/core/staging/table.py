"""Staging tables: made whole from one snapshot, swapped in one transaction, disposable ever after."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl
from psycopg import sql

from etl_assets.access.postgres.catalog import regclass, shape_digest
from etl_assets.access.postgres.connection import Connection, analyze, has_table
from etl_assets.access.postgres.copying import copy_frame, csv_of, require_all_arrived, without_nul
from etl_assets.access.postgres.statements import (
    Statements,
    catalog_text,
    identifier,
    joined,
    literal,
    staging_table,
    without_parameters,
)
from etl_assets.core.links.links import Links
from etl_assets.core.links.reissued import free_reissued
from etl_assets.core.links.repeated import repeated_keys
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.staged import write_staged, write_staging_digest
from etl_assets.core.staging.ahead import one_ahead
from etl_assets.faults import fault_point
from etl_assets.model.corrections import KEY_LABEL, Corrections
from etl_assets.model.errors import CorrectionsError, sample_of
from etl_assets.model.target import TargetTable
from etl_assets.spec.model import USERS, Table
from etl_assets.spec.shapes import QUARANTINE_SCHEMA, Rounding, Staged, many_columns, reference_columns

SQL = Statements(__file__)

NAMED_IN_QUARANTINE = ("value", "legacy_id", "legacy_user_id", "via_key")


@dataclass(frozen=True)
class StagedCounts:
    """How a table's export was divided, how many rows a correction was about, and the digest where it is known."""

    rows: int
    quarantined_rows: int
    excluded: int
    corrected: int = 0
    digest: str | None = None


@dataclass(frozen=True)
class Corrected:
    """The corrections that a staging is made with, and the keys of the rows that they were found to be about.

    `rounded` has per column what was rounded by the operator's word.
    """

    corrections: Corrections = field(default_factory=Corrections)
    sha256: str = ""
    found: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    rounded: dict[str, Rounding] = field(default_factory=dict)


@dataclass(frozen=True)
class StagingSource:
    """Where a staging table comes from: the snapshot, its count of rows, the keys that `where` leaves, the batches.

    `corrected` fills while the batches are read; `content` is the export's sha256; `forgotten` are the keys of rows
    that the snapshot counts and no longer holds; `made_with` is what the staging hangs on beside the export.
    `key_columns` are the legacy table's, and `copied` is the sha256 of the whole legacy database.
    """

    snapshot: str
    source_rows: int
    excluded: list[str]
    batches: Iterable[Staged]
    corrected: Corrected = field(default_factory=Corrected)
    content: str = ""
    forgotten: list[str] = field(default_factory=list)
    made_with: str = ""
    key_columns: tuple[str, ...] | None = None
    copied: str = ""


def staging_columns(table: Table, target: TargetTable) -> dict[str, str]:
    """The staging table's columns and their Postgres types; target columns have the target's own type."""
    columns = {"_legacy_id": "text", "_new_id": target.columns[table.id.to].type, "_legacy_user_id": "text"}
    columns |= {"_created": "text"} if table.created_column else {}
    numbers = reference_columns(table)
    for name, column in table.columns.items():
        if name == table.id.to:
            continue
        if not (column.references and column.references.table == USERS):
            columns[name] = target.columns[name].type
        else:
            columns[name] = "uuid"
        for part, reference in column.references.parts(name).items() if column.references else ():
            if reference.otherwise == "keep":
                columns[f"_raw{numbers[part]}"] = "text"
    for part, reference in table.references.items():
        columns[f"_ref{numbers[part]}"] = "text[]" if reference.path else "text"
    return columns


def replace_staging(
    connection: Connection, links: Links, table: Table, *, source: StagingSource, run: str
) -> StagedCounts:
    """Swaps `etl.stg_<table>`, its quarantine and its exclusions for those of one snapshot.

    Runs inside a `writing` transaction: readers see the former snapshot's rows until it commits, then all of the new.
    """
    target = links.targets[table.name]
    columns = staging_columns(table, target)
    name = {"table": table.name}
    known = identifier("etl_known_ids")
    SQL("drop_known_ids").exec(connection)
    is_staged = has_table(connection, f"etl.stg_{table.name}")
    if is_staged:
        SQL("make_known_ids", staging=staging_table(table.name)).exec(connection, **name)
    else:
        SQL("make_known_ids_without_staging").exec(connection, **name)
    drop_table(connection, table.name)
    SQL("create_staging", staging=staging_table(table.name), columns=_definitions(columns)).exec(connection)
    for store in ("quarantine", "excluded"):
        SQL("clear_table", store=identifier("etl", store)).exec(connection, **name)
    copied, faulty = copy_batches(connection, table, list(columns), source.batches, is_new=True)
    _require_own_keys(connection, table, source.corrected)
    SQL("add_staging_key", staging=staging_table(table.name)).exec(connection)
    keep_faults(connection, table, faulty)
    exclude(connection, table.name, source.excluded, reason="where")
    exclude(connection, table.name, source.forgotten, reason="forgotten")
    _keep_corrections(connection, table, source.corrected)
    SQL("enable_rls", table=staging_table(table.name)).exec(connection)
    SQL("watch_staging", staging=staging_table(table.name)).exec(connection)
    for how, index in _indexes(table, target):
        slots = {"how": how, "columns": index, "staging": staging_table(table.name)}
        SQL("create_staging_index", **slots).exec(connection)
    analyze(connection, staging_table(table.name))
    exclude_vanished(connection, table, known)
    fault_point("staging.copied")
    left_behind = len(source.excluded) + len(source.corrected.dropped) + len(source.forgotten)
    counts = StagedCounts(copied, faulty["legacy_id"].n_unique(), left_behind, len(source.corrected.found))
    note_staged(connection, links, table, source=source, counts=counts, run=run)
    return counts


def exclude_vanished(connection: Connection, table: Table, known: sql.Identifier) -> None:
    """Counts as excluded what was known before, is nowhere in the snapshot and was never loaded."""
    slots = {"staging": staging_table(table.name), "known": known, "repeated": repeated_keys(table.name)}
    SQL("exclude_vanished", **slots).exec(connection, table=table.name)


def keep_faults(connection: Connection, table: Table, faulty: pl.DataFrame) -> None:
    """Puts refused cells (QUARANTINE_SCHEMA) into the quarantine."""
    SQL("create_quarantine_batch").exec(connection)
    copy_frame(connection, SQL("copy_quarantine"), faulty.with_columns(without_nul(*NAMED_IN_QUARANTINE)))
    SQL("keep_quarantine_batch").exec(connection, table=table.name)


def note_staged(
    connection: Connection, links: Links, table: Table, *, source: StagingSource, counts: StagedCounts, run: str
) -> None:
    """Writes down what the staging table is made from now."""
    facts = {
        "snapshot": source.snapshot,
        "spec_digest": links.spec.digest,
        "target_digest": shape_digest(links.targets[table.name]),
        "source_rows": source.source_rows,
        "staged_rows": counts.rows,
        "content": source.content,
        "made_with": source.made_with,
    }
    key = None if source.key_columns is None else list(source.key_columns)
    write_staged(connection, table.name, **facts, key_columns=key, copied=source.copied)
    told = {"digest": write_digest(connection, table.name, counts.digest), **_told(source.corrected)}
    audit(connection, run=run, action="staged", table=table.name, **facts, quarantined=counts.quarantined_rows, **told)
    free_reissued(connection, links, table.name, run=run)
    fault_point("staging.noted")


def write_digest(connection: Connection, name: str, known: str | None = None) -> str:
    """Keeps a digest of the staging table as it stands, so that a later change by hand is noticed; returns it.

    With `known` that is kept on, for a table which nobody has touched.
    """
    digest = known or "/".join((_digest(connection, name), *_versions(connection, name)))
    write_staging_digest(connection, name, digest)
    return digest


def known_digest(connection: Connection, name: str) -> str | None:
    """The digest that was kept last: of what the rows say and, behind slashes, of columns and row versions."""
    found: str | None = SQL("find_staging_digest").one(connection, table=name)[0]
    return found


def is_altered(connection: Connection, name: str) -> bool:
    """True when the staging table is not what was written."""
    content, *versions = (known_digest(connection, name) or "").split("/")
    if not content:
        return False
    now = _versions(connection, name)
    if versions and versions[0] != now[0]:
        return True  # other columns can make another row of the same text
    if versions == now:
        return False
    # Written by somebody, or all anew with the same content, as a restore does: what the rows say decides.
    return content != _digest(connection, name)


def _digest(connection: Connection, name: str) -> str:
    # On its own and not within the UPDATE, where Postgres would not read in parallel.
    return str(SQL("digest_staging", staging=staging_table(name)).one(connection)[0])


def _versions(connection: Connection, name: str) -> list[str]:
    query = SQL("digest_versions", staging=staging_table(name))
    return list(query.one(connection, staging=regclass("etl", f"stg_{name}")))


def _keep_corrections(connection: Connection, table: Table, corrected: Corrected) -> None:
    """Excludes dropped rows, and notes what was corrected, without the values, for the report and the audit trail."""
    if corrected.corrections.all:
        exclude(connection, table.name, corrected.dropped, reason="dropped")
    note_corrections(connection, table.name, corrected)


def note_corrections(connection: Connection, table: str, corrected: Corrected) -> None:
    """Notes what was corrected, without the values, for the report."""
    name, given = {"table": table}, corrected.corrections.all
    SQL("clear_table", store=identifier("etl", "corrections")).exec(connection, **name)
    if not given:
        return
    values = {
        "ids": [correction.legacy_id for correction in given],
        "columns": [correction.column or "" for correction in given],
        "reasons": [correction.reason for correction in given],
        "found": corrected.found,
    }
    SQL("write_corrections").exec(connection, **name, **values)


def _require_own_keys(connection: Connection, table: Table, corrected: Corrected) -> None:
    """Raises CorrectionsError where a row was given a key that another row has."""
    given = [correction.value for correction in corrected.corrections.cells(KEY_LABEL)]
    if not given:
        return
    query = SQL("list_repeated_keys", staging=staging_table(table.name))
    repeated = [key for (key,) in query.many(connection, keys=given)]
    if repeated:
        what = f"give rows of {table.name} keys that other rows have: {sample_of(repeated)}. Choose others"
        raise CorrectionsError("corrections.csv", None, what)


def _told(corrected: Corrected) -> dict[str, object]:
    counts = {column: found.times for column, found in corrected.rounded.items()}
    rounded: dict[str, object] = {"rounded": counts} if counts else {}
    if not corrected.corrections.all:
        return rounded
    told = {"corrected": len(corrected.found), "dropped": len(corrected.dropped), "corrections": corrected.sha256}
    return rounded | told


def _definitions(columns: dict[str, str]) -> sql.Composed:
    # Type names come from format_type(), which quotes what needs quoting.
    definitions: list[sql.Composable] = [
        sql.SQL("{} {}").format(identifier(name), catalog_text(kind)) for name, kind in columns.items()
    ]
    return joined(definitions)


def _indexes(table: Table, target: TargetTable) -> list[tuple[sql.SQL, sql.Composed]]:
    many = many_columns(table)
    wanted = [["_legacy_user_id"]] if table.owner.from_ else []
    wanted += [[f"_ref{number}"] for number in reference_columns(table).values()]
    staged = set(table.columns) - {table.id.to}  # a kept id may stand among the columns, and is `_new_id` there
    wanted += [list(rule.columns) for rule in target.unique if set(rule.columns) <= staged]
    return [
        (sql.SQL("btree" if many.isdisjoint(columns) else "gin"), joined([identifier(column) for column in columns]))
        for columns in wanted
    ]


def copy_batches(
    connection: Connection, table: Table, columns: list[str], batches: Iterable[Staged], *, is_new: bool = False
) -> tuple[int, pl.DataFrame]:
    """Sends typed rows to staging; returns how many, and the refused cells.

    With `is_new` this transaction has made the table. Its rows are written as frozen then, or the first to read each
    page would write it once more to the log, and autovacuum again
    (https://www.postgresql.org/docs/current/sql-copy.html, FREEZE).
    """
    names = joined([identifier(column) for column in columns])
    sent, faulty = 0, [QUARANTINE_SCHEMA.to_frame()]
    copy_in = SQL("copy_staging", staging=staging_table(table.name), columns=names, is_new=literal(is_new))
    encoded = ((batch, csv_of(batch.rows[columns])) for batch in batches)
    with connection.cursor() as cursor:
        with cursor.copy(without_parameters(copy_in, connection)) as copy:
            for batch, content in one_ahead(encoded):
                copy.write(content)
                sent += batch.rows.height
                faulty.append(batch.quarantined)
                fault_point("staging.batch")
        require_all_arrived(cursor.rowcount, sent, table.name)
    return sent, pl.concat(faulty)


def exclude(connection: Connection, table: str, keys: list[str], *, reason: str) -> None:
    """Notes rows that were left behind on purpose."""
    SQL("exclude_rows").exec(connection, table=table, keys=keys, reason=reason)


def drop_table(connection: Connection, table: str) -> None:
    """Drops `etl.stg_<table>` where it is."""
    SQL("drop_staging", staging=staging_table(table)).exec(connection)
