"""2,000 files of 0 B to 200 MB from a folder to a real S3 server: rate, and the most memory that the copying took.

`python -m etl_assets_tests.campaigns.files [COUNT] [LARGEST_MB]`; the server is a process of its own. Each object
is proven by its ETag as it is stored, and what was read compared by sha256 with its file. Exit 1 where one differs, or where more than 400 MiB were taken.
"""

import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec

from etl_assets.access.files.whole import sha256_of
from etl_assets.access.stores.stores import open_store
from etl_assets.core.files.copy import AT_ONCE, Copier, Errand
from etl_assets.core.files.record import Due, Line
from etl_assets.spec.columns import Column
from etl_assets.spec.sections import Files

MOST_MIB = 400
BLOCK = os.urandom(1 << 20)


def sizes(count: int, largest: int) -> list[int]:
    """Most are small, one in 200 is large; the empty and the largest are among them."""
    dice = random.Random(24)
    small = [int(10 ** dice.uniform(0, 6)) for _ in range(count - count // 200 - 2)]
    return [0, largest, *small, *(dice.randint(largest // 20, largest // 4) for _ in range(count // 200))]


def make(folder: Path, wanted: list[int]) -> None:
    for number, size in enumerate(wanted):
        with (folder / f"{number}.bin").open("wb") as file:
            file.write(number.to_bytes(8, "big")[: min(8, size)])
            left = size - min(8, size)
            while left:
                left -= file.write(BLOCK[: min(left, len(BLOCK))])


def serve(folder: Path) -> subprocess.Popen[bytes]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TMPDIR": str(folder),
    }
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.2)
    raise SystemExit("the S3 server did not start")


def main(count: int = 2_000, largest_mb: int = 200) -> int:
    with tempfile.TemporaryDirectory() as place:
        folder, scratch = Path(place, "uploads"), Path(place, "unfinished")
        folder.mkdir()
        scratch.mkdir()
        wanted = sizes(count, largest_mb << 20)
        make(folder, wanted)
        server = serve(Path(place))
        try:
            fsspec.filesystem("s3").mkdir("results")
            entry = Files.model_validate({"from": str(folder), "to": "s3://results"})
            column = Column.model_validate({"type": "text", "file": "results"})
            errand = Errand("wave", "run", scratch)
            copier = Copier(errand, open_store(entry.from_), open_store(entry.to), entry, "jobs", "file", column)
            before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                due = [Due(str(n), "1", "account", str(n), f"{n}.bin") for n in range(count)]
                lines = list(pool.map(lambda one: copier.send(copier.plan(one)), due))
            took, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
            wrong = [line.legacy_id for line in lines if not _is_right(line, folder)]
        finally:
            server.terminate()
            server.wait()
    size, peak = sum(wanted), after.ru_maxrss / 1024
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rate = f"{count / took:,.0f} files/s, {size / 1e6 / took:.1f} MB/s"
    memory = f"memory {before.ru_maxrss / 1024:.0f} MiB before, at most {peak:.0f} MiB"
    sys.stdout.write(f"{count:,} files, {size / 1e6:,.0f} MB in {took:.1f} s: {rate}\n")
    sys.stdout.write(f"processor {cpu:.1f} s; {memory}; {len(wrong)} differ\n")
    return int(bool(wrong) or peak > MOST_MIB)


def _is_right(line: Line, folder: Path) -> bool:
    return line.state == "stored" and line.sha256 == sha256_of(folder / f"{line.legacy_id}.bin")


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
