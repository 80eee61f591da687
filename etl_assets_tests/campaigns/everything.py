"""`python -m etl_assets_tests.campaigns.everything`: the tests of which the suite runs a selection, with every case.

All databases under ../shared/data through Dagster, a kill at every named point, every signal that ends the UI, and every
change of the target between two waves.
Further words go to pytest.
"""

import os
import sys

import pytest

from etl_assets_tests.world import EVERYTHING

SELECTED = ("test_every_database.py", "test_crash.py", "test_services.py", "rooms/test_target_changes.py")

if __name__ == "__main__":
    os.environ[EVERYTHING] = "1"
    paths = [f"etl_assets_tests/{name}" for name in SELECTED]
    sys.exit(pytest.main(["-q", "-n", "2", "--dist", "worksteal", *paths, *sys.argv[1:]]))
