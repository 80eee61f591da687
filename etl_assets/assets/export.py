"""The legacy database as artifacts: a consistent copy, and one CSV per table."""

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.exports import Manifest
from etl_assets.access.files.snapshots import SnapshotInfo
from etl_assets.access.files.whole import free_bytes, sha256_of
from etl_assets.access.legacy.chunks import classes_of, write_rows
from etl_assets.access.legacy.database import (
    copy_database,
    count_rows,
    describe,
    open_read_only,
    require_table,
)
from etl_assets.access.legacy.export import open_export
from etl_assets.access.legacy.scrub import Scrub, Scrubbed, scrub
from etl_assets.access.legacy.source import brought, is_at_rest, legacy_mark
from etl_assets.access.postgres.connection import reading
from etl_assets.assets.columns import export_columns
from etl_assets.assets.keys import EXPORT_GROUP, LEGACY, OUTSIDE_GROUP, OWNERS, SNAPSHOT, export_key, version_of
from etl_assets.assets.outcomes import failures, result, table_value
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.cutover.freeze import find_freeze, require_unchanged
from etl_assets.core.load.due import staged_snapshots
from etl_assets.core.memory.pause import require_running
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.suppressions import read_suppressions
from etl_assets.core.staging.corrections_file import read_corrections
from etl_assets.core.staging.lineage import ACCEPTED_LENGTH, require_the_same_file
from etl_assets.faults import fault_point
from etl_assets.model.errors import LegacyReplaced, LegacyThawed
from etl_assets.model.suppression import Suppressions
from etl_assets.spec.exports import Export, exports_of
from etl_assets.spec.model import Spec
from etl_assets.spec.rules import looks_secret

SHOWN_DIGEST = 12
SNAPSHOTS_KEPT = 3  # the current one, and two that a run which began earlier may still be reading


def take_snapshot(artifacts: Artifacts, stores: Access, spec: Spec) -> SnapshotInfo:
    """Copies the legacy database, without the people who were forgotten, and makes the copy current.

    An unchanged database keeps its snapshot's id. Somebody who is forgotten meanwhile may be in the copy: another is
    taken then.
    """
    with stores.target_as_it_is() as target, reading(target):
        require_running(target)
    while True:
        suppressions = known_suppressions(stores)
        info = _take(artifacts, stores, spec, suppressions)
        if known_suppressions(stores).digest == suppressions.digest:
            artifacts.drop_snapshots(keep=SNAPSHOTS_KEPT)
            return info


def known_suppressions(stores: Access) -> Suppressions:
    """Everybody who was forgotten on the target."""
    with stores.target_as_it_is() as connection:
        return read_suppressions(connection)


def _take(artifacts: Artifacts, stores: Access, spec: Spec, suppressions: Suppressions) -> SnapshotInfo:
    settings, copy = stores.settings(), artifacts.scratch_path("legacy.db")
    mark = legacy_mark(settings)  # before the copy: what is written meanwhile is a change to be noticed
    former = find_standing(stores, spec, suppressions, mark=mark)
    if former is not None:
        return former
    with brought(settings) as legacy:
        copy_database(legacy, copy)
    fault_point("snapshot.taken")
    source_digest = sha256_of(copy)
    with stores.target_as_it_is() as target, reading(target):
        try:
            require_unchanged(target, source_digest)
            require_the_same_file(target, copy, spec, digest=source_digest[:ACCEPTED_LENGTH])
        except (LegacyThawed, LegacyReplaced):
            copy.unlink()
            raise
    current = artifacts.current_snapshot_or_none()
    rows, missing = {}, []
    with open_read_only(copy) as connection:
        for name, export in exports_of(spec).items():
            if export.optional and describe(connection, export.source) is None:
                missing.append(name)
                rows[name] = 0
            else:
                rows[name] = count_rows(connection, require_table(connection, export.source))
    if current is not None and _is_same(artifacts, current, source_digest, rows, suppressions):
        info = replace(current, source=mark)
        artifacts.publish_snapshot(copy, info)
        return info
    gone = Scrubbed()
    if suppressions:
        whole, copy = copy, artifacts.scratch_path("clean.db")
        gone = scrub(whole, copy, scrub_of(stores, spec, suppressions))
        whole.unlink()
    digest = sha256_of(copy)
    info = SnapshotInfo(
        f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{digest[:8]}",
        digest,
        copy.stat().st_size,
        rows,
        tuple(missing),
        source=mark,
        source_sha256=source_digest,
        forgotten=gone.rows,
        forgotten_users=gone.users,
        suppressed=suppressions.digest,
    )
    artifacts.publish_snapshot(copy, info)
    return info


def find_standing(stores: Access, spec: Spec, suppressions: Suppressions, *, mark: str) -> SnapshotInfo | None:
    """The snapshot that another copy of the legacy database, whose mark this is, could only repeat; else None."""
    former = stores.artifacts().current_snapshot_or_none()
    if former is None or not former.source == mark != "" or not is_at_rest(stores.settings()):
        return None
    return former if _stands(stores, spec, former, suppressions) else None


def _stands(stores: Access, spec: Spec, former: SnapshotInfo, suppressions: Suppressions) -> bool:
    """True when everything is staged from this snapshot, on this very target, and a frozen app was frozen with it."""
    if former.suppressed != suppressions.digest or set(former.rows) != set(exports_of(spec)):
        return False
    with stores.target_as_it_is() as target, reading(target):
        frozen = find_freeze(target)
        is_staged = exists(target) and staged_snapshots(target, spec) == {former.id}
    # A scrub that broke off leaves a copy that is not the one described.
    path = stores.artifacts().snapshot_path(former.id)
    return is_staged and frozen is None and path.exists() and sha256_of(path) == former.sha256


def _is_same(
    artifacts: Artifacts, current: SnapshotInfo, digest: str, rows: dict[str, int], suppressions: Suppressions
) -> bool:
    if current.source_sha256 != digest or current.rows != rows or current.suppressed != suppressions.digest:
        return False
    # A scrub that broke off leaves a copy that is not the one described.
    path = artifacts.snapshot_path(current.id)
    return path.exists() and sha256_of(path) == current.sha256


def scrub_of(stores: Access, spec: Spec, suppressions: Suppressions) -> Scrub:
    """What takes forgotten people out of a copy; the operator's corrections say whose some of the rows are."""
    return Scrub(spec, suppressions, read_corrections(stores.settings().corrections_path, spec))


def legacy_database() -> dg.AssetSpec:
    """The external asset `legacy_database`: read and never made, so that the graph begins where the data does."""
    return dg.AssetSpec(
        LEGACY,
        group_name=OUTSIDE_GROUP,
        kinds={"sqlite"},
        description="The legacy app's SQLite database, which the app may go on writing to. We open it read-only; "
        "LEGACY_SQLITE says where it lies.",
    )


def build_snapshot_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `legacy_snapshot`."""

    @dg.asset(key=SNAPSHOT, deps=[LEGACY], group_name=EXPORT_GROUP, kinds={"sqlite"}, owners=OWNERS)
    def legacy_snapshot(stores: Stores) -> dg.MaterializeResult:
        """A consistent copy of the legacy database, taken while the app may go on writing.

        Every export reads this copy and never the live file, which is opened read-only. Safe to re-run: an unchanged
        database keeps its snapshot, which is not even copied where the file's time is as it was; a changed one gets a
        new one, and the three newest are kept. Once the legacy app is
        frozen, a changed one is an error.
        """
        with failures():
            return snapshot(stores, spec)

    return legacy_snapshot


def snapshot(stores: Access, spec: Spec) -> dg.MaterializeResult:
    """Takes a snapshot, or finds that the present one is the legacy database still."""
    info = take_snapshot(stores.artifacts(), stores, spec)
    return dg.MaterializeResult(
        metadata={
            "snapshot": info.id,
            "bytes": info.bytes,
            "rows": table_value(("table", "rows"), info.rows.items()),
            "free_bytes": free_bytes(stores.settings().artifacts),
        },
        data_version=dg.DataVersion(info.sha256),
    )


def build_snapshot_checks() -> dg.AssetChecksDefinition:
    """Shown on `legacy_snapshot`."""

    @dg.asset_check(asset=SNAPSHOT, name="the_copy_is_intact", blocking=True)
    def the_copy_is_intact(stores: Stores) -> dg.AssetCheckResult:
        """The copy on disk is still the one that was taken: its sha256 is the one noted then."""
        with failures():
            artifacts = stores.artifacts()
            info = artifacts.current_snapshot()
            found = sha256_of(artifacts.snapshot_path(info.id))
        return result(
            "the_copy_is_intact",
            SNAPSHOT,
            passed=found == info.sha256,
            blocking=True,
            description="The copy's sha256 is compared with the one noted when it was taken.",
            metadata={
                "count": int(found != info.sha256),
                "sha256": found[:SHOWN_DIGEST],
                "remedy": "Take a new snapshot.",
            },
        )

    return the_copy_is_intact


def write_export(artifacts: Artifacts, export: Export, spec: Spec) -> Manifest:
    """Writes one table's CSV from the current snapshot, once more where somebody was forgotten meanwhile."""
    while True:
        snapshot = artifacts.current_snapshot()
        manifest = _write_export(artifacts, snapshot, export, spec)
        if artifacts.current_snapshot().suppressed == snapshot.suppressed:
            return manifest


def _write_export(artifacts: Artifacts, snapshot: SnapshotInfo, export: Export, spec: Spec) -> Manifest:
    known = artifacts.find_export(snapshot, export.name, spec.digest)
    if known is not None:
        return known
    with (
        open_read_only(artifacts.snapshot_path(snapshot.id)) as connection,
        artifacts.writing_export(snapshot.id, export.name) as writer,
    ):
        reader = open_export(connection, export)
        facts: dict[str, Any] = {"table": export.name, "snapshot": snapshot.id, "spec_digest": spec.digest}
        if reader is None:
            return writer.publish(**facts, columns=(), declared={}, usual={}, classes={})
        chunks = write_rows(reader, writer, artifacts.find_former(snapshot.id, export.name, spec.digest))
        for keys in reader.excluded():
            writer.write_excluded(keys)
        facts |= {"columns": reader.labels, "declared": reader.declared, "usual": reader.usual}
        return writer.publish(**facts, classes=classes_of(reader, chunks), chunks=chunks)


def build_export_asset(spec: Spec, export: Export) -> dg.AssetsDefinition:
    """The asset `exports/<table>`."""

    @dg.asset(
        key=export_key(export.name),
        deps=[SNAPSHOT],
        group_name=EXPORT_GROUP,
        kinds={"csv", "polars"},
        owners=OWNERS,
        code_version=version_of(spec),
        metadata=export_columns(export),
        description=f"The legacy table {export.source} as CSV, cell by cell, with each cell's SQLite storage class. "
        "Only the columns that the spec names leave the legacy database. Safe to re-run: the same snapshot gives the "
        "same file, of a new one only the parts that changed are read, and a file appears under its name only when it "
        "is whole.",
    )
    def export_asset(stores: Stores) -> dg.MaterializeResult:
        with failures():
            return export_table(stores, spec, export)

    return export_asset


def export_table(stores: Access, spec: Spec, export: Export) -> dg.MaterializeResult:
    """Writes a table's CSV, or finds it written."""
    manifest = write_export(stores.artifacts(), export, spec)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": manifest.rows,
            "rows_read": manifest.rows - manifest.kept,
            "excluded": manifest.excluded,
            "snapshot": manifest.snapshot,
            "sha256": manifest.sha256[:SHOWN_DIGEST],
        },
        data_version=dg.DataVersion(manifest.sha256),
    )


def build_export_checks(export: Export) -> dg.AssetChecksDefinition:
    """Shown on `exports/<table>`: is the file what it says, and does it hold only what may leave?"""
    key = export_key(export.name)
    titles = {
        "rows_match_the_snapshot": "The CSV, excluded and forgotten rows together are as many as SQLite counts.",
        "file_matches_its_manifest": "The file's sha256 is the manifest's.",
        "only_named_columns_left": "The header holds the spec's columns, and none that looks like a secret.",
    }

    @dg.multi_asset_check(
        name=f"check_export_{export.name}",
        specs=[dg.AssetCheckSpec(name, asset=key, description=title, blocking=True) for name, title in titles.items()],
    )
    def check_export(stores: Stores):  # type: ignore[no-untyped-def]
        with failures():
            artifacts = stores.artifacts()
            found = _examine(artifacts, export)
        for name, (count, remedy) in found.items():
            yield result(
                name,
                key,
                passed=count == 0,
                blocking=True,
                description=titles[name] if count == 0 else remedy,
                metadata={"count": count, "remedy": remedy},
            )

    return check_export


def _examine(artifacts: Artifacts, export: Export) -> dict[str, tuple[int, str]]:
    manifest = artifacts.manifest(export.name)
    path = artifacts.export_path(manifest.snapshot, export.name)
    snapshot = artifacts.current_snapshot()
    in_sqlite = snapshot.rows.get(export.name, 0) - snapshot.forgotten_rows(export.name)
    with path.open(encoding="utf-8") as file:
        header = set(file.readline().rstrip("\n").split(",")) if manifest.columns else set()
    named = {column.label for column in export.columns}
    allowed = {column.label for column in export.columns if column.secret_allowed or column.expr}
    strays = {label.strip('"') for label in header} - named - {"_key", "_classes"}
    secrets = {label for label in named - allowed if looks_secret(label)} & header if export.name != "users" else set()
    again = f"Materialize `exports/{export.name}` again."
    return {
        "rows_match_the_snapshot": (abs(in_sqlite - manifest.rows - manifest.excluded), again),
        "file_matches_its_manifest": (int(sha256_of(path) != manifest.sha256), f"The file was changed. {again}"),
        "only_named_columns_left": (len(strays | secrets), f"Remove the file {path.name}. {again}"),
    }
