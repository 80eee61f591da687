"""A million legacy users: `python -m etl_assets_tests.campaigns.many_users [USERS] [ACCOUNTS]`.

Seconds of taking them into the map, of a sensor's tick with nobody new and with ACCOUNTS new confirmed accounts, and of
the wave that claims these; and the peak memory of this process after each.
"""

import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.assets.keys import CLOSING, MIGRATE
from etl_assets.automation.instance import run_job
from etl_assets.core.load.due import read_standing
from etl_assets.core.users.users import next_wave_key, read_links, seal_wave
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import a_server, a_world

ACCOUNTS = """
INSERT INTO auth.users (email, email_confirmed_at)
SELECT 'u' || n * {step} || '@example.com', now() FROM generate_series(1, {count}) AS n
"""


@contextmanager
def measured(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds, peak = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(f"{what:<60} {seconds:8.2f} s  peak {peak:,} MiB\n")
    sys.stdout.flush()


def write_legacy(world: World, users: int) -> None:
    world.legacy("")
    with sqlite3.connect(world.legacy_path) as legacy:
        people = ((n, f"u{n}@example.com", None, AT) for n in range(1, users + 1))
        legacy.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", people)
        jobs = ((n, n, "e", "s", AT) for n in range(1, users + 1, 10))
        legacy.executemany("INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (?, ?, ?, ?, ?)", jobs)
    legacy.close()


def tick(world: World, *, claimable: int) -> None:
    with connect(world.url) as connection, reading(connection):
        standing = read_standing(connection, world.spec)
    assert standing.claimable == claimable, standing


def resolve(world: World, *, users: int) -> None:
    with connect(world.url) as connection:
        with reading(connection):
            links, key = read_links(connection, world.spec), next_wave_key(connection)
        with writing(connection, run="campaign"):
            wave = seal_wave(connection, links, key=key, run="campaign")
    assert wave.users == users, wave


def main() -> None:
    users, accounts = (int(word) for word in [*sys.argv[1:], *("1000000", "10000")[len(sys.argv) - 1 :]])
    with (
        tempfile.TemporaryDirectory() as folder,
        a_server(Path(folder)) as server,
        a_world(server, Path(folder)) as world,
    ):
        write_legacy(world, users)
        with measured(f"snapshot to map and staging, {users:,} users"):
            assert run_job(world.definitions(), MIGRATE, world.instance, without=CLOSING) == 0
        with measured("a tick with nobody new"):
            tick(world, claimable=0)
        world.execute(ACCOUNTS.format(step=users // accounts, count=accounts))
        world.execute("ANALYZE auth.users, public.profiles")
        with measured(f"a tick with {accounts:,} new accounts"):
            tick(world, claimable=accounts)
        with measured(f"the wave that claims {accounts:,}"):
            resolve(world, users=accounts)
        with measured("a tick afterwards, with nobody new"):
            tick(world, claimable=0)


if __name__ == "__main__":
    main()
