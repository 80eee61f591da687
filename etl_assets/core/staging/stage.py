"""One table from its export to `etl.stg_<table>`: whole, only what differs from what is staged, or not at all."""

from dataclasses import dataclass, field

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.exports import Manifest
from etl_assets.access.legacy.database import last_id, open_read_only
from etl_assets.access.legacy.export import key_of
from etl_assets.access.legacy.lookup import Seeker
from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.core.links.links import Links
from etl_assets.core.memory.facts import note_last_id, note_rounded
from etl_assets.core.memory.pause import require_running
from etl_assets.core.memory.staged import made_with
from etl_assets.core.memory.suppressions import require_suppressed
from etl_assets.core.staging.difference import find_change
from etl_assets.core.staging.frames import staged_batches
from etl_assets.core.staging.input import InputReader
from etl_assets.core.staging.table import Corrected, StagedCounts, StagingSource, replace_staging
from etl_assets.core.staging.update import find_as_it_was, find_sound, require_still_staged, update_staging
from etl_assets.faults import fault_point
from etl_assets.model.corrections import CorrectionsFile
from etl_assets.spec.model import Table
from etl_assets.spec.shapes import Rounding
from etl_assets.transform.differences import rows_at
from etl_assets.transform.staging import StagePlan


@dataclass(frozen=True)
class Stage:
    """Of which snapshot, how the table was divided, and how many of its rows were written or taken out for it.

    `rounded` has per column what was rounded of these rows by the operator's word.
    """

    snapshot: str
    counts: StagedCounts
    touched: int
    rounded: dict[str, Rounding] = field(default_factory=dict)


def stage_table(
    connection: Connection, artifacts: Artifacts, links: Links, table: Table, *, corrections: CorrectionsFile, run: str
) -> Stage:
    """Stages the current snapshot's export of a table; one that is staged of just this is only looked at.

    Args:
        connection: to the target; outside of any transaction.
        artifacts: with the export.
        links: of this table, whose target is there and fits.
        table: to be staged.
        corrections: of the operator; with any for this table it is staged whole.
        run: for the audit trail.

    Raises:
        ArtifactError: there is no such export, or it is not as it was written.
        Unavailable: somebody has written to the staging table meanwhile.
    """
    # Read once: whoever is forgotten meanwhile gives the snapshot other words, and these are then refused below.
    manifest, snapshot = artifacts.manifest(table.name), artifacts.current_snapshot()
    laid = Corrected(corrections.of(table.name), corrections.sha256)
    made = made_with(corrections.sha256, snapshot.suppressed)
    key = _key(artifacts, manifest.snapshot, table)
    with reading(connection):
        require_running(connection)
        require_suppressed(connection, snapshot.suppressed)
        known = _as_it_was(connection, links, table, manifest, made=made, key=key)
        if known is not None:
            artifacts.require_intact(manifest)
            return Stage(manifest.snapshot, known, 0)
        former = None if laid.corrections.all else find_sound(connection, links, table)
    change = find_change(artifacts, former, manifest)
    export = artifacts.verified_batches(manifest, change.now if change else None)
    plan = _plan(connection, artifacts, links, table, manifest)
    source = StagingSource(
        manifest.snapshot,
        snapshot.rows[table.name],
        excluded=artifacts.excluded_keys(manifest),
        batches=staged_batches(rows_at(export, change.rows.fresh) if change else export, plan, laid),
        corrected=laid,
        content=manifest.sha256,
        forgotten=snapshot.forgotten.get(table.name, []),
        made_with=made,
        key_columns=key,
        copied=snapshot.copied,
    )
    with writing(connection, run=run):
        require_suppressed(connection, snapshot.suppressed)
        if change is None:
            counts = replace_staging(connection, links, table, source=source, run=run)
        else:
            require_still_staged(connection, links, table, former)
            gone = rows_at(artifacts.verified_batches(change.former, change.was), change.rows.gone)
            counts = update_staging(connection, links, table, source=source, gone=gone, run=run)
        note_rounded(connection, table.name, laid.rounded, anew=change is None)
        if table.id.rule == "keep":
            note_last_id(connection, table.name, _last_id(artifacts, manifest.snapshot, table))
    fault_point("staging.committed")
    touched = change.rows.fresh.len() + change.rows.gone.len() if change else counts.rows
    return Stage(manifest.snapshot, counts, touched, dict(laid.rounded))


def is_staged(
    connection: Connection, artifacts: Artifacts, links: Links, table: Table, *, corrections: CorrectionsFile
) -> bool:
    """True when `stage_table` would find the table staged of just this export, and leave it; inside `reading`.

    Raises:
        ArtifactError: there is no such export, or it is not as it was written.
    """
    manifest = artifacts.manifest(table.name)
    artifacts.require_intact(manifest)
    made = made_with(corrections.sha256, artifacts.current_snapshot().suppressed)
    key = _key(artifacts, manifest.snapshot, table)
    return _as_it_was(connection, links, table, manifest, made=made, key=key) is not None


def _as_it_was(
    connection: Connection,
    links: Links,
    table: Table,
    manifest: Manifest,
    *,
    made: str,
    key: tuple[str, ...] | None,
) -> StagedCounts | None:
    facts = {"snapshot": manifest.snapshot, "content": manifest.sha256, "made_with": made}
    return find_as_it_was(connection, links, table, key_columns=key, **facts)


def _plan(connection: Connection, artifacts: Artifacts, links: Links, table: Table, manifest: Manifest) -> StagePlan:
    seek = Seeker(artifacts.snapshot_path(manifest.snapshot))
    target = links.targets[table.name]
    return StagePlan(links.spec, table, target, manifest.columns, manifest.usual, InputReader(connection), seek)


def _key(artifacts: Artifacts, snapshot: str, table: Table) -> tuple[str, ...] | None:
    with open_read_only(artifacts.snapshot_path(snapshot)) as legacy:
        return key_of(legacy, table)


def _last_id(artifacts: Artifacts, snapshot: str, table: Table) -> int:
    with open_read_only(artifacts.snapshot_path(snapshot)) as legacy:
        return last_id(legacy, table.source)
