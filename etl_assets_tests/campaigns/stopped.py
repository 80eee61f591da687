"""`python -m etl_assets_tests.campaigns.stopped [--count 20]`: a run is stopped, another takes over, the first wakes up.

SIGSTOP at a named point inside a transaction, or at any moment. The next run says who holds the lock, unless nobody
does; `doctor` ends the holder's session; the next run completes; the first one wakes up, and must
end with a sentence, or well because it tried again, and without having written.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from etl_assets.access.postgres.connection import connect, find_lock_holder
from etl_assets.core.memory.sessions import end_session
from etl_assets_tests.campaigns.apps import production
from etl_assets_tests.campaigns.moments import Moment, Problems, differences, moments
from etl_assets_tests.campaigns.pairs import sentence
from etl_assets_tests.campaigns.places import Grounds, Place, Tally, grounds, tally

TRIALS_PER_APP = 5
LOCK_WAIT = {"etl_assets.access.postgres.connection.LOCK_WAIT_S": 2.0, "etl_assets.assets.outcomes.RETRY_WAIT_S": 0}
STOP = {"etl_assets.faults.SIGNAL": int(signal.SIGSTOP)}
# Where the lock is held, and twice where it is not.
POINTS = (
    "load.rows", "load.before_commit", "staging.copied", "users.written", "resolve.claimed", "load.finished",
    "writing.begun", "schema.made", "load.committed", "export.batch",
)  # fmt: skip
LONGEST_S = 60
UNAVAILABLE = 3


def wait_until_stopped(pid: int) -> bool:
    """True when the process stands still, False when it has ended before."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        if state in "TZ":
            return state == "T"
        time.sleep(0.02)
    raise TimeoutError


def end_holder(url: str) -> bool:
    """Ends whoever holds the writers' lock, as `doctor` does; False when nobody does."""
    with connect(url) as connection:
        holder = find_lock_holder(connection)
        return holder is not None and end_session(connection, holder, run="stopped")


def takes_over(ground: Grounds, place: Place, moment: Moment, what: str) -> tuple[bool, Problems]:
    """Runs beside the stopped process; whether a holder had to be ended, and what is wrong."""
    output, problems = place.folder / "next", []
    patches = {**moment.patches, **LOCK_WAIT}

    def run() -> int:
        began = time.monotonic()
        code = ground.forks.run(what, environment=place.environment(), output=output, patches=patches)
        if time.monotonic() - began > LONGEST_S:
            problems.append("the next run waited for a minute")
        return code

    code = run()
    if code == 0:
        return False, problems
    if code != UNAVAILABLE or "server process" not in sentence(output):
        problems.append(f"the next run ended with {code}: {Path(f'{output}.err').read_text()[-1500:]}")
    ended = end_holder(place.url)
    code = run()
    if code:
        problems.append(f"it still ended with {code}: {Path(f'{output}.err').read_text()[-1500:]}")
    return ended, problems


def trial(ground: Grounds, moment: Moment, what: str, rng: random.Random, point: str) -> tuple[str, Problems]:
    """How the trial went, and what is wrong afterwards."""
    with ground.place(like=moment.place) as place:
        output = place.folder / "stopped"
        fault = f"{point}:{rng.randrange(1, moment.passes.get(point, 1) + 1)}" if point else ""
        patches = {**moment.patches, **LOCK_WAIT, **STOP}
        pid = ground.forks.start(what, environment=place.environment(ETL_FAULT=fault), output=output, patches=patches)
        if not point:
            time.sleep(rng.uniform(0.1, 4))
            os.kill(pid, signal.SIGSTOP)
        if not wait_until_stopped(pid):
            ground.forks.wait(pid)
            return "ended before", []
        ended, problems = takes_over(ground, place, moment, what)
        done = differences(production(place.url), moment.after)
        problems += [f"before it wakes up: {problem}" for problem in done]
        os.kill(pid, signal.SIGCONT)
        code = ground.forks.wait(pid)
        # Dagster tries again what lost its connection, and finds nothing left to do.
        is_tried_again = what == "migrate"
        if (code and not sentence(output)) or (ended and not code and not is_tried_again):
            problems.append(f"the one that was stopped ended with {code}: {Path(f'{output}.err').read_text()[-1500:]}")
        problems += differences(production(place.url), moment.after)
        return f"{int(ended)} ended, then {code}", problems


def play(ground: Grounds, seed: int, found: Tally, ends: Counter[str], *, count: int) -> None:
    """Some stops in both moments of one app; every third at no named point."""
    rng = random.Random(f"stop {seed}")
    with moments(ground, seed) as known:
        number = 0
        while number < count:
            at = found.trials
            moment, what = known[at % 2], ("core", "core", "migrate")[at // 2 % 3]
            point = "" if at % 3 == 0 else POINTS[at % len(POINTS)]
            moment = moment if not point or moment.passes.get(point) else known[0]
            how, problems = trial(ground, moment, what, rng, point)
            if how == "ended before" and not problems:
                continue
            ends[how] += 1
            number += 1
            found.note(f"seed {seed}, {what} at {point or 'any moment'}", problems)


def main() -> int:
    """Stops so many runs; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    asked = parser.parse_args()
    found, ends = tally("stopped"), Counter[str]()
    with grounds() as ground:
        for seed in range(400, 400 + -(-asked.count // TRIALS_PER_APP)):
            play(ground, seed, found, ends, count=min(TRIALS_PER_APP, asked.count - found.trials))
    return found.close(f", {dict(ends)}")


if __name__ == "__main__":
    sys.exit(main())
