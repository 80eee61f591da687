"""Many long random histories: `python -m etl_assets_tests.campaigns.histories [COUNT] [STEPS]`."""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from etl_assets_tests.histories import Histories
from etl_assets_tests.worlds import a_server, remove_clusters


def main() -> None:
    count, steps = (int(word) for word in [*sys.argv[1:], *("100", "25")[len(sys.argv) - 1 :]])
    done: Counter[str] = Counter()

    class Counted(Histories):
        def everything_arrived(self) -> None:
            super().everything_arrived()
            done["migrations that brought everything"] += 1

        def undo(self, *, wave: str = "", user: str = "") -> None:
            before = len(self.world.query("SELECT 1 FROM etl.audit_log WHERE action = 'undone'"))
            super().undo(wave=wave, user=user)
            after = len(self.world.query("SELECT 1 FROM etl.audit_log WHERE action = 'undone'"))
            done["undone" if after > before else "undo refused"] += 1

        def teardown(self) -> None:
            done["histories"] += 1
            super().teardown()

    began = time.monotonic()
    wanted = settings(
        max_examples=count,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            with a_server(Path(folder)) as Histories.server:
                run_state_machine_as_test(Counted, settings=wanted)
        finally:
            print(f"{dict(done)} in {time.monotonic() - began:.0f} s")  # noqa: T201 - what the campaign is for
            remove_clusters(Path(folder))


if __name__ == "__main__":
    main()
