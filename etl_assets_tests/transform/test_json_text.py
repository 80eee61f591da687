import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from etl_assets.transform.values.json_text import json_fault, json_faults
from etl_assets_tests.transform import reference
from etl_assets_tests.transform.cells import FAST


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "true",
        "0",
        "-0",
        "1e5",
        "1E+10000",
        "1e-10000",
        "0.1",
        '""',
        '"é\u2028👩"',
        '"\x7f"',
        r'"\"\\\/\b\f\n\r\t\u0001\u00e9"',
        "{}",
        "[]",
        '{"": 1}',
        ' \t\r\n{"a": [1, {"a": 2}], "b": "a"} ',
        '[{"a": 1}, {"a": 2}]',
    ],
)
def test_rfc_8259_text_has_no_fault(text: str) -> None:
    assert json_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        '{"a": 1,}',
        "{a: 1}",
        "{'a': 1}",
        '{"a" 1}',
        '{1: "a"}',
        "[1 2]",
        "1 2",
        "{} {}",
        "01",
        "+1",
        ".5",
        "5.",
        "1e",
        "0x10",
        "１",
        "٣",
        "True",
        "nul",
        "undefined",
        '"open',
        r'"\x41"',
        r'"\u12"',
        r'"\u12g4"',
        r'"\u 123"',
        r'"\u+123"',
        r'"\U00000041"',
        "// comment\n1",
        "\ufeff{}",
        "\u00a01",
        "\x0c1",
        "1\x00",
    ],
)
def test_what_is_no_rfc_8259_text_is_not_json(text: str) -> None:
    assert json_fault(text) == "not_json"


@pytest.mark.parametrize("char", ["\x00", "\x01", "\t", "\n", "\r", "\x1f"])
def test_a_bare_control_character_in_a_string_is_not_json(char: str) -> None:
    assert json_fault(f'"a{char}b"') == "not_json"


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_nan_and_infinity_are_no_numbers(text: str) -> None:
    assert json_fault(text) == "json_not_a_number"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": 1, "b": 2, "a": 3}',
        '[{"x": {"k": 1, "k": 2}}]',
        r'{"a": 1, "\u0061": 2}',
        '{"": 1, "": 2}',
    ],
)
def test_a_key_that_stands_twice_would_lose_a_value(text: str) -> None:
    assert json_fault(text) == "json_duplicate_key"


@pytest.mark.parametrize("text", ['{"a": 1, "A": 2}', '{"é": 1, "e\u0301": 2}', '{"a": {"a": 1}}', '{"a": 1, "a ": 2}'])
def test_keys_that_only_look_alike_are_two(text: str) -> None:
    assert json_fault(text) is None


@pytest.mark.parametrize(
    "text", [r'"\u0000"', r'"a\u0000b"', r'["\\\u0000"]', r'{"\u0000": 1}', r'{"a": [{"b": "\u0000"}]}']
)
def test_an_escaped_nul_is_refused_wherever_it_stands(text: str) -> None:
    assert json_fault(text) == "json_nul"


@pytest.mark.parametrize("text", [r'"\\u0000"', r'{"C:\\u0000": "\\\\u0000"}', r'"\\ud800"', '"u0000"'])
def test_an_escaped_backslash_before_u0000_is_no_nul(text: str) -> None:
    assert json_fault(text) is None


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'"\udfff"', r'"\ude00\ud83d"', r'"\ud83d \ude00"', r'"\ud83d\ud83d\ude00"', r'{"\udc00": 1}']
)
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    assert json_fault(text) == "json_lone_surrogate"


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\uD83D\uDE00\ud83d\ude00"', '"😀"', r'"\uffff\ud7ff\ue000"'])
def test_whole_pairs_and_their_neighbours_are_taken(text: str) -> None:
    assert json_fault(text) is None


def nested(depth: int, opening: str) -> str:
    closing = {"[": "]", '{"a":': "}"}[opening]
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_of_500_is_taken_and_of_501_is_not(opening: str) -> None:
    assert json_fault(nested(500, opening)) is None
    assert json_fault(nested(501, opening)) == "json_too_deep"


def test_hopeless_nesting_is_a_fault_and_no_crash() -> None:
    assert json_fault("[" * 100_000) == "json_too_deep"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps("[{" * 2_000),
        json.dumps('\\"[' * 1_000),
        "[" + "[],{}," * 1_000 + "1]",
        json.dumps({"[" * 600: "{"}),
        json.dumps(["\\", "[" * 600]),
    ],
)
def test_brackets_in_strings_and_side_by_side_are_no_depth(text: str) -> None:
    assert json_fault(text) is None


@pytest.mark.parametrize(
    "text", ["9" * 131_072, "0." + "1" * 16_383, "1e131071", "-1E-16383", "0e200000", "0.001e131074", "10e131070"]
)
def test_numbers_that_postgres_keeps_are_taken(text: str) -> None:
    assert json_fault(f"[{text}]") is None


@pytest.mark.parametrize(
    "text",
    [
        "9" * 131_073,
        "0." + "1" * 16_384,
        "1e131072",
        "1e-16384",
        "1e999999999",
        "12e131071",
        "0e-20000",
        "1e-0000000001",
    ],
)
def test_numbers_beyond_the_limits_of_postgres_are_refused(text: str) -> None:
    assert json_fault(f"[{text}]") == "json_number_too_large"


def test_a_column_has_its_faults_in_place() -> None:
    texts = pl.Series("metadata", ["{}", None, "{", "{}", '{"a":1,"a":1}', "{"])
    expected = pl.Series("metadata", [None, None, "not_json", None, "json_duplicate_key", "not_json"], dtype=pl.String)
    assert_series_equal(json_faults(texts), expected)


@pytest.mark.parametrize("texts", [[], [None, None], ["{}", "{}"]])
def test_a_column_without_faults_is_all_null(texts: list[str | None]) -> None:
    expected = pl.Series("metadata", [None] * len(texts), dtype=pl.String)
    assert_series_equal(json_faults(pl.Series("metadata", texts, dtype=pl.String)), expected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=8,
)
written = st.builds(lambda value, is_ascii: json.dumps(value, ensure_ascii=is_ascii), json_values, st.booleans())
PIECES = [
    *r'{ } [ ] , : " \ \\ u 0000 d83d de00 \u0061 a b 0 1 - + . e E true false null NaN \n "a" "a":'.split(" "),
    *(" ", "\n", "\x00", "\x1f"),
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = draw(written)
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(PIECES)) + text[at + draw(st.integers(0, 2)) :]


@FAST
@given(
    st.lists(
        written | damaged() | st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.none(),
        min_size=1,
        max_size=40,
    )
)
def test_faults_agree_with_the_reference(texts: list[str | None]) -> None:
    found = json_faults(pl.Series("json", texts, dtype=pl.String))
    assert [(text, fault is None) for text, fault in zip(texts, found, strict=True)] == [
        (text, reference.jsonb(text, "t")[1] is None) for text in texts
    ]
