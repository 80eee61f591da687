"""`etl-assets ui` as a process: it stops whole, leaves nothing behind, and a crash blocks nobody."""

import signal
from pathlib import Path

import pytest

from etl_assets_tests.site import Site, until
from etl_assets_tests.world import selected

pytestmark = [
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for orphans"),
    pytest.mark.timeout(900),
]

PATIENCE_S = 360  # a busy machine with two cores takes its time
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


@pytest.mark.parametrize("number", selected(SIGNALS, [signal.SIGKILL]))
def test_the_ui_is_a_fine_first_command_nothing_outlives_it_and_a_killed_run_blocks_nobody(
    tmp_path: Path, number: signal.Signals
) -> None:
    site = Site.start(tmp_path / "not" / "yet" / "there", is_new=True)
    first = site.start_migrate()
    until(lambda: site.status(first) != "QUEUED", seconds=90)
    site.stop(number)
    assert site.process.returncode == (-9 if number == signal.SIGKILL else 0)
    until(lambda: not [line for line in site.processes() if "postgres" not in line], seconds=120)
    again = Site.start(site.artifacts)
    try:
        until(lambda: again.status(first) in ("FAILURE", "SUCCESS", "CANCELED"), seconds=90)
        second = again.start_migrate()
        until(lambda: again.status(second) == "SUCCESS", seconds=PATIENCE_S)
        assert again.execute("SELECT count(*) FROM etl.legacy_user_map") == [(244,)]
    finally:
        took = again.stop()
    assert (took < 60, again.process.returncode) == (True, 0)
    until(lambda: not again.processes(), seconds=120)
