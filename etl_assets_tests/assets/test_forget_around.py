"""Erasing one person while something else is under way: a kill, a snapshot, a cleanup, the next with the same id."""

import signal
import sqlite3

import pytest

from etl_assets.assets.keys import FORGET, MIGRATE, key_of
from etl_assets.faults import FORGET_POINTS
from etl_assets_tests.assets.person import PERSON, books, erase, traces
from etl_assets_tests.assets.pressing import clean_up, press, press_twice, said
from etl_assets_tests.world import World, failure_of

pytestmark = pytest.mark.usefixtures("without_dagster")


@pytest.mark.parametrize("fault", FORGET_POINTS)
@pytest.mark.parametrize("then", ["forget", "migrate"])
def test_a_kill_at_any_moment_leaves_what_the_next_run_finishes(followed: World, fault: str, then: str) -> None:
    killed = followed.cli("forget", "--user", "50", ETL_FAULT=f"{fault}:1")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if then == "forget" or fault == "forget.written":
        result = followed.cli("forget", "--user", "50")
        assert result.returncode == 0, result.stderr
        assert ("was forgotten before" in result.stdout) == (fault != "forget.written")
    outcome = followed.migrate()
    assert outcome.exit_code == 0, followed.said
    assert traces(followed) == []
    assert outcome.books.closed
    assert outcome.books.as_json()["tables"]["jobs"]["excluded"] == 2


def test_staging_a_snapshot_of_before_is_refused(followed: World) -> None:
    killed = followed.cli("forget", "--user", "50", ETL_FAULT="forget.committed:1")
    assert killed.returncode == -signal.SIGKILL
    for asset in ("staging/jobs", "legacy_user_map"):
        assert "Somebody was forgotten after this snapshot" in failure_of(followed.materialize(key_of(asset)))


def test_the_rehearsal_knows_who_was_forgotten(followed: World) -> None:
    erase(followed)
    result = followed.cli("check")
    assert result.returncode == 0, result.stdout
    assert "10 rows: 5 can move, 3 quarantined, 2 excluded" in " ".join(result.stdout.split())
    assert traces(followed) == []


def test_whatever_is_kept_about_a_single_row_of_the_person_goes(followed: World) -> None:
    lines = "table,legacy_id,column,value,reason\njobs,501,status,CANARY_CORRECTED,an operator knows better\n"
    (followed.folder / "artifacts" / "corrections.csv").write_text(lines, encoding="utf-8")
    assert followed.migrate().exit_code == 0
    kept = "SELECT found FROM etl.corrections WHERE \"table\" = 'jobs' AND legacy_id = '501'"
    assert followed.query(kept) == [(True,)]
    erase(followed)
    assert followed.query(kept) == []


def test_after_the_cleanup_and_without_staging(followed: World) -> None:
    assert clean_up(followed).success
    assert erase(followed)["jobs"] == 2
    assert traces(followed) == []
    outcome = followed.migrate()
    assert outcome.exit_code == 0, followed.said
    assert outcome.books.as_json()["tables"]["jobs"]["excluded"] == 2
    assert traces(followed) == []


def test_only_what_the_exports_read_is_kept_in_a_scrubbed_snapshot(awkward: World) -> None:
    awkward.write_spec(("      job_type: text", '      job_type: {type: text, expr: "(SELECT max(k) FROM kinds)"}'))
    awkward.legacy(PERSON + "CREATE TABLE kinds (k TEXT); INSERT INTO kinds VALUES ('a kind');")
    awkward.legacy("CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('CANARY_ELSEWHERE')")
    assert awkward.migrate().books.closed
    result = awkward.cli("forget", "--user", "50")
    assert "because the spec's expressions read them: kinds." in " ".join(result.stdout.split())
    assert traces(awkward) == []
    [copy] = (awkward.folder / "artifacts" / "snapshots").glob("*/legacy.db")
    with sqlite3.connect(copy) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert names == {"users", "jobs", "credit_transactions", "artifacts", "kinds"}
    assert awkward.migrate().books.closed


def test_the_job_forgets_from_the_ui(followed: World) -> None:
    first = press(followed, FORGET, "forget_user", user="50")
    assert first.success
    assert "Legacy user 50: held since" in said(followed, first)
    assert "the address is at example.com; rows: jobs 1 waiting, jobs 1 quarantined, " in said(followed, first)
    assert followed.query("SELECT count(*) FROM etl.legacy_user_map WHERE legacy_user_id = '50'") == [(1,)]
    wrong = press(followed, FORGET, "forget_user", user="50", confirm="00000000")
    assert "the word is not the one of this user as it is now" in failure_of(wrong)
    done = press_twice(followed, FORGET, "forget_user", user="50")
    assert done.success
    assert traces(followed) == []
    assert followed.query("SELECT run FROM etl.forgotten") == [(done.run_id,)]
    again = press(
        followed, FORGET, "forget_user", user="50"
    )  # as after a run that broke off: nobody is left to confuse
    assert "was forgotten before" in said(followed, again)
    # An id as YAML reads it in the Launchpad.
    assert "has claimed an account" in failure_of(press_twice(followed, FORGET, "forget_user", user=1))


def test_an_absent_optional_table_is_no_obstacle(awkward: World) -> None:
    awkward.legacy(PERSON + "DROP TABLE artifacts;")
    assert awkward.run(MIGRATE) == 0
    assert erase(awkward)["jobs"] == 2
    assert awkward.migrate().books.closed
    assert traces(awkward) == []


def test_a_snapshot_that_is_taken_meanwhile_is_taken_again(followed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from etl_assets.assets import export  # noqa: PLC0415

    followed.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    copy, calls = export.copy_database, []

    def slowly(*paths: object) -> None:
        copy(*paths)  # type: ignore[arg-type]
        calls.append(paths)
        if len(calls) == 1:  # the person is in the copy, and goes only now
            erase(followed)

    monkeypatch.setattr(export, "copy_database", slowly)
    assert followed.materialize(key_of("legacy_snapshot")).success
    assert len(calls) == 2
    assert traces(followed) == []


def test_the_next_person_with_a_forgotten_id_is_not_erased_but_asked_about(followed: World) -> None:
    erase(followed)
    later = "2025-01-01 00:00:00"
    followed.legacy(
        "DELETE FROM artifacts WHERE id >= 500; DELETE FROM jobs WHERE user_id = 50;"
        "DELETE FROM credit_transactions WHERE user_id = 50; DELETE FROM users WHERE id = 50;"
        f"INSERT INTO users VALUES (50, 'newcomer@example.com', NULL, '{later}');"
        f"INSERT INTO jobs VALUES (600, 50, 'export', 'newcomer', '{later}', NULL, NULL, NULL, NULL);"
    )
    followed.sign_up("newcomer@example.com")
    assert followed.migrate().exit_code == 0
    books(followed)
    state = "SELECT state, reason FROM etl.legacy_user_map WHERE legacy_user_id = '50'"
    assert followed.query(state) == [("held", "the legacy id was of somebody who was forgotten")]
    assert followed.query("SELECT count(*) FROM public.jobs WHERE status = 'newcomer'") == [(0,)]
    [(account,)] = followed.query("SELECT id FROM auth.users WHERE email = 'newcomer@example.com'")
    claims = followed.folder / "artifacts" / "claims.csv"
    claims.write_text(f"legacy_user_id,supabase_user_id,reason\n50,{account},somebody else\n", encoding="utf-8")
    assert followed.migrate().exit_code == 0
    assert followed.query("SELECT count(*) FROM public.jobs WHERE status = 'newcomer'") == [(1,)]


def test_a_forgotten_person_with_another_address_stays_forgotten_by_the_sign_up(followed: World) -> None:
    followed.legacy("UPDATE users SET created_at = '2024-12-12 12:12:12' WHERE id = 50")
    followed.migrate()
    erase(followed)
    followed.legacy("UPDATE users SET email = 'changed@example.com' WHERE id = 50")
    followed.sign_up("changed@example.com")
    assert followed.migrate().exit_code == 0
    assert followed.query("SELECT count(*) FROM etl.legacy_user_map WHERE legacy_user_id = '50'") == [(0,)]
    assert not traces(followed)
