"""Lists in one cell, as JSON or separated by a word of the spec: each element under the rule of its own type."""

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from etl_assets.spec.types import element_column
from etl_assets.transform.values.cell import Cell
from etl_assets.transform.values.kept import Kept
from etl_assets.transform.values.verdict import Verdict

Element = tuple[str | None, str]
AS_ISO = "%Y-%m-%dT%H:%M:%S%.6f"


def list_verdict(cell: Cell, rule: Callable[[Cell], Verdict]) -> Verdict:
    """A Postgres array literal (String); its first element that the rule refuses names the fault of all."""
    read = functools.partial(_separated, by=cell.split) if cell.split is not None else _of_json
    judge = functools.partial(_judged, read=read, rule=rule, cell=cell)
    both = cell.keep(
        pl.struct(cell.text.alias("text"), cell.kind.alias("kind")).map_batches(
            judge, return_dtype=pl.Struct({"value": pl.String, "fault": pl.String})
        )
    )
    return Verdict(both.struct.field("value"), both.struct.field("fault"))


def _of_json(text: str, kind: str) -> list[Element] | None:
    """The elements of a JSON array, each with the letter of the storage class that it would have; None for no array."""
    if kind != "t":
        return None
    try:
        # Digits stay as they are written, and a number is no text.
        found = json.loads(text, parse_int=lambda digits: ("i", digits), parse_float=lambda digits: ("r", digits))
    except (ValueError, RecursionError):
        return None
    return [_element(item) for item in found] if isinstance(found, list) else None


def _element(item: Any) -> Element:
    match item:
        case None:
            return None, "n"
        case bool():
            return str(item).lower(), "t"
        case str():
            return item, "t"
        case (str() as letter, str() as digits):
            return (digits, "i") if letter == "i" else (repr(float(digits)), "r")
        case _:
            return "", "nested"


def _separated(text: str, kind: str, *, by: str) -> list[Element] | None:
    if kind in "bT":
        return None
    return [(part.strip(), kind if kind != "r" else "t") for part in text.split(by)]


def _judged(cells: pl.Series, *, read: Callable[[str, str], list[Element] | None], rule: Any, cell: Cell) -> pl.Series:
    rows = cells.struct.unnest()
    lists = [None if text is None else read(text, kind) for text, kind in rows.iter_rows()]
    flat = pl.DataFrame(
        [(row, *element) for row, found in enumerate(lists) for element in found or ()],
        schema={"row": pl.Int64, "text": pl.String, "kind": pl.String},
        orient="row",
    )
    kept, target = Kept(), element_column(cell.target)
    verdict = rule(replace(cell, text=pl.col("text"), kind=pl.col("kind"), target=target, keep=kept))
    flat = kept.into(flat)
    nested = pl.when(pl.col("kind") == "nested").then(pl.lit("not_a_flat_list"))
    judged = flat.select("row", _as_text(flat, verdict.value), pl.coalesce(nested, verdict.fault).alias("fault"))
    escaped = pl.col("value").str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    quoted = pl.concat_str(pl.lit('"'), escaped, pl.lit('"'))
    literals = judged.group_by("row").agg(
        pl.concat_str(pl.lit("{"), quoted.fill_null("NULL").str.join(","), pl.lit("}")).alias("value").first(),
        pl.col("fault").drop_nulls().first(),
    )
    shape = pl.DataFrame(
        {"row": range(len(lists)), "is_list": [found is not None for found in lists]},
        schema={"row": pl.Int64, "is_list": pl.Boolean},
    )
    found = shape.join(literals, on="row", how="left", maintain_order="left")
    return found.select(
        pl.struct(
            pl.col("value").fill_null("{}"),
            pl.when(~pl.col("is_list")).then(pl.lit("not_a_list")).otherwise(pl.col("fault")).alias("fault"),
        )
    ).to_series()


def _as_text(flat: pl.DataFrame, value: pl.Expr) -> pl.Expr:
    """The values as Postgres reads them within an array."""
    type_ = flat.select(value.alias("value")).schema["value"]
    text = value.dt.strftime(f"{AS_ISO}Z" if type_.time_zone else AS_ISO) if isinstance(type_, pl.Datetime) else value
    return text.cast(pl.String).alias("value")
