"""The README's tour, walked as it stands there: three waves, a legacy edit, a conflict, an undo, a freeze, the report.

Where a command of the kind was run through Dagster already, its runs are calls.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_assets.access.files.whole import private_folder
from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets_tests import forks
from etl_assets_tests.site import environment
from etl_assets_tests.world import SMALL_DEMO
from etl_assets_tests.worlds import keep_in_memory

README = Path(__file__).parents[1] / "README.md"


def commands() -> list[list[str]]:
    block = README.read_text(encoding="utf-8").partition("## A tour")[2].partition("```sh\n")[2].partition("```")[0]
    return [line.partition("#")[0].split()[1:] for line in block.splitlines()]


class Walk:
    def __init__(self, artifacts: Path) -> None:
        self.artifacts = artifacts
        self.left = commands()

    def run(self, *arguments: str, through_dagster: bool = True) -> subprocess.CompletedProcess[str]:
        output = self.artifacts.parent / "said"
        there = environment(self.artifacts) | ({} if through_dagster else {forks.WITHOUT_DAGSTER: "1"})
        code = forks.warm().run(*arguments, environment=there, output=output, patches=SMALL_DEMO)
        return subprocess.CompletedProcess(
            arguments, code, output.read_text(), output.with_name("said.err").read_text()
        )

    def next(self, *expected: str, through_dagster: bool = True) -> str:
        """The next command of the README, which must be the one expected here, and must go well."""
        command = self.left.pop(0)
        assert command == list(expected)
        done = self.run(*command, through_dagster=through_dagster)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def books(self) -> dict:
        return json.loads(self.run("status", "--json").stdout)


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """Its server runs all the while, as under somebody's `etl-assets ui`: each command would start and stop it."""
    keep_in_memory(private_folder(tmp_path / "artifacts"))
    server = EmbeddedPostgres(tmp_path / "artifacts").acquire()
    yield Walk(tmp_path / "artifacts")
    server.release()


@pytest.mark.timeout(600)
def test_the_tour(walk: Walk) -> None:
    assert "rolled back" in walk.next("migrate", "--demo", "--dry-run")
    assert walk.books()["waves"] == []
    walk.next("migrate", "--sample-users", "5")
    assert walk.books()["users"]["resolved"] == 5
    walk.next("migrate")
    second = walk.books()
    assert second["users"]["resolved"] == 26
    assert [wave["users"] for wave in second["waves"]] == [5, 21]

    assert "archived" in walk.next("demo", "edit")
    walk.next("migrate", through_dagster=False)
    third = walk.books()
    assert [wave["rows"] for wave in third["waves"]][2:] == [1]
    listed = (walk.artifacts / "reports" / "legacy_changes.csv").read_text()
    assert listed.count('"changed_in_legacy"') == 1
    assert listed.count('"changed_on_both_sides"') == 1

    assert "jobs 1" in walk.next("undo", "--wave", "last")
    walk.next("migrate", "--wave", "last", through_dagster=False)
    assert walk.books() == third
    walk.next("undo", "--wave", "last")
    assert "The books close" in walk.next("status")
    undone = walk.books()
    assert undone["closed"]
    assert undone["users"]["held"] == third["users"]["held"] + 1
    assert undone["tables"]["jobs"]["loaded"] == third["tables"]["jobs"]["loaded"] - 1
    walk.next("migrate", "--wave", "last", through_dagster=False)
    said = walk.next("freeze")
    page = (walk.artifacts / "reports" / "migration_report.html").read_text()
    assert "Sign-off report" in page
    assert "Ready to sign" in page
    assert "migration_report.html" in said
    assert walk.left == []
