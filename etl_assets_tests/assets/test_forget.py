"""Erasure: a person who never came back leaves nothing behind but numbers, and no later snapshot brings them back."""

import stat

import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.assets.keys import key_of
from etl_assets.core.memory.suppressions import read_suppressions
from etl_assets.model.suppression import keyed_id
from etl_assets_tests.assets.person import CANARIES, OTHERS, PERSON, books, erase, refused, traces
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_nothing_of_the_person_is_left_and_the_books_close(followed: World) -> None:
    before = books(followed)
    assert len({line.split()[-1] for line in traces(followed)}) == len(CANARIES)
    others = followed.query(f"SELECT * FROM {OTHERS} ORDER BY 1")
    assert erase(followed) == {"jobs": 2, "credit_transactions": 1, "artifacts": 2, "users": 1}
    assert traces(followed) == []
    after = books(followed)
    for name, rows in (("jobs", 2), ("credit_transactions", 1), ("artifacts", 2)):
        assert after["tables"][name]["source"] == before["tables"][name]["source"]
        assert after["tables"][name]["loaded"] == before["tables"][name]["loaded"]
        assert after["tables"][name]["excluded"] == rows
    assert after["users"]["total"] == before["users"]["total"] - 1
    assert followed.query(f"SELECT * FROM {OTHERS} ORDER BY 1") == others
    assert followed.query("SELECT DISTINCT reason FROM etl.excluded") == [("forgotten",)]


def test_the_person_does_not_come_back_and_others_still_load(followed: World) -> None:
    erase(followed)
    followed.legacy("UPDATE users SET email = 'canary@example.com ' WHERE id = 50")
    followed.sign_up("dan@example.com", "canary@example.com")
    outcome = followed.migrate()
    assert outcome.exit_code == 0, followed.said
    assert traces(followed) == []
    assert outcome.books.closed
    book = outcome.books.as_json()["tables"]
    assert (book["jobs"]["loaded"], book["jobs"]["excluded"]) == (3, 2)
    assert (book["artifacts"]["excluded"], book["credit_transactions"]["excluded"]) == (2, 1)
    assert outcome.books.users["total"] == 9
    assert followed.migrate().exit_code == 0
    assert traces(followed) == []


def test_an_unchanged_legacy_file_keeps_its_snapshot(followed: World) -> None:
    erase(followed)
    pointer = followed.folder / "artifacts" / "snapshots" / "current"
    kept = pointer.read_text(encoding="ascii")
    result = followed.materialize(key_of("legacy_snapshot"), key_of("exports/jobs"), key_of("staging/jobs"))
    assert result.success
    assert pointer.read_text(encoding="ascii") == kept
    assert traces(followed) == []
    assert followed.migrate().exit_code == 0
    assert pointer.read_text(encoding="ascii") == kept


def test_rows_that_the_legacy_app_deletes_afterwards_have_vanished(followed: World) -> None:
    erase(followed)
    followed.legacy("DELETE FROM users WHERE id = 50; DELETE FROM jobs WHERE user_id = 50; DELETE FROM removed")
    outcome = followed.migrate()
    assert outcome.exit_code == 0, followed.said
    assert outcome.books.closed
    assert followed.query("SELECT DISTINCT reason FROM etl.excluded WHERE \"table\" = 'jobs'") == [("vanished",)]
    assert outcome.books.as_json()["tables"]["credit_transactions"]["excluded"] == 1


def test_rows_whose_user_the_legacy_app_deleted_alone_stay_forgotten(followed: World) -> None:
    erase(followed)
    followed.legacy("DELETE FROM users WHERE id = 50")
    outcome = followed.migrate()
    assert outcome.books.closed
    assert outcome.books.as_json()["tables"]["jobs"]["excluded"] == 2
    assert traces(followed) == []


def test_rows_of_others_that_refer_to_the_person_s_stay_behind(awkward: World) -> None:
    awkward.write_spec(
        (
            "      reference_id: text\n",
            "      reference_id: text\n"
            '      job_id: {type: uuid, from: reference_id, references: {table: jobs, match: "^job_(?P<id>.+)$"}}\n',
        )
    )
    awkward.execute("ALTER TABLE public.credit_transactions ADD COLUMN job_id uuid")
    awkward.legacy(f"{PERSON} UPDATE credit_transactions SET reference_id = NULL WHERE reference_id = 'pi_1';")
    awkward.legacy(f"INSERT INTO credit_transactions VALUES (600, 4, 1, 'usage', 'job_500', '{AT}', 'x')")
    assert awkward.migrate().books.closed
    erase(awkward)
    books(awkward)
    awkward.sign_up("dan@example.com")
    assert awkward.migrate().books.closed
    query = "SELECT legacy_id FROM etl.loaded WHERE \"table\" = 'credit_transactions' ORDER BY 1"
    assert awkward.query(query) == [("1",), ("2",), ("3",), ("4",)]


def test_a_row_that_waits_for_the_person_s_account_stays_behind_and_holds_nobody(awkward: World) -> None:
    awkward.write_spec(
        (
            "      job_type: text\n",
            "      job_type: text\n      reviewer_id: {type: uuid, from: reviewer, references: {table: users}}\n",
        )
    )
    awkward.execute("ALTER TABLE public.jobs ADD COLUMN reviewer_id uuid")
    awkward.legacy(
        f"{PERSON} ALTER TABLE jobs ADD COLUMN reviewer INTEGER; UPDATE jobs SET reviewer = 50 WHERE id = 4;"
    )
    assert awkward.migrate().books.closed
    erase(awkward)
    book = books(awkward)["tables"]["jobs"]
    assert (book["excluded"], book["quarantined"]) == (3, 3)
    awkward.sign_up("dan@example.com")
    outcome = awkward.migrate()
    assert outcome.books.closed
    assert outcome.books.users["resolved"] == 3
    assert awkward.query("SELECT count(*) FROM etl.loaded WHERE legacy_user_id = '4'") == [(1,)]


def test_sqlite_and_postgres_agree_on_who_was_forgotten(followed: World) -> None:
    erase(followed)
    with connect(followed.url) as connection:
        known = read_suppressions(connection)
    for user in ("50", "5", "", "50 ", "Zoë", "x'17'", "a" * 300):
        followed.execute(
            "INSERT INTO etl.forgotten (keyed, run) VALUES (decode('"
            + keyed_id(known.key, user).hex()
            + "', 'hex'), '')"
            " ON CONFLICT DO NOTHING"
        )
        assert followed.query("SELECT etl.is_forgotten(%s), etl.is_forgotten(%s)", user, user + "!") == [(True, False)]


def test_what_is_kept_says_who_and_when_and_nothing_of_the_person(followed: World) -> None:
    erase(followed)
    [(role, run, rows)] = followed.query("SELECT role, run, rows FROM etl.forgotten WHERE at <= clock_timestamp()")
    assert (role, run, rows["jobs"]) == ("postgres", "test", 2)
    [(detail,)] = followed.query("SELECT detail FROM etl.audit_log WHERE action = 'forgotten'")
    assert detail == {"rows": {"jobs": 2, "credit_transactions": 1, "artifacts": 2, "users": 1}}
    assert followed.query("SELECT count(*) FROM etl.legacy_user_map WHERE legacy_user_id = '50'") == [(0,)]
    files = [path for path in (followed.folder / "artifacts").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not [path for path in files if path.parent.name == "unfinished"]


def test_forgetting_twice_repeats_what_may_be_unfinished_and_says_so(followed: World) -> None:
    first = erase(followed)
    again = followed.cli("forget", "--user", "50")
    assert again.returncode == 0, again.stderr
    assert "was forgotten before" in again.stdout
    assert "2 jobs" in again.stdout
    assert first["jobs"] == 2
    assert followed.query("SELECT count(*) FROM etl.forgotten") == [(1,)]
    books(followed)


def test_two_people_one_after_the_other(followed: World) -> None:
    erase(followed)
    assert erase(followed, "4")["jobs"] == 1
    assert books(followed)["tables"]["jobs"]["excluded"] == 3
    assert books(followed)["users"]["total"] == 8
    outcome = followed.migrate()
    assert outcome.exit_code == 0, followed.said
    assert outcome.books.as_json()["tables"]["jobs"]["excluded"] == 3
    followed.legacy("UPDATE jobs SET status = 'edited' WHERE id = 3")
    outcome = followed.migrate()
    assert outcome.exit_code == 0, followed.said
    assert outcome.books.as_json()["tables"]["jobs"]["excluded"] == 3
    assert traces(followed) == []


@pytest.mark.parametrize(
    ("user", "words"),
    [("4711", "no legacy user has this id"), ("1", "has claimed an account, and 4 rows are in the new app")],
)
def test_forgetting_is_refused_and_nothing_is_removed(followed: World, user: str, words: str) -> None:
    before = followed.checksum("etl.stg_jobs", "etl.legacy_user_map", "etl.quarantine", "etl.meta", *PRODUCTION)
    assert words in refused(followed, user)
    after = followed.checksum("etl.stg_jobs", "etl.legacy_user_map", "etl.quarantine", "etl.meta", *PRODUCTION)
    assert after == before
    result = followed.cli("forget", "--user", user)
    assert result.returncode == 1
    assert words in result.stderr
    assert followed.query("SELECT count(*) FROM etl.forgotten") == [(0,)]


def test_forgetting_is_refused_where_a_source_is_a_view(awkward: World) -> None:
    awkward.write_spec(("source: jobs", "source: all_jobs\n    key: [id]"))
    awkward.legacy(f"{PERSON} CREATE VIEW all_jobs AS SELECT * FROM jobs;")
    assert awkward.migrate().books.complete
    assert "is a view or a virtual table" in refused(awkward, "50")
    assert awkward.query("SELECT count(*) FROM etl.legacy_user_map WHERE legacy_user_id = '50'") == [(1,)]


def test_forgetting_is_refused_for_a_user_without_an_id_of_its_own(world: World) -> None:
    world.legacy(
        f"INSERT INTO users VALUES ('5', 'a@example.com', NULL, '{AT}'), ('5', 'b@example.com', NULL, '{AT}');",
        schema=(
            "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT, created_at TEXT);"
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT,"
            " updated_at TEXT, source_file TEXT, result_file TEXT, metadata TEXT);"
            "CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER, transaction_type"
            " TEXT, reference_id TEXT, created_at TEXT, description TEXT);"
        ),
    )
    world.migrate()
    assert "has no id of its own" in refused(world, "rowid:1 of 5")


def test_rows_below_a_row_that_stays_behind_go_too(awkward: World) -> None:
    awkward.write_spec(
        ("    target: public.jobs\n", "    target: public.jobs\n    where: \"coalesce(status, 1) <> 'CANARY_JOB'\"\n")
    )
    awkward.legacy(PERSON)
    assert awkward.migrate().books.closed
    assert erase(awkward)["artifacts"] == 2
    assert traces(awkward) == []
    assert books(awkward)["tables"]["jobs"]["excluded"] == 2
    assert awkward.migrate().books.closed


def test_a_corrected_owner_says_whose_a_row_is(awkward: World) -> None:
    awkward.legacy(
        PERSON + f"INSERT INTO jobs VALUES (510, 99, 'export', 'CANARY_JOB', '{AT}', NULL, NULL, NULL, NULL);"
    )
    awkward.legacy(f"INSERT INTO jobs VALUES (511, 50, 'export', 'of user 4', '{AT}', NULL, NULL, NULL, NULL);")
    (awkward.folder / "artifacts").mkdir()
    path = awkward.folder / "artifacts" / "corrections.csv"
    path.write_text(
        "table,legacy_id,column,value,reason\njobs,510,user_id,50,the ticket\njobs,511,user_id,4,another\n"
        "jobs,2,status,x,\"two\nlines\"\njobs,500,status,y,hers\n"
    )  # fmt: skip
    assert awkward.migrate().books.closed
    result = awkward.cli("forget", "--user", "50")
    assert result.returncode == 0, result.stderr
    assert "Your own file corrections.csv names the person in line 2, 6: remove what it says." in result.stdout
    awkward.legacy("UPDATE jobs SET status = 'new' WHERE id = 1")
    awkward.sign_up("dan@example.com")
    assert awkward.migrate().books.closed
    assert awkward.query("SELECT status FROM public.jobs WHERE status = 'of user 4'") == [("of user 4",)]
    assert traces(awkward) == []
    assert awkward.query("SELECT legacy_id FROM etl.excluded ORDER BY 1") == [
        ("500",), ("500",), ("500",), ("501",), ("501",), ("510",)
    ]  # fmt: skip


def test_a_key_that_a_forgotten_row_shared_stays_no_key(world: World) -> None:
    jobs = (
        "(id INTEGER, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT, updated_at TEXT, source_file TEXT, "
    )
    jobs += "result_file TEXT, metadata TEXT)"
    world.write_spec(("    target: public.jobs\n", "    target: public.jobs\n    key: [id]\n"))
    world.legacy(
        f"DROP TABLE jobs; CREATE TABLE jobs {jobs}; INSERT INTO users VALUES (1, 'a@example.com', NULL, '{AT}');"
        f"{PERSON} INSERT INTO jobs VALUES (500, 1, 'export', 'mine', '{AT}', NULL, NULL, NULL, NULL);"
    )
    assert world.migrate().books.closed
    assert erase(world)["jobs"] == 2
    books(world)
    for change in ("SELECT 1", "UPDATE users SET created_at = NULL WHERE id = 1"):
        world.legacy(change)
        outcome = world.migrate()
        assert outcome.books.closed
        assert world.query("SELECT DISTINCT rule FROM etl.quarantine WHERE \"table\" = 'jobs'") == [
            ("key_missing_or_repeated",)
        ]
        assert outcome.books.as_json()["tables"]["jobs"]["excluded"] == 2
