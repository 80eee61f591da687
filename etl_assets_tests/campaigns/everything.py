"""`python -m etl_assets_tests.campaigns.everything`: the tests of which the suite runs a selection, with every case.

All databases under ../shared/data through Dagster, a kill at every named point, every signal that ends the UI, every
change of the target between two waves, and whatever else chooses.
Further words go to pytest.
"""

import os
import re
import sys
from pathlib import Path

import pytest

from etl_assets_tests.world import EVERYTHING

CHOOSES = re.compile(r"\bselected\(|\bIN_FULL\b")
TESTS = Path(__file__).parents[1]


def modules() -> list[str]:
    """The modules of which the suite leaves something to this campaign."""
    return sorted(str(path) for path in TESTS.rglob("test_*.py") if CHOOSES.search(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    os.environ[EVERYTHING] = "1"
    sys.exit(pytest.main(["-q", "-n", "2", "--dist", "worksteal", *modules(), *sys.argv[1:]]))
