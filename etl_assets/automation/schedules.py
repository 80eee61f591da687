"""What happens at night: everything is read back, which a wave does not do."""

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation.sensors import NOT_BY_HAND
from etl_assets.core.load.due import CLEANED, staged_snapshots, was_run_by_hand
from etl_assets.model.errors import EtlError
from etl_assets.spec.model import Spec

AT_NIGHT = "0 3 * * *"


def build_nightly(spec: Spec) -> dg.ScheduleDefinition:
    """`nightly`, running from the start."""

    @dg.schedule(
        name="nightly",
        job_name=VERIFY,
        cron_schedule=AT_NIGHT,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads everything back at three in the morning (UTC) and counts all books anew: a wave reads "
        "itself alone. Says why when it does not.",
    )
    def nightly(stores: Stores):  # type: ignore[no-untyped-def]
        try:
            with stores.target_as_it_is() as connection, reading(connection):
                if not was_run_by_hand(connection):
                    return dg.SkipReason(NOT_BY_HAND)
                if not staged_snapshots(connection, spec):
                    return dg.SkipReason(f"{CLEANED} There is nothing to compare production with.")
        except EtlError as error:
            return dg.SkipReason(str(error))
        return dg.RunRequest()

    return nightly
