"""What happens at night: everything is read back, which a wave does not do, and what weeks leave behind goes."""

import dagster as dg

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.keys import HOUSEKEEPING, VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation.sensors import NOT_BY_HAND
from etl_assets.core.load.due import CLEANED, staged_snapshots, was_run_by_hand
from etl_assets.model.errors import EtlError
from etl_assets.spec.model import Spec

AT_NIGHT, LATER = "0 3 * * *", "0 5 * * *"


def build_nightly(spec: Spec) -> dg.ScheduleDefinition:
    """`verify_everything`, running from the start."""

    @dg.schedule(
        name="verify_everything",
        job_name=VERIFY,
        cron_schedule=AT_NIGHT,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads everything back at three in the morning (UTC) and counts all books anew: a wave reads "
        "itself alone. Says why when it does not.",
    )
    def verify_everything(stores: Stores):  # type: ignore[no-untyped-def]
        try:
            with stores.target_as_it_is() as connection, reading(connection):
                if not was_run_by_hand(connection):
                    return dg.SkipReason(NOT_BY_HAND)
                if not staged_snapshots(connection, spec):
                    return dg.SkipReason(f"{CLEANED} There is nothing to compare production with.")
        except EtlError as error:
            return dg.SkipReason(str(error))
        return dg.RunRequest()

    return verify_everything


def build_housekeeping() -> dg.ScheduleDefinition:
    """`housekeeping`, running from the start; after the reading, which a night may take."""
    return dg.ScheduleDefinition(
        name=HOUSEKEEPING,
        job_name=HOUSEKEEPING,
        cron_schedule=LATER,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Removes old runs with their events and logs, old waves' keys and old snapshots at five in the "
        "morning (UTC): see the job of that name.",
    )
