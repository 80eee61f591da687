"""Unfinished work stays while its process lives, whichever container looks, and goes when the process is gone."""

import subprocess
import sys
from pathlib import Path

import pytest

from etl_assets.access.files.whole import scratch_path, sweep

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc"]
COPY = """
import sys
from pathlib import Path
from etl_assets.access.files.whole import scratch_path
path = scratch_path(Path(sys.argv[1]), "snapshot")
path.write_bytes(b"half a copy")
print(path.name, flush=True)
sys.stdin.read()
"""
SWEEP = """
import sys
from pathlib import Path
from etl_assets.access.files.whole import sweep
sweep(Path(sys.argv[1]))
"""


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    """The folder of unfinished work."""
    folder = tmp_path / "unfinished"
    folder.mkdir()
    return folder


def in_a_container(code: str, folder: Path) -> list[str]:
    """The command that runs this code as process 1 of a pid namespace of its own."""
    return [*UNSHARE, sys.executable, "-c", code, str(folder)]


def test_a_sweep_spares_the_work_of_another_container_until_it_is_killed(unfinished: Path) -> None:
    """Both processes have the pid 1: what is alive is told by a lock, and never by a number."""
    if subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a pid namespace")
    with subprocess.Popen(in_a_container(COPY, unfinished), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as copying:
        assert copying.stdout is not None
        half = unfinished / copying.stdout.readline().decode().strip()
        for _ in range(20):
            sweep(unfinished)
        subprocess.run(in_a_container(SWEEP, unfinished), check=True)
        assert half.read_bytes() == b"half a copy"
        subprocess.run(["pkill", "-KILL", "-P", str(copying.pid)], check=True)  # process 1, in the middle of its copy
    subprocess.run(in_a_container(SWEEP, unfinished), check=True)
    assert [path for path in unfinished.parent.rglob("*") if path.is_file()] == []


def test_a_sweep_spares_the_work_of_this_process_and_removes_what_bears_no_name_of_ours(unfinished: Path) -> None:
    own = scratch_path(unfinished, "export.csv")
    own.write_text("half", encoding="utf-8")
    (unfinished / "4711-0a1b2c3d-older.csv").write_text("left by an older version", encoding="utf-8")
    sweep(unfinished)
    assert list(unfinished.iterdir()) == [own]
