"""One rule per type: which legacy cells it takes, what they become, and the name of what is wrong with the rest.

A cell arrives as text with the letter of its SQLite storage class: n null, i integer, r real, t text, b blob,
T text that is not UTF-8 (blob and T as hex). The rules are the table *Values* of the design.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from etl_assets.model.target import TargetColumn
from etl_assets.transform.encodings import decoded, from_base64
from etl_assets.transform.json_text import json_faults
from etl_assets.transform.real_text import as_sqlite_prints
from etl_assets.transform.times import TimeOptions, date_verdict, timestamp_verdict
from etl_assets.transform.verdict import Verdict, first_fault

INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
DIGITS = r"^[+-]?[0-9]+$"
DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
FLOAT = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
TRUE_WORDS = ("1", "t", "true", "y", "yes", "on")
FALSE_WORDS = ("0", "f", "false", "n", "no", "off")
HEX = r"^(?:[0-9a-fA-F]{2})*$"
UUID_36 = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
UUID_32 = r"^[0-9a-fA-F]{32}$"
BIGINT = float(2**63)
WHOLE_DECIMAL = r"^[+-]?[0-9]+(?:\.0*)?$"
# https://www.postgresql.org/docs/current/datatype-numeric.html
POSTGRES_DIGITS_BEFORE_POINT, POSTGRES_DIGITS_AFTER_POINT = 131_072, 16_383


@dataclass(frozen=True)
class Cell:
    """One column's cells: the text, the storage class letter, and what the target can hold."""

    text: pl.Expr
    kind: pl.Expr
    target: TargetColumn
    times: TimeOptions = field(default_factory=TimeOptions)
    encoding: str | None = None

    def is_kind(self, letters: str) -> pl.Expr:
        """True where the storage class is one of the letters."""
        return self.kind.is_in(list(letters))


def integer_verdict(cell: Cell) -> Verdict:
    """Int64 from INTEGER, digits, or a REAL without fraction, within the target's range."""
    real = cell.text.cast(pl.Float64, strict=False)
    # A fraction would be cut by the cast; `strict=False` alone would do it without a word.
    value = (
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
        fits = _fits(value.cast(pl.String), cell.target.precision, cell.target.scale or 0)
        faults.append((~fits, "target_would_round"))
    return faults


def numeric_verdict(cell: Cell) -> Verdict:
    """Decimal text, exact: no digit is lost, none is made up. An integer target gets digits alone."""
    real = cell.text.cast(pl.Float64, strict=False)
    decimal = pl.when(cell.is_kind("r")).then(cell.text).otherwise(cell.text.str.strip_prefix("+"))
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
        value = pl.when(cell.is_kind("r")).then(integer_verdict(cell).value).otherwise(digits)
        faults += [(~whole, "target_would_round"), *_range_faults(value, cell)]
        return Verdict(value.cast(pl.String), first_fault(*faults))
    if cell.target.precision is not None:
        faults.append((~_fits(decimal, cell.target.precision, cell.target.scale or 0), "target_would_round"))
    return Verdict(decimal, first_fault(*faults))


def _fits(decimal: pl.Expr, precision: int, scale: int) -> pl.Expr:
    mantissa = decimal.str.extract(r"^-?([0-9.]*)", 1)
    exponent = decimal.str.extract(r"[eE]([+-]?[0-9]+)$", 1).cast(pl.Int64, strict=False).fill_null(0)
    before = mantissa.str.extract(r"^([0-9]*)", 1)
    after = mantissa.str.extract(r"\.([0-9]*)$", 1).fill_null("")
    digits = pl.concat_str(before, after)
    # The value is 0.<digits> * 10^point: count what stands on each side once zeros at both ends are gone.
    significant = digits.str.strip_chars_start("0").str.strip_chars_end("0").str.len_chars().cast(pl.Int64)
    leading = digits.str.len_chars().cast(pl.Int64) - digits.str.strip_chars_start("0").str.len_chars().cast(pl.Int64)
    point = before.str.len_chars().cast(pl.Int64) + exponent - leading
    return (significant == 0) | ((point <= precision - scale) & (significant - point <= scale))


def double_verdict(cell: Cell) -> Verdict:
    """Float64; an integer beyond 2^53 that a double cannot hold exactly stays behind, as does what underflows to 0."""
    value = pl.when(cell.text.str.contains(FLOAT)).then(cell.text.cast(pl.Float64, strict=False))
    is_digits = cell.text.str.contains(DIGITS)
    whole = cell.text.str.strip_prefix("+").cast(pl.Int128, strict=False)
    inexact = is_digits & (whole.is_null() | value.cast(pl.Int128, strict=False).ne_missing(whole))
    underflows = (value == 0) & cell.text.str.extract(r"^([^eE]*)", 1).str.contains("[1-9]")
    return Verdict(
        value,
        first_fault(
            (cell.is_kind("bT") | value.is_null(), "not_a_number"),
            (~value.is_finite() | underflows, "out_of_range"),
            (inexact, "target_would_round"),
        ),
    )


def boolean_verdict(cell: Cell) -> Verdict:
    """True and false in the words that people use."""
    word = cell.text.str.to_lowercase()
    value = (
        pl.when(cell.is_kind("it") & word.is_in(TRUE_WORDS))
        .then(statement=True)
        .when(cell.is_kind("it") & word.is_in(FALSE_WORDS))
        .then(statement=False)
    )
    return Verdict(value, first_fault((value.is_null(), "not_a_boolean")))


def uuid_verdict(cell: Cell) -> Verdict:
    """Lower-case text with hyphens, from 36 or 32 hex digits or a 16-byte BLOB."""
    text_uuid = cell.is_kind("t") & (cell.text.str.contains(UUID_36) | cell.text.str.contains(UUID_32))
    blob_uuid = cell.is_kind("b") & cell.text.str.contains(UUID_32)
    h = cell.text.str.to_lowercase().str.replace_all("-", "", literal=True)
    value = pl.concat_str(
        h.str.slice(0, 8), h.str.slice(8, 4), h.str.slice(12, 4), h.str.slice(16, 4), h.str.slice(20, 12), separator="-"
    )
    return Verdict(value, first_fault((~(text_uuid | blob_uuid), "not_a_uuid")))


def jsonb_verdict(cell: Cell) -> Verdict:
    """The JSON text as it stands, when Postgres' jsonb keeps all of it."""
    fault = (
        pl.when(~cell.is_kind("t"))
        .then(pl.lit("not_json"))
        .otherwise(cell.text.map_batches(json_faults, return_dtype=pl.String))
    )
    return Verdict(cell.text, fault)


def text_verdict(cell: Cell) -> Verdict:
    """Text as it stands, numbers as SQLite prints them, within the target's length or labels.

    With `encoding`, BLOBs and text that is not UTF-8 are read in it.
    """
    printed = pl.struct(cell.text.alias("text"), cell.kind.alias("kind")).map_batches(
        as_sqlite_prints, return_dtype=pl.String
    )
    if cell.encoding is None:
        faults = [(cell.is_kind("T"), "invalid_utf8"), (cell.is_kind("b"), "blob_in_text")]
    else:
        odd, decode = cell.is_kind("bT"), functools.partial(decoded, codec=cell.encoding)
        read = pl.when(odd).then(cell.text).map_batches(decode, return_dtype=pl.String)
        printed = pl.when(odd).then(read).otherwise(printed)
        faults = [(odd & printed.is_null(), "not_in_encoding")]
    faults.append((printed.str.contains("\x00", literal=True), "nul_in_text"))
    if cell.target.length is not None:
        faults.append((printed.str.len_chars() > cell.target.length, "target_would_cut"))
    if cell.target.labels:
        faults.append((~printed.is_in(list(cell.target.labels)), "not_a_label_of_the_target"))
    return Verdict(printed, first_fault(*faults))


def bytea_verdict(cell: Cell) -> Verdict:
    """Postgres' hex form, `\\x00ff`, of a BLOB, or of TEXT whose `encoding` says what bytes it stands for."""
    hexed = pl.when(cell.is_kind("bT")).then(cell.text)
    text = cell.is_kind("t")
    if cell.encoding == "hex":
        value = hexed.otherwise(pl.when(text & cell.text.str.contains(HEX)).then(cell.text))
        faults = [(text & value.is_null(), "not_hex")]
    elif cell.encoding == "base64":
        value = hexed.otherwise(pl.when(text).then(cell.text).map_batches(from_base64, return_dtype=pl.String))
        faults = [(text & value.is_null(), "not_base64")]
    elif cell.encoding == "utf8":
        value = hexed.otherwise(pl.when(text).then(cell.text.cast(pl.Binary).bin.encode("hex")))
        faults = []
    else:
        value, faults = pl.when(cell.is_kind("b")).then(cell.text).otherwise(None), []
    faults.append((value.is_null(), "not_a_blob"))
    return Verdict(pl.lit("\\x") + value.str.to_lowercase(), first_fault(*faults))


RULES: dict[str, Callable[[Cell], Verdict]] = {
    "text": text_verdict,
    "integer": integer_verdict,
    "bigint": integer_verdict,
    "numeric": numeric_verdict,
    "double": double_verdict,
    "boolean": boolean_verdict,
    "uuid": uuid_verdict,
    "jsonb": jsonb_verdict,
    "timestamptz": lambda cell: timestamp_verdict(cell.text, cell.kind, cell.target, options=cell.times),
    "date": lambda cell: date_verdict(cell.text, cell.kind, options=cell.times),
    "bytea": bytea_verdict,
}


def verdict_of(type_name: str, cell: Cell) -> Verdict:
    """Value and fault of one column; NULL in is NULL out, and `''` is a fault everywhere but in text."""
    verdict = RULES[type_name](cell)
    fault = verdict.fault
    if type_name != "text":
        fault = pl.when(cell.is_kind("t") & (cell.text == "")).then(pl.lit("empty")).otherwise(fault)
    fault = pl.when(cell.text.is_null()).then(None).otherwise(fault)
    return Verdict(pl.when(cell.text.is_not_null()).then(verdict.value), fault)
