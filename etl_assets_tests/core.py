"""The migration without Dagster: what the assets do, in the order of `migrate`, a tenth of the time.

The functions are the assets' own; runs, checks and events are left out. What the blocking checks look at stands in
the way all the same, because the load repeats it.
"""

import json
import logging
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import dagster as dg

from etl_assets import cli, faults
from etl_assets.access.postgres.connection import reading
from etl_assets.assets.export import export_table, snapshot
from etl_assets.assets.files import bring_files
from etl_assets.assets.keys import (
    CLOSING,
    COMMAND_TAG,
    LOAD_WAVE,
    MIGRATE,
    RECONCILIATION,
    REPORT,
    RESOLVED,
    SNAPSHOT,
    TARGET,
    USER_MAP,
    VERIFICATION,
    VERIFY,
    WAITING,
    export_key,
    files_key,
    production_key,
    staging_key,
)
from etl_assets.assets.load import load_lookup, load_tables
from etl_assets.assets.report import write_report
from etl_assets.assets.resources import Access, Stores
from etl_assets.assets.staging import stage
from etl_assets.assets.target import look
from etl_assets.assets.users import map_users, resolve
from etl_assets.assets.verify import reconcile, verify_everything
from etl_assets.assets.waiting import list_waiting
from etl_assets.automation import instance as automation
from etl_assets.commands import migration
from etl_assets.commands.migration import MigrateOptions, Outcome
from etl_assets.core.load.due import read_standing
from etl_assets.core.verify.status import books_of
from etl_assets.model.errors import EtlError, FileFault, WaveHindered
from etl_assets.settings import Settings, read_settings, read_spec
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec
from etl_assets_tests import sessions
from etl_assets_tests.dagster_memory import an_instance
from etl_assets_tests.world import World

NO_OPTIONS = MigrateOptions()
Step = Callable[[], dg.MaterializeResult | Iterable[dg.MaterializeResult]]


class _Way:
    """One migration under way."""

    def __init__(self, spec: Spec, tags: dict[str, str] | None = None, stores: Access | None = None) -> None:
        self.spec, self.stores = spec, stores or Stores()
        self.tags = {COMMAND_TAG: MIGRATE} if tags is None else tags
        self.red: list[str] = []
        self.told: dict[dg.AssetKey, dg.MaterializeResult] = {}

    def run(self, job: str, wave: str = "", without: Sequence[dg.AssetKey] = ()) -> bool:
        """Runs a job's assets in their order; True when no check of an error is red."""
        steps = self._steps(dg.DagsterRun(job_name=job, run_id=str(uuid.uuid4()), tags=self.tags), wave)
        for key in [key for key in self.keys(job) if key not in without]:
            found = steps[key]()
            for result in [found] if isinstance(found, dg.MaterializeResult) else list(found):
                self.told[key] = result
                self.red += [
                    check.check_name
                    for check in result.check_results or ()
                    if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
                ]
        return not self.red  # where it is, a load that there is would refuse; with nobody to load, nothing else would

    def _steps(self, run: dg.DagsterRun, wave: str) -> dict[dg.AssetKey, Step]:
        """What each asset calls."""
        spec, stores, name = self.spec, self.stores, run.run_id
        warn = logging.getLogger("core").warning
        steps: dict[dg.AssetKey, Step] = {
            SNAPSHOT: partial(snapshot, stores, spec),
            TARGET: partial(look, stores, spec),
            RESOLVED: partial(resolve, stores, spec, wave=wave, run=run),
            RECONCILIATION: partial(reconcile, stores, spec, wave=wave, run=name),
            VERIFICATION: partial(verify_everything, stores, spec, run=run),
            REPORT: partial(write_report, stores, spec, run=name),
            WAITING: partial(list_waiting, stores, spec),
        }
        if spec.users is not None:
            steps[USER_MAP] = partial(map_users, stores, spec, spec.users, run=name)
        for table, export in exports_of(spec).items():
            steps[export_key(table)] = partial(export_table, stores, spec, export)
        for table in spec.load_order:
            steps[staging_key(table)] = partial(stage, stores, spec, spec.tables[table], run=name, warn=warn)
        for table in spec.unowned:
            steps[production_key(table)] = partial(load_lookup, stores, spec, spec.tables[table], run=name)
        for table in spec.with_files:
            copy = partial(bring_files, stores, spec, spec.tables[table], wave=wave, run=name, progress=lambda *_: None)
            steps[files_key(table)] = copy
        if spec.owned:
            load = partial(load_tables, stores, spec, wave=wave, run=name, progress=lambda *_: None)
            steps[production_key(spec.owned[0])] = load
        return steps

    def keys(self, job: str) -> list[dg.AssetKey]:
        spec = self.spec
        closing = [VERIFICATION, REPORT, *([WAITING] if spec.owned else [])]
        if job == LOAD_WAVE:
            return [RESOLVED, *map(files_key, spec.with_files), production_key(spec.owned[0]), RECONCILIATION, *closing]
        if job == VERIFY:
            return closing
        exports = [export_key(name) for name in exports_of(spec)]
        staging = [staging_key(name) for name in spec.load_order]
        people = [USER_MAP] if spec.users else []
        lookups = [production_key(name) for name in spec.unowned]
        return [SNAPSHOT, TARGET, *exports, *staging, *people, *lookups, *closing]

    def due_waves(self) -> list[str]:
        with self.stores.target_as_it_is() as connection, reading(connection):
            standing = read_standing(connection, self.spec)
        if standing.hindrance:
            raise WaveHindered(standing.hindrance)
        return [*standing.unfinished, *([standing.key_among([])] if standing.is_due else [])]

    def migrate(self) -> bool:
        if not self.run(MIGRATE, without=CLOSING):
            return False
        waves = self.due_waves() if self.spec.owned else []
        went_well = [self.run(LOAD_WAVE, wave) for wave in waves] or [self.run(VERIFY)]
        with self.stores.target_as_it_is() as connection:
            books = books_of(connection, self.spec)
        return books.closed and all(went_well) and not books.refused


def _code(act: Callable[[], bool]) -> int:
    """The exit code of what was done; what it refuses goes to standard error."""
    try:
        try:
            return 0 if act() else 1
        except OSError as error:
            raise FileFault(error.strerror or str(error)) from None
    except EtlError as error:
        sys.stderr.write(f"etl-assets: {error}\n")
        return error.exit_code


def migrate() -> int:
    """Migrates as the environment says; prints what passed which fault point; 0 when the books close."""
    code = _code(_Way(read_spec(read_settings().spec_path)).migrate)
    sys.stdout.write(json.dumps(faults.passed))
    return code


def migrate_here(
    settings: Settings,
    spec: Spec,
    *,
    instance: dg.DagsterInstance,
    say: Callable[[str], None],
    options: MigrateOptions = NO_OPTIONS,
) -> Outcome:
    """In place of `commands.migration.migrate`: it does the same, and Dagster knows nothing but the waves' keys."""
    with _without_runs():
        return migration.migrate(settings, spec, instance=instance, say=say, options=options)


def migrate_dry_here(
    settings: Settings, spec: Spec, *, say: Callable[[str], None], options: MigrateOptions = NO_OPTIONS
) -> Outcome:
    """In place of `commands.migration.migrate_dry`."""
    with _without_runs():
        return migration.migrate_dry(settings, spec, say=say, options=options)


@contextmanager
def _without_runs() -> Iterator[None]:
    """Within it the commands' runs of jobs are calls of what the assets call, on the same stores."""
    with ExitStack() as stack:
        # What the command builds of a spec and its stores, and hands to each run, is the two themselves.
        stack.enter_context(mock.patch.object(migration, "build_definitions", lambda spec, stores=None: (spec, stores)))
        stack.enter_context(mock.patch.object(migration, "run_job", _run))
        # No Dagster shows anything, so what is untouched is left out wherever the data alone allow it.
        stack.enter_context(mock.patch.object(migration, "were_green", return_value=True))
        stack.enter_context(sessions.taken_again())
        yield


def _run(
    definitions: Any,
    job: str,
    *_: Any,
    partition_key: str = "",
    tags: dict[str, str] | None = None,
    without: Sequence[dg.AssetKey] = (),
) -> int:
    spec, stores = definitions
    way = _Way(spec, tags or {}, stores)
    return _code(lambda: way.run(job, partition_key, without))


def command_line() -> int:
    """The command line of this process, whose runs are calls, and whose Dagster remembers nothing."""
    with _without_runs(), mock.patch.object(automation, "open_instance", return_value=an_instance()):
        return cli.main()


def run_here(
    world: World,
    job: str,
    *,
    wave: str = "",
    without: Sequence[dg.AssetKey] = (),
    tags: dict[str, str] | None = None,
) -> int:
    """In place of a run of a job of assets: its exit code; what each asset told is in `World.told`."""
    way = _Way(world.spec, tags or {})  # by hand
    with sessions.taken_again():
        code = _code(lambda: way.run(job, wave, without))
    world.told = way.told
    return code


def resolve_here(world: World, wave: str) -> None:
    """In place of a run of `resolved_users`."""
    others = [key for key in _Way(world.spec).keys(LOAD_WAVE) if key != RESOLVED]
    assert run_here(world, LOAD_WAVE, wave=wave, without=others) == 0


WAYS = {"migrate": migrate_here, "run": run_here, "resolve": resolve_here}
