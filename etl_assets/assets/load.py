"""Production rows: owned tables wave by wave and all together, lookup tables once."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from etl_assets.assets.columns import production_columns
from etl_assets.assets.keys import (
    LOGIN_WAVES,
    OWNERS,
    PRODUCTION_GROUP,
    RESOLVED,
    ROWS_TAG,
    USER_MAP,
    files_key,
    production_key,
    staging_key,
    version_of,
)
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.load.load import load_unowned, load_wave
from etl_assets.core.load.loader import Loaded, Loader, Progress
from etl_assets.core.memory.audit import refusals_audited
from etl_assets.core.memory.staged import staged_keys
from etl_assets.spec.model import Spec, Table


def _asset_spec(spec: Spec, table: Table, deps: list[dg.AssetKey]) -> dg.AssetSpec:
    earlier = spec.load_order[: spec.load_order.index(table.name)]  # a circle has no arrow back
    parents = {r.table for r in table.references.values() if r.table in earlier}
    once = "Loaded once for everybody" if table.owner.is_none else "Loaded user by user, wave by wave"
    deps = [*deps, files_key(table.name)] if table.file_columns else deps
    return dg.AssetSpec(
        production_key(table.name),
        deps=[*deps, staging_key(table.name), *(production_key(name) for name in sorted(parents))],
        group_name=PRODUCTION_GROUP,
        kinds={"postgres", "supabase"},
        owners=OWNERS,
        code_version=version_of(spec),
        metadata={**production_columns(table), "dagster/table_name": table.target},
        description=f"The legacy rows of {table.source} in {table.target}. {once}, behind the blocking checks, "
        "which are repeated inside the transaction that writes. Safe to re-run: a row that was loaded before is never "
        "written again, not even when its user deleted it since.",
    )


def build_production_assets(spec: Spec) -> list[dg.AssetsDefinition]:
    """`production/<table>`: one asset per lookup table, and one multi-asset for all owned tables."""
    staged = [staging_key(name) for name in spec.load_order]
    found = [_build_unowned(spec, spec.tables[name], staged) for name in spec.unowned]
    return [*found, _build_owned(spec, staged)] if spec.owned else found


def _build_unowned(spec: Spec, table: Table, staged: list[dg.AssetKey]) -> dg.AssetsDefinition:
    # The gate wants all staging tables of one snapshot, so all of them come first.
    deps = [*staged, USER_MAP] if spec.users else staged

    @dg.multi_asset(name=f"production_{table.name}", specs=[_asset_spec(spec, table, deps)], can_subset=False)
    def unowned_asset(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        with failures():
            return load_lookup(stores, spec, table, run=context.run.run_id)

    return unowned_asset


def load_lookup(stores: Access, spec: Spec, table: Table, *, run: str) -> dg.MaterializeResult:
    """Loads a table that belongs to nobody."""
    with stores.target() as connection, refusals_audited(connection, run=run):
        links = stores.links(connection, spec, anew=True)
        loader = Loader(connection, links, staged_keys(connection), run)
        count = load_unowned(loader, table.name) if table.name in links.targets else 0
    return dg.MaterializeResult(asset_key=production_key(table.name), metadata={"rows_loaded": count})


def _metadata(loaded: Loaded, name: str) -> dict[str, Any]:
    """Returns the same keys each time: Dagster plots the numbers wave by wave."""
    count, seconds = loaded.rows.get(name, 0), loaded.seconds.get(name, 0.0)
    return {
        "rows_loaded": count,
        "dagster/partition_row_count": count,
        "rows_per_second": round(count / seconds) if seconds and count else 0,
        "transactions": loaded.transactions,
    }


def _build_owned(spec: Spec, staged: list[dg.AssetKey]) -> dg.AssetsDefinition:
    deps = [RESOLVED, *staged]

    @dg.multi_asset(
        name="production",
        specs=[_asset_spec(spec, spec.tables[name], deps) for name in spec.owned],
        partitions_def=LOGIN_WAVES,
        can_subset=False,
    )
    def production(context: dg.AssetExecutionContext, stores: Stores):  # type: ignore[no-untyped-def]
        def progress(done: int, of: int) -> None:
            context.log.info("%s of %s users loaded", f"{done:,}", f"{of:,}")

        with failures():
            wave, run = context.partition_key, context.run.run_id
            loaded: list[Any] = list(load_tables(stores, spec, wave=wave, run=run, progress=progress))
        rows = sum(found.metadata["rows_loaded"] for found in loaded)
        context.instance.add_run_tags(run, {ROWS_TAG: str(rows)})
        yield from loaded

    return production


def load_tables(
    stores: Access, spec: Spec, *, wave: str, run: str, progress: Progress
) -> Iterator[dg.MaterializeResult]:
    """Loads what the users of a wave own, and what is late; a result per table."""
    with stores.target() as connection, refusals_audited(connection, run=run):
        links = stores.links(connection, spec, anew=True)
        loader = Loader(connection, links, staged_keys(connection), run, stores.another(), stores.settings().lanes)
        loaded = load_wave(loader, wave=wave, progress=progress)
    for name in spec.owned:
        yield dg.MaterializeResult(asset_key=production_key(name), metadata=_metadata(loaded, name))
