"""A staging table brought up to date: what changed between two snapshots is swapped, and nothing else is touched."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from psycopg import sql

from etl_assets.access.postgres.catalog import shape_digest
from etl_assets.access.postgres.connection import Connection, has_table
from etl_assets.access.postgres.copying import copy_frame, without_nul
from etl_assets.access.postgres.statements import Statements, identifier, staging_table
from etl_assets.core.links.links import Links
from etl_assets.core.links.repeated import repeated_keys
from etl_assets.core.memory.staged import find_staged
from etl_assets.core.staging.table import (
    StagedCounts,
    StagingSource,
    copy_batches,
    exclude,
    exclude_vanished,
    is_altered,
    keep_faults,
    known_digest,
    note_staged,
    staging_columns,
)
from etl_assets.faults import fault_point
from etl_assets.model.errors import Unavailable
from etl_assets.spec.model import Table

SQL = Statements(__file__)


@dataclass(frozen=True)
class FormerStaging:
    """What a table is staged from: the snapshot, its export's sha256, and how many rows are staged."""

    snapshot: str
    content: str
    rows: int


def find_former(connection: Connection, links: Links, table: Table) -> FormerStaging | None:
    """The staging that could be brought up to date; None where the table has to be staged whole.

    That is when another spec made it, or for another shape of the target, when a correction was laid over it, or when
    it does not hold as many rows as were staged.
    """
    if table.is_keyless:
        return None
    values = {
        "table": table.name,
        "spec_digest": links.spec.digest,
        "target_digest": shape_digest(links.targets[table.name]),
        "staging": f"etl.stg_{table.name}",
    }
    found = SQL("find_former_staging").first(connection, **values)
    if found is None:
        return None
    snapshot, content, staged = found
    # A table from which rows were lost is not brought up to date but made anew: that is the checks' remedy.
    present = SQL("count_staging", staging=staging_table(table.name)).one(connection)[0]
    return FormerStaging(snapshot, content, int(staged)) if present == staged else None


def find_as_it_was(
    connection: Connection, links: Links, table: Table, *, key_columns: tuple[str, ...] | None, **facts: str
) -> StagedCounts | None:
    """How the table was divided, where it would come out the same and nobody has written to it since; else None."""
    facts |= {"spec_digest": links.spec.digest, "target_digest": shape_digest(links.targets[table.name])}
    staged = find_staged(connection, table.name, key_columns=key_columns, **facts)
    if staged is None or not has_table(connection, f"etl.stg_{table.name}"):
        return None
    counted = SQL("count_staging_of", staging=staging_table(table.name)).one(connection, table=table.name)
    present, quarantined, excluded, corrected = (int(count) for count in counted)
    is_whole = present == staged and not is_altered(connection, table.name)
    return StagedCounts(staged, quarantined, excluded, corrected) if is_whole else None


def find_sound(connection: Connection, links: Links, table: Table) -> FormerStaging | None:
    """What could be brought up to date; None where somebody has written to it, which is staged whole again."""
    former = find_former(connection, links, table)
    return None if former is None or is_altered(connection, table.name) else former


def require_still_staged(connection: Connection, links: Links, table: Table, former: FormerStaging | None) -> None:
    """Raises unless staging is what the difference was made against; runs inside `writing`.

    Raises:
        Unavailable: somebody has written to this staging table meanwhile; trying again compares anew.
    """
    if former is None or find_sound(connection, links, table) != former:
        raise Unavailable(f"Another run has staged {table.name} meanwhile, or somebody has written to its staging.")


def update_staging(
    connection: Connection, links: Links, table: Table, *, source: StagingSource, gone: Iterable[pl.DataFrame], run: str
) -> StagedCounts:
    """Takes the rows of `gone` (`_key`) out of staging and quarantine, and those of the source in.

    Runs inside a `writing` transaction in which `find_former` found what the difference was made against. Afterwards
    everything is as `replace_staging` would have left it.
    """
    former = find_former(connection, links, table)
    assert former is not None  # noqa: S101 - looked at in this transaction by whoever calls
    staging, name = staging_table(table.name), {"table": table.name}
    removed = _remove(connection, table, gone)
    columns = list(staging_columns(table, links.targets[table.name]))
    entered, faulty = copy_batches(connection, table, columns, source.batches)
    keep_faults(connection, table, faulty)
    SQL("note_left_out").exec(connection, **name)
    left_out = {"where": source.excluded, "forgotten": source.forgotten}
    keys = [key for some in left_out.values() for key in some]
    returned = SQL("clear_returned", staging=staging, repeated=repeated_keys(table.name))
    returned.exec(connection, **name, keys=keys)
    for reason, some in left_out.items():
        exclude(connection, table.name, some, reason=reason)
    SQL("drop_rowids").exec(connection)
    known = identifier("pg_temp", "etl_gone")
    exclude_vanished(connection, table, known)
    fault_point("staging.copied")
    quarantined = int(SQL("count_quarantined").one(connection, **name)[0])
    # Where nothing was touched it is as `find_sound` has just found it.
    digest = None if removed or entered else known_digest(connection, table.name)
    counts = StagedCounts(former.rows - removed + entered, quarantined, len(keys), digest=digest)
    note_staged(connection, links, table, source=source, counts=counts, run=run)
    return counts


def _remove(connection: Connection, table: Table, gone: Iterable[pl.DataFrame]) -> int:
    """Takes rows out of staging, or of the quarantine; returns how many were staged."""
    SQL("drop_gone").exec(connection)
    SQL("create_gone").exec(connection)
    for keys in gone:
        copy_frame(connection, SQL("copy_gone"), keys.select(without_nul("_key")))
    slots = {"store": staging_table(table.name), "key": identifier("_legacy_id"), "of_table": sql.SQL("")}
    removed = SQL("delete_gone", **slots).exec(connection)
    slots = {"store": identifier("etl", "quarantine"), "key": identifier("legacy_id")}
    of_table = sql.SQL('AND s."table" = %(table)s')
    SQL("delete_gone", **slots, of_table=of_table).exec(connection, table=table.name)
    return removed
