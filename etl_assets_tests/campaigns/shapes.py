"""`python -m etl_assets_tests.campaigns.shapes [--count 2000] [--first 1]`: random schemas against a model of them."""

import argparse
import os
import sys

import pytest


def main() -> int:
    """Plays the seeds with as many workers as `-n` says; exits as pytest does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--workers", default="2")
    asked = parser.parse_args()
    os.environ |= {"SHAPES": str(asked.count), "SHAPES_FROM": str(asked.first)}
    return int(pytest.main(["-q", "-n", asked.workers, "-p", "no:cacheprovider", "etl_assets_tests/test_shapes.py"]))


if __name__ == "__main__":
    sys.exit(main())
