"""Corrections laid over a batch of an export, before any rule looks at it."""

from collections.abc import Mapping

import polars as pl

from etl_assets.model.corrections import KEY_LABEL, Corrections
from etl_assets.transform.values.cell import named


def dropped_keys(batch: pl.DataFrame, corrections: Corrections) -> list[str]:
    """The legacy keys of this batch whose rows stay behind."""
    names = [correction.legacy_id for correction in corrections.drops]
    return batch.filter(pl.col("_key").is_in(names))["_key"].to_list() if names else []


def touched_keys(batch: pl.DataFrame, corrections: Corrections) -> list[str]:
    """The legacy keys of this batch that any correction names."""
    names = [correction.legacy_id for correction in corrections.all]
    return batch.filter(pl.col("_key").is_in(names))["_key"].to_list() if names else []


def corrected(batch: pl.DataFrame, corrections: Corrections, usual: Mapping[str, str]) -> pl.DataFrame:
    """The batch without dropped rows and with corrected cells, which count as TEXT (or NULL).

    Args:
        batch: all String: `_key`, one column per label, `_classes`.
        corrections: of this table.
        usual: each label's storage class where `_classes` is NULL; its order is that of the letters.
    """
    if not corrections.all:
        return batch
    dropped = dropped_keys(batch, corrections)
    kept = batch.filter(~pl.col("_key").is_in(dropped))
    keys = {correction.legacy_id: correction.value for correction in corrections.cells(KEY_LABEL)}
    key = (
        pl.col("_key").replace_strict(keys, default=pl.col("_key"), return_dtype=pl.String) if keys else pl.col("_key")
    )
    letters: list[pl.Expr] = []
    values: list[pl.Expr] = []
    for number, (label, letter) in enumerate(usual.items()):
        cells = {correction.legacy_id: correction.value for correction in corrections.cells(label)}
        said = pl.col("_key").is_in(list(cells))
        new = pl.col("_key").replace_strict(cells, default=None, return_dtype=pl.String)
        value = pl.when(said).then(new).otherwise(named(label)) if cells else named(label)
        values.append(value.alias(label))
        found = pl.coalesce(pl.col("_classes").str.slice(number, 1), pl.lit(letter))
        kind = pl.when(said).then(pl.lit("t")).otherwise(found) if cells else found
        letters.append(pl.when(value.is_null()).then(pl.lit("n")).otherwise(kind))
    touched = pl.col("_key").is_in([correction.legacy_id for correction in corrections.all])
    classes = pl.when(touched).then(pl.concat_str(letters)).otherwise(pl.col("_classes"))
    return kept.with_columns(*values, classes.alias("_classes"), key.alias("_key"))
