"""`python -m etl_assets_tests.campaigns.weeks [--waves 1000]`: waves upon waves, then housekeeping: what is left?

On Dagster's own storage as we ship it. Each wave is one more user, through Dagster; the first half is then old. The
event log must be as long as that of the second half, each asset must show what it showed, and the next wave must come.
"""

import argparse
import sqlite3
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.access.postgres.servers import dagster_url, embedded
from etl_assets.assets.keys import LOAD_WAVE, LOGIN_WAVES, MIGRATE
from etl_assets.assets.resources import Stores
from etl_assets.automation.build import build_definitions
from etl_assets.automation.housekeeping import drop_runs, drop_snapshots, drop_waves
from etl_assets.automation.instance import open_instance, run_job
from etl_assets.core.load.due import read_standing
from etl_assets.settings import read_settings, read_spec
from etl_assets_tests.campaigns.places import Grounds, Place, grounds
from etl_assets_tests.world import LEGACY_SCHEMA

GROWING = ("event_logs", "runs", "run_tags", "asset_check_executions", "asset_event_tags", "dynamic_partitions")
SLACK = 60  # rows
Sizes = dict[str, int]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_legacy(place: Place, users: int) -> None:
    """As many users, of two jobs each."""
    with sqlite3.connect(place.legacy) as connection:
        connection.executescript(LEGACY_SCHEMA)
        numbers = [(number,) for number in range(1, users + 1)]
        connection.executemany("INSERT INTO users (id, email) VALUES (?1, 'u' || ?1 || '@example.com')", numbers)
        for shift in (0, 1):
            job = "INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (2 * ?1 + {}, ?1, 'x', 'y', '2024-05-06 07:08:09')"
            connection.executemany(job.format(shift), numbers)
    connection.close()


class Weeks:
    """The place, and what is counted there."""

    def __init__(self, ground: Grounds, place: Place, instance: dg.DagsterInstance) -> None:
        self.place, self.instance = place, instance
        self.storage = dagster_url(ground.settings).replace("+psycopg2", "")
        self.spec = read_spec(read_settings().spec_path)
        self.definitions = build_definitions(self.spec)
        self.users = 0

    def migrate(self) -> None:
        assert run_job(self.definitions, MIGRATE, self.instance) == 0

    def wave(self) -> None:
        """One more user, as the sensor would bring her."""
        self.users += 1
        with psycopg.connect(self.place.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO auth.users (email, email_confirmed_at) VALUES (%s, now())", [f"u{self.users}@example.com"]
            )
        with connect(self.place.url) as connection, connection.transaction():
            standing = read_standing(connection, self.spec)
        name = str(LOGIN_WAVES.name)
        key = standing.key_among(self.instance.get_dynamic_partitions(name))
        self.instance.add_dynamic_partitions(name, [key])
        assert run_job(self.definitions, LOAD_WAVE, self.instance, partition_key=key) == 0
        time.sleep(max(0.0, 1.0 - time.time() % 1))  # a wave's key is the second

    def sizes(self) -> Sizes:
        """Rows of what grows, and bytes of what runs print."""
        found = {}
        with psycopg.connect(self.storage, autocommit=True) as connection:
            for table in GROWING:
                row: Any = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
                found[table] = int(row[0])
        logs = Path(self.instance.root_directory) / "storage"
        found["log bytes"] = sum(path.stat().st_size for path in logs.rglob("*") if path.is_file())
        found["snapshots"] = len(list((self.place.folder / "artifacts" / "snapshots").glob("*/")))
        return found

    def shown(self) -> dict[str, str]:
        """Which run each asset shows as its last."""
        keys = list(self.instance.all_asset_keys())
        events = self.instance.get_latest_materialization_events(keys)
        return {key.to_user_string(): event.run_id for key, event in events.items() if event}

    def loaded(self) -> int:
        with psycopg.connect(self.place.url) as connection:
            row: Any = connection.execute("SELECT count(*) FROM public.jobs").fetchone()
            return int(row[0])


def play(weeks: Weeks, waves: int) -> list[str]:
    """What is wrong; prints what was measured."""
    weeks.migrate()
    halves, cut = [], datetime.now(timezone.utc)
    for _ in range(2):
        cut, began = datetime.now(timezone.utc), time.monotonic()
        for _ in range(waves // 2):
            weeks.wave()
        say(f"{waves // 2} waves: {time.monotonic() - began:.0f} s; {weeks.sizes()}")
        halves.append(weeks.sizes())
    shown, began = weeks.shown(), time.monotonic()
    runs = drop_runs(weeks.instance, cut)
    keys = drop_waves(weeks.instance, cut)
    drop_snapshots(weeks.instance, Stores(), weeks.spec, run="")
    left = weeks.sizes()
    say(f"{runs} runs and {keys} keys went in {time.monotonic() - began:.1f} s; {left}")
    wrong = [] if weeks.shown() == shown else ["an asset shows another materialization than before"]
    # As many waves are young as there were after the first half, and `migrate` holds what its assets show.
    longer = [name for name in GROWING if left[name] > halves[0][name] + SLACK]
    wrong += [f"{name}: {left[name]} rows are left of {halves[1][name]}" for name in longer]
    wrong += [f"{left['snapshots']} snapshots are left"] if left["snapshots"] != 1 else []
    weeks.wave()
    weeks.migrate()
    wrong += [] if weeks.loaded() == 2 * weeks.users else [f"{weeks.loaded()} jobs of {weeks.users} users"]
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Plays so many waves; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waves", type=int, default=1_000)
    asked = parser.parse_args(arguments)
    with grounds() as ground, ground.place() as place, pytest.MonkeyPatch.context() as patch:
        write_legacy(place, asked.waves + 1)
        for name, value in place.environment().items():
            patch.setenv(name, value)
        (place.folder / "home" / "dagster.yaml").unlink()  # ours, on Postgres
        patch.setattr("etl_assets.automation.instance.dagster_url", lambda _: dagster_url(ground.settings))
        embedded(ground.settings)
        with open_instance(read_settings()) as instance:
            wrong = play(Weeks(ground, place, instance), asked.waves)
    for problem in wrong:
        say(problem)
    say("weeks: nothing deviates" if not wrong else f"weeks: {len(wrong)} problems")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
