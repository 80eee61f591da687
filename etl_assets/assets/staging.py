"""`etl.stg_<table>`: typed rows that passed their value rules, ready to be claimed."""

from collections.abc import Callable

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.columns import staging_columns
from etl_assets.assets.keys import OWNERS, STAGING_GROUP, TARGET, export_key, staging_key, version_of
from etl_assets.assets.outcomes import failures, table_value
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.books.books import table_summary
from etl_assets.core.links.links import Links
from etl_assets.core.staging.corrections_file import read_corrections
from etl_assets.core.staging.stage import Stage, stage_table
from etl_assets.model.errors import TargetMismatch
from etl_assets.spec.model import Spec, Table


def build_staging_asset(spec: Spec, table: Table) -> dg.AssetsDefinition:
    """The asset `staging/<table>`."""

    @dg.asset(
        key=staging_key(table.name),
        deps=[TARGET, export_key(table.name)],
        group_name=STAGING_GROUP,
        kinds={"polars", "postgres"},
        owners=OWNERS,
        code_version=version_of(spec),
        metadata={**staging_columns(table), "dagster/table_name": f"etl.stg_{table.name}"},
        description=f"Rows of {table.source}, typed for {table.target}, each with its new id. A value that does not "
        "fit its type is never changed: its row waits in etl.quarantine. Safe to re-run: the table is swapped whole, "
        "or only the rows that differ from the snapshot staged before, and what was loaded is known from the ledger.",
    )
    def staging_asset(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        with failures():
            return stage(stores, spec, table, run=context.run.run_id, warn=context.log.warning)

    return staging_asset


def stage(stores: Access, spec: Spec, table: Table, *, run: str, warn: Callable[[str], object]) -> dg.MaterializeResult:
    """Stages a table of the current snapshot; one that neither side has is said to be empty."""
    with stores.target() as connection:
        artifacts = stores.artifacts()
        is_absent = table.name in artifacts.current_snapshot().missing
        known = stores.known_links().get(spec.digest) or stores.links(connection, spec)
        target = known.targets.get(table.name)
        if is_absent:
            warn(f"The legacy database has no table {table.source}: nothing to migrate here.")
        if table.name in known.stopped:
            warn(f"Not staged. {known.stopped[table.name]}")
        elif target is None and not is_absent:
            raise TargetMismatch(table.name, [f"{table.target} does not exist"])
        if target is None:
            return dg.MaterializeResult(metadata={"dagster/row_count": 0, "quarantined": 0, "excluded": 0})
        links, file = Links(spec, {table.name: target}), read_corrections(stores.settings().corrections_path, spec)
        staged = stage_table(connection, artifacts, links, table, corrections=file, run=run)
        with reading(connection):
            summary = table_summary(connection, links, table.name)
    return _materialized(staged, summary)


def _materialized(staged: Stage, summary: dict[str, str]) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": staged.counts.rows,
            "rows_touched": staged.touched,
            "quarantined": staged.counts.quarantined_rows,
            "excluded": staged.counts.excluded,
            "corrected": staged.counts.corrected,
            "rounded": sum(found.times for found in staged.rounded.values()),
            "rounded_by_at_most": ", ".join(f"{column} {found.most}" for column, found in staged.rounded.items())
            or "0",
            "snapshot": staged.snapshot,
            "summary": table_value(("what", "value"), summary.items()),
        }
    )
