"""Timestamps and dates from ISO 8601 text; everything else is left for the operator to declare."""

import polars as pl

from etl_assets.model.target import TargetColumn
from etl_assets.transform.verdict import Verdict, first_fault

CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?"
TIMESTAMP = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{CLOCK}{OFFSET})?$"
MIDNIGHT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]00:00(?::00(?:\.0{1,6})?)?(?:Z|[+-]00(?::?00)?)?)?$"
MICROSECONDS = 6
LAST_YEAR = 9999
LAST_RULED_YEAR = 2099  # polars' zone tables end there: a summer time after it would be an hour off


def timestamp_verdict(text: pl.Expr, kind: pl.Expr, target: TargetColumn, *, timezone: str) -> Verdict:
    """Datetime[us, UTC]; text without an offset is in `timezone`, and a bare date is midnight there.

    An hour that a zone's clock shows twice, or skips, names no instant and is a fault.
    """
    day = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    rest = text.str.slice(16)
    naive = day.cast(pl.Datetime("us")) + pl.duration(
        hours=_number(text.str.slice(11, 2)),
        minutes=_number(text.str.slice(14, 2)),
        seconds=_number(rest.str.extract(r"^:([0-9]{2})", 1)),
        microseconds=_number(rest.str.extract(r"\.([0-9]{1,6})", 1).str.pad_end(MICROSECONDS, "0")),
        time_unit="us",
    )
    sign = pl.when(rest.str.contains(r"-[0-9]{2}:?[0-9]{0,2}$")).then(-1).otherwise(1)
    offset = pl.duration(
        hours=sign * _number(rest.str.extract(r"[+-]([0-9]{2}):?[0-9]{0,2}$", 1)),
        minutes=sign * _number(rest.str.extract(r"[+-][0-9]{2}:?([0-9]{2})$", 1)),
        time_unit="us",
    )
    has_offset = rest.str.contains(r"(?:Z|[+-][0-9]{2}:?[0-9]{0,2})$")
    by_offset = (naive - offset).dt.replace_time_zone("UTC")
    earliest = _localised(naive, timezone, ambiguous="earliest")
    by_zone = _localised(naive, timezone, ambiguous="null")
    value = pl.when(has_offset).then(by_offset).otherwise(by_zone)
    faults = [
        (kind.is_in(["i", "r"]), "number_without_unit"),
        (~kind.is_in(["t"]), "not_text"),
        (~text.str.contains(TIMESTAMP), "not_iso_8601"),
        (day.is_null() | (day.dt.year() < 1), "no_such_date"),
        (~has_offset & earliest.is_null(), "local_time_never_was"),
        (~has_offset & by_zone.is_null(), "local_time_was_twice"),
        (~value.dt.year().is_between(1, LAST_YEAR), "out_of_range"),
        (~has_offset & pl.lit(not _is_utc(timezone)) & (day.dt.year() > LAST_RULED_YEAR), "zone_rules_unknown"),
    ]
    if target.precision is not None and target.precision < MICROSECONDS:
        step = 10 ** (MICROSECONDS - target.precision)
        faults.append((value.dt.microsecond() % step != 0, "target_would_round"))
    return Verdict(value, first_fault(*faults))


def _is_utc(timezone: str) -> bool:
    return timezone in ("UTC", "GMT") or timezone.startswith("Etc/")


def _localised(naive: pl.Expr, timezone: str, *, ambiguous: str) -> pl.Expr:
    return naive.dt.replace_time_zone(
        timezone,
        ambiguous="null" if ambiguous == "null" else "earliest",
        non_existent="null",
    ).dt.convert_time_zone("UTC")


def _number(digits: pl.Expr) -> pl.Expr:
    return digits.cast(pl.Int64, strict=False).fill_null(0)


def date_verdict(text: pl.Expr, kind: pl.Expr) -> Verdict:
    """Date, from `YYYY-MM-DD` or a timestamp at midnight: a time of day would be lost."""
    value = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return Verdict(
        value,
        first_fault(
            (kind.is_in(["i", "r"]), "number_without_unit"),
            (~kind.is_in(["t"]), "not_text"),
            (~text.str.contains(TIMESTAMP), "not_iso_8601"),
            (~text.str.contains(MIDNIGHT), "time_of_day_would_be_lost"),
            (value.is_null() | (value.dt.year() < 1), "no_such_date"),
        ),
    )
