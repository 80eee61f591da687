"""All definitions of one spec."""

import warnings
from typing import Any

import dagster as dg

from etl_assets.assets.export import (
    build_export_asset,
    build_export_checks,
    build_snapshot_asset,
    build_snapshot_checks,
    legacy_database,
)
from etl_assets.assets.files import build_files_asset
from etl_assets.assets.keys import LOAD_WAVE, MIGRATE, VERIFY
from etl_assets.assets.load import build_production_assets
from etl_assets.assets.report import build_report_asset
from etl_assets.assets.resources import Access, Stores
from etl_assets.assets.staging import build_staging_asset
from etl_assets.assets.target import build_target_asset
from etl_assets.assets.users import accounts, build_resolved_asset, build_user_map_asset
from etl_assets.assets.validations import build_validation_checks
from etl_assets.assets.verify import build_reconciliation_asset, build_verification_asset
from etl_assets.assets.waiting import build_waiting_asset
from etl_assets.automation.alarm import build_alarm
from etl_assets.automation.console import progress_logger
from etl_assets.automation.instance import run_job
from etl_assets.automation.jobs import build_jobs
from etl_assets.automation.schedules import build_housekeeping, build_nightly
from etl_assets.automation.sensors import build_sensors
from etl_assets.automation.watch.sensor import build_alerts
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec


def build_definitions(spec: Spec, stores: Access | None = None) -> dg.Definitions:
    """Assets, checks, jobs and resources for every table of a spec; `stores` are the environment's unless given."""
    exports = exports_of(spec)
    assets: list[Any] = [legacy_database(), build_target_asset(spec), build_snapshot_asset(spec)]
    assets += [build_export_asset(spec, export) for export in exports.values()]
    assets += [build_staging_asset(spec, spec.tables[name]) for name in spec.load_order]
    if spec.users is not None:
        assets += [accounts(), build_user_map_asset(spec, spec.users), build_waiting_asset(spec)]
    if spec.owned:
        assets += [build_resolved_asset(spec), build_reconciliation_asset(spec)]
        assets += [build_files_asset(spec, spec.tables[name]) for name in spec.with_files]
    assets += [*build_production_assets(spec), build_verification_asset(spec), build_report_asset(spec)]
    checks = [build_snapshot_checks(), *(build_export_checks(export) for export in exports.values())]
    checks += build_validation_checks(spec)

    def run_wave(instance: dg.DagsterInstance, key: str, tags: dict[str, str]) -> int:
        return run_job(definitions, LOAD_WAVE, instance, partition_key=key, tags=tags)

    def run_verify(instance: dg.DagsterInstance) -> int:
        return run_job(definitions, VERIFY, instance)

    def run_migrate(instance: dg.DagsterInstance, without: tuple[dg.AssetKey, ...]) -> int:
        return run_job(definitions, MIGRATE, instance, without=without)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.BetaWarning)
        definitions = dg.Definitions(
            assets=assets,
            asset_checks=checks,
            jobs=build_jobs(spec, run_wave, run_verify, run_migrate),
            sensors=[*build_sensors(spec), build_alarm(), build_alerts(spec)],
            schedules=[build_nightly(spec), build_housekeeping()],
            resources={"stores": _resource(stores or Stores())},
            loggers={"console": dg.colored_console_logger, "progress": progress_logger},
            # Multiprocess, the default, costs 1.2 s a step and lets a killed run's child go on writing.
            executor=dg.in_process_executor,
        )
    return definitions


def _resource(stores: Access) -> Any:
    # A hardcoded one is not set up, and `Stores` notes then which process executes the run.
    return stores if isinstance(stores, Stores) else dg.ResourceDefinition.hardcoded_resource(stores)
