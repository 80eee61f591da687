"""Columns that the spec gained later, filled in for loaded rows, and taken back."""

from collections.abc import Callable, Sequence

import dagster as dg
from pydantic import Field

from etl_assets.assets.keys import BACKFILL, CLOSING, MIGRATE, TARGET, production_key
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.backfill.backfill import Filled, fill, require_the_rest, take_back, wished
from etl_assets.model.words import counted
from etl_assets.spec.model import Spec

RunMigrate = Callable[[dg.DagsterInstance, tuple[dg.AssetKey, ...]], int]
LEFT = {
    "same": "had it already",
    "used": "hold a value of the app's own and keep it",
    "unready": "are without: their legacy rows are quarantined, wait, or are gone",
    "early": "are without: what they refer to has yet to arrive",
    "gone": "are not in production any more",
}


class BackfillConfig(dg.Config):
    """Which columns. `take_back: true` gives them back what they held before."""

    columns: list[str] = Field(description="TABLE.COLUMN, each as the spec names them: `[jobs.priority]`.")
    take_back: bool = Field(default=False, description="Take back what was filled in, instead of filling.")


def before_filling(spec: Spec) -> tuple[dg.AssetKey, ...]:
    """The assets of `migrate` that wait until the columns are filled in.

    The target's own look refuses a spec with other columns than the loaded rows have; filling asks the same of it.
    """
    return (TARGET, *CLOSING, *(production_key(name) for name in spec.unowned))


def fill_in(stores: Access, spec: Spec, words: Sequence[str], *, run: str) -> dict[str, Filled]:
    """Fills columns in loaded rows, which are staged with them; what became of each table's."""
    with stores.target() as connection:
        return fill(connection, stores.links(connection, spec, anew=True), wished(spec, words), run=run)


def empty(stores: Access, spec: Spec, words: Sequence[str], *, run: str) -> list[str]:
    """Takes back what was filled in, and says how much.

    Raises:
        SettingsError: that was not filled in.
        UndoRefused: it is in use by now.
    """
    with stores.target() as connection:
        done = take_back(connection, stores.links(connection, spec, anew=True), wished(spec, words), run=run)
    columns = ", ".join(words)
    rows = ", ".join(f"{table} {count:,}" for table, count in done.items())
    return [f"{columns}: taken back. Rows: {rows}. Take the column out of the spec, or fill it in again."]


def require_fillable(stores: Access, spec: Spec, words: Sequence[str]) -> None:
    """Raises unless that can be filled in, before anything is staged for it.

    Raises:
        SettingsError: there is no such column, or the spec differs in something else from the one that was loaded with.
    """
    filling = wished(spec, words)
    with stores.target_as_it_is() as connection:
        require_the_rest(connection, spec, filling)


def summary(done: dict[str, Filled], words: Sequence[str]) -> list[str]:
    """What became of the loaded rows, a line for each table."""
    lines = []
    for name, found in done.items():
        columns = ", ".join(word for word in words if word.startswith(f"{name}."))
        left = [f"{getattr(found, part):,} {said}" for part, said in LEFT.items() if getattr(found, part)]
        others = f". Of the others {'; '.join(left)}" if left else ""
        lines.append(f"{columns}: filled in in {counted(found.filled, 'loaded row')}{others}.")
    return lines


def build_backfill_job(spec: Spec, run_migrate: RunMigrate) -> dg.JobDefinition:
    """The job `backfill`."""

    @dg.op(
        name="fill_columns",
        description="Stages the legacy database with the spec as it is now, gives the loaded rows the columns that are "
        "named, in one transaction, and then runs `migrate`. Safe to run again: what was left over is filled in.",
    )
    def fill_columns(context: dg.OpExecutionContext, config: BackfillConfig, stores: Stores) -> None:
        with failures():
            if config.take_back:
                lines = empty(stores, spec, config.columns, run=context.run_id)
            else:
                require_fillable(stores, spec, config.columns)
                _run(context, run_migrate, before_filling(spec))
                lines = summary(fill_in(stores, spec, config.columns, run=context.run_id), config.columns)
        for line in lines:
            context.log.info(line)
        if not config.take_back:
            _run(context, run_migrate, ())

    @dg.job(
        name=BACKFILL,
        description="For a column that the spec gained after rows were loaded: gives these rows its values. Say which "
        "in the Launchpad: `{ops: {fill_columns: {config: {columns: [jobs.priority]}}}}`. A row in which the app has a "
        "value of its own keeps it.",
    )
    def backfill_job() -> None:
        fill_columns()

    return backfill_job


def _run(context: dg.OpExecutionContext, run_migrate: RunMigrate, without: tuple[dg.AssetKey, ...]) -> None:
    if run_migrate(context.instance, without):
        raise dg.Failure(
            f"The run of `{MIGRATE}` that belongs to it did not come to its end; it says why.", allow_retries=False
        )
