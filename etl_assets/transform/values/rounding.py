"""By how much a value was rounded, for the few whom the operator's word is about."""

import struct
from decimal import Decimal, InvalidOperation

import polars as pl

from etl_assets.model.target import TargetColumn

# A unit in seconds; of another the cell is text, and its seconds have a fraction. Epochs are whole seconds.
SECONDS = {
    "s": Decimal(1),
    "ms": Decimal("1e-3"),
    "us": Decimal("1e-6"),
    "ns": Decimal("1e-9"),
    "ticks": Decimal("1e-7"),
    "coredata": Decimal(1),
    "webkit": Decimal("1e-6"),
    "julian": Decimal(86_400),
}
TIMES = ("timestamp", "time", "interval")
FRACTION = r"[0-9]([.,][0-9]+)"
MONEY_DIGITS, MOST_DIGITS = 2, 6


def largest_difference(texts: pl.Series, unit: str | None, target: TargetColumn) -> Decimal:
    """The largest difference between what these cells say and what the target holds; of times, in seconds."""
    if not target.base.startswith(TIMES):
        return max((_of_number(text, target) for text in texts.unique()), default=Decimal(0))
    digits = MOST_DIGITS if target.precision is None else target.precision
    numbers = texts.str.strip_chars().str.contains(r"^[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?$") & (unit is not None)
    scale = SECONDS.get(unit or "", Decimal(1))
    found = [_beyond(_number(text) * scale, digits) for text in texts.filter(numbers).unique()]
    # Of a text only the fraction of its seconds can be too fine.
    fractions = texts.filter(~numbers).str.extract(FRACTION).drop_nulls().unique()
    return max(
        [*found, *(_beyond(_number("0" + text.replace(",", ".")), digits) for text in fractions)], default=Decimal(0)
    )


def _of_number(text: str, target: TargetColumn) -> Decimal:
    value = _number(text)
    if target.base == "real":
        try:
            single = struct.unpack("f", struct.pack("f", float(value)))[0]
        except OverflowError:
            return Decimal(0)
        return abs(value - Decimal(single))
    return _beyond(value, MONEY_DIGITS if target.base == "money" else target.scale or 0)


def _beyond(value: Decimal, digits: int) -> Decimal:
    return abs(value - round(value, digits))


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:  # a text that another rule has read; nothing can be said of it
        return Decimal(0)
