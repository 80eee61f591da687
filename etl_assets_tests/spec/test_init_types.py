"""Types are chosen by what the cells are; declaration and name decide where several fit."""

import dataclasses

import pytest

from etl_assets.init.cells.type_choice import as_type, choose_type
from etl_assets.init.cells.value_shapes import FORMATS, reads, text_shape
from etl_assets.init.table_facts import ColumnFacts


def integers(name: str, declared: str = "INTEGER", *, count: int = 100, **more: object) -> ColumnFacts:
    return ColumnFacts(name, declared, integers=count, small_integers=more.pop("small", count), **more)  # type: ignore[arg-type]


def texts(
    name: str = "x",
    declared: str = "TEXT",
    *,
    formats: dict[str, int] | None = None,
    zoned: int = 0,
    epochs: dict[str, int] | None = None,
    **shapes: int,
) -> ColumnFacts:
    found = ColumnFacts(name, declared, texts=sum(shapes.values()), shapes=shapes, zoned=zoned)
    return dataclasses.replace(found, formats=formats or {}, epochs=epochs or {})


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", "empty"),
        ("1", "zero_or_one"),
        ("-17", "small"),
        ("3000000000", "big"),
        ("9" * 20, "digits"),
        ("0171234", "zero_led"),
        ("1.50", "decimal"),
        ("1e5", "float"),
        ("Yes", "boolean"),
        ("2024-02-29", "date"),
        ("2023-02-29", "other"),
        ("2024-02-29 00:00:00", "midnight"),
        ("0000-00-00 00:00:00", "no_date"),
        ("0000-00-00", "no_date"),
        ("0000-00-00 01:00:00", "other"),
        ("07:30", "clock"),
        ("23:59:59.5", "clock"),
        ("24:30", "other"),
        ("2024-02-29T10:11:12.123456+02:00", "timestamp"),
        ("2024-02-29 24:00:00", "other"),
        ("6FA459EA-EE8A-3CA4-894E-DB77E160355E", "uuid"),
        ("6fa459eaee8a3ca4894edb77e160355e", "hex32"),
        ('{"a": 1}', "json"),
        ("[NaN]", "other"),
        ('["\\u0000"]', "other"),
        ("{not json", "other"),
        ("a\x00b", "nul"),
        ("Gr\udcfc\udcdfe", "undecodable"),
        ("Grüße", "other"),
        ("Anna", "other"),
    ],
)
def test_a_text_has_one_shape(text: str, shape: str) -> None:
    assert text_shape(text) == shape


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("31/12/1999", ["%d/%m/%Y"]),
        ("12/31/1999", ["%m/%d/%Y"]),
        ("01/02/1999", ["%d/%m/%Y", "%m/%d/%Y"]),
        ("02-NOV-92", ["%d-%b-%y"]),
        ("3.4.2021 17:30", ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
        ("January 5, 2020", ["%B %d, %Y"]),
        ("20240131", ["%Y%m%d"]),
        ("20240131235959", ["%Y%m%d%H%M%S"]),
        ("1978-2-23", ["%Y-%m-%d"]),
        ("30/02/2020", []),
        ("5/6", []),
    ],
)
def test_a_date_format_reads_only_days_that_exist(text: str, formats: list[str]) -> None:
    assert [format_ for format_ in FORMATS if reads(format_, text)] == formats


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        (integers("n"), "integer"),
        (integers("n", small=99), "bigint"),
        (integers("n", ""), "integer"),
        (integers("flag_count", zeros_and_ones=100), "integer"),
        (integers("is_open", zeros_and_ones=100), "boolean"),
        (integers("x", "BOOLEAN", zeros_and_ones=100), "boolean"),
        (integers("is_open", zeros_and_ones=50), "integer"),
        (integers("shipped", zeros_and_ones=100), "boolean"),
        (integers("speed", zeros_and_ones=100), "integer"),
        (integers("seen_at", zeros=60, epochs={"s": 40}), "timestamptz"),
        (integers("seen_at", zeros=60, epochs={"s": 30}), "integer"),
        (integers("seen_at", zeros=100), "integer"),
        (integers("views", zeros=60, epochs={"s": 40}), "integer"),
        (texts("created_at", big=10, formats={}, epochs={"ms": 10}), "timestamptz"),
        (texts("created_at", big=5, timestamp=5, epochs={"ms": 5}), "timestamptz"),
        (texts("reference", big=10, epochs={"ms": 10}), "text"),
        (texts("updated_at", no_date=4, timestamp=6), "timestamptz"),
        (texts("updated_at", no_date=4), "text"),
        (texts("opens", clock=10), "time"),
        (texts("x", "TIME", clock=10), "time"),
        (texts("duration", clock=10), "text"),
        (texts("starts_at", clock=9, other=1), "text"),
        (integers("level", zeros_and_ones=100), "integer"),
        (integers("level", zeros_and_ones=100, is_flag=True), "boolean"),
        (integers("ysnPaid", zeros=40, minus_ones=60), "boolean"),
        (integers("offset", zeros=40, minus_ones=60), "integer"),
        (ColumnFacts("price", "DECIMAL(8,2)", integers=40, small_integers=40, reals=60), "numeric"),
        (ColumnFacts("price", "REAL", reals=100), "double"),
        (ColumnFacts("ratio", "INTEGER", integers=10, small_integers=10, reals=90), "numeric"),
        (ColumnFacts("data", "", blobs=9, texts=1, shapes={"other": 1}), "bytea"),
        (ColumnFacts("data", "BLOB", blobs=1, texts=9, shapes={"other": 9}), "text"),
        (texts(uuid=10), "uuid"),
        (texts("digest", hex32=10), "text"),
        (texts("guid", hex32=10), "uuid"),
        (texts(json=10), "jsonb"),
        (texts(json=9, other=1), "text"),
        (texts(date=10), "date"),
        (texts(date=9, timestamp=1), "timestamptz"),
        (texts(declared="DATETIME", midnight=10), "timestamptz"),
        (texts(midnight=10), "timestamptz"),
        (texts(declared="DATE", midnight=10), "date"),
        (texts(name="birthday", midnight=10), "date"),
        (texts(name="due_date", midnight=10), "date"),
        (texts(name="created_at", midnight=10), "timestamptz"),
        (texts(name="createdAt", date=10), "timestamptz"),
        (texts(name="created_at", declared="DATE", date=10), "date"),
        (texts(name="starts", date=10), "date"),
        (texts(name="due_date", midnight=10, zoned=10), "timestamptz"),
        (texts(name="dateOfBirth", midnight=10, zoned=10), "date"),
        (texts(declared="DATE", midnight=10, zoned=10), "timestamptz"),
        (texts("postal_code", small=10), "text"),
        (texts("postal_code", zero_led=1, small=9), "text"),
        (texts("note", other=10), "text"),
        (ColumnFacts("at", "TIMESTAMP"), "timestamptz"),
        (ColumnFacts("n", "UNSIGNED BIG INT"), "bigint"),
        (ColumnFacts("n", ""), "text"),
    ],
)
def test_a_type_is_chosen_where_nearly_all_values_fit(column: ColumnFacts, type_: str) -> None:
    assert choose_type(column).type == type_


@pytest.mark.parametrize(
    ("unit", "kind"), [("s", "integers"), ("ms", "integers"), ("us", "integers"), ("s", "reals"), ("julian", "reals")]
)
def test_numbers_of_a_column_named_after_a_time_get_their_unit(unit: str, kind: str) -> None:
    counts = {kind: 10_000, "epochs": {unit: 9_998}}
    choice = choose_type(ColumnFacts("created_at", "", **counts))  # type: ignore[arg-type]
    assert (choice.type, choice.options) == ("timestamptz", {"unit": unit})
    assert "9,998 of 10,000 values fall in 2000-2035" in choice.notes[0]
    assert "look at the other 2" in choice.notes[0]
    assert choose_type(ColumnFacts("counter", "", **counts)).type != "timestamptz"  # type: ignore[arg-type]
    few = {kind: 10_000, "epochs": {unit: 5_000}}
    assert choose_type(ColumnFacts("created_at", "", **few)).type != "timestamptz"  # type: ignore[arg-type]


def test_days_above_twelve_decide_between_two_formats() -> None:
    found = choose_type(texts(formats={"%d/%m/%Y": 100, "%m/%d/%Y": 40}, other=100))
    assert (found.type, found.options) == ("date", {"format": "%d/%m/%Y"})
    assert "100 of 100 values read so; 60 of them cannot be %m/%d/%Y" in found.notes[0]
    american = choose_type(texts(formats={"%d/%m/%Y": 40, "%m/%d/%Y": 100}, other=100))
    assert american.options == {"format": "%m/%d/%Y"}


def test_dates_that_read_both_ways_stay_text_with_a_comment() -> None:
    found = choose_type(texts(formats={"%d/%m/%Y": 100, "%m/%d/%Y": 100}, other=100))
    assert found.type == "text"
    assert any("%d/%m/%Y and %m/%d/%Y alike" in note for note in found.notes)


def test_a_format_with_a_clock_makes_a_timestamp() -> None:
    found = choose_type(texts(formats={"%d.%m.%Y %H:%M": 10}, other=10))
    assert (found.type, found.options["format"]) == ("timestamptz", "%d.%m.%Y %H:%M")


def test_a_few_values_that_do_not_fit_are_counted() -> None:
    found = choose_type(texts(declared="DATE", date=995, other=5))
    assert found.type == "date"
    assert "5 of 1,000 values would be quarantined: not date" in found.notes
    assert choose_type(texts(declared="DATE", date=95, other=5)).type == "text"


def test_a_declaration_that_the_data_contradict_is_named() -> None:
    found = choose_type(ColumnFacts("qty", "INTEGER", integers=2, small_integers=2, texts=1, shapes={"other": 1}))
    assert found.type == "text"
    assert (
        "declared INTEGER, which not all values are (2 INTEGER, 1 TEXT); integer would quarantine 1 of 3" in found.notes
    )


def test_empty_texts_become_null_where_the_spec_says_so() -> None:
    found = choose_type(texts(date=10, empty=3))
    assert (found.type, found.options, found.misses) == ("date", {"empty": "null"}, 0)
    assert choose_type(texts(other=10, empty=3)).options == {}


def test_text_that_is_not_utf8_is_counted_and_an_encoding_suggested() -> None:
    found = choose_type(texts(other=8, undecodable=2))
    assert found.misses == 2
    assert "2 of 10 values are not UTF-8" in found.notes[0]
    assert "encoding: cp1252" in found.notes[1]


def test_a_misspelt_type_gets_a_hint() -> None:
    found = choose_type(ColumnFacts("at", "timestampz"))
    assert "declared timestampz: did you mean timestamptz?" in found.notes
    assert not any("did you mean" in note for note in choose_type(texts(declared="VARCHAR(20)", other=1)).notes)


def test_a_type_asked_for_says_what_it_would_lose() -> None:
    assert as_type(texts(small=7, other=3), "integer").misses == 3


def test_nought_for_never_and_true_as_minus_one_come_with_the_map_that_says_so() -> None:
    never = choose_type(integers("seen_at", zeros=60, epochs={"s": 40}))
    assert never.options == {"unit": "s", "map": {"0": "", "*": "keep"}, "empty": "null"}
    assert "60 are 0 for never, which becomes NULL" in never.notes
    assert never.misses == 0
    mysql = choose_type(texts("updated_at", no_date=4, timestamp=6))
    assert mysql.options["map"] == {"0000-00-00": "", "0000-00-00 00:00:00": "", "*": "keep"}
    assert choose_type(integers("ysnPaid", zeros=4, minus_ones=96)).options == {"map": {"-1": "true", "0": "false"}}
