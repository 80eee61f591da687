"""What a rule says of a column: the values, and beside them the faults."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Verdict:
    """`fault` (String) names the broken rule; `value` counts only where it is NULL."""

    value: pl.Expr
    fault: pl.Expr


def first_fault(*faults: tuple[pl.Expr, str]) -> pl.Expr:
    """The name of the first condition that holds, NULL where none does; an unknown condition does not hold."""
    chain = pl.coalesce(*(pl.when(condition).then(pl.lit(name)) for condition, name in faults))
    return chain.cast(pl.String)
