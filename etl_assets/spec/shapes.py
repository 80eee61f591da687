"""The shapes that transforms hand to staging: staging rows, quarantined cells."""

from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Staged:
    """`rows` for `etl.stg_<table>`; `quarantined` for `etl.quarantine`, one row per faulty cell.

    `rounded` counts the cells per column that the operator lets be rounded, and were.
    """

    rows: pl.DataFrame
    quarantined: pl.DataFrame
    rounded: dict[str, int] = field(default_factory=dict)


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
