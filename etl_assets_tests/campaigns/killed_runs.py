"""`python -m etl_assets_tests.campaigns.killed_runs [--count 40]`: kill -9 of `etl-assets migrate` at any moment.

The whole way, Dagster and its instance included. A trial starts the console script as an operator does, kills its
process group after a random part of its usual lifetime, and runs it again; nobody tidies up in between.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time

from etl_assets_tests.campaigns.apps import production
from etl_assets_tests.campaigns.moments import Moment, Problems, differences, moments, torn_users
from etl_assets_tests.campaigns.places import Grounds, Place, Tally, grounds, tally
from etl_assets_tests.forks import REPOSITORY

COMMAND = [sys.executable, "-m", "etl_assets.cli", "migrate"]
IMPORTS_S = 1.0  # in which nothing can go wrong
TRIALS_PER_APP = 5


def start(place: Place) -> subprocess.Popen[bytes]:
    """The console script, in a process group of its own."""
    with (place.folder / "killed").open("wb") as output:
        return subprocess.Popen(
            COMMAND,
            cwd=REPOSITORY,
            env={**os.environ, **place.environment()},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def lifetime(ground: Grounds, moment: Moment) -> float:
    """Seconds that nobody disturbs it."""
    with ground.place(like=moment.place) as place:
        began = time.monotonic()
        code = start(place).wait()
        assert code == 0, (place.folder / "killed").read_text()[-2000:]
        return time.monotonic() - began


def unfinished_runs(place: Place) -> Problems:
    """Runs that Dagster would show as under way for ever."""
    listing = (
        "import dagster as dg\n"
        "from etl_assets.automation.attempts import UNFINISHED\n"
        "with dg.DagsterInstance.get() as instance:\n"
        "    print(len(instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))))"
    )
    found = subprocess.run(
        [sys.executable, "-c", listing],
        cwd=REPOSITORY,
        env={**os.environ, **place.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return [] if found.stdout.strip() == "0" else [f"{found.stdout.strip()} runs stay STARTED"]


def trial(ground: Grounds, moment: Moment, after_s: float) -> tuple[bool, Problems]:
    """Whether the kill came in time, and what is wrong afterwards."""
    with ground.place(like=moment.place) as place:
        process = start(place)
        time.sleep(after_s)
        is_in_time = process.poll() is None
        if is_in_time:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        problems = torn_users(production(place.url), moment.before, moment.after)
        code = ground.forks.run("migrate", environment=place.environment(), output=place.folder / "out")
        said = (place.folder / "out.err").read_text()
        problems += [f"the rerun ended with {code}: {said[-1500:]}"] if code else []
        problems += differences(production(place.url), moment.after)
        problems += [f"{path.name} was left" for path in place.files_left()] + unfinished_runs(place)
        return is_in_time, problems


def play(ground: Grounds, seed: int, found: Tally, *, count: int) -> None:
    """Some kills in both moments of one app."""
    rng = random.Random(f"kill {seed}")
    with moments(ground, seed) as known:
        usually = [lifetime(ground, moment) for moment in known]
        for number in range(count):
            moment, usual = known[number % 2], usually[number % 2]
            in_time = False
            while not in_time:
                after = rng.uniform(IMPORTS_S, usual)
                in_time, problems = trial(ground, moment, after)
            found.note(f"seed {seed}, moment {number % 2}, after {after:.2f} of {usual:.2f} s", problems)


def main() -> int:
    """Kills so many runs; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    asked = parser.parse_args()
    found = tally("killed runs")
    with grounds() as ground:
        for seed in range(100, 100 + -(-asked.count // TRIALS_PER_APP)):
            play(ground, seed, found, count=min(TRIALS_PER_APP, asked.count - found.trials))
    return found.close()


if __name__ == "__main__":
    sys.exit(main())
