"""A kill at every named point, then a rerun: closed books, nothing doubled, whole users in between."""

import os
import signal

import pytest

from etl_assets.access.postgres.servers import target_url
from etl_assets.core.verify.status import status
from etl_assets.faults import POINTS
from etl_assets.settings import read_settings
from etl_assets_tests import forks
from etl_assets_tests.scenario import BOOKS, PRODUCTION, USERS
from etl_assets_tests.world import World, selected

# One around each commit and each rename. All of them at their first pass are the campaign `everything`, at any `crashes`.
CHOSEN = (
    "snapshot.copied",
    "export.renamed",
    "staging.committed",
    "users.written",
    "resolve.committed",
    "load.before_commit",
    "report.published",
)
# One user a transaction, so that a kill can fall between two users.
ONE_BY_ONE = {"etl_assets.core.load.load.USERS_PER_TRANSACTION": 1}


def rows_per_user(world: World) -> dict[str, int]:
    return dict(
        world.query(
            "SELECT m.legacy_user_id, (SELECT count(*) FROM public.jobs AS j WHERE j.user_id = m.supabase_user_id)"
            " + (SELECT count(*) FROM public.credit_transactions AS c WHERE c.user_id = m.supabase_user_id)"
            " FROM etl.legacy_user_map AS m WHERE m.supabase_user_id IS NOT NULL"
        )
    )


@pytest.mark.parametrize(
    "fault", [*(f"{point}:1" for point in selected(POINTS, CHOSEN)), "load.table:2", "load.committed:2"]
)
def test_a_rerun_after_a_kill_closes_the_books_and_doubles_nothing(awkward: World, fault: str) -> None:
    def run(fault: str = "") -> int:
        environment = {**os.environ, "ETL_FAULT": fault}
        return forks.warm().run("core", environment=environment, output=awkward.folder / "said", patches=ONE_BY_ONE)

    assert run(fault) == -signal.SIGKILL
    if awkward.query("SELECT to_regclass('etl.legacy_user_map') IS NOT NULL") == [(True,)]:
        assert set(rows_per_user(awkward).items()) <= {("1", 0), ("1", 3), ("2", 0), ("2", 2)}
    assert run() == 0, (awkward.folder / "said.err").read_text()
    books = status(target_url(read_settings()), awkward.spec)
    assert books.closed
    assert books.as_json()["tables"] == BOOKS
    assert books.users == USERS
    assert rows_per_user(awkward) == {"1": 3, "2": 2}
    assert sum(wave.users for wave in books.waves) == 2
    if fault.startswith("load"):
        before = awkward.checksum(*PRODUCTION)
        assert run() == 0
        assert awkward.checksum(*PRODUCTION) == before
    parts = list((awkward.folder / "artifacts").rglob(".*"))
    unfinished = [path for path in (awkward.folder / "artifacts").rglob("*") if path.parent.name == "unfinished"]
    assert parts + unfinished == []


@pytest.mark.usefixtures("without_dagster")
def test_a_wave_that_was_cut_off_is_finished_under_its_own_key(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(forks.WITHOUT_DAGSTER)  # `doctor` is to find what Dagster remembers of the run
    killed = awkward.cli("migrate", patches=ONE_BY_ONE, ETL_FAULT="resolve.committed:1")
    assert killed.returncode == -signal.SIGKILL
    [(key,)] = awkward.query("SELECT wave FROM etl.waves")
    stuck = awkward.cli("doctor")
    assert stuck.returncode == 1, stuck.stdout
    assert f"wave {key}  broke off before it was read back" in " ".join(stuck.stdout.split("\n")[2:])
    assert "is gone. It holds nothing in Postgres" in " ".join(stuck.stdout.split())
    outcome = awkward.migrate()
    assert [(wave.key, wave.users, wave.rows) for wave in outcome.books.waves] == [(key, 2, 6)]
