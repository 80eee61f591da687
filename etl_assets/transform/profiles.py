"""What the legacy users table says of the profile beside the balances, under the rules of any column."""

import polars as pl

from etl_assets.model.ids import ROWID_PREFIX
from etl_assets.model.target import TargetColumn
from etl_assets.spec.profiles import Attribute
from etl_assets.transform.staging import CLASS_NAMES, as_column
from etl_assets.transform.values.cell import Cell, kind_of, named
from etl_assets.transform.values.kept import Kept
from etl_assets.transform.values.rules import verdict_of
from etl_assets.transform.values.verdict import first_fault

PROFILE_COLUMNS = ("legacy_user_id", "value", "column", "storage_class", "cell", "rule")


def profile_rows(
    batch: pl.DataFrame,
    attribute: Attribute,
    *,
    labels: tuple[str, ...],
    usual: dict[str, str],
    target: TargetColumn,
    timezone: str,
) -> pl.DataFrame:
    """One row per user with a value or with a cell that is none.

    Args:
        batch: of the users' export, all String: `_key`, one column per label, `_classes`.
        attribute: how the spec reads the column.
        labels: the export's columns between `_key` and `_classes`.
        usual: each column's usual storage class.
        target: the profiles' column.
        timezone: of legacy times that carry none.

    Returns:
        PROFILE_COLUMNS, all String; `rule` is NULL where the value can be given, `value` where it cannot.
    """
    label = attribute.users_column
    text, kind = named(label), kind_of(label, labels=labels, usual=usual)
    keep = Kept()
    cell, unmapped = as_column(Cell(text, keep(kind), target, keep=keep), attribute, timezone=timezone)
    verdict = verdict_of(attribute.type, cell)
    missing = cell.text.is_null() & pl.lit(attribute.required)
    fault = pl.coalesce(first_fault((unmapped, "not_in_map"), (missing, "required")), verdict.fault).cast(pl.String)
    found = (
        keep.into(batch)
        .filter(~pl.col("_key").str.starts_with(ROWID_PREFIX))
        .select(
            pl.col("_key").alias("legacy_user_id"),
            pl.when(fault.is_null()).then(verdict.value).cast(pl.String).alias("value"),
            pl.lit(label).alias("column"),
            kind.replace_strict(CLASS_NAMES, return_dtype=pl.String).alias("storage_class"),
            text.str.replace_all("\x00", "\ufffd", literal=True).alias("cell"),
            fault.alias("rule"),
        )
    )
    return found.filter(pl.col("value").is_not_null() | pl.col("rule").is_not_null()).with_columns(
        pl.when(pl.col("rule").is_not_null()).then(pl.col("cell")).alias("cell")
    )
