"""Text in a declared format, rewritten as ISO 8601, which the time rules read."""

from collections.abc import Callable

import polars as pl

from etl_assets.spec.time_format import MONTHS, TimeFormat

Part = Callable[[str], pl.Expr]
PIVOT_YEAR = 69  # POSIX: 69-99 are of the last century, 00-68 of this one


def iso_text(text: pl.Expr, wanted: TimeFormat) -> pl.Expr:
    """ISO 8601 where the text has the format, NULL elsewhere; `2023-02-30` is left for the rules to refuse."""
    lower = text.str.to_lowercase()

    def part(directive: str) -> pl.Expr:
        return lower.str.extract(wanted.pattern, wanted.group(directive))

    def number(directive: str) -> pl.Expr:
        return part(directive).str.zfill(2)

    has = set(wanted.directives)
    date = pl.concat_str(_year(part, has), pl.lit("-"), _month(part, has), pl.lit("-"), number("d"))
    if not {"H", "I"} & has:
        return date
    minute = number("M") if "M" in has else pl.lit("00")
    second = number("S") if "S" in has else pl.lit("00")
    pieces = [date, pl.lit("T"), _hour(part, has), pl.lit(":"), minute, pl.lit(":"), second]
    if "f" in has:
        pieces += [pl.lit("."), part("f")]
    if "z" in has:
        pieces.append(part("z").str.to_uppercase().str.replace(r"^(?:GMT|UTC)$", "Z"))
    return pl.concat_str(pieces)


def _year(part: Part, has: set[str]) -> pl.Expr:
    if "Y" in has:
        return part("Y")
    year = part("y").cast(pl.Int32, strict=False)
    return pl.when(year < PIVOT_YEAR).then(2000 + year).otherwise(1900 + year).cast(pl.String)


def _month(part: Part, has: set[str]) -> pl.Expr:
    if "m" in has:
        return part("m").str.zfill(2)
    name = part("b") if "b" in has else part("B")
    numbers = {month[: 3 if "b" in has else None]: f"{number:02d}" for number, month in enumerate(MONTHS, start=1)}
    return name.replace_strict(numbers, default=None, return_dtype=pl.String)


def _hour(part: Part, has: set[str]) -> pl.Expr:
    if "H" in has:
        return part("H").str.zfill(2)
    hour = part("I").cast(pl.Int32, strict=False)
    shifted = hour % 12 + pl.when(part("p") == "pm").then(12).otherwise(0)
    # 0 and 13 stand on no twelve-hour clock.
    return pl.when(hour.is_between(1, 12)).then(shifted.cast(pl.String).str.zfill(2))
