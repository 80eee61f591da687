"""The migration without Dagster: what the assets do, in the order of `migrate`, a tenth of the time.

The functions are the assets' own; runs, checks and events are left out. What the blocking checks look at stands in
the way all the same, because the load repeats it.
"""

import inspect
import json
import logging
import sys
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import dagster as dg

from etl_assets.assets.keys import (
    COMMAND_TAG,
    LOAD_WAVE,
    LOGIN_WAVES,
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
    production_key,
    staging_key,
)
from etl_assets.assets.migration import Outcome
from etl_assets.assets.outcomes import MAX_RETRIES
from etl_assets.assets.resources import Stores
from etl_assets.demo.target import target_url
from etl_assets.model.errors import EtlError, WaveHindered
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec
from etl_assets.stores import faults
from etl_assets.stores.postgres import reading
from etl_assets.stores.settings import Settings, read_settings, read_spec
from etl_assets.stores.status import books_of, status
from etl_assets.stores.waves import read_standing
from etl_assets_tests.world import definitions_of


class _Way:
    """One migration under way."""

    def __init__(self, spec: Spec) -> None:
        self.spec, self.stores = spec, Stores()
        found = definitions_of(spec).assets or ()
        self.assets = {key: asset for asset in found if isinstance(asset, dg.AssetsDefinition) for key in asset.keys}
        self.red: list[str] = []

    def run(self, *keys: dg.AssetKey, job: str, wave: str = "") -> None:
        tags = {COMMAND_TAG: MIGRATE}
        run = SimpleNamespace(run_id=str(uuid.uuid4()), tags=tags, job_name=job, asset_selection=set())
        context = SimpleNamespace(run=run, partition_key=wave, log=logging.getLogger("core"))
        for key in keys:
            function: Any = self.assets[key].op.compute_fn.decorated_fn  # type: ignore[union-attr]
            given = {"context": context, "stores": self.stores}
            outcome = function(**{name: given[name] for name in inspect.signature(function).parameters})
            for result in list(outcome) if inspect.isgenerator(outcome) else [outcome]:
                self.red += [
                    check.check_name
                    for check in result.check_results or ()
                    if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
                ]

    def due_waves(self) -> list[str]:
        with self.stores.target_as_it_is() as connection, reading(connection):
            standing = read_standing(connection, self.spec)
        if standing.hindrance:
            raise WaveHindered(standing.hindrance)
        return [*standing.unfinished, *([standing.key_among([])] if standing.is_due else [])]

    def migrate(self, opened: Callable[[str], None] = lambda _: None) -> bool:
        spec = self.spec
        exports = [export_key(name) for name in exports_of(spec)]
        staging = [staging_key(name) for name in spec.load_order]
        once = [production_key(name) for name in spec.unowned]
        people = [USER_MAP] if spec.users else []
        self.run(SNAPSHOT, TARGET, *exports, *staging, *people, *once, job=MIGRATE)
        if self.red:  # a load that there is would refuse; with nobody to load, nothing else would
            return False
        waves = self.due_waves() if spec.owned else []
        closing = [VERIFICATION, REPORT, *([WAITING] if spec.owned else [])]
        for wave in waves:
            opened(wave)
            self.run(RESOLVED, production_key(spec.owned[0]), RECONCILIATION, *closing, job=LOAD_WAVE, wave=wave)
        if not waves:
            self.run(*closing, job=VERIFY)
        with self.stores.target_as_it_is() as connection:
            books = books_of(connection, spec)
        return books.closed and not self.red and not books.refused


def _code(way: _Way, opened: Callable[[str], None] = lambda _: None) -> int:
    """The exit code of a migration; what it refuses goes to standard error."""
    # What `failures` asks of Dagster: was this tried before? Nothing is tried again here.
    tried = SimpleNamespace(retry_number=MAX_RETRIES)
    try:
        with mock.patch.object(dg.OpExecutionContext, "get", return_value=tried):
            return 0 if way.migrate(opened) else 1
    except dg.Failure as failure:
        sys.stderr.write(f"etl-assets: {failure.description}\n")
        return int(str(failure.metadata["exit_code"].value))
    except EtlError as error:
        sys.stderr.write(f"etl-assets: {error}\n")
        return error.exit_code


def migrate() -> int:
    """Migrates as the environment says; prints what passed which fault point; 0 when the books close."""
    code = _code(_Way(read_spec(read_settings().spec_path)))
    sys.stdout.write(json.dumps(faults.passed))
    return code


def migrate_here(
    settings: Settings, spec: Spec, *, instance: dg.DagsterInstance, say: Callable[[str], None]
) -> Outcome:
    """In place of `assets.migration.migrate`: the outcome is the same, and Dagster knows nothing but the waves' keys."""

    def opened(wave: str) -> None:
        instance.add_dynamic_partitions(str(LOGIN_WAVES.name), [wave])
        say(f"Login wave {wave}")

    code = _code(_Way(spec), opened)
    return Outcome(code, status(target_url(settings), spec))
