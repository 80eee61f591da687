"""Which JSON texts Postgres' jsonb keeps whole."""

import json
from typing import Any, NoReturn

import polars as pl

MAX_DEPTH = 500
# jsonb numbers are `numeric` (https://www.postgresql.org/docs/current/datatype-numeric.html).
DIGITS_BEFORE_POINT, DIGITS_AFTER_POINT = 131_072, 16_383
EXPONENT_CHARS = 9
# A value that is a short number or a plain word, between what can stand before and after a value. A key is none: a
# colon follows it. In a string such a number is a part of it, and such a word cannot be: its quotes would be escaped.
SHORT_NUMBER = r"([:\[,]\s*)-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?(\s*[,\]}])"
PLAIN_WORD = r'([:\[,]\s*)"[A-Za-z0-9 _./-]{0,80}"(\s*[,\]}])'


class _Fault(ValueError):
    pass


def json_faults(texts: pl.Series) -> pl.Series:
    """The fault of each JSON text (String), NULL where jsonb keeps it whole.

    jsonb drops duplicate keys and refuses `\\u0000` and lone surrogates
    (https://www.postgresql.org/docs/current/datatype-json.html); NaN and infinity are not RFC 8259.
    Python's parser is the only one at hand that shows duplicate keys, so one text of each shape is read (1,000,000
    texts of 130 characters: 11 s without). Other words and numbers in the place of values change nothing; where a
    shape is faulty, each of its texts is read, because its keys may have become alike.
    """
    shapes = _shapes(texts)
    faulty_shapes = [shape for shape in shapes.drop_nulls().unique() if json_fault(shape) is not None]
    if not faulty_shapes:
        return pl.Series(texts.name, [None] * len(texts), dtype=pl.String)
    suspects = texts.filter(shapes.is_in(faulty_shapes)).unique()
    faulty = {text: fault for text in suspects if (fault := json_fault(text)) is not None}
    if not faulty:
        return pl.Series(texts.name, [None] * len(texts), dtype=pl.String)
    return texts.replace_strict(faulty, default=None, return_dtype=pl.String)


def syntax_faults(texts: pl.Series) -> pl.Series:
    """The fault of each JSON text (String), NULL where Postgres' json, which keeps it as it stands, takes it."""
    faults = json_faults(texts)
    suspects = texts.filter(faults.is_not_null()).unique()
    faulty = {text: fault for text in suspects if (fault := _syntax_fault(text)) is not None}
    return texts.replace_strict(faulty, default=None, return_dtype=pl.String)


def _syntax_fault(text: str) -> str | None:
    if _depth(text) > MAX_DEPTH:
        return "json_too_deep"
    try:
        # Numbers stay text: neither side of a `json` reads them.
        json.loads(text, parse_constant=_not_a_number, parse_float=str, parse_int=str)
    except _Fault as fault:
        return str(fault)
    except (ValueError, RecursionError):
        return "not_json"
    return None


def _shapes(texts: pl.Series) -> pl.Series:
    numbers = texts.str.replace_all(SHORT_NUMBER, "${1}0${2}")
    # Twice, because neighbours in an array share the comma between them.
    words = numbers.str.replace_all(PLAIN_WORD, '${1}""${2}')
    return words.str.replace_all(PLAIN_WORD, '${1}""${2}')


def json_fault(text: str) -> str | None:
    """The fault of one JSON text, or None."""
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        return "json_too_deep"
    try:
        value = json.loads(
            text, object_pairs_hook=_no_twins, parse_constant=_not_a_number, parse_float=_number, parse_int=_number
        )
    except _Fault as fault:
        return str(fault)
    except (ValueError, RecursionError):
        return "not_json"
    # Only an escape can bring in what UTF-8 text cannot hold, so most texts need no second look.
    return _escape_fault(value) if "\\u" in text else None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Fault("json_duplicate_key")
    return found


def _not_a_number(_: str) -> NoReturn:
    raise _Fault("json_not_a_number")


def _number(digits: str) -> str:
    mantissa, _, exponent = digits.lower().partition("e")
    if len(exponent) > EXPONENT_CHARS:
        raise _Fault("json_number_too_large")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    shift = int(exponent or 0)
    significant = (whole + fraction).lstrip("0")
    before = len(significant) - len(fraction) + shift if significant else 0
    if before > DIGITS_BEFORE_POINT or len(fraction) - shift > DIGITS_AFTER_POINT:
        raise _Fault("json_number_too_large")
    return digits


def _escape_fault(value: Any) -> str | None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str):
            if "\x00" in item:
                return "json_nul"
            if any("\ud800" <= char <= "\udfff" for char in item):
                return "json_lone_surrogate"
    return None


def _depth(text: str) -> int:
    deepest = depth = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            escaped, in_string = (not escaped and char == "\\"), (escaped or char != '"')
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest
