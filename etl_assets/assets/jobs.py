"""The buttons."""

from typing import Any

import dagster as dg

from etl_assets.assets.keys import RECONCILIATION, RESOLVED, VERIFICATION, production_key
from etl_assets.spec.model import Spec

MIGRATE, LOAD_WAVE, VERIFY = "migrate", "load_wave", "verify"


def build_jobs(spec: Spec) -> list[Any]:
    """`migrate` (everything that needs no wave), `load_wave` (one wave, to the books), `verify` (the books)."""
    wave_keys = [RESOLVED, *(production_key(name) for name in spec.owned), RECONCILIATION]
    by_wave = dg.AssetSelection.assets(*wave_keys)
    verification = dg.AssetSelection.assets(VERIFICATION)
    jobs: list[Any] = [
        dg.define_asset_job(
            MIGRATE,
            selection=dg.AssetSelection.all() - by_wave if spec.owned else dg.AssetSelection.all(),
            description="Snapshot, exports, staging, the user map, lookup tables and the books. Start here, and again "
            "whenever the legacy app has changed.",
        ),
        dg.define_asset_job(
            VERIFY, selection=verification, description="Reads everything back and closes the books; writes nothing."
        ),
    ]
    if spec.owned:
        jobs.append(
            dg.define_asset_job(
                LOAD_WAVE,
                selection=by_wave | verification,
                description="Claims and loads one login wave, then closes the books.",
            )
        )
    return jobs
