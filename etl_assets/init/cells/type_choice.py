"""Which type fits a column: by its declared type, its name, and above all by what its cells are."""

import difflib
import re
from typing import Any

from etl_assets.init.cells.time_forms import (
    best_formats,
    best_unit,
    epoch_note,
    format_note,
    is_undecidable,
    more_formats,
    read_by,
    swapped,
)
from etl_assets.init.cells.value_shapes import has_clock
from etl_assets.init.draft import Choice
from etl_assets.init.names import bare, looks_boolean, looks_like_money, looks_like_time
from etl_assets.init.table_facts import ColumnFacts
from etl_assets.model.words import counted
from etl_assets.spec.model import KEEP_OTHERS
from etl_assets.spec.rules import GUID
from etl_assets.spec.types import TIMES

NEARLY_ALL = 0.99
NEAR = 0.5
FEWEST_READINGS, FEWEST_SECONDS = 5, 10
COUNTED_NAME = re.compile(
    r"(^|_)(id|ids|uid|no|nr|num|number|numero|nummer|count|size|bytes|length|phone|tel|telephone|telefon|mobile|fax|zip|"
    r"code|amount|price|total|sum|balance|credits?|score|points|views|hash|crc|crc32|checksum|seed|version|serial|isbn|ean|"
    r"barcode|sku|population|rank|order|distance|lat|lon|lng|pid|port|key|ref|reference|revision|sequence|cents|micros|nonce)"
    r"($|_)|id$"
)
SMALL_SHAPES = ("zero_or_one", "zero_led", "small")
WHOLE_SHAPES = (*SMALL_SHAPES, "big")
DECIMAL_SHAPES = (*WHOLE_SHAPES, "digits", "decimal")
# Types that take what another one takes, as far as init looks.
ALIKE = {"timestamp": "timestamptz", "smallint": "integer", "real": "double", "money": "numeric", "json": "jsonb"}
KNOWN_TYPES = (
    "int integer tinyint smallint mediumint bigint char varchar nchar nvarchar character text clob blob real float "
    "double decimal numeric money boolean bool date datetime timestamp timestamptz time json jsonb uuid string year "
    "bytea varbinary binary bit number long short longvarchar"
).split()
DAY_NAME = re.compile(r"(day|date|dob|datum|fecha|tag|jour|giorno|dag|geburtstag|nacimiento|on)$")
BIRTH_NAME = re.compile(r"birth|(^|_)dob($|_)|geburt|naissance|nacimiento|nascimento|nascita")
CLOCK_TYPE = re.compile(r"TIME\b(?!.*STAMP)")
CLOCK_NAME = re.compile(
    r"(^|_)(at|time|start|starts|end|ends|opens?|closes?|opening|closing|from|until|uhrzeit|hora|heure|alarm|wake|bedtime|arrival|departure|check_in|check_out)$"
)
KEEP, NO_DATES = "keep", ("0000-00-00", "0000-00-00 00:00:00")
TYPE_WORD = re.compile(r"[a-z]+")
NO_INTEGERS = re.compile(r"POINT|INTERVAL|FINGERPRINT|PRINT")
BIG_INTEGERS = ("BIGINT", "INT8", "BIG INT", "INT64")


def fitting(column: ColumnFacts, type_: str) -> int:
    """How many cells the rule of a type takes as they stand, without unit, format or encoding.

    All of them where init has not looked at what the type asks for, as of a span or a list: `check` does.
    """
    c = column
    type_ = ALIKE.get(type_, type_)
    numbers = c.integers + c.reals - c.infinities
    rules = {
        **dict.fromkeys(("timetz", "interval"), lambda: c.texts - c.shaped("empty")),
        "time": lambda: c.shaped("clock"),
        "boolean": lambda: c.zeros_and_ones + c.shaped("zero_or_one", "boolean"),
        "integer": lambda: c.small_integers + c.whole_reals + c.shaped(*SMALL_SHAPES),
        "bigint": lambda: c.integers + c.whole_reals + c.shaped(*WHOLE_SHAPES),
        "numeric": lambda: numbers + c.shaped(*DECIMAL_SHAPES),
        "double": lambda: numbers + c.shaped(*DECIMAL_SHAPES, "float"),
        "date": lambda: c.shaped("date", "midnight"),
        "timestamptz": lambda: c.shaped("date", "midnight", "timestamp"),
        "uuid": lambda: c.uuid_blobs + c.shaped("uuid", "hex32"),
        "jsonb": lambda: c.shaped("json"),
        "bytea": lambda: c.blobs,
        "text": lambda: c.integers + c.reals + c.texts - c.shaped("undecodable", "nul"),
    }
    return rules[type_]() if type_ in rules else c.filled


def as_type(column: ColumnFacts, type_: str) -> Choice:
    """A column read as this type, with the unit, format or `empty` that lets most of its cells through.

    Whether they are enough is for the caller to say: `misses` counts the cells that would be quarantined.
    """
    options, notes, taken = dict[str, Any](), list[str](), fitting(column, type_)
    is_instant = ALIKE.get(type_, type_) == "timestamptz"
    if is_instant and (unit := best_unit(column)) and column.epochs[unit] + column.zeros > NEAR * column.numbers:
        options["unit"], taken = unit, taken + column.numbers
        notes.append(epoch_note(column, unit))
        if column.zeros:
            options |= {"map": {"0": "", KEEP_OTHERS: KEEP}, "empty": "null"}
            notes.append(f"{column.zeros:,} are 0 for never, which becomes NULL")
        if unit == "s" and column.finer_reals:
            options["round"] = "true"
            notes.append(f"{column.finer_reals:,} have digits beyond microseconds, which are rounded")
    if type_ in TIMES:
        found = [f for f in best_formats(column) if has_clock(f) == is_instant]
        if found and read_by(column, found[0]) + taken > taken:
            more = more_formats(column, found[0], is_instant=is_instant)
            read = read_by(column, found[0]) + sum(more.values())
            if read > taken:
                options, taken = {"format": [found[0], *more] if more else found[0]}, read
                notes = [format_note(column, found[0]), *(f"{count:,} read as {f}" for f, count in more.items())]
    if type_ == "uuid" and column.guid_blobs and column.guid_blobs == column.uuid_blobs:
        options["encoding"] = GUID
        notes.append(f"{column.guid_blobs:,} of {counted(column.blobs, 'BLOB')} are UUIDs as .NET orders their bytes")
    finer = column.shaped("finer") if is_instant and "format" not in options else 0
    if finer:
        options["round"], taken = "true", taken + finer
        notes.append(f"{finer:,} have digits beyond microseconds, which are rounded")
    if type_ in TIMES and column.shaped("no_date") and taken:
        options |= {"map": {**dict.fromkeys(NO_DATES, ""), KEEP_OTHERS: KEEP}, "empty": "null"}
        notes.append(f"{column.shaped('no_date'):,} are 0000-00-00, which becomes NULL")
        taken += column.shaped("no_date")
    empty = 0 if type_ == "text" else column.shaped("empty")
    if empty and taken and type_ != "bytea":
        options["empty"] = "null"
        notes.append(f"{empty:,} empty texts become NULL")
        taken += empty
    misses = column.filled - taken
    if misses:
        notes.append(f"{misses:,} of {counted(column.filled, 'value')} would be quarantined: not {type_}")
    return Choice(type_, options, misses, tuple(notes), values=column.filled)


def choose_type(column: ColumnFacts, *, said: str | None = None) -> Choice:
    """The type that nearly all values fit, by declaration and name where there are several; text where there is none.

    A declared type whose rule does not take 99 % of the values is given up, and a note says so. `said` is the format of
    its dates by the operator's word.
    """
    if said in column.formats:
        misses = column.texts - column.formats[said] - column.shaped("empty")
        empty = {"empty": "null"} if column.shaped("empty") else {}
        return Choice(
            "timestamptz" if has_clock(said) else "date", {"format": said, **empty}, misses, values=column.filled
        )
    if column.filled == 0:
        return _by_declaration(column)
    for rule in (_boolean, _clock, _time, _uuid, _json, _number, _blob):
        choice = rule(column)
        if choice is not None:
            return choice
    return _text(column)


def _declares(column: ColumnFacts, *words: str) -> bool:
    return any(word in column.declared.upper() for word in words)


def _nearly_all(choice: Choice, column: ColumnFacts) -> bool:
    content = column.filled - (column.shaped("empty") if choice.options.get("empty") else 0)
    return content > 0 and choice.misses <= content * (1 - NEARLY_ALL)


def _declares_integer(column: ColumnFacts) -> bool:
    """SQLite's first rule of affinity, but for the words that only hold those letters."""
    return "INT" in NO_INTEGERS.sub("", column.declared.upper())


def _is_number_type(column: ColumnFacts) -> bool:
    # What SQLite's affinities go by, and what people write for decimals.
    return _declares_integer(column) or _declares(column, "REAL", "FLOA", "DOUB", "DEC", "NUM", "MONEY")


def _by_declaration(column: ColumnFacts) -> Choice:
    words = {
        "boolean": ("BOOL",),
        "timestamptz": ("DATETIME", "TIMESTAMP"),
        "date": ("DATE",),
        "jsonb": ("JSON",),
        "uuid": ("UUID", "GUID"),
        "bigint": BIG_INTEGERS,
        "integer": ("INT",),
        "bytea": ("BLOB", "BINARY", "BYTEA"),
        "numeric": ("DEC", "NUM", "MONEY"),
        "double": ("REAL", "FLOA", "DOUB"),
    }
    text = NO_INTEGERS.sub("", column.declared.upper())
    type_ = next((type_ for type_, parts in words.items() if any(part in text for part in parts)), "text")
    return Choice(type_, notes=("no values: by the declared type alone", *spelling_note(column)))


def _boolean(column: ColumnFacts) -> Choice | None:
    if not (column.is_flag or _declares(column, "BOOL", "TINYINT(1)", "BIT(1)") or looks_boolean(column.name)):
        return None
    if column.minus_ones and column.minus_ones + column.zeros == column.filled:
        # https://learn.microsoft.com/office/vba/language/reference/user-interface-help/boolean-data-type: true is -1.
        words = {"-1": "true", "0": "false"}
        return Choice(
            "boolean",
            {"map": words},
            0,
            (f"{column.minus_ones:,} are -1, as Access and Basic write true",),
            values=column.filled,
        )
    choice = as_type(column, "boolean")
    return choice if _nearly_all(choice, column) else None


def _clock(column: ColumnFacts) -> Choice | None:
    """A time of day without a day, of a column that is declared or called so; of others it may be a span."""
    if not (CLOCK_TYPE.match(column.declared.upper()) or CLOCK_NAME.search(bare(column.name))):
        return None
    choice = as_type(column, "time")
    return choice if _nearly_all(choice, column) else None


def _time(column: ColumnFacts) -> Choice | None:
    declared = _declares(column, "DATE", "TIME", "STAMP")
    hinted = declared or looks_like_time(column.name) or _are_clock_readings(column)
    hinted = hinted or _are_moments_by_value(column)
    wanted = ["date", "timestamptz"]
    if _declares(column, "TIME", "STAMP") or _is_a_moment(column):
        wanted.reverse()
    for type_ in wanted:
        choice = as_type(column, type_)
        numeric = "unit" in choice.options
        packed = "format" in choice.options and _formats(choice)[0].startswith("%Y%m")
        if not _nearly_all(choice, column) or ((numeric or packed) and not hinted):
            continue
        if numeric and column.epochs[choice.options["unit"]] < NEARLY_ALL * (column.numbers - column.zeros):
            continue
        if "format" in choice.options and is_undecidable(column):
            return None
        return choice
    return None


def _are_moments_by_value(column: ColumnFacts) -> bool:
    """Whole numbers, all of which fall in 2000-2035, of a column that is called neither an amount nor a number.

    Milliseconds and finer have so many digits that hardly anything else does; of seconds it takes a few more.
    """
    unit = best_unit(column)
    if unit is None or column.integers < column.filled or COUNTED_NAME.search(bare(column.name)):
        return False
    fewest = FEWEST_SECONDS if unit in ("s", "coredata") else FEWEST_READINGS
    return column.epochs[unit] + column.zeros == column.filled and column.epochs[unit] >= fewest


def _is_a_moment(column: ColumnFacts) -> bool:
    """True for days that are moments all the same, which happen to be at midnight, or are called so.

    Of `2024-01-01 00:00:00` in a column `birthday`, or declared DATE, the clock says nothing; a zone would.
    """
    if column.zoned:
        return not BIRTH_NAME.search(column.name.lower())
    if _declares(column, "DATE"):
        return False
    clocks = column.shaped("midnight")
    name = bare(column.name)
    return name.endswith("_at") or (clocks > 0 and not DAY_NAME.search(name))


def _formats(choice: Choice) -> list[str]:
    found = choice.options["format"]
    return [found] if isinstance(found, str) else found


def _are_clock_readings(column: ColumnFacts) -> bool:
    """REALs, all of which fall in 2000-2035 as seconds: what `time.time()` returns, whatever the name."""
    seconds = column.epochs.get("s", 0)
    return seconds == column.reals == column.filled >= FEWEST_READINGS and not looks_like_money(column.name)


def _uuid(column: ColumnFacts) -> Choice | None:
    choice = as_type(column, "uuid")
    if not _nearly_all(choice, column):
        return None
    # 32 hex digits are as often a digest as a UUID; only the name can tell.
    is_named = re.search(r"guid|uuid|(^|_)id$", column.name.lower()) or _declares(column, "UUID", "GUID")
    bare = column.shaped("hex32") + column.uuid_blobs
    return choice if is_named or not bare else None


def _json(column: ColumnFacts) -> Choice | None:
    choice = as_type(column, "jsonb")
    return choice if _nearly_all(choice, column) else None


def _number(column: ColumnFacts) -> Choice | None:
    by_storage = column.integers + column.reals > column.texts + column.blobs
    # Digits in a text column are postal codes and telephone numbers; EF Core writes decimals so.
    is_money = looks_like_money(column.name) and column.shaped("decimal") == column.filled
    if not (_is_number_type(column) or by_storage or is_money):
        return None
    if _declares(column, "DEC", "NUM", "MONEY") or (is_money and not _is_number_type(column)):
        wanted = ["numeric"]
    elif _declares(column, "REAL", "FLOA", "DOUB"):
        wanted = ["double"]
    else:
        # What is declared big may be so tomorrow.
        is_small = column.small_integers >= column.integers and not _declares(column, *BIG_INTEGERS)
        wanted = ["integer", "bigint"] if is_small else ["bigint"]
        wanted.append("numeric" if _declares_integer(column) else "double")
    for type_ in wanted:
        choice = as_type(column, type_)
        if _nearly_all(choice, column):
            return choice
    return None


def _blob(column: ColumnFacts) -> Choice | None:
    if column.blobs <= column.texts + column.integers + column.reals:
        return None
    return as_type(column, "bytea")


def _text(column: ColumnFacts) -> Choice:
    choice = as_type(column, "text")
    notes = list(choice.notes)
    undecodable = column.shaped("undecodable")
    if undecodable:
        notes = [f"{undecodable:,} of {counted(column.texts, 'value')} are not UTF-8 and would be quarantined"]
        notes.append("if they are of an old Windows program, add `encoding: cp1252`")
        if choice.misses > undecodable:
            notes.append(f"{choice.misses - undecodable:,} other values would be quarantined: no text")
    rivals = list[str]()
    if is_undecidable(column):
        best = best_formats(column)
        rivals = sorted(f for f in best if swapped(f) in best)
        notes.append(f"dates that read as {' and '.join(rivals)} alike, no day is above 12: choose a `format:`")
    elif _is_number_type(column) or _declares(column, "DATE", "TIME", "STAMP", "BOOL"):
        notes.append(
            f"declared {one_line(column.declared)}, which not all values are ({census(column)}){_nearest(column)}"
        )
    return Choice("text", choice.options, choice.misses, (*notes, *spelling_note(column)), tuple(rivals), column.filled)


def _nearest(column: ColumnFacts) -> str:
    """The type that would quarantine the fewest values, for the operator to weigh."""
    others = (as_type(column, type_) for type_ in ("boolean", "integer", "bigint", "numeric", "date", "timestamptz"))
    best = min(others, key=lambda choice: choice.misses)
    if column.filled - best.misses < NEAR * column.filled:
        return ""
    return f"; {best.type} would quarantine {best.misses:,} of {column.filled:,}"


def one_line(text: str) -> str:
    """A declared type without its line ends."""
    return " ".join(text.split())


def census(column: ColumnFacts) -> str:
    """How many cells are of which storage class, `3 INTEGER, 1 TEXT`."""
    counts = {"INTEGER": column.integers, "REAL": column.reals, "TEXT": column.texts, "BLOB": column.blobs}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def spelling_note(column: ColumnFacts) -> tuple[str, ...]:
    """A hint where the declared type is nearly the name of one: SQLite takes any word."""
    found = TYPE_WORD.match(column.declared.lower())
    if found is None or found[0] in KNOWN_TYPES:
        return ()
    close = difflib.get_close_matches(found[0], KNOWN_TYPES, n=1, cutoff=0.85)
    return (f"declared {one_line(column.declared)}: did you mean {close[0]}?",) if close else ()
