import sqlite3
import uuid

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from etl_assets.model.errors import SpecError
from etl_assets.model.ids import new_id
from etl_assets.spec.references import References
from etl_assets.transform.identify import key_text, referenced_key, renamed_in_text, uuid5_of
from etl_assets_tests.transform.cells import FAST, NAMESPACE


def strings(*values: str | None, name: str = "key") -> pl.Series:
    return pl.Series(name, values, dtype=pl.String)


def ids(keys: pl.Series, *, namespace: uuid.UUID = NAMESPACE, table: str = "jobs") -> list[str | None]:
    return keys.to_frame().select(id=uuid5_of(pl.col("key"), namespace=namespace, table=table))["id"].to_list()


@FAST
@given(
    st.lists(st.none() | st.text(max_size=20) | st.integers().map(str), min_size=1, max_size=50),
    st.uuids(),
    st.from_regex(r"[a-z][a-z0-9_]{0,58}", fullmatch=True),
)
def test_a_columns_ids_are_pythons_uuid5(keys: list[str | None], namespace: uuid.UUID, table: str) -> None:
    expected = [None if key is None else str(uuid.uuid5(namespace, f"{table}/{key}")) for key in keys]
    assert ids(strings(*keys), namespace=namespace, table=table) == expected


def test_a_known_key_has_the_id_that_it_always_had() -> None:
    # Frozen: every id in every target depends on it.
    assert ids(strings("1", "é", None)) == [
        "6150a6fa-f961-5cc4-8dd0-8ffa17f54097",
        "6b40e5ec-aac4-5c7c-ab6c-8fb73d2370e7",
        None,
    ]


def test_the_column_and_the_slow_reference_name_one_id() -> None:
    assert ids(strings("17")) == [str(new_id(NAMESPACE, "jobs", "17"))]


def test_equal_keys_of_two_tables_or_two_namespaces_are_two_ids() -> None:
    keys = strings("1")
    other = uuid.UUID(int=NAMESPACE.int + 1)
    assert len({*ids(keys), *ids(keys, table="users_2"), *ids(keys, namespace=other)}) == 3


@pytest.mark.parametrize(
    ("one", "other"), [("1", "01"), ("1", "1 "), ("1", "1.0"), ("a", "A"), ("é", "e\u0301"), ("", " ")]
)
def test_keys_that_only_look_alike_are_two_ids(one: str, other: str) -> None:
    first, second = ids(strings(one, other))
    assert first != second


def keys_of(*cells: tuple[str | None, str]) -> list[str | None]:
    frame = pl.DataFrame(cells, schema={"text": pl.String, "kind": pl.String}, orient="row")
    return frame.select(key=key_text(pl.col("text"), pl.col("kind")))["key"].to_list()


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("7", "i", "7"),
        ("7.0", "r", "7"),
        ("-7.0", "r", "-7"),
        ("7.5", "r", "7.5"),
        ("70.0", "r", "70"),
        ("1000000000000000.0", "r", "1000000000000000"),
        ("7.0", "t", "7.0"),
        ("007", "t", "007"),
        (" 7", "t", " 7"),
        ("", "t", ""),
        ("7.0.0", "t", "7.0.0"),
        (None, "n", None),
    ],
)
def test_a_real_names_the_row_that_sqlite_finds_equal(text: str | None, kind: str, key: str | None) -> None:
    assert keys_of((text, kind)) == [key]


@pytest.mark.parametrize("number", [1e16, 9007199254740994.0 * 2, -0.0], ids=repr)
def test_a_large_real_names_the_row_that_the_export_calls_so(number: float) -> None:
    exported = sqlite3.connect(":memory:").execute("SELECT CAST(CAST(? AS INTEGER) AS TEXT)", [number]).fetchone()[0]
    assert keys_of((repr(number), "r")) == [exported]


def found(texts: list[str | None], match: str | None) -> list[str | None]:
    reference = References(table="jobs", match=match)
    return strings(*texts).to_frame().select(referenced_key(pl.col("key"), reference))["key"].to_list()


def test_a_reference_without_a_pattern_is_the_key_itself() -> None:
    assert found(["17", " x ", "", None], None) == ["17", " x ", "", None]


@pytest.mark.parametrize(
    ("match", "text", "key"),
    [
        (r"^job_(?P<id>.+)$", "job_17", "17"),
        (r"^job_(?P<id>.+)$", "job_", None),
        (r"^job_(?P<id>.+)$", "my job_17", None),
        (r"^job_(?P<id>[0-9]+)$", "job_17a", None),
        (r"^(job|task)_(?P<id>[0-9]+)(_.*)?$", "task_17_done", "17"),
        (r"(?P<id>[0-9]+)", "order 17 of 18", "17"),
        (r"^job_(?P<id>[0-9]*)$", "job_", ""),
        (r"^(?:job_(?P<id>[0-9]+)|none)$", "none", None),
        (r"^job_(?P<id>.+)$", None, None),
    ],
)
def test_the_group_id_of_the_pattern_is_the_key(match: str, text: str | None, key: str | None) -> None:
    assert found([text], match) == [key]


@pytest.mark.parametrize(
    "match", [r"(?=job)(?P<id>.*)", r"(?<!x)(?P<id>[0-9]+)", r"(?P<id>[a-z])\1", r"(?P<id>x)(?P=id)"]
)
def test_a_pattern_that_polars_lacks_is_refused_with_a_remedy(match: str) -> None:
    with pytest.raises(SpecError, match="use a pattern without look-around"):
        found(["job_17"], match)


def renamed(text: str | None, new: str | None, pattern: str) -> str | None:
    cells = pl.DataFrame({"text": strings(text), "id": strings(new)}).to_struct("cells")
    return renamed_in_text(cells, pattern=pattern).to_list()[0]


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("job_17", r"^job_(?P<id>.+)$", "job_<new>"),
        ("17", r"(?P<id>.*)", "<new>"),
        ("17 of 17", r"of (?P<id>[0-9]+)", "17 of <new>"),
        ("job_17_17", r"^job_(?P<id>[0-9]+)_", "job_<new>_17"),
        ("größe-17-ß", r"-(?P<id>[0-9]+)-", "größe-<new>-ß"),
        ("task_17", r"^job_(?P<id>.+)$", "task_17"),
    ],
)
def test_only_the_group_id_is_renamed_in_a_text(text: str, pattern: str, expected: str) -> None:
    assert renamed(text, "<new>", pattern) == expected


def test_a_text_without_a_new_id_stays_and_null_stays_null() -> None:
    assert renamed("job_17", None, "(?P<id>17)") == "job_17"
    assert renamed(None, "<new>", "(?P<id>17)") is None
    assert renamed(None, None, "(?P<id>17)") is None


def test_an_id_that_looks_like_a_replacement_pattern_is_taken_literally() -> None:
    assert renamed("job_17", r"\g<0>$1", "_(?P<id>17)") == r"job_\g<0>$1"


def test_renamed_texts_keep_their_places_and_their_name() -> None:
    cells = pl.DataFrame({"text": strings("job_1", None, "x"), "id": strings("A", None, None)}).to_struct("cells")
    assert_series_equal(renamed_in_text(cells, pattern="job_(?P<id>.+)"), strings("job_A", None, "x", name="cells"))


@FAST
@given(st.lists(st.text("ab12_", max_size=8), min_size=1, max_size=50))
def test_what_the_two_engines_find_is_the_same_id(texts: list[str]) -> None:
    # polars finds the key, Python the place: should they disagree, a reference would be half renamed.
    for pattern in (r"a(?P<id>[0-9]+)", r"(?:a|b_)(?P<id>.+?)_", r"^(?P<id>.*)b"):
        keys = found(list(texts), pattern)
        cells = pl.DataFrame({"text": strings(*texts), "id": pl.Series(keys, dtype=pl.String)}).to_struct("cells")
        assert renamed_in_text(cells, pattern=pattern).to_list() == texts
