"""The validations as asset checks: what an operator sees is what the load runs again in its own transaction."""

from collections import defaultdict

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import key_of
from etl_assets.assets.outcomes import check_result, check_spec, failures, without_finding
from etl_assets.assets.resources import Stores
from etl_assets.core.gate.findings import find_all
from etl_assets.core.gate.gate import all_validations
from etl_assets.core.gate.validation import RESOLVED_ASSET, USERS_ASSET, Validation
from etl_assets.spec.model import Spec

ABSENT = "The table is optional, and neither the legacy database nor the target has it."


def build_validation_checks(spec: Spec) -> list[dg.AssetChecksDefinition]:
    """One step per asset with all of its validations; never one for several assets, which would block them all."""
    by_asset: dict[str, list[Validation]] = defaultdict(list)
    for validation in all_validations(spec):
        by_asset[validation.asset].append(validation)
    return [_build(spec, asset, validations) for asset, validations in by_asset.items()]


def _build(spec: Spec, asset: str, validations: list[Validation]) -> dg.AssetChecksDefinition:
    key = key_of(asset)

    @dg.multi_asset_check(
        name=f"check_{asset.replace('/', '_')}", specs=[check_spec(validation, key) for validation in validations]
    )
    def check_validations(stores: Stores):  # type: ignore[no-untyped-def]
        with failures(), stores.target() as connection:
            links = stores.links(connection, spec)
            known = {*links.tables, USERS_ASSET, RESOLVED_ASSET}
            with reading(connection):
                found = find_all(connection, links, (rule for rule in validations if rule.table in known))
        for validation in validations:
            finding, stop = found.get(validation.name), links.stopped.get(validation.table)
            # Of a table that stops nothing is written, so it blocks nobody; `target` and the books say that it does.
            yield (
                check_result(validation, key, finding)
                if finding
                else without_finding(
                    validation, key, passed=True, why=f"Not looked at. {stop.stop}" if stop else ABSENT
                )
            )

    return check_validations
