"""Numbers that count from an epoch: seconds and their parts since 1970 or another year, Julian days."""

import polars as pl

from etl_assets.transform.values.kept import Keep

# How many decimal digits of the unit a microsecond still shows.
DIGITS_BELOW = {"s": 6, "ms": 3, "us": 0, "coredata": 6, "webkit": 0}
# Units finer than a microsecond: how many make one. .NET's ticks are tenths of one.
FINER = {"ns": 1_000, "ticks": 10}
# Where other epochs begin, in microseconds since 1970: .NET's 0001-01-01, Apple's 2001-01-01, WebKit's 1601-01-01.
BEGINS_US = {"ticks": -62_135_596_800_000_000, "coredata": 978_307_200_000_000, "webkit": -11_644_473_600_000_000}
PLAIN = r"^[+-]?[0-9]+(?:\.[0-9]*)?$"
JULIAN_OF_EPOCH_MS = 210_866_760_000_000  # 1970-01-01 as SQLite counts it, in ms since noon of -4713-11-24
DAY_MS = 86_400_000.0
# 0001-01-01 and the end of 9999, in microseconds since 1970.
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


def is_number(text: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """True for cells that a `unit` is about: INTEGER, REAL, and TEXT that is a plain decimal number."""
    return kind.is_in(["i", "r"]) | ((kind == "t") & text.str.contains(PLAIN))


def instant(text: pl.Expr, unit: str, *, rounds: bool = False, keep: Keep) -> tuple[pl.Expr, list[tuple[pl.Expr, str]]]:
    """Datetime[us, UTC] of a number, and the faults: nothing is rounded but what SQLite itself calls a Julian day.

    A REAL counts as its shortest decimal that reads back the same. SQLite keeps Julian days to the millisecond
    (https://www.sqlite.org/lang_datefunc.html), and so do we. With `rounds` what is beyond microseconds is rounded.
    """
    number = keep(text.cast(pl.Float64, strict=False))
    if unit == "julian":
        exact = (number * DAY_MS + 0.5).floor().cast(pl.Int64, strict=False) - JULIAN_OF_EPOCH_MS
        micros = exact.cast(pl.Int128) * 1_000
        faults = [(~number.is_finite().fill_null(value=False), "out_of_range")]
    else:
        micros, is_exact = _finer(text, number, unit) if unit in FINER else _scaled(text, number, unit)
        faults = [(~number.is_finite().fill_null(value=False), "out_of_range")]
        if rounds:
            rounded = micros if unit in FINER else _rounded(text, number, unit)
            micros = pl.when(is_exact).then(micros).otherwise(rounded)
        else:
            faults.append((~is_exact, "target_would_round"))
    micros = keep(micros + pl.lit(BEGINS_US.get(unit, 0), dtype=pl.Int128))
    in_range = keep(micros.is_between(FIRST_US, LAST_US).fill_null(value=False))
    value = pl.when(in_range).then(micros).cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    return value, [*faults, (~in_range, "out_of_range")]


def _finer(text: pl.Expr, number: pl.Expr, unit: str) -> tuple[pl.Expr, pl.Expr]:
    """Microseconds, rounded half up, and whether nothing was rounded, of a whole number of a finer unit."""
    by_float = pl.when(number == number.floor()).then(number.cast(pl.Int64, strict=False))
    whole = pl.coalesce(text.cast(pl.Int64, strict=False), by_float)
    step = FINER[unit]
    return ((whole + step // 2) // step).cast(pl.Int128), (whole % step == 0).fill_null(value=False)


def _rounded(text: pl.Expr, number: pl.Expr, unit: str) -> pl.Expr:
    """Microseconds of a number with more digits, rounded half away from zero, as Postgres rounds its decimals."""
    below = DIGITS_BELOW[unit]
    digits = text.str.extract(r"^[+-]?([0-9]+)\.", 1) + text.str.extract(r"\.([0-9]*)$", 1).str.slice(0, below)
    up = text.str.extract(r"\.([0-9]*)$", 1).str.slice(below, 1) >= "5"
    plain = digits.cast(pl.Int64, strict=False) + up.cast(pl.Int64)
    signed = pl.when(text.str.starts_with("-")).then(-plain).otherwise(plain)
    return pl.coalesce(
        signed, (number * 10**below).round(mode="half_away_from_zero").cast(pl.Int64, strict=False)
    ).cast(pl.Int128)


def _scaled(text: pl.Expr, number: pl.Expr, unit: str) -> tuple[pl.Expr, pl.Expr]:
    below = DIGITS_BELOW[unit]
    # Eighteen digits reach far beyond the year 9999 in any unit, and their products stay far within Int128.
    whole = text.str.extract(r"^([+-]?0*[0-9]{1,18})(?:\.|$)", 1).str.strip_prefix("+").cast(pl.Int128, strict=False)
    fraction = text.str.extract(r"\.([0-9]*)$", 1).fill_null("").str.strip_chars_end("0")
    small = fraction.str.slice(0, below).str.pad_end(below, "0").cast(pl.Int64, strict=False).fill_null(0)
    signed = pl.when(text.str.starts_with("-")).then(-small).otherwise(small)
    plain = text.str.contains(PLAIN)
    # A REAL with an exponent (1.7e+18) has no fraction left at this size; a small one (1e-05) has nothing else.
    by_float = pl.when(number == number.floor()).then(number.cast(pl.Int128, strict=False))
    tiny = text.str.extract(r"e-([0-9]+)$", 1).cast(pl.Int64, strict=False)
    digits = text.str.extract(r"^[+-]?[0-9]\.?([0-9]*)e-", 1).str.len_chars().cast(pl.Int64) + tiny
    by_exponent = pl.when(digits <= below).then((number * 10**below).round().cast(pl.Int128, strict=False))
    by_value = pl.when(tiny.is_not_null()).then(by_exponent).otherwise(by_float * 10**below)
    is_whole = pl.when(tiny.is_not_null()).then(digits <= below).otherwise(number == number.floor())
    micros = pl.when(plain).then(whole * 10**below + signed).otherwise(by_value)
    return micros, pl.when(plain).then(fraction.str.len_chars() <= below).otherwise(is_whole)
