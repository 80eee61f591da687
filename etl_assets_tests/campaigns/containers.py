"""`python -m etl_assets_tests.campaigns.containers [--mb 400]`: two containers on one artifact folder.

The first copies a large legacy database as process 1 of a pid namespace, and is stopped in the middle of it; the second,
of another namespace, opens the folder twenty times, as ticks do, and must leave the copy alone. The first is killed for
good; the next run in a namespace of its own ends well and leaves nothing unfinished. As root.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from etl_assets_tests.campaigns.places import Place, grounds, tell
from etl_assets_tests.campaigns.shelf import begin
from etl_assets_tests.forks import REPOSITORY

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc"]
MIGRATE = [*UNSHARE, sys.executable, "-m", "etl_assets.cli", "migrate"]
TICKS = "import sys; from pathlib import Path; from etl_assets.access.files.artifacts import Artifacts\n"
TICKS += "for _ in range(20): Artifacts(Path(sys.argv[1]))"


def grow(legacy: Path, megabytes: int) -> None:
    """A table that the spec does not name makes the file as large as an old app's."""
    with sqlite3.connect(legacy) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS attic (content BLOB)")
        connection.executemany("INSERT INTO attic VALUES (randomblob(1000000))", [()] * megabytes)
    connection.close()


def halfway(place: Place, bytes_of_all: int) -> Path | None:
    """The copy, when a third of it is there; None where it ended before it was seen."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for path in (place.folder / "artifacts" / "unfinished").glob("*legacy.db"):
            if path.exists() and path.stat().st_size > bytes_of_all / 3:
                return path
        time.sleep(0.002)
    return None


def child_of(process: "subprocess.Popen[bytes]") -> int:
    """Process 1 of the namespace, by its number here."""
    return int(subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, check=True).stdout)


def play(place: Place, megabytes: int) -> list[str]:
    """What is wrong; nothing where all is as it must be."""
    begin(place)
    grow(place.legacy, megabytes)
    environment = {**os.environ, **place.environment()}
    artifacts = place.folder / "artifacts"
    with (place.folder / "first").open("wb") as output:
        first = subprocess.Popen(MIGRATE, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
        copy = halfway(place, place.legacy.stat().st_size)
        if copy is None:
            first.wait()
            return [f"the copy was not seen: {(place.folder / 'first').read_text()[-500:]}"]
        one = child_of(first)
        os.kill(one, signal.SIGSTOP)
        size = copy.stat().st_size
        subprocess.run(
            [*UNSHARE, sys.executable, "-c", TICKS, str(artifacts)], cwd=REPOSITORY, env=environment, check=True
        )
        wrong = [] if copy.exists() and copy.stat().st_size == size else ["twenty ticks took the copy away"]
        os.kill(one, signal.SIGKILL)
        first.wait()
    tell(f"stopped at {size / 1e6:.0f} of {place.legacy.stat().st_size / 1e6:.0f} MB, 20 ticks, killed")
    began = time.monotonic()
    done = subprocess.run(MIGRATE, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    tell(f"the next run: exit {done.returncode} in {time.monotonic() - began:.1f} s")
    wrong += [] if done.returncode == 0 else [done.stdout[-500:] + done.stderr[-500:]]
    return wrong + [f"left: {path.name}" for path in place.files_left()]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mb", type=int, default=400)
    megabytes = parser.parse_args().mb
    with grounds() as ground, ground.place() as place:
        wrong = play(place, megabytes)
    for problem in wrong:
        tell(problem)
    tell(f"{len(wrong)} deviations")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
