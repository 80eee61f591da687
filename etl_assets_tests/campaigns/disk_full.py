"""`python -m etl_assets_tests.campaigns.disk_full [--count 40]`: the disk is full, ours or that of Postgres.

Every other trial has its artifact folder on a tmpfs of a few kB; in the others a Debian PostgreSQL 15 lies on one that
something else has filled but for a few kB. The run must end with a sentence or well, whole users or nothing may be
there; then the disk is made larger, and the same command must bring the rest. Needs root, for the mounts.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from etl_assets.access.postgres.servers import make_target
from etl_assets_tests.campaigns.apps import TARGET, App, production
from etl_assets_tests.campaigns.debian import debian_cluster
from etl_assets_tests.campaigns.moments import Moment, Problems, differences, execute, moments, torn_users
from etl_assets_tests.campaigns.pairs import SOON, sentence
from etl_assets_tests.campaigns.places import Grounds, Place, Tally, grounds, tally

KB = 1024
TRIALS_PER_APP = 10
LARGE_KB = 512 * KB  # of a tmpfs: only what is written is taken
ARTIFACTS_KB = (8, 260)
LEFT_KB = (0, 2_500)
OURS, THEIRS_TRIES_LATER = 2, 3


def mount(folder: Path, kilobytes: int, *options: str) -> None:
    size = ",".join([*options, f"size={kilobytes}k", "mode=0755"])
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A tmpfs at `folder`, gone after the block."""
    folder.mkdir(exist_ok=True)
    mount(folder, kilobytes)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def migrate(ground: Grounds, place: Place, moment: Moment, what: str) -> tuple[int, Path]:
    """Its exit code, and where it said what."""
    output = place.folder / "said"
    patches = {**moment.patches, **SOON}
    return ground.forks.run(what, environment=place.environment(), output=output, patches=patches), output


def judge(code: int, output: Path, expected: int) -> Problems:
    """What is wrong with the end of a run on a full disk."""
    said = Path(f"{output}.err").read_text()
    problems = [] if code in (0, expected) else [f"ended with {code}: {said[-2000:]}"]
    return problems + ([] if not code or sentence(output) else [f"no sentence: {said[-2000:]}"])


def ours(ground: Grounds, moment: Moment, what: str, kilobytes: int) -> tuple[int, Problems]:
    """The artifact folder on a small disk."""
    with ground.place(like=moment.place) as place:
        artifacts, kept = place.folder / "artifacts", place.folder / "kept"
        if artifacts.exists():
            artifacts.rename(kept)
        with small_disk(artifacts, kilobytes):
            has_kept = fits(kept, artifacts)
            if has_kept:
                shutil.copytree(kept, artifacts, symlinks=True, dirs_exist_ok=True)
            code, output = migrate(ground, place, moment, what)
            problems = judge(code, output, OURS) + torn_users(production(place.url), moment.before, moment.after)
            if code:
                problems += [f"{path.name} was left" for path in place.files_left()]
            mount(artifacts, LARGE_KB, "remount")
            if kept.exists() and not has_kept:
                shutil.copytree(kept, artifacts, symlinks=True, dirs_exist_ok=True)
            return code, problems + rerun(ground, place, moment, what)


def fits(kept: Path, disk: Path) -> bool:
    """A second migration starts with the files of the first, where there is room for them."""
    needed = sum(path.stat().st_blocks * 512 for path in kept.rglob("*") if path.is_file())
    return kept.exists() and needed < shutil.disk_usage(disk).free


def theirs(ground: Grounds, disk: Path, like: Place, moment: Moment, what: str, kilobytes: int) -> tuple[int, Problems]:
    """Postgres on a full disk."""
    with ground.place(like=moment.place) as copied:
        place = replace(copied, url=like.url)
        ballast = disk / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(disk).free - kilobytes * KB, 4096))
        try:
            code, output = migrate(ground, place, moment, what)
        finally:
            ballast.unlink()
        problems = judge(code, output, THEIRS_TRIES_LATER)
        problems += torn_users(production(place.url), moment.before, moment.after)
        return code, problems + rerun(ground, place, moment, what)


def rerun(ground: Grounds, place: Place, moment: Moment, what: str) -> Problems:
    """The same command on a disk that is large enough."""
    code, output = migrate(ground, place, moment, what)
    problems = [f"the rerun ended with {code}: {Path(f'{output}.err').read_text()[-1500:]}"] if code else []
    return problems + differences(production(place.url), moment.after)


def play(ground: Grounds, disk: Path, url: str, seed: int, found: Tally, ends: Counter[str], *, count: int) -> None:
    """Some full disks in the moments of one app; Postgres' is filled before the first migration."""
    rng = random.Random(f"disk {seed}")
    with moments(ground, seed) as known:
        for number in range(count):
            what = ("core", "migrate")[number // 2 % 2]
            if number % 2:
                kilobytes = rng.randrange(*LEFT_KB)
                with database(url, seed, known[0]) as like:
                    code, problems = theirs(ground, disk, like, known[0], what, kilobytes)
            else:
                kilobytes = rng.randrange(*ARTIFACTS_KB)
                code, problems = ours(ground, known[number // 4 % 2], what, kilobytes)
            whose = "Postgres'" if number % 2 else "ours"
            ends[f"{whose}: {code}"] += 1
            found.note(f"seed {seed}, {whose} of {kilobytes} kB, {what}", problems)


@contextmanager
def database(url: str, seed: int, moment: Moment) -> Iterator[Place]:
    """A new database of the Debian server, as the app's first moment has it."""
    name = "disk_full"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            place = replace(moment.place, url=make_conninfo(url, dbname=name))
            make_target(place.url)
            execute(place, TARGET)
            App(seed).write_accounts(place.url)
            yield place
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def main() -> int:
    """Fills disks so many times; exit code 1 when anything deviates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    asked = parser.parse_args()
    found, ends = tally("full disks"), Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="pg15-") as folder,
        small_disk(Path(folder), LARGE_KB),
        debian_cluster(Path(folder)) as url,
        grounds() as ground,
    ):
        for seed in range(700, 700 + -(-asked.count // TRIALS_PER_APP)):
            count = min(TRIALS_PER_APP, asked.count - found.trials)
            play(ground, Path(folder), url, seed, found, ends, count=count)
    return found.close(f", ends {dict(sorted(ends.items()))}")


if __name__ == "__main__":
    sys.exit(main())
