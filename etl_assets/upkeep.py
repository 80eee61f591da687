"""What an operator asks of the weeks: how long Dagster remembers."""

import os
from dataclasses import dataclass

from etl_assets.model.errors import SettingsError

KEEP_DAYS, MOST_DAYS = 30, 3_650


@dataclass(frozen=True)
class Upkeep:
    """`keep_days`: how long a finished run stays in Dagster, with its events and its logs."""

    keep_days: int = KEEP_DAYS


def read_upkeep() -> Upkeep:
    """What the environment says now.

    Raises:
        SettingsError: a value is malformed; it is not repeated.
    """
    return Upkeep(keep_days=_number("ETL_KEEP_DAYS", KEEP_DAYS, least=1, most=MOST_DAYS))


def _number(name: str, default: int, *, least: int, most: int) -> int:
    text = (os.environ.get(name) or str(default)).strip()
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise SettingsError(f"{name} is a whole number from {least} to {most:,}, {default} unless you say another")
    return int(text)
