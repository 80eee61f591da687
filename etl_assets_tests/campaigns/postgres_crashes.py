"""`python -m etl_assets_tests.campaigns.postgres_crashes [--count 20]`: SIGKILL of the whole Postgres during a run.

On a cluster with real fsync. Every other time the server is back at once and the run may go on by itself; otherwise it
stays away until the run has ended, which must say that trying again can help (exit code 3). Then a rerun.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psycopg

from etl_assets.model.errors import Unavailable
from etl_assets_tests.campaigns.apps import production
from etl_assets_tests.campaigns.moments import Moment, Problems, differences, moments, torn_users
from etl_assets_tests.campaigns.pairs import SOON, sentence
from etl_assets_tests.campaigns.places import Grounds, Place, Tally, grounds, tally

TRIALS_PER_APP = 5
SECONDS_TO_COME_BACK = 60
CLI_RETRY = 3


def kill_server(ground: Grounds) -> None:
    """The postmaster and every child, as a power cut does, but that the kernel keeps what was written."""
    postmaster = int((ground.server.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for pid in (postmaster, *(int(child) for child in children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def start_server(ground: Grounds) -> None:
    """As somebody's supervisor does; waits until it takes connections."""
    until = time.monotonic() + SECONDS_TO_COME_BACK
    while time.monotonic() < until:
        # Refused while the kernel has not yet freed the shared memory of the processes that were killed.
        with suppress(psycopg.OperationalError, Unavailable):
            ground.server._start()
            psycopg.connect(ground.server.url("postgres")).close()
            return
        time.sleep(0.1)
    raise TimeoutError("Postgres does not come back")


def lifetime(ground: Grounds, moment: Moment, what: str) -> float:
    """Seconds that nobody disturbs it."""
    with ground.place(like=moment.place) as place:
        began = time.monotonic()
        assert start_and_wait(ground, place, moment, what) == 0
        return time.monotonic() - began


def start_and_wait(ground: Grounds, place: Place, moment: Moment, what: str) -> int:
    """The exit code of a migration that is left alone."""
    return ground.forks.run(
        what, environment=place.environment(), output=place.folder / "out", patches={**moment.patches, **SOON}
    )


def trial(ground: Grounds, moment: Moment, what: str, after_s: float, *, back_at_once: bool) -> tuple[int, Problems]:
    """The exit code of the disturbed run, and what is wrong afterwards."""
    with ground.place(like=moment.place) as place:
        output = place.folder / "disturbed"
        patches = {**moment.patches, **SOON}
        pid = ground.forks.start(what, environment=place.environment(), output=output, patches=patches)
        time.sleep(after_s)
        kill_server(ground)
        if back_at_once:
            start_server(ground)
        code = ground.forks.wait(pid)
        if not back_at_once:
            start_server(ground)
        said = Path(f"{output}.err").read_text()
        problems = [] if code in (0, CLI_RETRY) else [f"ended with {code}: {said[-2000:]}"]
        if code and not sentence(output):
            problems.append(f"no sentence: {said[-2000:]}")
        problems += torn_users(production(place.url), moment.before, moment.after)
        again = start_and_wait(ground, place, moment, what)
        said = (place.folder / "out.err").read_text()
        problems += [f"the rerun ended with {again}: {said[-1500:]}"] if again else []
        return code, problems + differences(production(place.url), moment.after)


def play(ground: Grounds, seed: int, found: Tally, ends: Counter[int], *, count: int) -> None:
    """Some crashes in both moments of one app."""
    rng = random.Random(f"crash {seed}")
    with moments(ground, seed) as known:
        for number in range(count):
            what = ("core", "migrate")[number % 2]
            moment = known[number // 2 % 2]
            after = rng.uniform(0.1, lifetime(ground, moment, what))
            code, problems = trial(ground, moment, what, after, back_at_once=bool(rng.randrange(2)))
            ends[code] += 1
            found.note(f"seed {seed}, {what} after {after:.2f} s", problems)


def main() -> int:
    """Kills Postgres so many times; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    asked = parser.parse_args()
    found, ends = tally("Postgres crashes"), Counter[int]()
    with grounds(careless=False) as ground:
        for seed in range(300, 300 + -(-asked.count // TRIALS_PER_APP)):
            play(ground, seed, found, ends, count=min(TRIALS_PER_APP, asked.count - found.trials))
    return found.close(f", exit codes {dict(ends)}")


if __name__ == "__main__":
    sys.exit(main())
