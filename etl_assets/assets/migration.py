"""The whole way in one process, on the same Dagster instance that the UI shows."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from etl_assets.assets.build import build_definitions
from etl_assets.assets.instance import run_job
from etl_assets.assets.jobs import LOAD_WAVE, MIGRATE, VERIFY
from etl_assets.assets.keys import LOGIN_WAVES, VERIFICATION
from etl_assets.demo.target import target_url
from etl_assets.model.books import Books
from etl_assets.spec.model import Spec
from etl_assets.stores.links import Links
from etl_assets.stores.loading import has_late_rows, unfinished_waves
from etl_assets.stores.postgres import connect, reading
from etl_assets.stores.settings import Settings
from etl_assets.stores.status import status
from etl_assets.stores.targets import read_targets
from etl_assets.stores.users import count_states, next_wave_key


@dataclass(frozen=True)
class Outcome:
    """The first exit code that was not 0, and the books as they stand."""

    exit_code: int
    books: Books


def migrate(settings: Settings, spec: Spec, *, instance: dg.DagsterInstance, say: Callable[[str], None]) -> Outcome:
    """Runs the unpartitioned assets, then every wave that is due, then the books."""
    definitions = build_definitions(spec)
    say("From the legacy database to staging")
    code = run_job(definitions, MIGRATE, instance, without=(VERIFICATION,))
    waves = _due_waves(settings, spec) if code == 0 and spec.owned else []
    for wave in waves:
        if code == 0:
            say(f"Login wave {wave}")
            instance.add_dynamic_partitions(str(LOGIN_WAVES.name), [wave])
            code = run_job(definitions, LOAD_WAVE, instance, partition_key=wave)
    if code == 0 and not waves:
        say("Nobody new has logged in; reading everything back")
        code = run_job(definitions, VERIFY, instance)
    return Outcome(code, status(target_url(settings), spec))


def _due_waves(settings: Settings, spec: Spec) -> list[str]:
    with connect(target_url(settings)) as connection, reading(connection):
        links = Links(spec, read_targets(connection, spec))
        unfinished = unfinished_waves(connection)
        claimable = count_states(connection, spec, links).get("claimable", 0)
        if claimable or (not unfinished and has_late_rows(connection, links)):
            return [*unfinished, next_wave_key(connection)]
    return unfinished
