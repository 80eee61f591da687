"""The whole way in one process, on the same Dagster instance that the UI shows."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from etl_assets.assets.attempts import end_dead_runs
from etl_assets.assets.build import build_definitions
from etl_assets.assets.instance import run_job
from etl_assets.assets.keys import CLOSING, COMMAND_TAG, LOAD_WAVE, LOGIN_WAVES, MIGRATE, VERIFY
from etl_assets.demo.target import target_url
from etl_assets.model.books import Books
from etl_assets.model.errors import WaveHindered
from etl_assets.spec.model import Spec
from etl_assets.stores.postgres import connect, reading
from etl_assets.stores.run_locks import RunLocks
from etl_assets.stores.settings import Settings
from etl_assets.stores.status import status
from etl_assets.stores.waves import read_standing


@dataclass(frozen=True)
class Outcome:
    """The first exit code that was not 0, and the books as they stand."""

    exit_code: int
    books: Books


def migrate(settings: Settings, spec: Spec, *, instance: dg.DagsterInstance, say: Callable[[str], None]) -> Outcome:
    """Runs the unpartitioned assets, then every wave that is due, then the books."""
    definitions, tags = build_definitions(spec), {COMMAND_TAG: MIGRATE}
    end_dead_runs(instance, RunLocks(settings.artifacts))
    say("From the legacy database to staging")
    code = run_job(definitions, MIGRATE, instance, without=CLOSING, tags=tags)
    waves = _due_waves(settings, spec, instance) if code == 0 and spec.owned else []
    for wave in waves:
        if code == 0:
            say(f"Login wave {wave}")
            instance.add_dynamic_partitions(str(LOGIN_WAVES.name), [wave])
            code = run_job(definitions, LOAD_WAVE, instance, partition_key=wave, tags=tags)
    if code == 0 and not waves:
        say("Nobody new has logged in; reading everything back")
        code = run_job(definitions, VERIFY, instance, tags=tags)
    return Outcome(code, status(target_url(settings), spec))


def _due_waves(settings: Settings, spec: Spec, instance: dg.DagsterInstance) -> list[str]:
    with connect(target_url(settings)) as connection, reading(connection):
        standing = read_standing(connection, spec)
    if standing.hindrance:
        raise WaveHindered(standing.hindrance)
    if standing.is_due:
        opened = instance.get_dynamic_partitions(str(LOGIN_WAVES.name))
        return [*standing.unfinished, standing.key_among(opened)]
    return list(standing.unfinished)
