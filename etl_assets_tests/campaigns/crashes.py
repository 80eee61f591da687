"""`python -m etl_assets_tests.campaigns.crashes [--seeds 10] [--points load.rows ...]`: a kill at every named point.

Each seed is another random app, with other users to a transaction, of which another pass of the point is chosen; half
of the kills fall into the first migration, half into a later one, with edits and more users. A trial kills a real
process, looks whether every account has all or nothing and every row its file, runs again, and compares production and
the new storage with what the app's maker says they must be.
"""

import argparse
import random
import signal
import sys

from etl_assets.faults import FILES_POINTS, POINTS
from etl_assets_tests.campaigns.apps import production
from etl_assets_tests.campaigns.moments import (
    Moment,
    Problems,
    differences,
    files_lacking,
    files_too_many,
    moments,
    run,
    torn_users,
)
from etl_assets_tests.campaigns.places import Grounds, Tally, grounds, tally


def trial(ground: Grounds, moment: Moment, point: str, number: int) -> Problems:
    """One kill and what is wrong afterwards."""
    with ground.place(like=moment.place) as place:
        code = run(ground, place, moment.patches, f"{point}:{number}")
        if code != -signal.SIGKILL:
            return [f"was not killed but ended with {code}"]
        problems = torn_users(production(place.url), moment.before, moment.after) + files_lacking(place)
        code = run(ground, place, moment.patches)
        if code:
            problems.append(f"the rerun ended with {code}: {(place.folder / 'out.err').read_text()[-1500:]}")
        problems += differences(production(place.url), moment.after)
        problems += files_lacking(place) + files_too_many(place)
        problems += [f"{path.name} was left" for path in place.files_left()]
        return problems


def play(ground: Grounds, seed: int, points: list[str], found: Tally) -> None:
    """Every point once, in one of the seed's moments."""
    rng = random.Random(f"kill {seed}")
    with moments(ground, seed, with_files=True) as known:
        for number, point in enumerate(points):
            chosen = known[(seed + number) % 2]
            chosen = (
                chosen if chosen.passes.get(point) else next((one for one in known if one.passes.get(point)), chosen)
            )
            at = rng.randrange(1, chosen.passes.get(point, 1) + 1)
            where = f"seed {seed}, moment {known.index(chosen)}, {point}:{at}"
            found.note(where, trial(ground, chosen, point, at))


def main() -> int:
    """Runs every seed; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--points", nargs="+", default=[*POINTS, *FILES_POINTS])
    asked = parser.parse_args()
    found = tally("crashes")
    with grounds() as ground:
        for seed in range(asked.first, asked.first + asked.seeds):
            play(ground, seed, asked.points, found)
    return found.close(f", {len(asked.points)} points x {asked.seeds} seeds")


if __name__ == "__main__":
    sys.exit(main())
