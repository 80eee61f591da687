"""Numbers: exact or refused, as the target keeps them."""

import re
from dataclasses import replace

import polars as pl

from etl_assets.transform.values.cell import Cell
from etl_assets.transform.values.kept import Keep
from etl_assets.transform.values.verdict import Verdict, first_fault

INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
DIGITS = r"^[+-]?[0-9]+$"
DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
FLOAT = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
BIGINT = float(2**63)
WHOLE_DECIMAL = r"^[+-]?[0-9]+(?:\.0*)?$"
# https://www.postgresql.org/docs/current/datatype-numeric.html
POSTGRES_DIGITS_BEFORE_POINT, POSTGRES_DIGITS_AFTER_POINT = 131_072, 16_383


def integer_verdict(cell: Cell) -> Verdict:
    """Int64 from INTEGER, digits, or a REAL without fraction, within the target's range."""
    real = cell.keep(cell.text.cast(pl.Float64, strict=False))
    # A fraction would be cut by the cast; `strict=False` alone would do it without a word.
    value = cell.keep(
        pl.when(cell.is_kind("it") & cell.text.str.contains(DIGITS))
        .then(cell.text.str.strip_prefix("+").cast(pl.Int64, strict=False))
        .when(cell.is_kind("r") & (real == real.floor()) & real.is_between(-BIGINT, BIGINT, closed="left"))
        .then(real.cast(pl.Int64, strict=False))
    )
    digits = (cell.is_kind("it") & cell.text.str.contains(DIGITS)) | (cell.is_kind("r") & (real == real.floor()))
    return Verdict(value, first_fault((~digits, "not_an_integer"), *_range_faults(value, cell)))


def _range_faults(value: pl.Expr, cell: Cell) -> list[tuple[pl.Expr, str]]:
    limit = INTEGERS.get(cell.target.base, 2**63)
    faults = [(~value.is_between(-limit, limit - 1).fill_null(value=False), "out_of_range")]
    if cell.target.precision is not None:
        scale = cell.target.scale or 0
        fits = _fits(value.cast(pl.String), cell.target.precision, scale, most=scale, keep=cell.keep)
        faults.append((~fits, "target_would_round"))
    return faults


def numeric_verdict(cell: Cell) -> Verdict:
    """Decimal text, exact: no digit is lost, none is made up. An integer target gets digits alone."""
    real = cell.keep(cell.text.cast(pl.Float64, strict=False))
    decimal = cell.keep(pl.when(cell.is_kind("r")).then(cell.text).otherwise(cell.text.str.strip_prefix("+")))
    readable = (cell.is_kind("it") & cell.text.str.contains(DECIMAL)) | (cell.is_kind("r") & real.is_finite())
    after_point = decimal.str.extract(r"\.([0-9]*)$", 1).str.len_chars()
    faults = [
        (~readable, "not_a_decimal"),
        (cell.text.str.len_chars() - after_point.fill_null(0) > POSTGRES_DIGITS_BEFORE_POINT, "too_many_digits"),
        (after_point > POSTGRES_DIGITS_AFTER_POINT, "too_many_digits"),
    ]
    if cell.target.base in INTEGERS:
        whole = (cell.is_kind("it") & cell.text.str.contains(WHOLE_DECIMAL)) | (real == real.floor())
        digits = integer_verdict(replace(cell, text=cell.text.str.replace(r"^([+-]?[0-9]+)\.0*$", "${1}"))).value
        value = cell.keep(pl.when(cell.is_kind("r")).then(integer_verdict(cell).value).otherwise(digits))
        faults += [(~whole, "target_would_round"), *_range_faults(value, cell)]
        return Verdict(value.cast(pl.String), first_fault(*faults))
    if cell.target.precision is not None:
        scale = None if cell.times.rounds else cell.target.scale or 0
        fits = _fits(decimal, cell.target.precision, cell.target.scale or 0, most=scale, keep=cell.keep)
        faults.append((~fits, "target_would_round"))
    return Verdict(decimal, first_fault(*faults))


def _fits(decimal: pl.Expr, precision: int, scale: int, *, most: int | None, keep: Keep) -> pl.Expr:
    """True where the number has a place in numeric(precision, scale), with at most `most` digits behind the point."""
    mantissa = keep(decimal.str.extract(r"^-?([0-9.]*)", 1))
    exponent = decimal.str.extract(r"[eE]([+-]?[0-9]+)$", 1).cast(pl.Int64, strict=False).fill_null(0)
    before = keep(mantissa.str.extract(r"^([0-9]*)", 1))
    after = mantissa.str.extract(r"\.([0-9]*)$", 1).fill_null("")
    digits = keep(pl.concat_str(before, after))
    # The value is 0.<digits> * 10^point: count what stands on each side once zeros at both ends are gone.
    significant = digits.str.strip_chars_start("0").str.strip_chars_end("0").str.len_chars().cast(pl.Int64)
    leading = digits.str.len_chars().cast(pl.Int64) - digits.str.strip_chars_start("0").str.len_chars().cast(pl.Int64)
    point = before.str.len_chars().cast(pl.Int64) + exponent - leading
    is_exact = pl.lit(value=True) if most is None else significant - point <= most
    return (significant == 0) | ((point <= precision - scale) & is_exact)


def double_verdict(cell: Cell) -> Verdict:
    """Float64; an integer beyond 2^53 that a double cannot hold exactly stays behind, as does what underflows to 0."""
    value = cell.keep(pl.when(cell.text.str.contains(FLOAT)).then(cell.text.cast(pl.Float64, strict=False)))
    is_digits = cell.text.str.contains(DIGITS)
    whole = cell.text.str.strip_prefix("+").cast(pl.Int128, strict=False)
    inexact = is_digits & (whole.is_null() | value.cast(pl.Int128, strict=False).ne_missing(whole))
    underflows = (value == 0) & cell.text.str.extract(r"^([^eE]*)", 1).str.contains("[1-9]")
    faults = [
        (cell.is_kind("bT") | value.is_null(), "not_a_number"),
        (~value.is_finite() | underflows, "out_of_range"),
        (inexact, "target_would_round"),
    ]
    if cell.target.base == "real":
        single = cell.keep(value.cast(pl.Float32))
        faults.append((~single.is_finite() | ((single == 0) & (value != 0)), "out_of_range"))
        if not cell.times.rounds:  # what is written as 0.1 reads back as 0.1, and is the same to whoever sees it
            faults.append((single.cast(pl.String).cast(pl.Float64) != value, "target_would_round"))
    return Verdict(value, first_fault(*faults))


def money_verdict(cell: Cell) -> Verdict:
    """An exact amount, with as many decimals as the database's `lc_monetary` has: none of a yen, two of a dollar."""
    try:
        [penny] = cell.read("money", ["0.01"])
    except LookupError:  # nobody is there to ask
        penny = "0.01"
    scale = 2 if re.search(r"0[.,]01", penny or "") else 0
    amount = replace(cell, target=replace(cell.target, base="numeric", precision=16 + scale, scale=scale))
    return numeric_verdict(amount)
