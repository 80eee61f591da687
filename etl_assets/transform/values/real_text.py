"""REALs in a text column: SQLite's form, and every digit that the number needs."""

import polars as pl


def as_sqlite_prints(cells: pl.Series) -> pl.Series:
    """The texts of a struct series `(text, kind)`, with REALs (kind r) as SQLite has them; none reads back as another.

    Only REAL cells take the slow road.
    """
    text = cells.struct.field("text")
    is_real = (cells.struct.field("kind") == "r") & text.is_not_null()
    if not is_real.any():
        return text
    printed = pl.Series([print_real(cell) for cell in text.filter(is_real)], dtype=pl.String)
    return text.scatter(is_real.arg_true(), printed)


def print_real(cell: str) -> str:
    """One REAL as SQLite prints it: `0.1`, `1.0e+22`, `Inf`.

    SQLite shows 15 digits and always a point (https://www.sqlite.org/printf.html, `%!.15g`). Where these would read
    back as another number, as those of 0.1 + 0.2 do, there are as many as it needs.
    """
    number = float(cell) + 0.0  # -0.0 prints as 0.0
    if number in (float("inf"), float("-inf")):
        return "Inf" if number > 0 else "-Inf"
    shown = format(number, ".15g")
    if float(shown) != number:
        shown = repr(number)  # the shortest that reads back the same
    mantissa, e, exponent = shown.partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}{e}{exponent}"
