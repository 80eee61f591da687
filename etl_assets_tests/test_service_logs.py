"""The logs of `etl-assets ui`: bounded, with the one before kept, while a service goes on writing."""

import subprocess
import sys
from pathlib import Path

from etl_assets.ui.logs import rotate
from etl_assets_tests.site import until

TALKS = "import sys, time\nfor n in range(10**6):\n    print(f'line {n:06}', flush=True); time.sleep(0.001)"


def test_a_service_that_talks_without_end_fills_two_files_of_the_size(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    with log.open("ab") as file:
        service = subprocess.Popen([sys.executable, "-c", TALKS], stdout=file)
    try:
        for _ in range(3):
            until(lambda: log.stat().st_size > 2_000, seconds=60)
            rotate(log, above=2_000)
            assert log.stat().st_size < 2_000
        until(lambda: log.stat().st_size > 100, seconds=60)
    finally:
        service.kill()
        service.wait()
    former = log.with_name("daemon.log.1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["daemon.log", "daemon.log.1"]
    assert former.stat().st_mode & 0o777 == 0o600
    kept = former.read_text() + log.read_text()
    assert b"\0" not in kept.encode()
    numbers = [int(line.split()[1]) for line in kept.splitlines() if line.startswith("line ") and len(line) == 11]
    assert numbers == sorted(numbers)
    assert len(numbers) > 150


def test_a_short_log_stays_until_the_next_start_and_none_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "webserver.log"
    rotate(log)
    log.write_text("the last words before a crash")
    rotate(log, above=2_000)
    assert log.read_text() == "the last words before a crash"
    rotate(log)
    assert (log.read_text(), log.with_name("webserver.log.1").read_text()) == ("", "the last words before a crash")
