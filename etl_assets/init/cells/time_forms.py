"""Which unit the numbers of a column are moments in, and which formats read its texts."""

import re

from etl_assets.init.cells.value_shapes import has_clock
from etl_assets.init.table_facts import ColumnFacts
from etl_assets.model.words import counted

EPOCH_WORDS = "fall in 2000-2035"
UNIT_NAMES = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "julian": "Julian days",
    "ticks": "ticks of .NET since the year 1",
    "webkit": "microseconds since 1601, as WebKit counts",
    "coredata": "seconds since 2001, as Apple's Core Data counts",
}


def epoch_note(column: ColumnFacts, unit: str) -> str:
    """How many numbers fall where moments do, in words."""
    inside, numbers = column.epochs[unit], column.numbers - column.zeros
    outside = f"; look at the other {numbers - inside:,}" if numbers > inside else ""
    return f"{inside:,} of {counted(numbers, 'value')} {EPOCH_WORDS} as {UNIT_NAMES[unit]}{outside}"


def best_unit(column: ColumnFacts) -> str | None:
    """The unit in which most numbers are moments of this age."""
    return max(column.epochs, key=lambda unit: column.epochs[unit], default=None)


def best_formats(column: ColumnFacts) -> list[str]:
    """The formats that read most texts; several where days and months cannot be told apart."""
    most = max(column.formats.values(), default=0)
    return [format_ for format_, count in column.formats.items() if count == most]


def read_by(column: ColumnFacts, format_: str) -> int:
    """How many texts a format reads: where days lack their zeros, those that need none look like ISO dates."""
    return column.formats[format_] + (column.shaped("date") if format_ == "%Y-%m-%d" else 0)


def more_formats(column: ColumnFacts, first: str, *, is_instant: bool) -> dict[str, int]:
    """What reads the texts that the first format does not: ISO, and formats that share no text with those before."""
    found = dict[str, int]()
    iso = "" if first == "%Y-%m-%d" else "%Y-%m-%d"
    if iso and not is_instant and column.shaped("date"):
        found[iso] = column.shaped("date")
    signs = {_signs(first)}
    for format_, count in sorted(column.formats.items(), key=lambda pair: -pair[1]):
        fits = column.formats[first] + sum(found.values()) + count <= column.texts - column.shaped("empty")
        rival = swapped(format_)
        is_sure = rival == format_ or column.formats.get(rival, 0) < count
        if has_clock(format_) == is_instant and _signs(format_) not in signs and fits and is_sure and format_ != iso:
            found[format_] = count
            signs.add(_signs(format_))
    return found


def _signs(format_: str) -> str:
    """What stands between a format's parts: texts with other signs are other texts."""
    return re.sub(r"%[a-zA-Z]", "", format_) + ("b" if "%b" in format_ or "%B" in format_ else "")


def format_note(column: ColumnFacts, format_: str) -> str:
    """How many texts a format reads, and what decides for it, in words."""
    note = f"{read_by(column, format_):,} of {counted(column.texts - column.shaped('empty'), 'value')} read so"
    rival = swapped(format_)
    if rival in column.formats:
        decided = column.formats[format_] - column.formats[rival]
        note += f"; {decided:,} of them cannot be {rival}"
    return note + ("; 69-99 are years of the last century" if "%y" in format_ else "")


def swapped(format_: str) -> str:
    """The format with days and months the other way round."""
    return format_.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")


def is_undecidable(column: ColumnFacts) -> bool:
    """True where two formats read the dates alike, days first and months first."""
    best = best_formats(column)
    return any(swapped(format_) in best and swapped(format_) != format_ for format_ in best)
