"""Whether a migration would find everything up to staging as it left it.

A table costs Dagster some forty events and us two looks, even when it is empty (dagster 1.13.27: 100 empty tables,
48 s); what is proven here in one turn need not be materialized.
"""

import dagster as dg

from etl_assets.access.legacy.source import legacy_mark
from etl_assets.access.postgres.connection import reading
from etl_assets.assets.export import find_standing, known_suppressions
from etl_assets.assets.keys import SNAPSHOT, export_key, staging_key
from etl_assets.assets.resources import Access
from etl_assets.core.gate.gate import require_gate
from etl_assets.core.memory.pause import find_pause
from etl_assets.core.memory.schema import exists
from etl_assets.core.staging.corrections_file import read_corrections
from etl_assets.core.staging.stage import is_staged
from etl_assets.model.errors import EtlError
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec

HELD = "SUCCEEDED"  # how Dagster writes it; the enumeration itself is private to it (dagster 1.13.27)


def up_to_staging(spec: Spec) -> tuple[dg.AssetKey, ...]:
    """The assets between the legacy database and `etl.stg_<table>`."""
    exports, staging = map(export_key, exports_of(spec)), map(staging_key, spec.tables)
    return (SNAPSHOT, *exports, *staging)


def is_untouched(stores: Access, spec: Spec) -> bool:
    """True when the legacy database, its exports and every staged table are as they were, and the gate holds.

    Whatever stands in the way is for the assets to say, so False also where one of them would fail.
    """
    try:
        return _is_untouched(stores, spec)
    except EtlError:
        return False


def _is_untouched(stores: Access, spec: Spec) -> bool:
    with stores.target_as_it_is() as target, reading(target):
        if not exists(target) or find_pause(target) is not None:
            return False
    settings, artifacts = stores.settings(), stores.artifacts()
    if find_standing(stores, spec, known_suppressions(stores), mark=legacy_mark(settings)) is None:
        return False
    for name in exports_of(spec):
        artifacts.require_intact(artifacts.manifest(name))
    corrections = read_corrections(settings.corrections_path, spec)
    with stores.target() as connection:
        links = stores.links(connection, spec, anew=True)
        with reading(connection):
            if links.stopped or len(links.tables) < len(spec.tables):
                return False
            staged = (
                is_staged(connection, artifacts, links, spec.tables[name], corrections=corrections)
                for name in links.tables
            )
            if not all(staged):
                return False
            require_gate(connection, links)
    return True


def were_green(definitions: dg.Definitions, instance: dg.DagsterInstance, keys: tuple[dg.AssetKey, ...]) -> bool:
    """True when this instance shows each of these assets, and each blocking check of theirs as held."""
    if not all(instance.get_latest_materialization_events(keys).values()):
        return False
    graph = definitions.resolve_asset_graph()
    checks = [key for key in graph.asset_check_keys if key.asset_key in keys and graph.get(key).blocking]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    return all(key in latest and latest[key].status.value == HELD for key in checks)
