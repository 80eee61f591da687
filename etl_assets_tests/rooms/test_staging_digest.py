"""A staging table that somebody has written to is told from one that stands as it was written."""

import pytest

from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.assets.resources import Stores
from etl_assets.automation.forgetting import forget
from etl_assets.core.staging.table import is_altered
from etl_assets.core.staging.update import find_sound, require_still_staged
from etl_assets.model.errors import Unavailable
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def altered(world: World) -> bool:
    with connect(world.url) as connection, reading(connection):
        return is_altered(connection, "jobs")


def execute(world: World, *statements: str) -> None:
    with connect(world.url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "changes",
    [
        ("UPDATE etl.stg_jobs SET status = 'edited' WHERE _legacy_id = '1'",),
        ("DELETE FROM etl.stg_jobs WHERE _legacy_id = '1'",),
        ("INSERT INTO etl.stg_jobs SELECT (jsonb_populate_record(s, '{\"_legacy_id\": \"99\"}')).* FROM etl.stg_jobs AS s LIMIT 1",),
        # No row is written anew by these, and each says something else.
        (
            "ALTER TABLE etl.stg_jobs RENAME COLUMN source_file TO other",
            "ALTER TABLE etl.stg_jobs RENAME COLUMN result_file TO source_file",
            "ALTER TABLE etl.stg_jobs RENAME COLUMN other TO result_file",
        ),
        ("ALTER TABLE etl.stg_jobs DROP COLUMN status", "ALTER TABLE etl.stg_jobs ADD COLUMN status text DEFAULT 'edited'"),
    ],
)  # fmt: skip
def test_what_is_written_by_hand_is_noticed(staged: World, changes: tuple[str, ...]) -> None:
    assert not altered(staged)
    execute(staged, *changes)
    assert altered(staged)


@pytest.mark.parametrize(
    "changes",
    [
        ("VACUUM (FREEZE) etl.stg_jobs", "ANALYZE etl.stg_jobs"),
        ("VACUUM FULL etl.stg_jobs",),
        ("UPDATE etl.stg_jobs SET status = status",),
        # As a restored backup has it: new versions of the same rows.
        (
            "CREATE TABLE kept AS SELECT * FROM etl.stg_jobs",
            "TRUNCATE etl.stg_jobs",
            "INSERT INTO etl.stg_jobs SELECT * FROM kept",
        ),
    ],
)
def test_what_leaves_every_row_as_it_was_is_no_change(staged: World, changes: tuple[str, ...]) -> None:
    execute(staged, *changes)
    assert not altered(staged)


def test_what_the_rows_say_is_read_only_where_their_versions_are_others(staged: World) -> None:
    staged.execute("UPDATE etl.staged SET digest = regexp_replace(digest, '^[^/]*', 'another')")
    assert not altered(staged)
    staged.execute("UPDATE etl.stg_jobs SET status = status")
    assert altered(staged)


def test_a_staging_of_a_former_version_is_judged_by_what_its_rows_say(staged: World) -> None:
    staged.execute("UPDATE etl.staged SET digest = split_part(digest, '/', 1)")
    assert not altered(staged)
    staged.execute("UPDATE etl.stg_jobs SET status = 'edited'")
    assert altered(staged)


def test_an_untouched_table_keeps_what_was_noted_of_it(migrated: World) -> None:
    before = migrated.query("SELECT digest FROM etl.staged WHERE \"table\" = 'jobs'")
    migrated.legacy("UPDATE credit_transactions SET description = 'z' WHERE id = 4")
    migrated.stage()
    assert migrated.query("SELECT digest FROM etl.staged WHERE \"table\" = 'jobs'") == before
    assert not altered(migrated)


def test_forgetting_somebody_does_not_make_a_change_by_hand_right(staged: World) -> None:
    staged.execute("UPDATE etl.stg_jobs SET status = 'edited' WHERE _legacy_id = '1'")
    forget(Stores(), staged.spec, "3", run="test")
    assert altered(staged)


def test_what_is_written_by_hand_between_the_comparison_and_the_update_is_noticed(staged: World) -> None:
    table = staged.spec.tables["jobs"]
    with connect(staged.url) as connection:
        links = staged.links()
        with reading(connection):
            former = find_sound(connection, links, table)
        with writing(connection, run="test"):
            require_still_staged(connection, links, table, former)
        staged.execute("UPDATE etl.stg_jobs SET status = 'edited' WHERE _legacy_id = '1'")
        with pytest.raises(Unavailable, match="somebody has written"), writing(connection, run="test"):
            require_still_staged(connection, links, table, former)
