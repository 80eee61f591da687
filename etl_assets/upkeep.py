"""What an operator asks of the weeks: how long Dagster remembers, who is told of what, and when silence is alarming."""

import os
import re
from dataclasses import dataclass, field

from etl_assets.access.alerts.heartbeat import require_url
from etl_assets.model.errors import SettingsError
from etl_assets.settings import secret

KEEP_DAYS, MOST_DAYS = 30, 3_650
QUIET_HOURS, DISK_PERCENT = 24, 10
TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Upkeep:
    """The wishes of one moment.

    `keep_days`: how long a finished run stays in Dagster, with its events and its logs. `alerts`: URLs for apprise.
    `heartbeat`: a URL that is fetched while all is well. `digest`: when the day's numbers are sent, `07:30` in UTC.
    `quiet_hours`: after how long a source that does not change is told of, 0 for never. `disk_percent`: what has to be
    free. `target_disk_gb`: how large the target's disk is, 0 where nobody said.
    """

    keep_days: int = KEEP_DAYS
    alerts: str = field(default="", repr=False)
    heartbeat: str = field(default="", repr=False)
    digest: str = ""
    quiet_hours: int = QUIET_HOURS
    disk_percent: int = DISK_PERCENT
    target_disk_gb: int = 0


def read_upkeep() -> Upkeep:
    """What the environment says now.

    Raises:
        SettingsError: a value is malformed; it is not repeated.
    """
    digest = (os.environ.get("ETL_DIGEST") or "").strip()
    if digest and not TIME_OF_DAY.fullmatch(digest):
        raise SettingsError("ETL_DIGEST is a time of day in UTC such as 07:30, or empty for no digest")
    return Upkeep(
        keep_days=_number("ETL_KEEP_DAYS", KEEP_DAYS, least=1, most=MOST_DAYS),
        alerts=secret("ETL_ALERTS"),
        heartbeat=require_url(secret("ETL_HEARTBEAT")),
        digest=digest,
        quiet_hours=_number("ETL_QUIET_HOURS", QUIET_HOURS, least=0, most=MOST_DAYS),
        disk_percent=_number("ETL_DISK_PERCENT", DISK_PERCENT, least=0, most=99),
        target_disk_gb=_number("ETL_TARGET_DISK_GB", 0, least=0, most=1_000_000),
    )


def require_upkeep() -> Upkeep:
    """The same, with every URL of ETL_ALERTS looked at, which takes a second where there is one.

    Raises:
        SettingsError: a value is malformed.
    """
    from etl_assets.access.alerts.messages import services  # noqa: PLC0415 - only where somebody asks

    found = read_upkeep()
    services(found.alerts)
    return found


def _number(name: str, default: int, *, least: int, most: int) -> int:
    text = (os.environ.get(name) or str(default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 8 and least <= int(text) <= most):
        raise SettingsError(f"{name} is a whole number from {least} to {most:,}, {default} unless you say another")
    return int(text)
