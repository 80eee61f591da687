"""Another legacy file, or an old one, is refused whole before anything is staged."""

import pytest

from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")


def fill(world: World, *, users: int, jobs: int, who: str = "u", at: str = AT) -> None:
    people = ",".join(f"({n}, '{who}{n}@example.com', NULL, '2024-01-01 00:{n:02d}:00')" for n in range(1, users + 1))
    work = ",".join(
        f"({n}, {n % users + 1}, '{who}', 'done', '{at}', NULL, NULL, NULL, NULL)" for n in range(1, jobs + 1)
    )
    world.legacy(f"INSERT INTO users VALUES {people}; INSERT INTO jobs VALUES {work}")


def replaced(world: World, *, users: int, jobs: int) -> None:
    """Another app's database with the same tables stands where the legacy file stood."""
    world.legacy_path.unlink()
    fill(world, users=users, jobs=jobs, who="stranger", at="2023-01-01 00:00:00")
    world.legacy("UPDATE users SET created_at = '2023' || substr(created_at, 5)")


@pytest.mark.parametrize("users", [2, 30])
def test_the_database_of_another_app_is_refused_until_an_operator_says_yes(world: World, users: int) -> None:
    world.write_spec(("policy:", "policy:\n  on_change: update"))
    fill(world, users=users, jobs=users)
    world.sign_up("u1@example.com", "u2@example.com")
    assert world.migrate().exit_code == 0
    before = world.checksum("public.jobs", "etl.loaded", "etl.staged")
    replaced(world, users=users, jobs=users)
    told = world.cli("migrate")
    assert told.returncode == 1
    assert f"{users} of {users} users" in told.stderr
    assert "example.com" not in told.stderr
    assert world.checksum("public.jobs", "etl.loaded", "etl.staged") == before
    assert world.cli("check").returncode == 1
    accept = told.stderr.split("--accept-file ")[1].split("`")[0]
    assert world.cli("migrate", "--accept-file", accept).returncode == 0
    # Accepted or not: nothing of a stranger's is written over what was loaded, or goes to who had the id.
    assert world.query("SELECT DISTINCT job_type FROM public.jobs") == [("u",)]


def test_an_old_backup_is_refused(world: World) -> None:
    fill(world, users=3, jobs=40)
    assert world.migrate().exit_code == 0
    world.legacy("DELETE FROM jobs WHERE id > 30")
    assert world.migrate().exit_code == 1
    world.write_spec(("policy:", "policy:\n  max_changed: 30"))
    assert world.migrate().exit_code == 0


def test_a_user_who_deletes_all_that_is_hers_is_no_other_file(world: World) -> None:
    fill(world, users=30, jobs=60)
    assert world.migrate().exit_code == 0
    world.legacy("DELETE FROM jobs WHERE user_id = 1; DELETE FROM users WHERE id = 1")
    assert world.migrate().exit_code == 0


def test_an_optional_table_that_went_away_holds_nobody(world: World) -> None:
    fill(world, users=2, jobs=25)
    world.legacy("INSERT INTO artifacts SELECT id, id, 'k', 'p', 1, created_at FROM jobs")
    world.sign_up("u1@example.com", "u2@example.com")
    assert world.migrate().exit_code == 0
    world.legacy(
        "DROP TABLE artifacts; INSERT INTO jobs SELECT 26, 1, 'new', 'done', created_at, 0, 0, 0, NULL FROM jobs LIMIT 1"
    )
    world.legacy("UPDATE jobs SET updated_at = NULL WHERE id = 26")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.as_json()["tables"]["artifacts"]["loaded"] == 25
    assert outcome.books.as_json()["tables"]["jobs"]["loaded"] == 26


def test_a_staging_table_that_somebody_dropped_is_made_anew(world: World) -> None:
    fill(world, users=2, jobs=3)
    assert world.migrate().exit_code == 0
    world.execute("DROP TABLE etl.stg_jobs")
    world.legacy("UPDATE jobs SET status = 'more' WHERE id = 1")
    assert world.migrate().exit_code == 0
