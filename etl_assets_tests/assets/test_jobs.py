"""The buttons `new_wave`, `cleanup`, `where_is` and `bring_back`, pressed on their own."""

import dagster as dg
import pytest

from etl_assets.assets.keys import BRING_BACK, CLEANUP, LOAD_WAVE, NEW_WAVE, RESTAGE, UNDO, VERIFY, WHERE_IS
from etl_assets.core.verify.status import status
from etl_assets.model.books import Books
from etl_assets.settings import read_settings
from etl_assets_tests.assets.pressing import clean_up, press, said
from etl_assets_tests.scenario import BOOKS, PRODUCTION
from etl_assets_tests.world import World, failure_of

pytestmark = pytest.mark.usefixtures("without_dagster")


def books(world: World) -> Books:
    return status(read_settings().target_url or "", world.spec)


def test_new_wave_claims_and_loads_without_a_partition_to_choose(pressed: World) -> None:
    assert press(pressed, NEW_WAVE).success
    [(key, users)] = pressed.query("SELECT wave, users FROM etl.waves")
    assert users == 2
    assert pressed.instance.get_dynamic_partitions("login_wave") == [key]
    assert pressed.query("SELECT count(*) FROM etl.loaded") == [(6,)]
    runs = pressed.instance.get_runs(dg.RunsFilter(job_name=LOAD_WAVE))
    assert [run.tags["dagster/partition"] for run in runs] == [key]


def test_new_wave_finishes_a_wave_that_broke_off(staged: World) -> None:
    wave = staged.wave()
    assert press(staged, NEW_WAVE).success
    assert staged.query("SELECT users, verified_at IS NOT NULL FROM etl.waves") == [(2, True)]
    assert staged.query("SELECT DISTINCT wave FROM etl.loaded") == [(wave,)]


def test_new_wave_opens_none_when_nobody_is_new(migrated: World) -> None:
    assert press(migrated, NEW_WAVE).success
    assert migrated.query("SELECT count(*) FROM etl.waves") == [(1,)]


def test_new_wave_says_what_to_do_when_nothing_is_staged(awkward: World) -> None:
    result = press(awkward, NEW_WAVE)
    assert not result.success
    assert "Run the job `migrate`" in failure_of(result)


def test_new_wave_fails_with_its_wave(pressed: World) -> None:
    pressed.execute("UPDATE etl.staged SET spec_digest = 'another' WHERE \"table\" = 'jobs'")
    result = press(pressed, NEW_WAVE)
    assert not result.success
    assert f"Its own run of `{LOAD_WAVE}` says why" in failure_of(result)


def test_a_first_cleanup_says_what_it_would_drop_and_another_word_drops_nothing(migrated: World) -> None:
    first = press(migrated, CLEANUP)
    assert first.success
    assert "Would drop 3 staging tables (jobs, credit_transactions, artifacts). Nothing was done." in said(
        migrated, first
    )
    wrong = press(migrated, CLEANUP, "drop_staging_tables", confirm="00000000")
    assert "the word is not the one of what is staged now" in failure_of(wrong)
    assert migrated.query("SELECT to_regclass('etl.stg_jobs') IS NOT NULL") == [(True,)]


def test_cleanup_keeps_the_map_the_ledger_and_the_books(migrated: World) -> None:
    migrated.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    press(migrated, RESTAGE)
    before, production = books(migrated), migrated.checksum(*PRODUCTION)
    assert clean_up(migrated).success
    tables = {name for (name,) in migrated.query("SELECT tablename FROM pg_tables WHERE schemaname = 'etl'")}
    assert {"legacy_user_map", "loaded", "audit_log", "quarantine"} <= tables
    assert not any(name.startswith("stg_") for name in tables)
    assert len(list((migrated.folder / "artifacts" / "snapshots").glob("*/legacy.db"))) == 1
    after = books(migrated)
    assert after.as_json() == before.as_json()
    assert after.as_json()["tables"] == BOOKS
    assert migrated.checksum(*PRODUCTION) == production
    page = migrated.folder / "artifacts" / "reports" / "migration_report.html"
    signed = page.read_bytes()
    assert "the signed report stays as it is" in failure_of(press(migrated, VERIFY))
    assert page.read_bytes() == signed
    assert clean_up(migrated).success  # pressed twice


def test_users_who_come_back_after_the_cleanup_need_migrate_once_more(migrated: World) -> None:
    clean_up(migrated)
    migrated.sign_up("dan@example.com")
    assert "cleaned up" in failure_of(press(migrated, NEW_WAVE))
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert outcome.books.as_json()["tables"]["jobs"]["loaded"] == 3


def test_cleanup_refuses_while_the_books_are_open(migrated: World) -> None:
    migrated.execute("DELETE FROM etl.stg_jobs WHERE _legacy_id = '3'")
    result = clean_up(migrated)
    assert not result.success
    assert "the books are open (jobs +1)" in failure_of(result)
    assert migrated.query("SELECT to_regclass('etl.stg_jobs') IS NOT NULL") == [(True,)]


def test_cleanup_refuses_before_everything_is_staged(awkward: World) -> None:
    assert "not everything is staged" in failure_of(clean_up(awkward))


def test_cleanup_refuses_while_a_wave_is_unfinished(staged: World) -> None:
    assert "1 wave is not finished" in failure_of(clean_up(staged))


def test_cleanup_refuses_while_a_loaded_row_is_not_what_was_loaded(migrated: World) -> None:
    migrated.execute("UPDATE etl.loaded SET digest = digest + 1 WHERE \"table\" = 'jobs' AND legacy_id = '1'")
    assert "1 loaded rows of jobs are not what was loaded (legacy ids 1)" in failure_of(clean_up(migrated))


def test_where_is_says_what_the_command_says_and_no_address(migrated: World) -> None:
    for user in ("7", 7):
        result = press(migrated, WHERE_IS, "look_up", user=user)
        assert result.success
        told = said(migrated, result)
        assert "Legacy user 7: held. Correct this user's quarantined rows" in told
        assert "jobs: 1 quarantined: not iso 8601 (ids 7). A time in a form of its own." in told
        assert "@" not in told
    assert "no legacy user has the id '99'" in failure_of(press(migrated, WHERE_IS, "look_up", user="99"))
    looked = migrated.query(
        "SELECT run = %s FROM etl.audit_log WHERE action = 'looked' ORDER BY id DESC LIMIT 1", result.run_id
    )
    assert looked == [(True,)]


@pytest.mark.usefixtures("with_dagster")
def test_what_was_taken_out_is_brought_back_by_a_button(migrated: World) -> None:
    after = migrated.checksum(*PRODUCTION)
    [(wave,)] = migrated.query("SELECT wave FROM etl.waves")
    for config in ({"wave": "last"}, {"wave": wave}, {"user": 1}):
        assert press(migrated, UNDO, "take_out", **(config if "user" in config else {"wave": wave})).success
        assert migrated.checksum(*PRODUCTION) != after
        assert press(migrated, BRING_BACK, "run_again", **config).success
        assert migrated.checksum(*PRODUCTION) == after
    for config, words in (
        ({"wave": wave}, "was not undone"),
        ({"user": 1}, "is not on hold after an undo"),
        ({"user": 1, "wave": wave}, "one wave or one user"),
    ):
        assert words in failure_of(press(migrated, BRING_BACK, "run_again", **config))
