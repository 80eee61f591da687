"""What several expressions stand on, computed once.

polars evaluates an expression wherever it is written, and `DataFrame.select` looks for no common parts
(`QueryOptFlags._eager`). A rule that uses its reading of a cell in ten places, within another rule that does the same,
grew to a quarter of a million characters: 0.35 s for three rows, and 3.8 s for 50,000.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

Keep = Callable[[pl.Expr], pl.Expr]
MARK = "\0"  # no legacy column has it in its name: SQLite reads names to the first NUL


def nothing_kept(expression: pl.Expr) -> pl.Expr:
    """The expression as it stands, where nobody computes columns beforehand."""
    return expression


@dataclass
class Kept:
    """Columns of their own for expressions, in the order in which they stand on one another.

    `keep(expression)` is the column that will hold it; `keep.into(batch)` adds these columns to a batch.
    """

    _layers: list[list[pl.Expr]] = field(default_factory=list)
    _depths: dict[str, int] = field(default_factory=dict)

    def __call__(self, expression: pl.Expr) -> pl.Expr:
        """The column of this expression; one that is a column already needs none."""
        if expression.meta.is_column_selection():
            return expression
        depth = max((self._depths.get(root, 0) for root in expression.meta.root_names()), default=0)
        name = f"{MARK}{len(self._depths)}"
        self._depths[name] = depth + 1
        if depth == len(self._layers):
            self._layers.append([])
        self._layers[depth].append(expression.alias(name))
        return pl.col(name)

    def into(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with the columns that were asked for."""
        for layer in self._layers:
            batch = batch.with_columns(layer)
        return batch
