"""What we read and never make: the legacy database and the accounts, so that the graph begins where the data does."""

import dagster as dg

from etl_assets.assets.keys import ACCOUNTS, LEGACY, OUTSIDE_GROUP
from etl_assets.spec.model import Spec


def outside_specs(spec: Spec) -> list[dg.AssetSpec]:
    """External assets, which nothing materializes."""
    legacy = dg.AssetSpec(
        LEGACY,
        group_name=OUTSIDE_GROUP,
        kinds={"sqlite"},
        description="The legacy app's SQLite database, which the app may go on writing to. We open it read-only; "
        "LEGACY_SQLITE says where it lies.",
    )
    accounts = dg.AssetSpec(
        ACCOUNTS,
        group_name=OUTSIDE_GROUP,
        kinds={"supabase"},
        description="The accounts that people make in the new app. Nobody's history is claimed before her account is "
        "there and her address confirmed; we only read them.",
    )
    return [legacy, accounts] if spec.users is not None else [legacy]
