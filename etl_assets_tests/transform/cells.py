"""Short ways for tests from legacy cells to verdicts and staged rows."""

import os
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl
from hypothesis import settings

from etl_assets.model.target import TargetColumn, TargetTable
from etl_assets.spec.exports import table_export
from etl_assets.spec.loader import load_spec
from etl_assets.spec.model import Spec
from etl_assets.spec.shapes import Staged
from etl_assets.transform.staging import StagePlan, stage
from etl_assets.transform.values.cell import Cell
from etl_assets.transform.values.kept import Kept
from etl_assets.transform.values.rules import verdict_of
from etl_assets.transform.values.times import TimeOptions
from etl_assets_tests.world import EVERYTHING

BASES = {"double": "double precision", "timestamptz": "timestamp with time zone"}
NAMESPACE = UUID("8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52")
# Whole lists go through a rule at once, so that few examples hold many cells; a polars plan costs more than its rows.
FAST = settings(deadline=None, max_examples=90 if EVERYTHING in os.environ else 50, database=None)
# What costs is the batch and not its cells: longer lists, in fewer examples.
FEW = settings(FAST, max_examples=90 if EVERYTHING in os.environ else 15)


def target(base: str, **limits: Any) -> TargetColumn:
    """A target column of one base type."""
    return TargetColumn("value", base, base, **limits)


def judged(
    type_name: str,
    cells: Sequence[tuple[str | None, str]],
    *,
    into: TargetColumn | None = None,
    timezone: str = "UTC",
    encoding: str | None = None,
    **options: Any,
) -> list[tuple[Any, str | None]]:
    """Value and fault of each cell `(text, storage class letter)`; no value beside a fault, as nobody may use it."""
    if "format" in options:
        options["formats"] = (options.pop("format"),)
    frame = pl.DataFrame(cells, schema={"text": pl.String, "kind": pl.String}, orient="row")
    column = into or target(BASES.get(type_name, type_name))
    keep = Kept()
    cell = Cell(pl.col("text"), pl.col("kind"), column, TimeOptions(timezone, **options), encoding, keep=keep)
    verdict = verdict_of(type_name, cell)
    return (
        keep.into(frame)
        .select(pl.when(verdict.fault.is_null()).then(verdict.value).alias("value"), verdict.fault.alias("fault"))
        .rows()
    )


def judge(type_name: str, text: str | None, kind: str = "t", **more: Any) -> tuple[Any, str | None]:
    """Value and fault of one cell."""
    return judged(type_name, [(text, kind)], **more)[0]


def spec_of(tables: str, *, timezone: str = "UTC") -> Spec:
    """A spec with users and these tables (YAML, indented by two)."""
    head = f"source: {{timezone: {timezone}}}\nnamespace: {NAMESPACE}\nusers: {{}}\ntables:\n"
    return load_spec(head + tables, file="test.yaml")


def plan_of(
    spec: Spec, name: str, *, into: Mapping[str, TargetColumn] | None = None, usual: Mapping[str, str] | None = None
) -> StagePlan:
    """The plan of one table, whose target has what the spec says but for the columns in `into`."""
    table = spec.tables[name]
    columns = {table.id.to: target("uuid")}
    columns |= {key: target(BASES.get(column.type, column.type)) for key, column in table.columns.items()}
    labels = tuple(column.label for column in table_export(table).columns)
    found = TargetTable(table.target_schema, table.target_table, columns | dict(into or {}))
    return StagePlan(spec, table, found, labels, {**dict.fromkeys(labels, "t"), **(usual or {})})


def batch_of(plan: StagePlan, rows: Sequence[Mapping[str, str | None]]) -> pl.DataFrame:
    """A batch of an export; `_key` counts from 1 and other cells are NULL where a row does not say."""
    names = ("_key", *plan.labels, "_classes")
    filled = [{"_key": str(number), **row} for number, row in enumerate(rows, start=1)]
    assert all(set(row) <= set(names) for row in filled), "a test names a column that the export has not"
    return pl.DataFrame([[row.get(name) for name in names] for row in filled], orient="row", schema=_strings(names))


def staged(plan: StagePlan, *rows: Mapping[str, str | None]) -> Staged:
    """What becomes of these rows; each is on exactly one side, in the order of the batch."""
    batch = batch_of(plan, rows)
    found = stage(batch, plan)
    kept, held = found.rows["_legacy_id"].to_list(), set(found.quarantined["legacy_id"])
    assert kept == [key for key in batch["_key"] if key not in held]
    assert len(kept) + len(held) == batch.height
    return found


def faults(found: Staged) -> list[tuple[str, str, str]]:
    """`(legacy id, column, rule)` of each quarantined cell."""
    return found.quarantined.select("legacy_id", "column", "rule").rows()


def _strings(names: Sequence[str]) -> dict[str, Any]:
    return dict.fromkeys(names, pl.String)
