"""One rule per type: which legacy cells it takes, what they become, and the name of what is wrong with the rest.

A cell arrives as text with the letter of its SQLite storage class: n null, i integer, r real, t text, b blob,
T text that is not UTF-8 (blob and T as hex). The rules are the table *Values* of the design.
"""

import functools
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from etl_assets.model.target import Reader, TargetColumn
from etl_assets.spec.rules import GUID
from etl_assets.spec.types import element_of, is_read_by_postgres
from etl_assets.transform.identify import UUID_32, uuid_digits, with_hyphens
from etl_assets.transform.values.cell import Cell
from etl_assets.transform.values.clocks import interval_verdict, time_verdict
from etl_assets.transform.values.encodings import decoded, from_base64
from etl_assets.transform.values.json_text import json_faults, syntax_faults
from etl_assets.transform.values.lists import list_verdict
from etl_assets.transform.values.numbers import double_verdict, integer_verdict, money_verdict, numeric_verdict
from etl_assets.transform.values.real_text import as_sqlite_prints
from etl_assets.transform.values.times import date_verdict, timestamp_verdict, wall_clock_verdict
from etl_assets.transform.values.verdict import Verdict, first_fault

TRUE_WORDS = ("1", "t", "true", "y", "yes", "on")
FALSE_WORDS = ("0", "f", "false", "n", "no", "off")
HEX = r"^(?:[0-9a-fA-F]{2})*$"


def input_verdict(cell: Cell) -> Verdict:
    """Text that Postgres' own input function reads and gives back as it was; numbers as SQLite prints them."""
    words = text_verdict(replace(cell, target=TargetColumn("", "text", "text")))
    reads = functools.partial(_given_back, type_=cell.target.type, read=cell.read)
    judged = pl.when(words.fault.is_null()).then(words.value).map_batches(reads, return_dtype=pl.String)
    return Verdict(words.value, pl.coalesce(words.fault, judged))


def _given_back(texts: pl.Series, *, type_: str, read: Reader) -> pl.Series:
    """What is wrong with each text, NULL where nothing is."""
    distinct = texts.drop_nulls().unique().to_list()
    found = zip(distinct, read(type_, distinct) if distinct else [], strict=True)
    faulty = {
        text: "target_refuses" if spelled is None else "target_would_change"
        for text, spelled in found
        if spelled != text
    }
    if not faulty:
        return pl.Series(texts.name, [None] * len(texts), dtype=pl.String)
    return texts.replace_strict(faulty, default=None, return_dtype=pl.String)


def boolean_verdict(cell: Cell) -> Verdict:
    """True and false in the words that people use."""
    word = cell.keep(cell.text.str.to_lowercase())
    value = cell.keep(
        pl.when(cell.is_kind("it") & word.is_in(TRUE_WORDS))
        .then(statement=True)
        .when(cell.is_kind("it") & word.is_in(FALSE_WORDS))
        .then(statement=False)
    )
    return Verdict(value, first_fault((value.is_null(), "not_a_boolean")))


def uuid_verdict(cell: Cell) -> Verdict:
    """Lower-case text with hyphens, from any spelling of a UUID or a 16-byte BLOB.

    With `encoding: guid` the BLOB's first eight bytes are in the order of .NET, each of three groups turned round
    (https://learn.microsoft.com/dotnet/api/system.guid.tobytearray).
    """
    hexed = uuid_digits(cell.text, cell.keep)
    blob = cell.is_kind("b") & cell.text.str.contains(UUID_32)
    bytes_ = cell.keep(cell.text.str.to_lowercase())
    if cell.encoding == GUID:
        turned = [bytes_.str.slice(at, 2) for at in (6, 4, 2, 0, 10, 8, 14, 12)]
        bytes_ = pl.concat_str(*turned, bytes_.str.slice(16))
    digits = cell.keep(pl.when(blob).then(bytes_).otherwise(pl.when(cell.is_kind("t")).then(hexed)))
    return Verdict(with_hyphens(digits), first_fault((digits.is_null(), "not_a_uuid")))


def json_verdict(cell: Cell) -> Verdict:
    """The JSON text as it stands, when the target keeps all of it: jsonb takes less than json, which is its text."""
    faults = syntax_faults if cell.target.base == "json" else json_faults
    fault = (
        pl.when(~cell.is_kind("t"))
        .then(pl.lit("not_json"))
        .otherwise(cell.text.map_batches(faults, return_dtype=pl.String))
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
        printed = cell.keep(printed)
        faults = [(cell.is_kind("T"), "invalid_utf8"), (cell.is_kind("b"), "blob_in_text")]
    else:
        odd, decode = cell.is_kind("bT"), functools.partial(decoded, codec=cell.encoding)
        read = pl.when(odd).then(cell.text).map_batches(decode, return_dtype=pl.String)
        printed = cell.keep(pl.when(odd).then(read).otherwise(printed))
        faults = [(odd & printed.is_null(), "not_in_encoding")]
    faults.append((printed.str.contains("\x00", literal=True), "nul_in_text"))
    if cell.target.length is not None:
        faults.append((printed.str.len_chars() > cell.target.length, "target_would_cut"))
    if cell.target.base == "character":  # which pads with blanks, and takes none for a part of the value
        faults.append((printed.str.ends_with(" "), "target_would_change"))
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
    value = cell.keep(value)
    faults.append((value.is_null(), "not_a_blob"))
    return Verdict(pl.lit("\\x") + value.str.to_lowercase(), first_fault(*faults))


def _clock(cell: Cell, *, has_zone: bool) -> Verdict:
    return time_verdict(cell.text, cell.kind, cell.target, has_zone=has_zone, rounds=cell.times.rounds)


RULES: dict[str, Callable[[Cell], Verdict]] = {
    "text": text_verdict,
    "smallint": integer_verdict,
    "integer": integer_verdict,
    "bigint": integer_verdict,
    "numeric": numeric_verdict,
    "money": money_verdict,
    "real": double_verdict,
    "double": double_verdict,
    "boolean": boolean_verdict,
    "uuid": uuid_verdict,
    "json": json_verdict,
    "jsonb": json_verdict,
    "timestamptz": lambda cell: timestamp_verdict(
        cell.text, cell.kind, cell.target, options=cell.times, keep=cell.keep
    ),
    "timestamp": lambda cell: wall_clock_verdict(cell.text, cell.kind, cell.target, options=cell.times, keep=cell.keep),
    "time": functools.partial(_clock, has_zone=False),
    "timetz": functools.partial(_clock, has_zone=True),
    "interval": lambda cell: interval_verdict(
        cell.text, cell.kind, cell.target, unit=cell.times.unit, rounds=cell.times.rounds
    ),
    "date": lambda cell: date_verdict(cell.text, cell.kind, options=cell.times, keep=cell.keep),
    "bytea": bytea_verdict,
}


def verdict_of(type_name: str, cell: Cell) -> Verdict:
    """Value and fault of one column; NULL in is NULL out, and `''` is a fault everywhere but in text."""
    cell, element = cell.settled(), element_of(type_name)
    if element is not None:
        verdict = list_verdict(cell, functools.partial(verdict_of, element))
    else:
        verdict = input_verdict(cell) if is_read_by_postgres(type_name) else RULES[type_name](cell)
    fault = verdict.fault
    if type_name != "text":
        fault = pl.when(cell.is_kind("t") & (cell.text == "")).then(pl.lit("empty")).otherwise(fault)
    fault = pl.when(cell.text.is_null()).then(None).otherwise(fault)
    return Verdict(pl.when(cell.text.is_not_null()).then(verdict.value), fault)
