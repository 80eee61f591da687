"""From an export's batches to what staging takes: for the assets, and for the rehearsal of them."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from etl_assets.core.staging.input import InputReader
from etl_assets.core.staging.table import Corrected
from etl_assets.model.corrections import KEY_LABEL
from etl_assets.model.target import TargetColumn
from etl_assets.spec.exports import table_export
from etl_assets.spec.model import Spec, Users
from etl_assets.spec.shapes import Staged, rounded_with
from etl_assets.transform.balances import BALANCE_COLUMNS, balance_rows
from etl_assets.transform.corrections import corrected, dropped_keys, touched_keys
from etl_assets.transform.profiles import PROFILE_COLUMNS, profile_rows
from etl_assets.transform.staging import StagePlan, stage
from etl_assets.transform.users import comparable_users
from etl_assets.transform.values.cell import named
from etl_assets.transform.values.kept import Kept
from etl_assets.transform.values.times import TimeOptions, timestamp_verdict


def staged_batches(batches: Iterable[pl.DataFrame], plan: StagePlan, laid: Corrected) -> Iterator[Staged]:
    """The batches, corrected and transformed.

    `laid` learns which corrections were about a row of them, and what is rounded.
    """
    for batch in batches:
        laid.found.extend(touched_keys(batch, laid.corrections))
        laid.dropped.extend(dropped_keys(batch, laid.corrections))
        staged = _staged(_looked_up_again(corrected(batch, laid.corrections, plan.usual), plan, laid), plan)
        laid.rounded.update(rounded_with(laid.rounded, staged.rounded))
        yield staged


def _looked_up_again(batch: pl.DataFrame, plan: StagePlan, laid: Corrected) -> pl.DataFrame:
    """The batch with the keys of the rows that corrected cells name by other columns than the key."""
    keyed = {c.legacy_id: c.value for c in laid.corrections.cells(KEY_LABEL)}
    for column in table_export(plan.table, plan.spec.tables).columns if laid.corrections.all else ():
        lookup = column.lookup
        said = [c.legacy_id for label in lookup.columns for c in laid.corrections.cells(label)] if lookup else []
        keys = [keyed.get(key, key) for key in said]
        hit = batch.filter(pl.col("_key").is_in(keys)) if keys else None
        if lookup is None or hit is None or hit.is_empty():
            continue
        anything = TargetColumn("", "text", "text")
        cells = [plan.cell(label, anything) for label in lookup.columns]
        read = hit.select(
            pl.concat_list(cell.text for cell in cells).alias("texts"),
            pl.concat_list(cell.kind for cell in cells).alias("kinds"),
        )
        found = {
            key: plan.seek(lookup, list(zip(texts, kinds, strict=True)))
            for key, (texts, kinds) in zip(hit["_key"], read.rows(), strict=True)
        }
        again = pl.col("_key").replace_strict(found, default=None, return_dtype=pl.String)
        cell = pl.when(pl.col("_key").is_in(list(found))).then(again).otherwise(named(column.label))
        batch = batch.with_columns(cell.alias(column.label))
    return batch


def _staged(batch: pl.DataFrame, plan: StagePlan) -> Staged:
    try:
        return stage(batch, plan)
    except Exception:
        failed = plan.read.failed if isinstance(plan.read, InputReader) else None
        if failed is not None:
            raise failed from None
        raise


def balance_frames(
    batches: Callable[[], Iterable[pl.DataFrame]],
    spec: Spec,
    columns: dict[str, TargetColumn],
    *,
    labels: tuple[str, ...],
    usual: dict[str, str],
) -> dict[str, pl.DataFrame]:
    """What the users' export says of each balance that comes from the users table; see `balance_rows`."""
    readers = {
        name: functools.partial(balance_rows, label=label, labels=labels, usual=usual, target=columns[name])
        for name, balance in spec.balances.items()
        if (label := balance.users_column) is not None and label in labels
    }
    return _read(batches, readers, BALANCE_COLUMNS)


def profile_frames(
    batches: Callable[[], Iterable[pl.DataFrame]],
    spec: Spec,
    columns: dict[str, TargetColumn],
    *,
    labels: tuple[str, ...],
    usual: dict[str, str],
) -> dict[str, pl.DataFrame]:
    """What the users' export says of each attribute of the profile; see `profile_rows`."""
    read = functools.partial(profile_rows, labels=labels, usual=usual, timezone=spec.source.timezone)
    readers = {
        name: functools.partial(read, attribute=attribute, target=columns[name])
        for name, attribute in spec.profile.items()
    }
    return _read(batches, readers, PROFILE_COLUMNS)


def _read(
    batches: Callable[[], Iterable[pl.DataFrame]],
    readers: Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]],
    columns: tuple[str, ...],
) -> dict[str, pl.DataFrame]:
    """What each reader makes of the batches, which are read once for all of them, and not at all for none."""
    found = {name: [pl.DataFrame(schema=dict.fromkeys(columns, pl.String))] for name in readers}
    for batch in batches() if readers else ():
        for name, read in readers.items():
            found[name].append(read(batch))
    return {name: pl.concat(frames) for name, frames in found.items()}


def corrected_users(
    batches: Callable[[], Iterable[pl.DataFrame]], laid: Corrected, usual: dict[str, str]
) -> Callable[[], Iterator[pl.DataFrame]]:
    """The users' batches as an operator corrected them; `laid` learns which corrections were about a user of them."""

    def read() -> Iterator[pl.DataFrame]:
        for batch in batches():
            laid.found.extend(touched_keys(batch, laid.corrections))
            yield corrected(batch, laid.corrections, usual)

    return read


def users_frames(batches: Iterable[pl.DataFrame], users: Users, *, timezone: str) -> Iterator[pl.DataFrame]:
    """The export's users as the map takes them: `replace_users` says how.

    A sign-up that is no timestamp leaves `created_at` NULL; `created_value` keeps it as it stands.
    """
    anything = TargetColumn("created_at", "timestamp with time zone", "timestamp with time zone")
    said = users.created
    options = TimeOptions(timezone, said.unit, said.time_formats, said.ambiguous) if said else TimeOptions(timezone)
    keep = Kept()
    created = timestamp_verdict(pl.col("created_value"), pl.lit("t"), anything, options=options, keep=keep)
    instant = pl.when(created.fault.is_null()).then(created.value).alias("created_at")
    for batch in batches:
        frame = comparable_users(batch, email=users.email, verified=users.verified, created=users.created_column)
        yield frame.with_columns(keep.into(frame).select(instant).to_series())
