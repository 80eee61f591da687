"""Times of day and spans of time: the forms in which apps write them, none of which loses anything."""

import polars as pl

from etl_assets.model.target import TargetColumn
from etl_assets.transform.values.epochs import DIGITS_BELOW
from etl_assets.transform.values.times import MICROSECONDS
from etl_assets.transform.values.verdict import Verdict, first_fault

OF_DAY = r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,12})?)?|24:00(?::00)?)"
OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)"
# `1 day, 2:03:04.5` is what Python's str(timedelta) says, `1 02:03:04` Django's, `1 day 02:03:04` Postgres' own.
SPAN = r"^[+-]?(?:[0-9]{1,7}(?: days?)?,? )?[+-]?[0-9]{1,8}:[0-5]?[0-9](?::[0-5]?[0-9](?:\.[0-9]{1,12})?)?$"
ISO_SPAN = (
    r"^P(?:[0-9]{1,6}Y)?(?:[0-9]{1,7}M)?(?:[0-9]{1,7}W)?(?:[0-9]{1,7}D)?"
    r"(?:T(?:[0-9]{1,8}H)?(?:[0-9]{1,8}M)?(?:[0-9]{1,8}(?:\.[0-9]{1,12})?S)?)?$"
)
DAYS = r"^[+-]?[0-9]{1,7} days?$"
NUMBER = r"^[+-]?[0-9]{1,18}(?:\.[0-9]+)?$"
WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}


def time_verdict(text: pl.Expr, kind: pl.Expr, target: TargetColumn, *, has_zone: bool, rounds: bool) -> Verdict:
    """The time of day as text, `07:30` to `24:00:00`; with `has_zone` the offset has to stand behind it."""
    form = text.str.contains(rf"{OF_DAY}{OFFSET if has_zone else ''}$")
    return Verdict(
        text, first_fault(*_not_text(kind), (~form, "not_a_time_of_day"), *_finer(text, target, rounds=rounds))
    )


def interval_verdict(text: pl.Expr, kind: pl.Expr, target: TargetColumn, *, unit: str | None, rounds: bool) -> Verdict:
    """A span as text that Postgres reads: `1 day 02:03:04`, ISO 8601 (`P1DT2H`), or a number of `unit`."""
    plain = text.str.replace(r"^([+-]?[0-9]+) (days?,? )?([+-]?[0-9]+:)", "${1} days ${3}")
    is_empty = text.is_in(["P", "PT"]) | text.str.ends_with("T")
    form = (text.str.contains(ISO_SPAN) & ~is_empty) | text.str.contains(SPAN) | text.str.contains(DAYS)
    faults = [*_not_text(kind), (~form, "not_an_interval"), *_finer(text, target, rounds=rounds)]
    if unit is None:
        return Verdict(plain, first_fault((kind.is_in(["i", "r"]), "number_without_unit"), *faults))
    number = kind.is_in(["i", "r"]) | text.str.contains(NUMBER)
    fraction = text.str.extract(r"\.([0-9]*)$", 1).str.strip_chars_end("0").str.len_chars().fill_null(0)
    step = 10 ** (MICROSECONDS - _digits(target))
    whole = text.str.extract(r"^[+-]?([0-9]+)", 1).cast(pl.Int64, strict=False) * 10 ** DIGITS_BELOW[unit]
    too_fine = (fraction > max(DIGITS_BELOW[unit] - MICROSECONDS + _digits(target), 0)) | (whole % step != 0)
    by_number = first_fault(
        (~text.str.contains(NUMBER), "not_an_interval"), *([] if rounds else [(too_fine, "target_would_round")])
    )
    return Verdict(
        pl.when(number).then(pl.concat_str(text, pl.lit(f" {WORDS[unit]}"))).otherwise(plain),
        pl.when(number).then(by_number).otherwise(first_fault(*faults)),
    )


def _not_text(kind: pl.Expr) -> list[tuple[pl.Expr, str]]:
    return [(~kind.is_in(["t"]), "not_text")]


def _digits(target: TargetColumn) -> int:
    return MICROSECONDS if target.precision is None else target.precision


def _finer(text: pl.Expr, target: TargetColumn, *, rounds: bool) -> list[tuple[pl.Expr, str]]:
    """What is beyond the target's digits would be rounded away; zeros there are exact."""
    fraction = text.str.extract(r"\.([0-9]+)", 1).str.strip_chars_end("0").str.len_chars()
    return [] if rounds else [(fraction > _digits(target), "target_would_round")]
