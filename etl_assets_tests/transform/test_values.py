import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_assets.model.target import TargetColumn
from etl_assets.transform.values.cell import Cell
from etl_assets.transform.values.rules import RULES, verdict_of
from etl_assets_tests.transform import reference
from etl_assets_tests.transform.cells import BASES, FAST, judge, judged, target

BIG, SMALL, PLAIN = target("bigint"), target("smallint"), target("integer")
UUID = "01234567-89ab-cdef-0123-456789abcdef"
HEX = UUID.replace("-", "")
LOWEST = -(2.0**63)
ODD_TEXTS = [
    "",
    " ",
    "+",
    "-",
    ".",
    "e",
    "1,000",
    "1_000",
    " 1",
    "1 ",
    "1\n",
    "٣",
    "１",
    "²",
    "0x10",
    "NaN",
    "Infinity",
    "null",
    "١٢",
]

texts = st.text("0123456789+-.eE \n", max_size=12) | st.sampled_from(ODD_TEXTS)
whole_numbers = st.integers(-(2**64), 2**64) | st.integers(-(2**16), 2**16)
reals = st.floats(allow_nan=False, allow_infinity=False) | whole_numbers.map(float)
small_reals = st.floats(-(2.0**53), 2.0**53) | st.integers(-(2**53), 2**53).map(float)
hex_cells = st.binary(max_size=20).map(lambda value: value.hex().upper())


def agrees(
    type_name: str,
    cells: Sequence[tuple[str | None, str]],
    expected: Sequence[reference.Judged],
    *,
    into: TargetColumn | None = None,
) -> None:
    """Both take the same cells, and what they take is equal."""
    found = judged(type_name, cells, into=into)
    taken = [fault is None for _, fault in found]
    assert dict(zip(cells, taken, strict=True)) == {
        cell: fault is None for cell, (_, fault) in zip(cells, expected, strict=True)
    }
    values = [Decimal(value) if type_name == "numeric" and value is not None else value for value, _ in found]
    assert values == [value for value, _ in expected]


def cells_of(*kinds: tuple[st.SearchStrategy[str], str]) -> st.SearchStrategy[list[tuple[str | None, str]]]:
    """Lists of cells of these kinds, NULLs among them."""
    cells = [st.tuples(strategy, st.just(kind)) for strategy, kind in kinds]
    return st.lists(st.one_of(st.just((None, "n")), *cells), min_size=1, max_size=60)


@pytest.mark.parametrize("type_name", RULES)
def test_null_stays_null_and_is_no_fault(type_name: str) -> None:
    assert judge(type_name, None, "n") == (None, None)


@pytest.mark.parametrize("type_name", sorted(set(RULES) - {"text"}))
def test_an_empty_text_is_a_fault_everywhere_but_in_text(type_name: str) -> None:
    assert judge(type_name, "") == (None, "empty")


def test_an_empty_text_stays_an_empty_text() -> None:
    assert judge("text", "") == ("", None)


@pytest.mark.parametrize("kind", ["b", "T"])
@pytest.mark.parametrize("type_name", sorted(set(RULES) - {"uuid", "bytea"}))
def test_hex_of_a_blob_or_of_undecodable_text_is_never_taken_for_a_value(type_name: str, kind: str) -> None:
    # Each of these would be a fine value if it were text: the hex of x'31' reads as the number thirty-one.
    for text in ("31", "20240101", "00"):
        assert judge(type_name, text, kind)[1] is not None


@pytest.mark.parametrize(
    ("type_name", "dtype"),
    [
        ("text", pl.String()),
        ("integer", pl.Int64()),
        ("bigint", pl.Int64()),
        ("numeric", pl.String()),
        ("double", pl.Float64()),
        ("boolean", pl.Boolean()),
        ("uuid", pl.String()),
        ("jsonb", pl.String()),
        ("timestamptz", pl.Datetime("us", "UTC")),
        ("date", pl.Date()),
    ],
)
def test_a_column_has_its_dtype_even_when_it_is_all_null(type_name: str, dtype: pl.DataType) -> None:
    frame = pl.DataFrame({"text": [None], "kind": ["n"]}, schema={"text": pl.String, "kind": pl.String})
    column = target(BASES.get(type_name, type_name))
    verdict = verdict_of(type_name, Cell(pl.col("text"), pl.col("kind"), column))
    assert frame.select(value=verdict.value, fault=verdict.fault).schema == {"value": dtype, "fault": pl.String()}


@pytest.mark.parametrize(
    ("into", "text", "kind", "value"),
    [
        (SMALL, "32767", "i", 2**15 - 1),
        (SMALL, "-32768", "i", -(2**15)),
        (PLAIN, "2147483647", "i", 2**31 - 1),
        (PLAIN, "-2147483648", "i", -(2**31)),
        (BIG, "9223372036854775807", "i", 2**63 - 1),
        (BIG, "-9223372036854775808", "i", -(2**63)),
        (BIG, "9223372036854775807", "t", 2**63 - 1),
        (BIG, "-9223372036854775808", "t", -(2**63)),
        (PLAIN, "+5", "t", 5),
        (PLAIN, "-5", "t", -5),
        (PLAIN, "-0", "t", 0),
        (PLAIN, "007", "t", 7),
        (BIG, "0" * 30 + "1", "t", 1),
        (PLAIN, "7.0", "r", 7),
        (PLAIN, "-7.0", "r", -7),
        (PLAIN, "-0.0", "r", 0),
        (PLAIN, "2147483647.0", "r", 2**31 - 1),
        (BIG, "1e+16", "r", 10**16),
    ],
)
def test_whole_numbers_in_range_are_taken(into: TargetColumn, text: str, kind: str, value: int) -> None:
    assert judge("bigint", text, kind, into=into) == (value, None)


def test_the_lowest_bigint_is_taken_from_a_real() -> None:
    assert judge("bigint", repr(LOWEST), "r") == (-(2**63), None)


@pytest.mark.parametrize(
    ("into", "text", "kind"),
    [
        (SMALL, "32768", "i"),
        (SMALL, "-32769", "i"),
        (SMALL, "32768.0", "r"),
        (PLAIN, "2147483648", "i"),
        (PLAIN, "-2147483649", "i"),
        (PLAIN, "2147483648.0", "r"),
        (BIG, "9223372036854775808", "t"),
        (BIG, "-9223372036854775809", "t"),
        (BIG, "9.223372036854776e+18", "r"),
        (BIG, "1e+300", "r"),
        (BIG, "9" * 400, "t"),
    ],
)
def test_whole_numbers_beyond_the_target_are_out_of_range(into: TargetColumn, text: str, kind: str) -> None:
    assert judge("integer", text, kind, into=into) == (None, "out_of_range")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("10.5", "t"),
        ("10.5", "r"),
        ("1e-07", "r"),
        ("7.0", "t"),
        ("1e3", "t"),
        ("1,000", "t"),
        ("1_000", "t"),
        ("abc", "t"),
        ("0x10", "t"),
        (" 5", "t"),
        ("5 ", "t"),
        ("5\n", "t"),
        ("\t5", "t"),
        ("+", "t"),
        ("--5", "t"),
        ("+-5", "t"),
        ("٣", "t"),
        ("５", "t"),
        ("35", "b"),
        ("35", "T"),
    ],
)
def test_what_is_no_whole_number_is_no_integer(text: str, kind: str) -> None:
    assert judge("integer", text, kind) == (None, "not_an_integer")


@FAST
@given(
    cells_of((whole_numbers.map(str), "i"), (whole_numbers.map(str), "t"), (texts, "t"), (reals.map(repr), "r")),
    st.sampled_from([("smallint", 16), ("integer", 32), ("bigint", 64)]),
)
def test_integers_agree_with_the_reference(cells: list[tuple[str | None, str]], size: tuple[str, int]) -> None:
    base, bits = size
    cells = [cell for cell in cells if cell != (repr(LOWEST), "r")]  # pinned above
    agrees("integer", cells, [reference.integer(*cell, bits) for cell in cells], into=target(base))


@pytest.mark.parametrize(
    ("text", "precision", "scale"), [("12345", 3, 0), ("1000", 4, 1), ("1234", 3, -2)], ids=["long", "scaled", "coarse"]
)
def test_an_integer_that_a_narrow_numeric_cannot_hold_is_refused(text: str, precision: int, scale: int) -> None:
    # Postgres overflows on the first two, which fails the whole staging, and makes 1200 of 1234 without a word.
    assert judge("integer", text, "i", into=target("numeric", precision=precision, scale=scale))[1] is not None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", "i"),
        ("-9223372036854775808", "i"),
        ("123456789012345678901234567890.123456789", "t"),
        ("1.50", "t"),
        ("+1.5", "t"),
        ("-.5", "t"),
        (".5", "t"),
        ("5.", "t"),
        ("0.1", "r"),
        ("0.30000000000000004", "r"),
        ("1e+22", "r"),
        ("1e-07", "r"),
        ("5e-324", "r"),
        ("1.7976931348623157e+308", "r"),
    ],
)
def test_decimals_are_taken_to_the_last_digit(text: str, kind: str) -> None:
    value, fault = judge("numeric", text, kind)
    assert fault is None
    assert Decimal(value) == Decimal(text)
    assert Decimal(value).as_tuple() == Decimal(text).as_tuple()  # 1.50 keeps its zero


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("NaN", "t"),
        ("nan", "r"),
        ("inf", "r"),
        ("-inf", "r"),
        ("Infinity", "t"),
        ("1e5", "t"),
        ("1,5", "t"),
        ("1_5", "t"),
        ("1.2.3", "t"),
        (".", "t"),
        ("+", "t"),
        ("++1", "t"),
        ("+-1", "t"),
        (" 1", "t"),
        ("1\n", "t"),
        ("٣", "t"),
        ("€5", "t"),
    ],
)
def test_what_is_no_decimal_is_refused(text: str, kind: str) -> None:
    assert judge("numeric", text, kind) == (None, "not_a_decimal")


MONEY, RATE, THOUSANDS = (
    target("numeric", precision=3, scale=1),
    target("numeric", precision=3, scale=5),
    target("numeric", precision=3, scale=-3),
)


@pytest.mark.parametrize(
    ("into", "text", "kind"),
    [
        (MONEY, "99.9", "t"),
        (MONEY, "-99.9", "t"),
        (MONEY, "+99.90", "t"),
        (MONEY, "00099.5", "t"),
        (MONEY, "99", "i"),
        (MONEY, "9.5", "r"),
        (MONEY, "0.00000", "t"),
        (MONEY, "-0.0", "r"),
        (RATE, "0.00999", "t"),
        (RATE, "1e-05", "r"),
        (THOUSANDS, "123000", "t"),
        (THOUSANDS, "999000", "i"),
        (THOUSANDS, "1e+05", "r"),
        (target("numeric", precision=3), "999", "i"),
    ],
)
def test_a_decimal_within_precision_and_scale_is_taken(into: TargetColumn, text: str, kind: str) -> None:
    value, fault = judge("numeric", text, kind, into=into)
    assert (Decimal(value), fault) == (Decimal(text), None)


@pytest.mark.parametrize(
    ("into", "text", "kind"),
    [
        (MONEY, "9.99", "t"),
        (MONEY, "99.95", "t"),
        (MONEY, "100", "i"),
        (MONEY, "0.01", "t"),
        (MONEY, "0.30000000000000004", "r"),
        (MONEY, "1e+22", "r"),
        (MONEY, "1e-07", "r"),
        (RATE, "0.01", "t"),
        (RATE, "0.000001", "t"),
        (RATE, "1", "i"),
        (THOUSANDS, "1234", "i"),
        (THOUSANDS, "500", "i"),
        (THOUSANDS, "1000000", "i"),
        (target("numeric", precision=3), "999.5", "t"),
        (target("numeric", precision=3), "1000", "i"),
        (PLAIN, "9.5", "t"),
    ],
)
def test_a_decimal_that_the_target_would_round_or_overflow_is_refused(into: TargetColumn, text: str, kind: str) -> None:
    assert judge("numeric", text, kind, into=into) == (None, "target_would_round")


def test_more_digits_than_postgres_knows_are_refused() -> None:
    assert judge("numeric", "9" * 131_073) == (None, "too_many_digits")
    assert judge("numeric", "9" * 131_072)[1] is None
    assert judge("numeric", f"{'9' * 131_000}.{'9' * 16_000}")[1] is None


def test_more_digits_after_the_point_than_postgres_knows_are_refused() -> None:
    # `value overflows numeric format`: COPY fails, and with it the staging of the whole table.
    assert judge("numeric", "0." + "1" * 16_384) == (None, "too_many_digits")


@pytest.mark.parametrize(
    ("into", "text"),
    [(SMALL, "32768"), (SMALL, "-32769"), (PLAIN, "2147483648"), (BIG, "9223372036854775808")],
    ids=["above_smallint", "below_smallint", "above_integer", "above_bigint"],
)
def test_a_decimal_out_of_an_integer_targets_range_is_refused(into: TargetColumn, text: str) -> None:
    assert judge("numeric", text, into=into)[1] is not None


@pytest.mark.parametrize("text", ["9", "-9", "+9", "009"])
def test_a_whole_decimal_is_taken_into_an_integer_target(text: str) -> None:
    value, fault = judge("numeric", text, into=SMALL)
    assert (int(value), fault) == (int(text), None)


@pytest.mark.parametrize(("text", "kind"), [("9.0", "r"), ("9.00", "t"), ("9.", "t"), ("-0.0", "r"), ("1e+16", "r")])
def test_a_whole_decimal_reaches_an_integer_target_as_digits(text: str, kind: str) -> None:
    # `invalid input syntax for type bigint: "9.0"`: one such cell fails the staging of the whole table.
    value, fault = judge("numeric", text, kind, into=BIG)
    assert fault is None
    assert re.fullmatch("[+-]?[0-9]+", value)
    assert int(value) == int(Decimal(text))


decimal_texts = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.text("0129", max_size=6),
    st.sampled_from(["", "."]),
    st.text("0129", max_size=6),
)


@FAST
@given(
    cells_of((whole_numbers.map(str), "i"), (decimal_texts, "t"), (texts, "t"), (reals.map(repr), "r")),
    st.none() | st.tuples(st.integers(1, 12), st.integers(-6, 12)),
)
def test_numerics_agree_with_the_reference(cells: list[tuple[str | None, str]], limits: tuple[int, int] | None) -> None:
    precision, scale = limits or (None, 0)
    expected = [reference.numeric(*cell, precision, scale) for cell in cells]
    agrees("numeric", cells, expected, into=target("numeric", precision=precision, scale=scale if limits else None))


@FAST
@given(
    # Above 2^53 the shortest decimal and the exact value of a REAL are two integers: see the table of integers.
    cells_of((whole_numbers.map(str), "i"), (decimal_texts, "t"), (texts, "t"), (small_reals.map(repr), "r")),
    st.sampled_from([("smallint", 16), ("integer", 32), ("bigint", 64)]),
)
def test_numerics_into_an_integer_target_agree_with_the_reference(
    cells: list[tuple[str | None, str]], size: tuple[str, int]
) -> None:
    base, bits = size
    cells = [
        cell for cell in cells if not (cell[0] or "").lstrip("+-").startswith(".")
    ]  # `.0` is refused, which is safe
    expected = []
    for cell in cells:
        number = reference.numeric(*cell, 1_000, 0)[0]
        fits = number is not None and -(2 ** (bits - 1)) <= number < 2 ** (bits - 1)
        expected.append((number, None) if fits or cell[0] is None else (None, reference.REFUSED))
    agrees("numeric", cells, expected, into=target(base))
    found = [value for value, _ in judged("numeric", cells, into=target(base)) if value is not None]
    assert all(re.fullmatch("[+-]?[0-9]+", value) for value in found)


@FAST
@given(
    cells_of((whole_numbers.map(str), "i"), (whole_numbers.map(str), "t"), (texts, "t"), (reals.map(repr), "r")),
    st.integers(1, 12),
    st.integers(-6, 12),
)
def test_integers_into_a_numeric_target_agree_with_the_reference(
    cells: list[tuple[str | None, str]], precision: int, scale: int
) -> None:
    expected = [reference.integer(*cell, 64) for cell in cells]
    for place, (number, fault) in enumerate(expected):
        if number is not None and reference.numeric(str(number), "i", precision, scale)[1] is not None:
            expected[place] = (None, fault or reference.REFUSED)
    agrees("integer", cells, expected, into=target("numeric", precision=precision, scale=scale))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", "i", 1.0),
        ("9007199254740992", "i", 2.0**53),
        ("-9007199254740992", "i", -(2.0**53)),
        ("9007199254740994", "i", 2.0**53 + 2),
        ("4611686018427387904", "i", 2.0**62),
        ("0.30000000000000004", "r", 0.30000000000000004),
        ("1e+300", "r", 1e300),
        ("0.1", "t", 0.1),
        ("+.5", "t", 0.5),
        ("5.", "t", 5.0),
        ("-1E5", "t", -1e5),
        ("1.7976931348623157e308", "t", 1.7976931348623157e308),
        ("5e-324", "t", 5e-324),
    ],
)
def test_numbers_become_doubles(text: str, kind: str, value: float) -> None:
    assert judge("double", text, kind) == (value, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("abc", "t"),
        ("NaN", "t"),
        ("nan", "r"),
        ("inf", "r"),
        ("Infinity", "t"),
        ("1,5", "t"),
        ("1_5", "t"),
        ("0x10", "t"),
        ("1e", "t"),
        ("e5", "t"),
        (" 1", "t"),
        ("1\n", "t"),
        ("٣", "t"),
        ("31", "b"),
    ],
)
def test_what_is_no_number_is_no_double(text: str, kind: str) -> None:
    assert judge("double", text, kind) == (None, "not_a_number")


@pytest.mark.parametrize("text", ["1e309", "-1e309", "1.7976931348623159e308", "9" * 400])
def test_a_number_beyond_doubles_is_out_of_range(text: str) -> None:
    assert judge("double", text) == (None, "out_of_range")


@pytest.mark.parametrize("text", ["9007199254740993", "-9007199254740993", "9223372036854775807"])
def test_an_integer_that_a_double_would_change_is_refused(text: str) -> None:
    assert judge("double", text, "i") == (None, "target_would_round")


def test_the_lowest_integer_is_a_double_exactly() -> None:
    assert judge("double", str(-(2**63)), "i") == (LOWEST, None)


def test_digits_in_text_that_a_double_would_change_are_refused() -> None:
    assert judge("double", "9007199254740993", "t") == (None, "target_would_round")


@pytest.mark.parametrize("text", ["1e-400", "-1e-400", "2e-324"])
def test_a_number_too_small_for_a_double_is_refused(text: str) -> None:
    assert judge("double", text)[1] is not None


@pytest.mark.parametrize("text", ["9223372036854775809", "100000000000000000001", "-100000000000000000001"])
def test_digits_beyond_64_bits_that_a_double_would_change_are_refused(text: str) -> None:
    assert judge("double", text) == (None, "target_would_round")


def test_digits_beyond_64_bits_that_a_double_holds_are_taken() -> None:
    assert judge("double", "100000000000000000000") == (1e20, None)


# Up to 15 digits and small exponents: what lies beyond is pinned by the tests above.
short_texts = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.text("0123456789.", max_size=12),
    st.sampled_from(["", "e", "E", "e+", "e-"]),
    st.text("0123456789", max_size=2),
)


@FAST
@given(
    cells_of(
        (st.integers(-(2**63) + 1, 2**63 - 1).map(str), "i"),
        (reals.map(repr), "r"),
        (short_texts, "t"),
        (st.sampled_from(ODD_TEXTS), "t"),
        (hex_cells, "b"),
    )
)
def test_doubles_agree_with_the_reference(cells: list[tuple[str | None, str]]) -> None:
    agrees("double", cells, [reference.double(*cell) for cell in cells])


@pytest.mark.parametrize("text", ["1", "t", "true", "y", "yes", "on", "T", "TRUE", "Yes", "oN"])
def test_the_words_of_yes_are_true(text: str) -> None:
    assert judge("boolean", text)[0] is True


@pytest.mark.parametrize("text", ["0", "f", "false", "n", "no", "off", "F", "FALSE", "No", "oFF"])
def test_the_words_of_no_are_false(text: str) -> None:
    assert judge("boolean", text)[0] is False


@pytest.mark.parametrize(("text", "value"), [("1", True), ("0", False)])
def test_integers_one_and_zero_are_booleans(text: str, value: bool) -> None:
    assert judge("boolean", text, "i") == (value, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2", "i"),
        ("-1", "i"),
        ("1.0", "r"),
        ("0.0", "r"),
        ("01", "t"),
        ("tru", "t"),
        ("o", "t"),
        ("oui", "t"),
        (" true", "t"),
        ("true\n", "t"),
        ("ｙｅｓ", "t"),
        ("yeſ", "t"),
        ("null", "t"),
        ("1", "b"),
        ("1", "T"),
    ],
)
def test_other_words_are_no_booleans(text: str, kind: str) -> None:
    assert judge("boolean", text, kind) == (None, "not_a_boolean")


@FAST
@given(
    cells_of(
        (st.sampled_from("1 0 t f true false yes no y n on off 2 01".split()), "i"),
        (st.text("tTrRuUeEfFaAlLsSyYnNoO10 ſK", max_size=5), "t"),
        (st.sampled_from(["TRUE", "tRuE", "False", "YES", "nO", "ON", "Off", "oFf"]), "t"),
        (st.sampled_from(["1.0", "0.0"]), "r"),
    )
)
def test_booleans_agree_with_the_reference(cells: list[tuple[str | None, str]]) -> None:
    agrees("boolean", cells, [reference.boolean(*cell) for cell in cells])


@pytest.mark.parametrize(
    ("text", "kind"),
    [(UUID, "t"), (UUID.upper(), "t"), (HEX, "t"), (HEX.upper(), "t"), (HEX.upper(), "b"), (UUID.title(), "t")],
)
def test_uuids_in_any_case_and_as_blobs_become_one_form(text: str, kind: str) -> None:
    assert judge("uuid", text, kind) == (UUID, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{{{UUID}", "t"),
        (f"{{urn:uuid:{UUID}}}", "t"),
        (f"{UUID}\n", "t"),
        (f" {UUID}", "t"),
        (UUID.replace("-", "", 1), "t"),
        (UUID.replace("-", "_"), "t"),
        ("0" + UUID[:-1], "t"),
        (HEX[:-1], "t"),
        (HEX + "0", "t"),
        (HEX[:-1] + "g", "t"),
        ("０" * 32, "t"),
        (HEX[:-2], "b"),
        (UUID, "b"),
        (HEX, "T"),
        ("1" * 32, "i"),
        ("nil", "t"),
    ],
)
def test_what_is_no_uuid_is_refused(text: str, kind: str) -> None:
    assert judge("uuid", text, kind) == (None, "not_a_uuid")


@FAST
@given(
    cells_of(
        (st.uuids().map(str), "t"),
        (st.uuids().map(lambda value: str(value).upper()), "t"),
        (st.uuids().map(lambda value: value.hex), "t"),
        (st.binary(min_size=15, max_size=17).map(lambda value: value.hex().upper()), "b"),
        (st.uuids().map(str), "b"),
        (st.text("0af-G", min_size=31, max_size=37), "t"),
        (st.binary(min_size=16, max_size=16).map(lambda value: value.hex()), "T"),
    )
)
def test_uuids_agree_with_the_reference(cells: list[tuple[str | None, str]]) -> None:
    agrees("uuid", cells, [reference.uuid_text(*cell) for cell in cells])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hello", "t", "hello"),
        (" kept as it is \r\n", "t", " kept as it is \r\n"),
        ("naïve 👩‍👩‍👧 \u200b", "t", "naïve 👩‍👩‍👧 \u200b"),
        ("\\N", "t", "\\N"),
        ('a "quoted", text', "t", 'a "quoted", text'),
        ("42", "i", "42"),
        ("0.1", "r", "0.1"),
        ("0.30000000000000004", "r", "0.30000000000000004"),
        ("1.7976931348623157e+308", "r", "1.7976931348623157e+308"),
        ("5e-324", "r", "4.94065645841247e-324"),
        ("1e+22", "r", "1.0e+22"),
        ("1e-05", "r", "1.0e-05"),
        ("123456789012345680.0", "r", "1.2345678901234568e+17"),
        ("9007199254740993", "r", "9007199254740992.0"),
        ("-1234567.1234567891", "r", "-1234567.1234567892"),
        ("100000.0", "r", "100000.0"),
        ("inf", "r", "Inf"),
        ("-inf", "r", "-Inf"),
    ],
)
def test_text_stays_and_numbers_read_as_sqlite_prints_them_with_every_digit_they_need(
    text: str, kind: str, value: str
) -> None:
    assert judge("text", text, kind) == (value, None)


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [("C3", "T", "invalid_utf8"), ("41", "b", "blob_in_text"), ("", "b", "blob_in_text"), ("a\0b", "t", "nul_in_text")],
)
def test_blobs_undecodable_text_and_nul_are_no_text(text: str, kind: str, fault: str) -> None:
    assert judge("text", text, kind) == (None, fault)


@pytest.mark.parametrize("text", ["abc", "äöü", "👩👩👩", ""])
def test_a_text_of_the_targets_length_is_taken(text: str) -> None:
    assert judge("text", text, into=target("character varying", length=3)) == (text, None)


@pytest.mark.parametrize(
    # Postgres cuts trailing blanks of a varchar without a word.
    ("text", "kind"),
    [("abcd", "t"), ("abc ", "t"), ("ab\n\n", "t"), ("12.5", "r"), ("1234", "i")],
)
def test_a_text_longer_than_the_target_is_refused(text: str, kind: str) -> None:
    assert judge("text", text, kind, into=target("character varying", length=3)) == (None, "target_would_cut")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("done", ("done", None)),
        ("Done", (None, "not_a_label_of_the_target")),
        ("done ", (None, "not_a_label_of_the_target")),
        ("", (None, "not_a_label_of_the_target")),
        (None, (None, None)),
    ],
)
def test_an_enum_takes_its_labels_alone(text: str | None, verdict: Any) -> None:
    assert judge("text", text, into=target("status", labels=("done", "failed"))) == verdict


def test_a_negative_zero_reads_as_sqlite_prints_it() -> None:
    assert judge("text", "-0.0", "r") == ("0.0", None) == reference.text_value("-0.0", "r", None)


short_reals = st.floats(-1e30, 1e30).map(lambda number: repr(float(f"{number:.15g}")))
printed_reals = (short_reals | st.floats(-1e30, 1e30).map(repr)).filter(lambda text: text != "-0.0")


@FAST
@given(
    cells_of(
        (st.text(max_size=8), "t"),
        (st.text("ab\0 é", max_size=5), "t"),
        (printed_reals, "r"),
        (whole_numbers.map(str), "i"),
        (hex_cells, "b"),
        (hex_cells, "T"),
    ),
    st.none() | st.integers(1, 8),
)
def test_texts_agree_with_the_reference(cells: list[tuple[str | None, str]], length: int | None) -> None:
    agrees(
        "text",
        cells,
        [reference.text_value(*cell, length) for cell in cells],
        into=target("text" if length is None else "character varying", length=length),
    )


@pytest.mark.parametrize("text", ["{}", "[]", "null", "true", '""', " [1, 2.50, -0.0e+1] \n", '{"a": {"a": 1}}'])
def test_json_text_is_taken_as_it_stands(text: str) -> None:
    assert judge("jsonb", text) == (text, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1", "i"), ("1.5", "r"), ("7B7D", "b"), ("7B7D", "T"), ("{", "t"), (" ", "t"), ("{'a': 1}", "t")],
)
def test_only_json_text_is_json(text: str, kind: str) -> None:
    assert judge("jsonb", text, kind) == (None, "not_json")
