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

AFTER_OURS: dict[str, Contender] = {
    "tick": contenders.tick,
    "wave": contenders.wave,
    "one-user": contenders.one_user,
    "restaged": contenders.restaged,
    "again": contenders.again,
    "status": contenders.status,
}
WHOLE: dict[str, Contender] = {
    "ours": contenders.ours,
    "join": contenders.join,
    "floor": contenders.floor,
    "guide": contenders.guide,
}
COLUMNS = ("wall", "client_cpu", "server_cpu", "wal", "peak")
PAIRS = (
    ("ours", "floor"),
    ("ours", "guide"),
    ("join", "floor"),
    ("wave", "ours"),
    ("again", "ours"),
    ("restaged", "one-user"),
)
SMALL = 1_000  # jobs, of the run whose statements are counted
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


def counted(rounds: Rounds, jobs: int) -> str:
    """What a wave and another run cost beside the first, and what is counted rather than timed."""
    found = []
    for name, of in (("wave", "ours"), ("again", "ours")):
        if name in rounds and of in rounds:
            one, whole = (statistics.median(figures.wall for figures in rounds[who]) for who in (name, of))
            found.append(f"{name}={one / whole:.3f}")
    if "one-user" in rounds:
        found.append(f"one_user_cpu={statistics.median(figures.server_cpu for figures in rounds['one-user']):.2f}")
    with ground(SMALL) as place:
        found.append(f"statements={'/'.join(map(str, contenders.statements(place).values()))}")
    with ground(jobs) as place:
        contenders.ours(place)
        before = contenders.etl_bytes(place)
        contenders.cleaned(place)
        found.append(f"etl_bytes={before:.2f} etl_bytes_after_cleanup={contenders.etl_bytes(place):.2f}")
    return " ".join(found)


def growth(jobs: int) -> str:
    """The wave of one user at so many jobs and at ten times as many: seconds, server CPU."""
    found = []
    for size in (jobs, 10 * jobs):
        with ground(size) as place:
            contenders.ours(place)
            figures = [contenders.one_user(place) for _ in range(3)]
        wall, cpu = (statistics.median(getattr(f, column) for f in figures) for column in ("wall", "server_cpu"))
        found.append((wall, cpu))
        sys.stdout.write(f"one user at {size:,} jobs: {wall:.2f} s, server CPU {cpu:.2f} s\n")
    return f"growth wall={found[1][0] / found[0][0]:.2f} server_cpu={found[1][1] / found[0][1]:.2f}"


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
    parser.add_argument("--users", type=int, default=0, help="legacy users; by default one for twenty jobs")
    parser.add_argument("--contenders", default="ours,tick,wave,one-user,restaged,again,status,join,floor,guide")
    parser.add_argument("--counted", action="store_true", help="also count statements, and bytes on the target")
    parser.add_argument("--growth", action="store_true", help="the wave of one user here and at ten times the jobs")
    asked = parser.parse_args()
    if asked.growth:
        sys.stdout.write(f"{growth(asked.jobs)}\n")
        return 0
    rounds: Rounds = defaultdict(list)
    with ground(asked.jobs, users=asked.users, later_share=asked.wave_share) as place:
        for number in range(asked.rounds):
            sys.stdout.write(f"{asked.jobs:,} jobs, round {number + 1} of {asked.rounds}\n")
            for name, figures in play(place, asked.contenders.split(",")).items():
                rounds[name].append(figures)
    sys.stdout.write(f"{summary(rounds)}\n{ratios(rounds)}\n")
    if asked.counted:
        sys.stdout.write(f"{counted(rounds, asked.jobs)}\n")
    sys.stdout.write(f"{closing(rounds)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
