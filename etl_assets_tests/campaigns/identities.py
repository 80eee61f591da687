"""Random identity histories: `python -m etl_assets_tests.campaigns.identities [COUNT] [STEPS] [SEED]`.

People and attackers sign up, confirm, change and swap addresses, are banned and deleted, and come back; after each step
every row's owner must be whom the model says: at the moment of the claim the sole confirmed holder of the legacy user's
address, or the account that the claims file named.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from etl_assets_tests.identities import Identities
from etl_assets_tests.worlds import a_server, a_world


def main() -> int:
    """Exit code 1 when a history broke a rule; each is told with its seed."""
    words = [*sys.argv[1:], *("500", "40", "1")[len(sys.argv) - 1 :]]
    count, steps, first = (int(word) for word in words)
    done: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "world").mkdir()
        with a_server(root) as server, a_world(server, root / "world") as world:
            began = time.monotonic()
            for seed in range(first, first + count):
                history = Identities(world.url, seed)
                try:
                    history.run(steps)
                except AssertionError as error:
                    wrong.append(str(error))
                    sys.stdout.write(f"{error}\n")
                done.update(history.said)
                done.update({"histories": 1, "CLAIMS": history.claimed, "ROWS LOADED": history.loaded})
    sys.stdout.write(f"{dict(done)}\n{len(wrong)} of {count} histories wrong, {time.monotonic() - began:.0f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
