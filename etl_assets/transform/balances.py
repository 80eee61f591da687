"""What the legacy users table says of a balance, under the rule of the column that will take it."""

import polars as pl

from etl_assets.model.ids import ROWID_PREFIX
from etl_assets.model.target import TargetColumn
from etl_assets.transform.staging import CLASS_NAMES
from etl_assets.transform.values.cell import Cell, kind_of, named
from etl_assets.transform.values.kept import Kept
from etl_assets.transform.values.rules import verdict_of

BALANCE_COLUMNS = ("legacy_user_id", "amount", "column", "storage_class", "value", "rule")
RULES = {"smallint": "integer", "integer": "integer", "bigint": "bigint", "numeric": "numeric"}


def balance_rows(
    batch: pl.DataFrame, *, label: str, labels: tuple[str, ...], usual: dict[str, str], target: TargetColumn
) -> pl.DataFrame:
    """One row per user with a balance or with a cell that is none.

    Args:
        batch: of the users' export, all String: `_key`, one column per label, `_classes`.
        label: the balance's column.
        labels: the export's columns between `_key` and `_classes`.
        usual: each column's usual storage class.
        target: the profiles' column.

    Returns:
        `legacy_user_id`, `amount`, `column`, `storage_class`, `value`, `rule`, all String; `rule` is NULL where the
        amount can be applied.
    """
    text, kind = named(label), kind_of(label, labels=labels, usual=usual)
    keep = Kept()
    verdict = verdict_of(RULES[target.base], Cell(text, keep(kind), target, keep=keep))
    found = (
        keep.into(batch)
        .filter(text.is_not_null() & ~pl.col("_key").str.starts_with(ROWID_PREFIX))
        .select(
            pl.col("_key").alias("legacy_user_id"),
            pl.when(verdict.fault.is_null()).then(verdict.value.cast(pl.String)).alias("amount"),
            pl.lit(label).alias("column"),
            kind.replace_strict(CLASS_NAMES, return_dtype=pl.String).alias("storage_class"),
            text.str.replace_all("\x00", "\ufffd", literal=True).alias("value"),
            verdict.fault.cast(pl.String).alias("rule"),
        )
    )
    is_bad = pl.col("rule").is_not_null()
    return found.with_columns(pl.when(is_bad).then(pl.col("value")).alias("value"))
