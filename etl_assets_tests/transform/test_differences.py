import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from etl_assets.transform.differences import difference, rows_at

CELLS = st.one_of(st.none(), st.text(alphabet="ab\x00'", max_size=2))
EXPORTS = st.dictionaries(st.text(alphabet="0123456789", min_size=1, max_size=2), st.tuples(CELLS, CELLS), max_size=12)


def batches(export: dict[str, tuple[str | None, str | None]], size: int) -> list[pl.DataFrame]:
    frame = pl.DataFrame(
        [(key, *cells) for key, cells in export.items()],
        schema=dict.fromkeys(("_key", "a", "_classes"), pl.String),
        orient="row",
    )
    return [frame[start : start + size] for start in range(0, frame.height, size)]


@given(EXPORTS, EXPORTS, st.integers(1, 5), st.integers(1, 5))
def test_the_difference_is_what_comparing_the_rows_one_by_one_finds(
    former: dict, new: dict, one: int, two: int
) -> None:
    found = difference(batches(former, one), batches(new, two))
    fresh = {key for frame in rows_at(batches(new, two), found.fresh) for key in frame["_key"]}
    gone = {key for frame in rows_at(batches(former, one), found.gone) for key in frame["_key"]}
    assert fresh == {key for key, cells in new.items() if former.get(key) != cells}
    assert gone == {key for key, cells in former.items() if new.get(key) != cells}
    assert found.rows == len(new)
