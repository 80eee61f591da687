"""What differs between two exports of one table, without holding either."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

MARK, ROW = "mark", "row"


@dataclass(frozen=True)
class Difference:
    """Row numbers: `fresh` in the new export, `gone` in the former; a changed row is in both."""

    fresh: pl.Series
    gone: pl.Series
    rows: int


NOTHING = Difference(pl.Series(ROW, [], dtype=pl.UInt32), pl.Series(ROW, [], dtype=pl.UInt32), 0)


def difference(former: Iterable[pl.DataFrame], new: Iterable[pl.DataFrame]) -> Difference:
    """Compares two exports row by row, wherever the rows stand.

    Eight bytes of each row are held, its hash. That a changed row has the hash of a former one, and is missed, is as
    likely as 1 in 18 quintillion for each pair of rows; keys are part of the rows, so no two rows of an export agree.

    Args:
        former: all String, with `_key`; the same columns as `new`, in any batches.
        new: likewise.
    """
    before, after = _marks(former), _marks(new)
    return Difference(
        after.join(before, on=MARK, how="anti", maintain_order="left")[ROW],
        before.join(after, on=MARK, how="anti", maintain_order="left")[ROW],
        after.height,
    )


def rows_at(batches: Iterable[pl.DataFrame], numbers: pl.Series) -> Iterator[pl.DataFrame]:
    """The rows with these numbers, ascending, batch by batch; batches without any are left out."""
    if numbers.is_empty():
        return
    start = 0
    for batch in batches:
        here = numbers.filter((numbers >= start) & (numbers < start + batch.height)) - start
        if here.len():
            yield batch[here]
        start += batch.height


def _marks(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    parts = [batch.hash_rows().alias(MARK) for batch in batches if batch.height]
    marks = pl.concat(parts) if parts else pl.Series(MARK, [], dtype=pl.UInt64)
    return marks.to_frame().with_row_index(ROW)
