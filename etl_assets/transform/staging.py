"""From a batch of an export to staging rows and quarantined cells."""

from dataclasses import dataclass, field

import polars as pl

from etl_assets.model.errors import TargetMismatch
from etl_assets.model.ids import ROWID_PREFIX
from etl_assets.model.target import TargetColumn, TargetTable
from etl_assets.spec.exports import label_of
from etl_assets.spec.model import KEEP_OTHERS, USERS, Column, References, Spec, Table
from etl_assets.spec.shapes import QUARANTINE_SCHEMA, Staged, reference_columns
from etl_assets.transform.identify import key_text, referenced_key, renamed_in_text, uuid5_of
from etl_assets.transform.values import Cell, verdict_of
from etl_assets.transform.verdict import Verdict

CLASS_NAMES = {"n": "null", "i": "integer", "r": "real", "t": "text", "b": "blob", "T": "text"}


@dataclass(frozen=True)
class StagePlan:
    """What a table's transform needs to know: the spec, the target, the CSV's labels and their usual classes."""

    spec: Spec
    table: Table
    target: TargetTable
    labels: tuple[str, ...]
    usual: dict[str, str] = field(default_factory=dict)

    def cell(self, label: str, target: TargetColumn) -> Cell:
        """The cells under one CSV header."""
        text = pl.col(label)
        letter = pl.col("_classes").str.slice(self.labels.index(label), 1)
        kind = pl.when(text.is_null()).then(pl.lit("n")).otherwise(pl.coalesce(letter, pl.lit(self.usual[label])))
        return Cell(text, kind, target, timezone=self.spec.source.timezone)

    def target_column(self, name: str) -> TargetColumn:
        """The catalog's word on a target column.

        Raises:
            TargetMismatch: the target has no such column.
        """
        if name not in self.target.columns:
            raise TargetMismatch(self.table.name, [f"{self.table.target} has no column {name!r}"])
        return self.target.columns[name]


def stage(batch: pl.DataFrame, plan: StagePlan) -> Staged:
    """Splits one batch of an export into typed rows and quarantined cells; each row goes to one side.

    Args:
        batch: all String: `_key`, one column per label, `_classes`.
        plan: the table.

    Returns:
        `rows`: `_legacy_id` String, `_new_id`, `_legacy_user_id` String (NULL unless owned by column), then per target
        column its value, `_ref<n>` String (legacy key of the referenced row) and `_raw<n>` String (`otherwise: keep`).
        `quarantined`: QUARANTINE_SCHEMA.
    """
    columns = _identity(plan)
    for name, column in plan.table.columns.items():
        if name != plan.table.id.to:
            columns |= _column(plan, name, column)
    # Faults first, values only of rows without any: the costly rules run once per cell.
    judged = batch.with_columns(
        verdict.fault.cast(pl.String).alias(f"{name}:fault") for name, verdict in columns.items()
    )
    faulty = pl.any_horizontal(pl.col(f"{name}:fault").is_not_null() for name in columns)
    rows = judged.filter(~faulty).select(verdict.value.alias(name) for name, verdict in columns.items())
    return Staged(rows, _quarantined(judged.filter(faulty), plan, columns))


def _identity(plan: StagePlan) -> dict[str, Verdict]:
    table, key = plan.table, pl.col("_key")
    unusable = pl.when(key.str.starts_with(ROWID_PREFIX)).then(pl.lit("key_missing_or_repeated"))
    columns = {"_legacy_id": Verdict(key, unusable)}
    if table.id.rule == "uuid5":
        columns["_new_id"] = Verdict(uuid5_of(key, namespace=plan.spec.namespace, table=table.name), pl.lit(None))
    else:
        target = plan.target_column(table.id.to)
        named = table.columns.get(table.id.to)
        columns["_new_id"] = verdict_of(named.type if named else kept_type(target), Cell(key, pl.lit("t"), target))
    owner = pl.lit(None, dtype=pl.String)
    if table.owner.from_:
        cell = plan.cell(table.owner.from_, TargetColumn("", "text", "text"))
        owner = key_text(cell.text, cell.kind)
    columns["_legacy_user_id"] = Verdict(owner, pl.lit(None))
    return columns


def kept_type(target: TargetColumn) -> str:
    """The value rule for an id that is kept: that of the target's column."""
    return {"uuid": "uuid", "smallint": "integer", "integer": "integer", "bigint": "bigint"}.get(target.base, "text")


def _column(plan: StagePlan, name: str, column: Column) -> dict[str, Verdict]:
    cell = plan.cell(label_of(plan.table, name), plan.target_column(name))
    if column.map is not None:
        cell, unmapped = _mapped(cell, column.map)
    if column.empty == "null":
        cell = _replaced(cell, pl.when(cell.text != "").then(cell.text))
    if column.references is not None:
        found = _reference(plan, name, column, cell)
    else:
        if column.default is not None:
            cell = Cell(
                cell.text.fill_null(pl.lit(column.default)),
                pl.when(cell.text.is_null()).then(pl.lit("t")).otherwise(cell.kind),
                cell.target,
                cell.timezone,
            )
        found = {name: verdict_of(column.type, cell)}
    verdict = found[name]
    fault = verdict.fault
    if column.required or cell.target.needs_value:
        fault = pl.when(cell.text.is_null()).then(pl.lit("required")).otherwise(fault)
    if column.map is not None:
        fault = pl.when(unmapped).then(pl.lit("not_in_map")).otherwise(fault)
    return found | {name: Verdict(verdict.value, fault)}


def _replaced(cell: Cell, text: pl.Expr) -> Cell:
    return Cell(text, cell.kind, cell.target, cell.timezone)


def _mapped(cell: Cell, mapping: dict[str, str]) -> tuple[Cell, pl.Expr]:
    words = {old: new for old, new in mapping.items() if old != KEEP_OTHERS}
    known = cell.text.is_in(list(words))
    unmapped = cell.text.is_not_null() & ~known & pl.lit(KEEP_OTHERS not in mapping)
    text = (
        pl.when(known).then(cell.text.replace_strict(words, default=None, return_dtype=pl.String)).otherwise(cell.text)
    )
    kind = pl.when(known).then(pl.lit("t")).otherwise(cell.kind)
    return Cell(text, kind, cell.target, cell.timezone), unmapped


def _reference(plan: StagePlan, name: str, column: Column, cell: Cell) -> dict[str, Verdict]:
    reference = plan.table.references[name]
    number = reference_columns(plan.table)[name]
    text = key_text(cell.text, cell.kind)
    key = referenced_key(text, reference)
    unreadable = text.is_not_null() & key.is_null()
    fault = pl.when(unreadable & pl.lit(reference.otherwise == "quarantine")).then(pl.lit("reference_unreadable"))
    no_fault = pl.lit(None, dtype=pl.String)
    found = {f"_ref{number}": Verdict(key, no_fault)}
    if reference.table == USERS:
        return {name: Verdict(pl.lit(None, dtype=pl.String), fault), **found}
    value, value_fault = _referenced_value(plan, column, reference, text, key, cell)
    if reference.otherwise == "keep":
        found[f"_raw{number}"] = Verdict(text, no_fault)
        value = pl.when(unreadable).then(text).otherwise(value)
    return {name: Verdict(value, pl.coalesce(fault, value_fault)), **found}


def _referenced_value(
    plan: StagePlan, column: Column, reference: References, text: pl.Expr, key: pl.Expr, cell: Cell
) -> tuple[pl.Expr, pl.Expr]:
    parent = plan.spec.tables[reference.table]
    if parent.id.rule == "keep":
        verdict = verdict_of(column.type, Cell(key, pl.lit("t"), cell.target))
        return verdict.value, verdict.fault
    new_id = uuid5_of(key, namespace=plan.spec.namespace, table=parent.name)
    no_fault = pl.lit(None, dtype=pl.String)
    if column.type == "uuid" or reference.match is None:
        return new_id, no_fault
    pattern = reference.match
    pair = pl.struct(text.alias("text"), new_id.alias("id"))
    return pair.map_batches(lambda cells: renamed_in_text(cells, pattern=pattern), return_dtype=pl.String), no_fault


def _quarantined(faulty: pl.DataFrame, plan: StagePlan, columns: dict[str, Verdict]) -> pl.DataFrame:
    via = plan.table.owner.via
    via_key = columns[f"_ref{reference_columns(plan.table)[via]}"].value if via else pl.lit(None, dtype=pl.String)
    frames = [QUARANTINE_SCHEMA.to_frame()]
    for name in columns:
        hit = faulty.filter(pl.col(f"{name}:fault").is_not_null())
        if hit.is_empty():
            continue
        label = "_key" if name in ("_legacy_id", "_new_id") else label_of(plan.table, name)
        kind = pl.lit("t") if label == "_key" else plan.cell(label, TargetColumn("", "text", "text")).kind
        frames.append(
            hit.select(
                columns["_legacy_id"].value.alias("legacy_id"),
                columns["_legacy_user_id"].value.alias("legacy_user_id"),
                via_key.alias("via_key"),
                pl.lit(label).alias("column"),
                kind.replace_strict(CLASS_NAMES, return_dtype=pl.String).alias("storage_class"),
                pl.col(label).alias("value"),
                pl.col(f"{name}:fault").alias("rule"),
            )
        )
    return pl.concat(frames)
