"""Staging brought up to date is what staging it whole would have made of it."""

import random

import pytest

from etl_assets.assets.keys import RESTAGE, staging_key
from etl_assets_tests.scenario import LEGACY
from etl_assets_tests.world import AT, World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")

TABLES = ("jobs", "credit_transactions", "artifacts")
STATUSES = ("'done'", "'draft'", "NULL", "char(0)", "x'41'", "5", "'x'")
TIMES = (f"'{AT}'", "'2024-01-01'", "'never'", "NULL", "12")


def state(world: World) -> list[list[tuple[object, ...]]]:
    found = [
        world.query(f'SELECT s::text FROM etl.stg_{table} AS s ORDER BY _legacy_id COLLATE "C"') for table in TABLES
    ]
    found.append(world.query("SELECT q::text FROM etl.quarantine AS q ORDER BY q::text"))
    found.append(world.query('SELECT "table", legacy_id, reason FROM etl.excluded ORDER BY 1, 2'))
    found.append(world.query('SELECT "table", snapshot, source_rows, staged_rows, content FROM etl.staged ORDER BY 1'))
    return found


def restage(world: World) -> None:
    assert world.run(RESTAGE) == 0


def restage_whole(world: World) -> None:
    world.execute("UPDATE etl.staged SET target_digest = 'another' WHERE \"table\" <> 'users'")
    restage(world)


def touched(world: World, table: str) -> int:
    return int(world.told[staging_key(table)].metadata["rows_touched"])  # type: ignore[arg-type, index]


def edits(rng: random.Random) -> str:
    """Changes of every kind to jobs, and to what hangs on them."""
    lines = []
    for _ in range(rng.randrange(1, 7)):
        job = rng.randrange(1, 24)
        lines.append(
            rng.choice(
                [
                    f"UPDATE jobs SET status = {rng.choice(STATUSES)} WHERE id = {job}",
                    f"UPDATE jobs SET created_at = {rng.choice(TIMES)} WHERE id = {job}",
                    f"UPDATE jobs SET user_id = {rng.choice(('1', '2', 'NULL', '99'))} WHERE id = {job}",
                    f"DELETE FROM jobs WHERE id = {job}",
                    f"INSERT OR IGNORE INTO jobs VALUES ({job}, {rng.randrange(1, 9)}, 'e', {rng.choice(STATUSES)}, {rng.choice(TIMES)}, NULL, NULL, NULL, NULL)",
                    f"UPDATE artifacts SET job_id = {job} WHERE id = {rng.randrange(1, 6)}",
                    f"UPDATE credit_transactions SET amount = {rng.choice(('1', '1.5', 'NULL', '7'))} WHERE id = {rng.randrange(1, 5)}",
                ]
            )
        )
    return ";".join(lines)


@pytest.mark.parametrize("seed", selected(range(2), [0]))
def test_every_change_leaves_what_staging_whole_leaves(world: World, seed: int) -> None:
    rng = random.Random(seed)
    world.legacy(LEGACY)
    world.legacy(
        "".join(f"INSERT INTO jobs VALUES ({n}, 1, 'e', 'done', '{AT}', NULL, NULL, NULL, NULL);" for n in range(9, 24))
    )
    world.sign_up("ann@example.com", "bob@example.com")
    world.write_spec(
        ("  jobs:\n    source: jobs\n", "  jobs:\n    source: jobs\n    where: \"status IS NOT 'draft'\"\n")
    )
    world.migrate()
    by_rows = 0
    for _ in range(5):
        world.legacy(edits(rng))
        restage(world)
        by_rows += touched(world, "jobs") < 20
        updated = state(world)
        restage_whole(world)
        assert updated == state(world)
    assert by_rows >= 3
    assert world.migrate().books.closed


def test_an_unchanged_table_is_not_touched(migrated: World) -> None:
    migrated.legacy("UPDATE credit_transactions SET description = 'z' WHERE id = 4")
    before = migrated.query("SELECT ctid, xmin, _legacy_id FROM etl.stg_jobs ORDER BY 3")
    restage(migrated)
    assert (touched(migrated, "jobs"), touched(migrated, "credit_transactions")) == (0, 2)
    assert migrated.query("SELECT ctid, xmin, _legacy_id FROM etl.stg_jobs ORDER BY 3") == before


def test_rows_that_were_lost_from_staging_are_made_anew(migrated: World) -> None:
    migrated.execute("DELETE FROM etl.stg_jobs WHERE _legacy_id = '3'")
    restage(migrated)
    assert migrated.query("SELECT count(*) FROM etl.stg_jobs") == [(7,)]


def test_a_correction_is_laid_over_the_whole_table_and_taken_off_again(migrated: World) -> None:
    file = migrated.folder / "artifacts" / "corrections.csv"
    file.write_text("table,legacy_id,column,value,reason\njobs,7,created_at,2024-01-01,ticket\njobs,8,,drop,test\n")
    restage(migrated)
    assert migrated.query("SELECT count(*) FROM etl.quarantine WHERE legacy_id = '7'") == [(0,)]
    file.unlink()
    migrated.legacy("UPDATE jobs SET status = 'x' WHERE id = 1")
    restage(migrated)
    assert migrated.query("SELECT count(*) FROM etl.quarantine WHERE legacy_id = '7'") == [(1,)]
    assert migrated.query("SELECT count(*) FROM etl.excluded WHERE \"table\" = 'jobs'") == [(0,)]


def test_a_snapshot_that_is_gone_costs_a_whole_staging_and_nothing_else(migrated: World) -> None:
    for folder in (migrated.folder / "artifacts" / "snapshots").glob("*/exports"):
        for path in folder.glob("jobs.*"):
            path.unlink()
    migrated.legacy("UPDATE jobs SET status = 'x' WHERE id = 1")
    restage(migrated)
    assert touched(migrated, "jobs") == 7
