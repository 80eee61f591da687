"""Timestamps and dates: ISO 8601 text, and what the operator declares beside it."""

from dataclasses import dataclass

import polars as pl

from etl_assets.model.target import TargetColumn
from etl_assets.spec.time_format import TimeFormat
from etl_assets.transform.values.epochs import instant, is_number
from etl_assets.transform.values.formats import iso_text
from etl_assets.transform.values.kept import Keep
from etl_assets.transform.values.verdict import Verdict, first_fault

# .NET and Go write up to nine digits; what is beyond microseconds is judged, not refused for its form.
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,12})?)?"
OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?"
TIMESTAMP = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{CLOCK}{OFFSET})?$"
MIDNIGHT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]00:00(?::00(?:\.0{1,12})?)?(?:Z|[+-]00(?::?00)?)?)?$"
PLAIN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
MICROSECONDS = 6
EDGE = 3  # hours: more than any clock is moved by, a date line apart
LAST_YEAR = 9999
LAST_RULED_YEAR = 2099  # polars' zone tables end there: a summer time after it would be an hour off


@dataclass(frozen=True)
class TimeOptions:
    """What the operator says of a column's times: the zone of local ones, the unit of numbers, the form of text.

    `ambiguous` settles local times that a zone's clock shows twice or skips: the earlier or the later instant.
    `plain`: `is_plain` holds for the cells at hand, which are text. `target_timezone`: the zone whose clock a column
    without a zone shows, that of the legacy times where it is None. `rounds`: what the target cannot hold is rounded.
    """

    timezone: str = "UTC"
    unit: str | None = None
    formats: tuple[TimeFormat, ...] = ()
    ambiguous: str | None = None
    plain: bool = False
    target_timezone: str | None = None
    rounds: bool = False

    @property
    def shown(self) -> str:
        """The zone whose clock a column without a zone shows."""
        return self.target_timezone or self.timezone


def is_plain(texts: pl.Series) -> bool:
    """True when every text is `YYYY-MM-DD HH:MM:SS`, as most legacy apps write, or NULL."""
    return bool(texts.str.contains(PLAIN).all())


def timestamp_verdict(
    text: pl.Expr, kind: pl.Expr, target: TargetColumn, *, options: TimeOptions, keep: Keep
) -> Verdict:
    """Datetime[us, UTC]; text without an offset is in the source's zone, and a bare date is midnight there.

    An hour that a zone's clock shows twice, or skips, names no instant and is a fault, unless `ambiguous` settles it.
    """
    if options.plain and not options.formats and options.timezone == "UTC":
        # The same by a tenth of the work: no offset to find, and no hour that a clock shows twice.
        value = keep(_plain(text).dt.replace_time_zone("UTC"))
        return Verdict(value, first_fault((value.is_null() | (value.dt.year() < 1), "no_such_date")))
    verdict = _with_numbers(_by_text(_read(text, options, keep), kind, options, keep), text, kind, options, keep)
    return _within_precision(verdict, target, options, keep)


def wall_clock_verdict(
    text: pl.Expr, kind: pl.Expr, target: TargetColumn, *, options: TimeOptions, keep: Keep
) -> Verdict:
    """Datetime[us] without a zone: what the clock of `options.shown` shows.

    Text without an offset stands as it is where the legacy clock is that of the same zone. An offset, a number or
    another zone names an instant first; one that the clock shows an hour later again is a fault.
    """
    if options.plain and not options.formats and options.shown == options.timezone:
        value = keep(_plain(text))
        return Verdict(value, first_fault((value.is_null() | (value.dt.year() < 1), "no_such_date")))
    read = _read(text, options, keep)
    by_instant = _with_numbers(_by_text(read, kind, options, keep), text, kind, options, keep)
    shown = keep(by_instant.value.dt.convert_time_zone(options.shown).dt.replace_time_zone(None))
    fault = by_instant.fault
    if options.ambiguous is None and not _is_utc(options.shown):
        is_twice = _localised(shown, options.shown, ambiguous="null").is_null()
        fault = pl.coalesce(fault, first_fault((is_twice, "local_time_was_twice")))
    if options.shown == options.timezone:
        as_written = ~read.has_offset & (kind == "t") & (pl.lit(not options.unit) | ~is_number(text, kind))
        shown = pl.when(as_written).then(read.naive).otherwise(shown)
        fault = pl.when(as_written).then(first_fault(*_form_faults(read, kind, options))).otherwise(fault)
    return _within_precision(Verdict(shown, fault), target, options, keep)


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")


def _with_numbers(verdict: Verdict, text: pl.Expr, kind: pl.Expr, options: TimeOptions, keep: Keep) -> Verdict:
    if not options.unit:
        return verdict
    by_number, faults = instant(text, options.unit, rounds=options.rounds, keep=keep)
    numbers = keep(is_number(text, kind))
    return Verdict(
        pl.when(numbers).then(by_number).otherwise(verdict.value),
        pl.when(numbers).then(first_fault(*faults)).otherwise(verdict.fault),
    )


def _within_precision(verdict: Verdict, target: TargetColumn, options: TimeOptions, keep: Keep) -> Verdict:
    if target.precision is None or target.precision >= MICROSECONDS:
        return verdict
    step, verdict = 10 ** (MICROSECONDS - target.precision), Verdict(keep(verdict.value), verdict.fault)
    if options.rounds:  # half up, as Postgres does
        since = verdict.value.dt.timestamp("us")
        rounded = verdict.value + pl.duration(microseconds=(since + step // 2) // step * step - since)
        return Verdict(rounded, verdict.fault)
    rounds = first_fault((verdict.value.dt.microsecond() % step != 0, "target_would_round"))
    return Verdict(verdict.value, pl.coalesce(verdict.fault, rounds))


@dataclass(frozen=True)
class _Read:
    """What ISO 8601 text says: its day, clock and offset, and whether digits stand beyond microseconds."""

    text: pl.Expr
    day: pl.Expr
    naive: pl.Expr
    offset: pl.Expr
    has_offset: pl.Expr
    is_finer: pl.Expr


def _as_iso(text: pl.Expr, options: TimeOptions) -> pl.Expr:
    """Text of a declared format as ISO 8601, other text as it stands."""
    return pl.coalesce(*(iso_text(text, wanted) for wanted in options.formats), text)


def _read(text: pl.Expr, options: TimeOptions, keep: Keep) -> _Read:
    text = keep(_as_iso(text, options))
    day = keep(text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))
    rest = keep(text.str.slice(16))
    fraction = keep(rest.str.extract(r"\.([0-9]{1,12})", 1))
    beyond = fraction.str.slice(MICROSECONDS).str.strip_chars_end("0")
    up = (beyond.str.slice(0, 1) >= "5").fill_null(value=False) & pl.lit(options.rounds)
    naive = day.cast(pl.Datetime("us")) + pl.duration(
        hours=_number(text.str.slice(11, 2)),
        minutes=_number(text.str.slice(14, 2)),
        seconds=_number(rest.str.extract(r"^:([0-9]{2})", 1)),
        microseconds=_number(fraction.str.slice(0, MICROSECONDS).str.pad_end(MICROSECONDS, "0")) + up.cast(pl.Int64),
        time_unit="us",
    )
    sign = pl.when(rest.str.contains(r"-[0-9]{2}:?[0-9]{0,2}$")).then(-1).otherwise(1)
    offset = pl.duration(
        hours=sign * _number(rest.str.extract(r"[+-]([0-9]{2}):?[0-9]{0,2}$", 1)),
        minutes=sign * _number(rest.str.extract(r"[+-][0-9]{2}:?([0-9]{2})$", 1)),
        time_unit="us",
    )
    has_offset = rest.str.contains(r"(?:Z|[+-][0-9]{2}:?[0-9]{0,2})$")
    return _Read(text, day, keep(naive), offset, keep(has_offset), (beyond != "").fill_null(value=False))


def _form_faults(read: _Read, kind: pl.Expr, options: TimeOptions) -> list[tuple[pl.Expr, str]]:
    form = "not_iso_8601" if not options.formats else "not_in_format"
    return [
        (kind.is_in(["i", "r"]), "number_without_unit"),
        (~kind.is_in(["t"]), "not_text"),
        (~read.text.str.contains(TIMESTAMP), form),
        (read.day.is_null() | (read.day.dt.year() < 1), "no_such_date"),
        *([] if options.rounds else [(read.is_finer, "target_would_round")]),
    ]


def _by_text(read: _Read, kind: pl.Expr, options: TimeOptions, keep: Keep) -> Verdict:
    timezone = options.timezone
    by_offset = (read.naive - read.offset).dt.replace_time_zone("UTC")
    once = keep(_localised(read.naive, timezone, ambiguous="null"))
    exists = _localised(read.naive, timezone, ambiguous="earliest").is_not_null()
    by_zone = once if options.ambiguous is None else keep(_settled(read.naive, timezone, options.ambiguous))
    value = keep(pl.when(read.has_offset).then(by_offset).otherwise(by_zone))
    is_ruled = read.day.dt.year() <= LAST_RULED_YEAR
    faults = [
        *_form_faults(read, kind, options),
        (~read.has_offset & by_zone.is_null() & ~exists, "local_time_never_was"),
        (~read.has_offset & by_zone.is_null(), "local_time_was_twice"),
        (~value.dt.year().is_between(1, LAST_YEAR), "out_of_range"),
        (~read.has_offset & pl.lit(not _is_utc(timezone)) & ~is_ruled, "zone_rules_unknown"),
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


def date_verdict(text: pl.Expr, kind: pl.Expr, *, options: TimeOptions, keep: Keep) -> Verdict:
    """Date, from `YYYY-MM-DD` or a timestamp at midnight: a time of day would be lost.

    A number with a unit is the day at whose midnight, UTC, it stands.
    """
    written, text = text, keep(_as_iso(text, options))
    value = keep(text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))
    form = "not_iso_8601" if not options.formats else "not_in_format"
    fault = first_fault(
        (kind.is_in(["i", "r"]), "number_without_unit"),
        (~kind.is_in(["t"]), "not_text"),
        (~text.str.contains(TIMESTAMP), form),
        (~text.str.contains(MIDNIGHT), "time_of_day_would_be_lost"),
        (value.is_null() | (value.dt.year() < 1), "no_such_date"),
    )
    if not options.unit:
        return Verdict(value, fault)
    by_number, faults = instant(written, options.unit, rounds=options.rounds, keep=keep)
    day = keep(by_number.dt.replace_time_zone(None).dt.date())
    is_late = by_number.dt.replace_time_zone(None) != day.cast(pl.Datetime("us"))
    numbers = is_number(written, kind)
    return Verdict(
        pl.when(numbers).then(day).otherwise(value),
        pl.when(numbers).then(first_fault(*faults, (is_late, "time_of_day_would_be_lost"))).otherwise(fault),
    )
