"""`python -m etl_assets_tests.campaigns.suite_on_debian [PATHS]`: tests against Debian's PostgreSQL 15 instead of 18."""

import sys
from functools import cached_property
from typing import Any

import pytest

from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets_tests.campaigns.debian import BINARIES

USUAL = ("etl_assets_tests/rooms", "etl_assets_tests/assets", "etl_assets_tests/test_dirty_values.py")
NOT_IN_15 = ("--locale-provider", "--builtin-locale")


def pytest_configure() -> None:
    """As a plugin of pytest: the embedded cluster is made of Debian's binaries."""
    run = EmbeddedPostgres._run

    def run_older(self: EmbeddedPostgres, tool: str, *arguments: str, **options: Any) -> int:
        return run(self, tool, *(word for word in arguments if not word.startswith(NOT_IN_15)), **options)

    binaries = cached_property(lambda _: BINARIES)
    binaries.__set_name__(EmbeddedPostgres, "_binaries")
    EmbeddedPostgres._binaries = binaries  # type: ignore[assignment, method-assign]
    EmbeddedPostgres._run = run_older  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    sys.exit(
        pytest.main(["-q", "-n", "2", "-p", "etl_assets_tests.campaigns.suite_on_debian", *(sys.argv[1:] or USUAL)])
    )
