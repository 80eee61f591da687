"""Timestamps and dates: ISO 8601 text, and what the operator declares beside it."""

from dataclasses import dataclass

import polars as pl

from etl_assets.model.target import TargetColumn
from etl_assets.spec.time_format import TimeFormat
from etl_assets.transform.epochs import instant, is_number
from etl_assets.transform.formats import iso_text
from etl_assets.transform.verdict import Verdict, first_fault

CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?"
TIMESTAMP = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{CLOCK}{OFFSET})?$"
MIDNIGHT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]00:00(?::00(?:\.0{1,6})?)?(?:Z|[+-]00(?::?00)?)?)?$"
PLAIN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
MICROSECONDS = 6
EDGE = 3  # hours: more than any clock is moved by, a date line apart
LAST_YEAR = 9999
LAST_RULED_YEAR = 2099  # polars' zone tables end there: a summer time after it would be an hour off


@dataclass(frozen=True)
class TimeOptions:
    """What the operator says of a column's times: the zone of local ones, the unit of numbers, the form of text.

    `ambiguous` settles local times that a zone's clock shows twice or skips: the earlier or the later instant.
    `plain`: `is_plain` holds for the cells at hand, which are text.
    """

    timezone: str = "UTC"
    unit: str | None = None
    format: TimeFormat | None = None
    ambiguous: str | None = None
    plain: bool = False


def is_plain(texts: pl.Series) -> bool:
    """True when every text is `YYYY-MM-DD HH:MM:SS`, as most legacy apps write, or NULL."""
    return bool(texts.str.contains(PLAIN).all())


def timestamp_verdict(text: pl.Expr, kind: pl.Expr, target: TargetColumn, *, options: TimeOptions) -> Verdict:
    """Datetime[us, UTC]; text without an offset is in the source's zone, and a bare date is midnight there.

    An hour that a zone's clock shows twice, or skips, names no instant and is a fault, unless `ambiguous` settles it.
    """
    verdict = _by_text(text, kind, options)
    if options.unit:
        by_number, faults = instant(text, options.unit)
        numbers = is_number(text, kind)
        verdict = Verdict(
            pl.when(numbers).then(by_number).otherwise(verdict.value),
            pl.when(numbers).then(first_fault(*faults)).otherwise(verdict.fault),
        )
    if target.precision is None or target.precision >= MICROSECONDS:
        return verdict
    step = 10 ** (MICROSECONDS - target.precision)
    rounds = first_fault((verdict.value.dt.microsecond() % step != 0, "target_would_round"))
    return Verdict(verdict.value, pl.coalesce(verdict.fault, rounds))


def _by_text(text: pl.Expr, kind: pl.Expr, options: TimeOptions) -> Verdict:
    timezone = options.timezone
    if options.plain and options.format is None and timezone == "UTC":
        # The same by a tenth of the work: no offset to find, and no hour that a clock shows twice.
        value = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us").dt.replace_time_zone("UTC")
        return Verdict(value, first_fault((value.is_null() | (value.dt.year() < 1), "no_such_date")))
    if options.format is not None:
        text = pl.coalesce(iso_text(text, options.format), text)
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
    once = _localised(naive, timezone, ambiguous="null")
    exists = _localised(naive, timezone, ambiguous="earliest").is_not_null()
    by_zone = once if options.ambiguous is None else _settled(naive, timezone, options.ambiguous)
    value = pl.when(has_offset).then(by_offset).otherwise(by_zone)
    form = "not_iso_8601" if options.format is None else "not_in_format"
    faults = [
        (kind.is_in(["i", "r"]), "number_without_unit"),
        (~kind.is_in(["t"]), "not_text"),
        (~text.str.contains(TIMESTAMP), form),
        (day.is_null() | (day.dt.year() < 1), "no_such_date"),
        (~has_offset & by_zone.is_null() & ~exists, "local_time_never_was"),
        (~has_offset & by_zone.is_null(), "local_time_was_twice"),
        (~value.dt.year().is_between(1, LAST_YEAR), "out_of_range"),
        (~has_offset & pl.lit(not _is_utc(timezone)) & (day.dt.year() > LAST_RULED_YEAR), "zone_rules_unknown"),
    ]
    return Verdict(value, first_fault(*faults))


def _settled(naive: pl.Expr, timezone: str, ambiguous: str) -> pl.Expr:
    """The earlier or later reading of a local time: by the offset before the clocks were moved, and by that after."""
    edges = [_localised(naive + pl.duration(hours=hours), timezone, ambiguous="earliest") for hours in (-EDGE, EDGE)]
    readings = [edge - pl.duration(hours=hours) for edge, hours in zip(edges, (-EDGE, EDGE), strict=True)]
    once = _localised(naive, timezone, ambiguous="null")
    chosen = pl.min_horizontal(readings) if ambiguous == "earliest" else pl.max_horizontal(readings)
    both = pl.all_horizontal(reading.is_not_null() for reading in readings)
    return pl.coalesce(once, pl.when(both).then(chosen))


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


def date_verdict(text: pl.Expr, kind: pl.Expr, *, options: TimeOptions) -> Verdict:
    """Date, from `YYYY-MM-DD` or a timestamp at midnight: a time of day would be lost.

    A number with a unit is the day at whose midnight, UTC, it stands.
    """
    written = text
    if options.format is not None:
        text = pl.coalesce(iso_text(text, options.format), text)
    value = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    form = "not_iso_8601" if options.format is None else "not_in_format"
    fault = first_fault(
        (kind.is_in(["i", "r"]), "number_without_unit"),
        (~kind.is_in(["t"]), "not_text"),
        (~text.str.contains(TIMESTAMP), form),
        (~text.str.contains(MIDNIGHT), "time_of_day_would_be_lost"),
        (value.is_null() | (value.dt.year() < 1), "no_such_date"),
    )
    if not options.unit:
        return Verdict(value, fault)
    by_number, faults = instant(written, options.unit)
    day = by_number.dt.replace_time_zone(None).dt.date()
    is_late = by_number.dt.replace_time_zone(None) != day.cast(pl.Datetime("us"))
    numbers = is_number(written, kind)
    return Verdict(
        pl.when(numbers).then(day).otherwise(value),
        pl.when(numbers).then(first_fault(*faults, (is_late, "time_of_day_would_be_lost"))).otherwise(fault),
    )
