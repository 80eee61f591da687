"""`python -m etl_assets_tests.campaigns.shelf [--count 4]`: machines that share a shelf, and a large file that is killed.

Each trial has two machines, with a folder and a Dagster of their own, run `etl-assets migrate` at once on an S3 server,
one that keeps conditions and one that ignores them in turn. Then 200 MB are sent: whole, for the memory, and killed.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from etl_assets.access.files.store import Store
from etl_assets_tests.campaigns.places import Grounds, Place, grounds, tell
from etl_assets_tests.forks import REPOSITORY
from etl_assets_tests.s3 import s3_server
from etl_assets_tests.scenario import CONFIRMED, LEGACY
from etl_assets_tests.world import LEGACY_SCHEMA

URL, BYTES = "s3://shelf/app", 200_000_000
LOADED = 6
SEND = """
import sys
from pathlib import Path
from etl_assets.access.files.store import Store
store = Store(sys.argv[1], lambda name: Path(sys.argv[2] + name))
print("ready", flush=True)
store.put(Path(sys.argv[2]), sys.argv[3])
# Not getrusage: a child is told what its parent held when it was forked.
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def begin(place: Place) -> None:
    """The awkward app, and its users who have begun to come back."""
    with sqlite3.connect(place.legacy) as legacy:
        legacy.executescript(LEGACY_SCHEMA + LEGACY)
    legacy.close()
    with psycopg.connect(place.url, autocommit=True) as target:
        for email in CONFIRMED:
            target.execute("INSERT INTO auth.users (email, email_confirmed_at) VALUES (%s, now())", [email])


def machine(place: Place, name: str) -> "subprocess.Popen[str]":
    """One machine's `etl-assets migrate`."""
    home = place.folder / name
    own = {"ETL_ARTIFACTS": URL, "ETL_SCRATCH": str(home / "scratch"), "DAGSTER_HOME": str(home / "dagster")}
    return subprocess.Popen(
        [sys.executable, "-m", "etl_assets.cli", "migrate"],
        cwd=REPOSITORY,
        env={**os.environ, **place.environment(), **own, "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def together(ground: Grounds, *, ignores_conditions: bool) -> str:
    """What is wrong after two machines at once; empty where nothing is."""
    with (
        pytest.MonkeyPatch.context() as patch,
        s3_server(patch, "shelf", ignores_conditions=ignores_conditions) as there,
        ground.place() as place,
    ):
        begin(place)
        machines = [machine(place, name) for name in ("one", "two")]
        said = [process.communicate(timeout=600)[0] for process in machines]
        if any(process.returncode for process in machines):
            return "\n".join(text[-1500:] for text in said)
        with psycopg.connect(place.url) as target:
            found = target.execute('SELECT count(*), count(DISTINCT ("table", legacy_id)) FROM etl.loaded').fetchone()
            named = {key for (key,) in target.execute("SELECT key FROM etl.shelf")}
        kept = {path.removeprefix("shelf/app/") for path in there.find("shelf")}
        missing = named - kept
        return "" if found == (LOADED, LOADED) and not missing else f"{found}, missing objects: {len(missing)}"


def send(folder: Path, key: str, *, kill_after_s: float | None = None) -> tuple[int, str]:
    """Sends the large file from a process of its own; its exit code, and what it printed last."""
    command = [sys.executable, "-c", SEND, URL, str(folder / "large"), key]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        process.send_signal(signal.SIGKILL)
    printed = process.communicate()[0].strip()
    return process.returncode, printed


def large(folder: Path, count: int) -> list[str]:
    """What is wrong with a large file, whole and killed."""
    with (folder / "large").open("wb") as file:
        for _ in range(BYTES // 1_000_000):
            file.write(random.randbytes(1_000_000))  # does not pack, as the worst of databases
    with pytest.MonkeyPatch.context() as patch, s3_server(patch, "shelf") as there:
        wrong, store = [], Store(URL, lambda name: folder / name)
        began = time.monotonic()
        code, peak = send(folder, "snapshots/whole.db.zst")
        took = time.monotonic() - began
        tell(f"{BYTES / 1e6:.0f} MB sent in {took:.1f} s, peak {peak} MiB")
        wrong += [] if code == 0 and int(peak) < 150 else [f"whole: exit {code}, peak {peak} MiB"]
        for number in range(count):
            code, _ = send(folder, f"snapshots/{number}.db", kill_after_s=random.uniform(0.1, took / 2))
            ended = store.end_uploads(older_s=0)
            objects = {path.rsplit("/", 1)[-1] for path in there.find("shelf")} - {"whole.db.zst"}
            tell(f"killed: exit {code}, {len(objects)} objects, {ended} uploads ended")
            if (code == -signal.SIGKILL and objects) or there.list_multipart_uploads("shelf"):
                wrong.append(f"killed: {objects}")
        return wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=4)
    count = parser.parse_args().count
    wrong: list[str] = []
    with grounds() as ground:
        for number in range(count):
            problem = together(ground, ignores_conditions=bool(number % 2))
            tell(f"two at once, conditions {('kept', 'ignored')[number % 2]}: {problem or 'nothing twice'}")
            wrong += [problem] if problem else []
        wrong += large(ground.root, count)
    tell(f"{len(wrong)} deviations")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
