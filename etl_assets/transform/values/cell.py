"""One column's cells, as every rule about values takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl
import polars.selectors as cs

from etl_assets.model.target import Reader, TargetColumn
from etl_assets.transform.values.kept import Keep, nothing_kept
from etl_assets.transform.values.times import TimeOptions


def named(label: str) -> pl.Expr:
    """The column of just this name: to `pl.col`, `*` is every column and `^x$` a pattern."""
    return cs.by_name(label).as_expr()


def kind_of(label: str, *, labels: Sequence[str], usual: Mapping[str, str]) -> pl.Expr:
    """The storage class letters of a batch's cells: the column's usual one where `_classes` says no other."""
    letter = pl.col("_classes").str.slice(labels.index(label), 1)
    return pl.when(named(label).is_null()).then(pl.lit("n")).otherwise(pl.coalesce(letter, pl.lit(usual[label])))


def no_reader(type_: str, texts: list[str]) -> list[str | None]:
    """Where no Postgres is at hand.

    Raises:
        LookupError: always.
    """
    raise LookupError(f"nobody is there to read {len(texts)} texts as {type_}")


@dataclass(frozen=True)
class Cell:
    """One column's cells: the text, the storage class letter, what the target can hold, and Postgres to ask.

    A rule hands what it uses more than once to `keep`.
    """

    text: pl.Expr
    kind: pl.Expr
    target: TargetColumn
    times: TimeOptions = field(default_factory=TimeOptions)
    encoding: str | None = None
    split: str | None = None
    read: Reader = no_reader
    keep: Keep = nothing_kept

    def settled(self) -> "Cell":
        """The cells with text and kind computed once, whatever was done to them so far."""
        return replace(self, text=self.keep(self.text), kind=self.keep(self.kind))

    def is_kind(self, letters: str) -> pl.Expr:
        """True where the storage class is one of the letters."""
        return self.kind.is_in(list(letters))
