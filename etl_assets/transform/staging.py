"""From a batch of an export to staging rows and quarantined cells."""

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from etl_assets.model.errors import TargetMismatch
from etl_assets.model.ids import ROWID_PREFIX, new_id
from etl_assets.model.target import Reader, TargetColumn, TargetTable
from etl_assets.spec.columns import Column
from etl_assets.spec.exports import Lookup, label_of, lookup_label, owner_label
from etl_assets.spec.model import KEEP_OTHERS, USERS, Spec, Table
from etl_assets.spec.references import References
from etl_assets.spec.shapes import QUARANTINE_SCHEMA, Rounding, Staged, reference_columns
from etl_assets.spec.types import CLOCKED
from etl_assets.transform.identify import key_text, referenced_key, renamed_in_text, uuid5_of
from etl_assets.transform.json_ids import UnreadableId, array_literal, with_ids
from etl_assets.transform.values.cell import Cell, kind_of, named, no_reader
from etl_assets.transform.values.kept import Keep, Kept, nothing_kept
from etl_assets.transform.values.rounding import largest_difference
from etl_assets.transform.values.rules import verdict_of
from etl_assets.transform.values.times import TimeOptions, is_plain
from etl_assets.transform.values.verdict import Verdict, first_fault

BLOB_WORD = re.compile(r"[xX]'(?:[0-9a-fA-F]{2})*'")
CLASS_NAMES = {"n": "null", "i": "integer", "r": "real", "t": "text", "b": "blob", "T": "text"}


Seek = Callable[[Lookup, list[tuple[str | None, str]]], str | None]


def no_seek(_lookup: Lookup, _cells: list[tuple[str | None, str]]) -> str | None:
    """Where nothing is corrected, nothing is looked up again."""
    raise NotImplementedError


@dataclass(frozen=True)
class StagePlan:
    """What a table's transform needs to know: the spec, the target, the CSV's labels and their usual classes.

    `read` asks Postgres what it makes of texts whose type it alone can read, `seek` the legacy database for the key of
    a row that has these cells.
    """

    spec: Spec
    table: Table
    target: TargetTable
    labels: tuple[str, ...]
    usual: dict[str, str] = field(default_factory=dict)
    read: Reader = no_reader
    seek: Seek = no_seek
    keep: Keep = nothing_kept

    def cell(self, label: str, target: TargetColumn) -> Cell:
        """The cells under one CSV header."""
        text, kind = named(label), kind_of(label, labels=self.labels, usual=self.usual)
        times = TimeOptions(self.spec.source.timezone)
        return Cell(text, self.keep(kind), target, times=times, read=self.read, keep=self.keep)

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
        `rows`: `_legacy_id` String, `_new_id`, `_legacy_user_id` String (NULL unless owned by column), `_created`
        String (where the table says when a row was made), then per target column its value, `_ref<n>` String (legacy
        key of the referenced row) and `_raw<n>` String (`otherwise: keep`).
        `quarantined`: QUARANTINE_SCHEMA.
    """
    keep = Kept()
    columns = _columns(replace(plan, keep=keep), plain=_plain_times(batch, plan))
    # Faults first, values only of rows without any: the costly rules run once per cell.
    columns = {name: Verdict(verdict.value, keep(verdict.fault)) for name, verdict in columns.items()}
    judged = keep.into(batch)
    faulty = pl.any_horizontal(verdict.fault.is_not_null() for verdict in columns.values())
    kept = judged.filter(~faulty)
    rows = kept.select(verdict.value.alias(name) for name, verdict in columns.items())
    return Staged(rows, _quarantined(judged.filter(faulty), plan, columns), _rounded(kept, plan))


def _columns(plan: StagePlan, *, plain: set[str]) -> dict[str, Verdict]:
    """Of each column of the rows; faults are Strings."""
    columns = _identity(plan)
    for name, column in plan.table.columns.items():
        if name != plan.table.id.to:
            columns |= _column(plan, name, column, plain=name in plain)
    columns |= _looked_up(plan)
    return {name: Verdict(verdict.value, verdict.fault.cast(pl.String)) for name, verdict in columns.items()}


def _rounded(kept: pl.DataFrame, plan: StagePlan) -> dict[str, Rounding]:
    """The cells of each column that would be refused without the operator's word."""
    keep = Kept()
    plan = replace(plan, keep=keep)
    strict = {
        name: _column(plan, name, column.model_copy(update={"round": False}))[name].fault
        for name, column in plan.table.columns.items()
        if column.round and name != plan.table.id.to
    }
    if not strict or kept.is_empty():
        return {}
    cells = {
        name: as_column(
            plan.cell(label_of(plan.table, name), plan.target_column(name)), plan.table.columns[name], timezone="UTC"
        )[0]
        for name in strict
    }
    judged, found = keep.into(kept), {}
    for name, fault in strict.items():
        texts = judged.filter(fault == "target_would_round").select(cells[name].text.alias("text"))["text"]
        if len(texts):
            difference = largest_difference(texts, plan.table.columns[name].unit, plan.target_column(name))
            found[name] = Rounding(len(texts), difference)
    return found


def _identity(plan: StagePlan) -> dict[str, Verdict]:
    table, key = plan.table, pl.col("_key")
    unusable = first_fault(
        (key.str.starts_with(ROWID_PREFIX), "key_missing_or_repeated"), (_has_nul(key), "nul_in_text")
    )
    columns = {"_legacy_id": Verdict(key, unusable)}
    if table.id.rule == "uuid5":
        columns["_new_id"] = Verdict(uuid5_of(key, namespace=plan.spec.namespace, table=table.name), pl.lit(None))
    else:
        target = plan.target_column(table.id.to)
        given = table.columns.get(table.id.to)
        columns["_new_id"] = verdict_of(given.type if given else kept_type(target), _key_cell(key, target, plan.keep))
    owner = pl.lit(None, dtype=pl.String)
    label = owner_label(table)
    if label:
        cell = plan.cell(label, TargetColumn("", "text", "text"))
        owner = plan.keep(key_text(cell.text, cell.kind))
    columns["_legacy_user_id"] = Verdict(owner, first_fault((_has_nul(owner), "nul_in_text")))
    if table.created_column:
        # As it stands, whatever the spec reads in it: only whether it is the same counts.
        said = named(table.created_column).str.replace_all("\x00", "\ufffd", literal=True)
        columns["_created"] = Verdict(said, pl.lit(None))
    return columns


def _key_cell(key: pl.Expr, target: TargetColumn, keep: Keep) -> Cell:
    """A legacy key as a cell: `x'..'` is a BLOB again, so that sixteen bytes can be a uuid."""
    blob = keep(key.str.extract(r"^x'([0-9A-F]*)'$", 1))
    kind = pl.when(blob.is_null()).then(pl.lit("t")).otherwise(pl.lit("b"))
    return Cell(pl.coalesce(blob, key), kind, target, keep=keep)


def _has_nul(text: pl.Expr) -> pl.Expr:
    return text.str.contains("\x00", literal=True)


def kept_type(target: TargetColumn) -> str:
    """The value rule for an id that is kept: that of the target's column."""
    return {"uuid": "uuid", "smallint": "integer", "integer": "integer", "bigint": "bigint"}.get(target.base, "text")


def _plain_times(batch: pl.DataFrame, plan: StagePlan) -> set[str]:
    """Timestamp columns of which every cell of the batch is text of the usual form."""
    if not batch["_classes"].is_null().all():
        return set()
    labels = {n: label_of(plan.table, n) for n, column in plan.table.columns.items() if column.type in CLOCKED}
    return {name for name, label in labels.items() if plan.usual[label] == "t" and is_plain(batch[label])}


def _column(plan: StagePlan, name: str, column: Column, *, plain: bool = False) -> dict[str, Verdict]:
    cell = plan.cell(label_of(plan.table, name), plan.target_column(name))
    read_as = plan.spec.read_as(plan.table, name) if plan.spec.carried(plan.table, name) else column
    cell, unmapped = as_column(cell, read_as, timezone=plan.spec.source.timezone, plain=plain)
    if read_as.references is None:
        found = {name: verdict_of(read_as.type, cell)}
    elif read_as is column:
        found = _reference(plan, name, column, cell)
    else:  # the load brings what the row has that it names
        found = {name: _of_one(plan, read_as, read_as.references, cell)[0]}
    verdict = found[name]
    faults = [(unmapped, "not_in_map")]
    # A NOT NULL column with a default is no exception: the default would make a value up.
    if column.required or cell.target.not_null:
        # Its value comes with the load.
        is_late = read_as.references is not None and read_as.references.table == USERS
        verdict = Verdict(cell.keep(verdict.value), cell.keep(verdict.fault))
        missing = cell.text.is_null() if is_late else verdict.value.is_null() & verdict.fault.is_null()
        faults.append((missing, "required"))
    fault = first_fault(*faults)
    return found | {name: Verdict(verdict.value, pl.coalesce(fault, verdict.fault))}


def as_column(cell: Cell, column: Column, *, timezone: str, plain: bool = False) -> tuple[Cell, pl.Expr]:
    """The cells as the options of their column leave them, and where `map` does not know one."""
    has_changes = column.map is not None or column.default is not None
    times = TimeOptions(
        column.timezone or timezone,
        column.unit,
        column.time_formats,
        column.ambiguous,
        plain=plain and not has_changes,
        target_timezone=column.target_timezone,
        rounds=column.round,
    )
    cell = replace(cell, times=times, encoding=column.encoding, split=column.split)
    unmapped = pl.lit(value=False)
    if column.map is not None:
        cell, unmapped = _mapped(cell, column.map)
    if column.empty == "null":
        cell = replace(cell, text=pl.when(cell.text != "").then(cell.text))
    if column.default is not None:
        kind = pl.when(cell.text.is_null()).then(pl.lit("t")).otherwise(cell.kind)
        cell = replace(cell, text=cell.text.fill_null(pl.lit(column.default)), kind=kind)
    return cell.settled(), unmapped


def _mapped(cell: Cell, mapping: dict[str, str]) -> tuple[Cell, pl.Expr]:
    words = {old: new for old, new in mapping.items() if old != KEEP_OTHERS}
    # BLOBs and undecodable text stand here as hex; the spec writes them as SQLite does, x'00ff'.
    said = pl.when(cell.is_kind("bT")).then(pl.concat_str(pl.lit("x'"), cell.text, pl.lit("'"))).otherwise(cell.text)
    words = {old.lower() if BLOB_WORD.fullmatch(old) else old: new for old, new in words.items()}
    said = cell.keep(pl.when(cell.is_kind("bT")).then(said.str.to_lowercase()).otherwise(said))
    known = cell.keep(said.is_in(list(words)))
    unmapped = cell.text.is_not_null() & ~known & pl.lit(KEEP_OTHERS not in mapping)
    text = pl.when(known).then(said.replace_strict(words, default=None, return_dtype=pl.String)).otherwise(cell.text)
    kind = pl.when(known).then(pl.lit("t")).otherwise(cell.kind)
    return replace(cell, text=text, kind=kind), unmapped


def _reference(plan: StagePlan, name: str, column: Column, cell: Cell) -> dict[str, Verdict]:
    references = column.references
    assert references is not None  # noqa: S101 - asked by the caller
    if references.by:
        return _of_several(plan, name, column, references, cell)
    if references.path:
        return _numbered(plan, name, *_of_path(plan, column, references, cell), None)
    return _numbered(plan, name, *_of_one(plan, column, references, cell))


def _numbered(plan: StagePlan, name: str, verdict: Verdict, key: pl.Expr, raw: pl.Expr | None) -> dict[str, Verdict]:
    number, no_fault = reference_columns(plan.table)[name], pl.lit(None, dtype=pl.String)
    found = {name: verdict, f"_ref{number}": Verdict(key, no_fault)}
    return found if raw is None else found | {f"_raw{number}": Verdict(raw, no_fault)}


def _looked_up(plan: StagePlan) -> dict[str, Verdict]:
    """The keys of rows that are named by other columns, as the export found them."""
    numbers, no_fault = reference_columns(plan.table), pl.lit(None, dtype=pl.String)
    parts = [part for part, reference in plan.table.references.items() if reference.key]
    return {f"_ref{numbers[part]}": Verdict(named(lookup_label(plan.table, part)), no_fault) for part in parts}


def _of_several(plan: StagePlan, name: str, column: Column, references: References, cell: Cell) -> dict[str, Verdict]:
    """A reference to one of several tables: each cell is that to the table whose word stands beside it."""
    said = plan.cell(references.by or "", TargetColumn("", "text", "text"))
    word, found = plan.keep(key_text(said.text, said.kind)), dict[str, Verdict]()
    value, fault, is_known = pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.String), pl.lit(value=False)
    for part, reference in references.parts(name).items():
        words = [old for old, table in references.tables.items() if table == reference.table]
        is_meant = plan.keep(word.is_in(words).fill_null(value=False))
        mine = replace(cell, text=plan.keep(pl.when(is_meant).then(cell.text)))
        alone = _numbered(plan, part, *_of_one(plan, column, reference, mine))
        verdict = alone.pop(part)
        value = plan.keep(pl.coalesce(value, verdict.value.cast(pl.String)))
        fault, is_known = plan.keep(pl.coalesce(fault, verdict.fault)), plan.keep(is_known | is_meant)
        found |= alone
    unreadable = cell.text.is_not_null() & ~is_known
    if references.otherwise == "keep":
        kept = verdict_of("text", cell)
        value = pl.when(unreadable).then(kept.value).otherwise(value)
        fault = pl.when(unreadable).then(kept.fault).otherwise(fault)
    unknown = first_fault((unreadable & pl.lit(references.otherwise == "quarantine"), "reference_unreadable"))
    return {name: Verdict(value, pl.coalesce(unknown, fault)), **found}


def _of_one(
    plan: StagePlan, column: Column, reference: References, cell: Cell
) -> tuple[Verdict, pl.Expr, pl.Expr | None]:
    """What a reference comes to, the legacy key that it names, and what is kept where nobody knows that."""
    text = plan.keep(key_text(cell.text, cell.kind))
    key = plan.keep(referenced_key(text, reference))
    unreadable = plan.keep(text.is_not_null() & key.is_null())
    fault = first_fault(
        (_has_nul(text), "nul_in_text"),
        (unreadable & pl.lit(reference.otherwise == "quarantine"), "reference_unreadable"),
    )
    if reference.table == USERS:
        return Verdict(pl.lit(None, dtype=pl.String), fault), key, None
    value = plan.keep(pl.when(~unreadable).then(_referenced_value(plan, column, reference, text, key)))
    judged = verdict_of(column.type, _key_cell(value, cell.target, plan.keep))
    raw: pl.Expr | None = None
    if reference.otherwise == "keep":
        kept = verdict_of("text", cell)  # the cell as it stands, not as a key
        raw = kept.value
        judged = Verdict(
            pl.when(unreadable).then(kept.value).otherwise(judged.value),
            pl.when(unreadable).then(kept.fault).otherwise(judged.fault),
        )
    return Verdict(judged.value, pl.coalesce(fault, judged.fault)), key, raw


def _of_path(plan: StagePlan, column: Column, reference: References, cell: Cell) -> tuple[Verdict, pl.Expr]:
    """The value with the new ids in it, and the legacy keys that it names."""
    parent, split = plan.spec.tables[reference.table], cell.split
    rename = functools.partial(new_id, plan.spec.namespace, parent.name)

    def renamed(text: str | None, kind: str) -> dict[str, str | None]:
        said = {"text": text, "keys": None, "fault": None}
        if text is None or kind in "bT":
            return said
        if split is not None:
            text = json.dumps([part.strip() for part in text.split(split)], ensure_ascii=False)
        try:
            found, keys = with_ids(text, reference.steps, lambda key: str(rename(key)) if is_new else None)
        except UnreadableId:
            return said | {"fault": "reference_unreadable"}
        except (ValueError, RecursionError):
            return said  # the type's own rule says what is wrong
        return {"text": found if is_new else said["text"], "keys": array_literal(keys), "fault": None}

    is_new = parent.id.rule == "uuid5"
    fields = dict.fromkeys(("text", "keys", "fault"), pl.String)
    pairs = pl.struct(cell.text.alias("text"), cell.kind.alias("kind"))
    read = plan.keep(
        pairs.map_batches(
            lambda cells: pl.Series(cells.name, [renamed(*pair.values()) for pair in cells], dtype=pl.Struct(fields)),
            return_dtype=pl.Struct(fields),
        )
    )
    new = replace(cell, text=read.struct.field("text"), split=None if is_new else split)
    judged = verdict_of(column.type, new)
    return Verdict(judged.value, pl.coalesce(read.struct.field("fault"), judged.fault)), read.struct.field("keys")


def _referenced_value(plan: StagePlan, column: Column, reference: References, text: pl.Expr, key: pl.Expr) -> pl.Expr:
    """The reference as text: the parent's new id, alone or where the old one stood."""
    parent = plan.spec.tables[reference.table]
    stays_in_text = column.type == "text" and reference.match is not None
    if parent.id.rule == "keep":
        return text if stays_in_text else key
    new_id = uuid5_of(key, namespace=plan.spec.namespace, table=parent.name)
    if not stays_in_text:
        return new_id
    pair = pl.struct(text.alias("text"), new_id.alias("id"))
    rename = functools.partial(renamed_in_text, pattern=reference.match or "")
    return pair.map_batches(rename, return_dtype=pl.String)


def _label(plan: StagePlan, name: str) -> str:
    if name in ("_legacy_id", "_new_id", "_created"):
        return "_key"
    return owner_label(plan.table) or "_key" if name == "_legacy_user_id" else label_of(plan.table, name)


def _quarantined(faulty: pl.DataFrame, plan: StagePlan, columns: dict[str, Verdict]) -> pl.DataFrame:
    via = plan.table.owner.via
    via_key = columns[f"_ref{reference_columns(plan.table)[via]}"].value if via else pl.lit(None, dtype=pl.String)
    frames = [QUARANTINE_SCHEMA.to_frame()]
    for name, verdict in columns.items():
        hit = faulty.filter(verdict.fault.is_not_null())
        if hit.is_empty():
            continue
        label = _label(plan, name)
        kind = pl.lit("t") if label == "_key" else plan.cell(label, TargetColumn("", "text", "text")).kind
        frames.append(
            hit.select(
                columns["_legacy_id"].value.alias("legacy_id"),
                columns["_legacy_user_id"].value.alias("legacy_user_id"),
                via_key.alias("via_key"),
                pl.lit(label).alias("column"),
                kind.replace_strict(CLASS_NAMES, return_dtype=pl.String).alias("storage_class"),
                named(label).alias("value"),
                verdict.fault.alias("rule"),
            )
        )
    return pl.concat(frames)
