"""`python -m etl_assets_tests.bench --jobs N [--rounds 4] [--contenders ours,floor,guide,...]`.

Prepares a legacy database of N jobs and 2N transactions, whose users have confirmed accounts but for a tenth, and runs
the contenders in turn, so many rounds as were asked for beforehand; none is left out. Prints each figure's min, median
and max, and the ratios within the rounds.
"""

import argparse
import statistics
import sys
from collections import defaultdict

from etl_assets_tests.bench import contenders
from etl_assets_tests.bench.contenders import content, prepare_floor
from etl_assets_tests.bench.ground import Contender, Figures, Ground, ground

AFTER_OURS: dict[str, Contender] = {"tick": contenders.tick, "wave": contenders.wave, "again": contenders.again}
WHOLE: dict[str, Contender] = {
    "ours": contenders.ours,
    "join": contenders.join,
    "floor": contenders.floor,
    "guide": contenders.guide,
}
COLUMNS = ("wall", "client_cpu", "server_cpu", "wal", "peak")
PAIRS = (("ours", "floor"), ("ours", "guide"), ("join", "floor"), ("wave", "ours"), ("again", "ours"))
Rounds = dict[str, list[Figures]]


def play(place: Ground, names: list[str]) -> dict[str, Figures]:
    """One round: everybody in turn, and all must have loaded the same rows."""
    found: dict[str, Figures] = {}
    contents: dict[str, list[str]] = {}
    for name, whole in WHOLE.items():
        if name not in names:
            continue
        found[name] = whole(place)
        contents[name] = content(place)
        tell(name, found[name])
        if name == "ours":
            if "floor" in names and not (place.root / "jobs.bin").exists():
                prepare_floor(place)
            for later, contender in AFTER_OURS.items():
                if later in names:
                    found[later] = contender(place)
                    tell(later, found[later])
    if len({tuple(rows) for rows in contents.values()}) != 1:
        raise SystemExit(f"they did not load the same rows: {contents}")
    return found


def tell(name: str, figures: Figures) -> None:
    cells = "  ".join(f"{column} {getattr(figures, column):8.2f}" for column in COLUMNS)
    sys.stdout.write(f"  {name:6} {cells}\n")
    sys.stdout.flush()


def summary(rounds: Rounds) -> str:
    """Min, median and max of each figure; seconds and MiB."""
    lines = []
    for name, found in rounds.items():
        for column in COLUMNS:
            values = [getattr(figures, column) for figures in found]
            lines.append(
                f"{name:6} {column:10} min {min(values):8.2f}  median {statistics.median(values):8.2f}  max {max(values):8.2f}"
            )
    return "\n".join(lines)


def ratios(rounds: Rounds) -> str:
    """Of wall time and WAL between contenders, median over the rounds."""
    lines = []
    for one, other in PAIRS:
        if one in rounds and other in rounds:
            for column in ("wall", "wal"):
                pairs = zip(rounds[one], rounds[other], strict=True)
                found = [getattr(a, column) / max(getattr(b, column), 1e-9) for a, b in pairs]
                lines.append(
                    f"{one}/{other} {column}: {statistics.median(found):.3f} ({min(found):.3f}-{max(found):.3f})"
                )
    return "\n".join(lines)


def closing(rounds: Rounds) -> str:
    """Our median wall time by the floor's and by the guide's, of those that ran."""
    found = ["ratio"]
    for name in ("floor", "guide"):
        if "ours" in rounds and name in rounds:
            ours, theirs = (statistics.median(figures.wall for figures in rounds[who]) for who in ("ours", name))
            found.append(f"{name}={ours / theirs:.3f}")
    return " ".join(found)


def main() -> int:
    """Prints the table; exit code 1 when the contenders differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--wave-share", type=float, default=0.01, help="of the users, who make up the later wave")
    parser.add_argument("--contenders", default="ours,tick,wave,again,join,floor,guide")
    asked = parser.parse_args()
    rounds: Rounds = defaultdict(list)
    with ground(asked.jobs, later_share=asked.wave_share) as place:
        for number in range(asked.rounds):
            sys.stdout.write(f"{asked.jobs:,} jobs, round {number + 1} of {asked.rounds}\n")
            for name, figures in play(place, asked.contenders.split(",")).items():
                rounds[name].append(figures)
    sys.stdout.write(f"{summary(rounds)}\n{ratios(rounds)}\n{closing(rounds)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
