"""The shapes that transforms hand to staging: staging rows, quarantined cells."""

from dataclasses import dataclass, field
from decimal import ROUND_UP, Context, Decimal
from typing import NamedTuple

import polars as pl

from etl_assets.spec.model import Spec, Table

QUARANTINE_SCHEMA = pl.Schema(
    {
        "legacy_id": pl.String,
        "legacy_user_id": pl.String,
        "via_key": pl.String,
        "column": pl.String,
        "storage_class": pl.String,
        "value": pl.String,
        "rule": pl.String,
    }
)


class Rounding(NamedTuple):
    """How many cells were rounded, and the largest difference: of numbers as such, of times in seconds."""

    times: int
    largest: Decimal

    def plus(self, other: "Rounding") -> "Rounding":
        """Both, of different cells."""
        return Rounding(self.times + other.times, max(self.largest, other.largest))

    @property
    def most(self) -> str:
        """The largest difference to three digits, upwards, without an exponent."""
        return f"{self.largest.normalize(Context(prec=3, rounding=ROUND_UP)):f}"


def rounded_with(one: dict[str, Rounding], other: dict[str, Rounding]) -> dict[str, Rounding]:
    """Both, column by column."""
    none = Rounding(0, Decimal(0))
    return {column: one.get(column, none).plus(other.get(column, none)) for column in {**one, **other}}


@dataclass(frozen=True)
class Staged:
    """`rows` for `etl.stg_<table>`; `quarantined` for `etl.quarantine`, one row per faulty cell.

    `rounded` has the columns in which the operator lets cells be rounded, and some were.
    """

    rows: pl.DataFrame
    quarantined: pl.DataFrame
    rounded: dict[str, Rounding] = field(default_factory=dict)


def circle_columns(spec: Spec, table: Table) -> list[tuple[str, str]]:
    """The staging columns whose references are a part of the table's circle, each with the table that it refers to."""
    numbers = reference_columns(table)
    return [(f"_ref{numbers[part]}", found.table) for part, found in spec.in_circle(table.name).items()]


def many_columns(table: Table) -> frozenset[str]:
    """The staging columns of references by the ids within a value: arrays of legacy keys."""
    numbers = reference_columns(table)
    return frozenset(f"_ref{numbers[part]}" for part, found in table.references.items() if found.path)


def reference_columns(table: Table) -> dict[str, int]:
    """Target columns with `references`, numbered: `_ref<n>` and `_raw<n>` are their staging columns."""
    return {name: number for number, name in enumerate(table.references)}
