"""`python -m etl_assets_tests.campaigns.pairs [--count 50]`: two migrations at once into one target.

In every second pair both share the artifact folder and the Dagster instance, as two clicks or a click and a sensor do;
otherwise each has its own, as on two machines. Half of the pairs are of Dagster runs. Both must end well, or with a
sentence; nothing may be written twice; and a third run must have nothing left to do.
"""

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from etl_assets_tests.campaigns.apps import production
from etl_assets_tests.campaigns.moments import Moment, Problems, differences, moments
from etl_assets_tests.campaigns.places import Grounds, Place, Tally, grounds, tally

PAIRS_PER_APP = 10
LONGEST_HEAD_START_S = 1.0
SOON = {"etl_assets.assets.outcomes.RETRY_WAIT_S": 1}  # instead of 5 s, which only cost time here


def sentence(output: Path) -> str:
    """What a process said last that is a reason, or nothing."""
    said = Path(f"{output}.err").read_text()
    if "Traceback" in said or "defect" in said:
        return ""
    told = [line for line in said.splitlines() if "\u2717" in line or line.startswith("etl-assets:")]
    return told[-1].strip() if told else ""


def trial(ground: Grounds, moment: Moment, what: str, rng: random.Random, *, apart: bool) -> tuple[list[int], Problems]:
    """The exit codes of both, and what is wrong afterwards."""
    with ground.place(like=moment.place) as first:
        second = replace(first, folder=first.folder / "second") if apart else first
        second.folder.mkdir(exist_ok=True)
        mine = first.environment()
        theirs = {**second.environment(), "LEGACY_SQLITE": mine["LEGACY_SQLITE"], "ETL_SPEC": mine["ETL_SPEC"]}
        outputs = [first.folder / "one", first.folder / "two"]
        patches = {**moment.patches, **SOON}
        pids = [ground.forks.start(what, environment=mine, output=outputs[0], patches=patches)]
        time.sleep(rng.uniform(0, LONGEST_HEAD_START_S))
        pids.append(ground.forks.start(what, environment=theirs, output=outputs[1], patches=patches))
        codes = [ground.forks.wait(pid) for pid in pids]
        problems = [
            f"ended with {code} and no sentence: {Path(f'{output}.err').read_text()[-3000:]}"
            for code, output in zip(codes, outputs, strict=True)
            if code and not sentence(output)
        ]
        return codes, problems + _third(ground, first, moment, what) + _left(first, second)


def _third(ground: Grounds, place: Place, moment: Moment, what: str) -> Problems:
    code = ground.forks.run(what, environment=place.environment(), output=place.folder / "out")
    said = (place.folder / "out.err").read_text()
    return [
        *([f"the third run ended with {code}: {said[-1500:]}"] if code else []),
        *differences(production(place.url), moment.after),
    ]


def _left(*places: Place) -> Problems:
    return [f"{path.name} was left" for place in set(places) for path in place.files_left()]


def play(ground: Grounds, seed: int, found: Tally, ends: Counter[str], *, count: int) -> None:
    """Some pairs in both moments of one app."""
    rng = random.Random(f"pair {seed}")
    with moments(ground, seed) as known:
        for number in range(count):
            what = ("core", "migrate")[number // 2 % 2]
            apart = bool(number // 4 % 2)
            codes, problems = trial(ground, known[number % 2], what, rng, apart=apart)
            ends[" and ".join(str(code) for code in sorted(codes))] += 1
            found.note(f"seed {seed}, pair {number} of {what}, {'apart' if apart else 'together'}", problems)


def main() -> int:
    """Starts so many pairs; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--first", type=int, default=200)
    asked = parser.parse_args()
    found, ends = tally("pairs"), Counter[str]()
    with grounds() as ground:
        for seed in range(asked.first, asked.first + -(-asked.count // PAIRS_PER_APP)):
            play(ground, seed, found, ends, count=min(PAIRS_PER_APP, asked.count - found.trials))
    return found.close(f", exit codes {dict(ends)}")


if __name__ == "__main__":
    sys.exit(main())
