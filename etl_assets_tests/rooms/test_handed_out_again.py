"""SQLite hands the id of a deleted row out again: to another user, and to another row."""

import json

import pytest

from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

JOB = "INSERT INTO jobs VALUES ({id}, {user}, '{what}', 'done', '{at}', NULL, NULL, NULL, NULL);"
LATER = "2024-09-09 00:00:00"
USERS = {
    # how the legacy app keeps when somebody signed up: column, ann's and bob's value, the newcomer's, what the spec says
    "named": ("date_joined TEXT", "'2020-01-01 00:00:00'", "'2020-01-02 00:00:00'", f"'{LATER}'", "date_joined"),
    "epoch": ("joined INTEGER", "1577836800", "1577923200", "1725840000", "{from: joined, unit: s}"),
    "wrongly read": ("joined INTEGER", "1577836800", "1577923200", "1725840000", "joined"),
    "a day": ("joined TEXT", "'01/01/2020'", "'02/01/2020'", "'09/09/2024'", "{from: joined, format: '%d/%m/%Y'}"),
    "a default": ("joined TEXT", "'2020-01-01 00:00:00'", "'2020-01-01 00:00:00'", "'2020-01-01 00:00:00'", "joined"),
    "not filled": ("joined TEXT", "NULL", "NULL", "NULL", "joined"),
    "not named": ("date_joined TEXT", "'2020-01-01'", "'2020-01-02'", f"'{LATER}'", ""),
    "none": ("name TEXT", "'Ann'", "'Bob'", "'Carol'", ""),
}


def add(world: World, *, job: int, user: int, what: str, at: str = AT) -> None:
    world.legacy(JOB.format(id=job, user=user, what=what.replace("'", "''"), at=at))


def owners(world: World) -> dict[str, str]:
    """Which job is under whose address in production."""
    found = world.query("SELECT j.job_type, a.email FROM public.jobs AS j JOIN auth.users AS a ON a.id = j.user_id")
    return dict(found)


def moved(world: World, kind: str, *, policy: str = "") -> None:
    """Ann (2) and Bob (1) have moved; then Ann deletes her account, and Carol registers and is given id 2."""
    column, ann, bob, carol, said = USERS[kind]
    world.legacy(
        f"INSERT INTO users VALUES (1, 'bob@example.com', {bob}), (2, 'ann@example.com', {ann});",
        schema=f"CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, {column});" + GUIDE,
    )
    changes = [("email: email}", f"email: email, created: {said}}}" if said else "email: email}")]
    world.write_spec(*changes, *([("policy:", f"policy:\n  {policy}")] if policy else []))
    add(world, job=1, user=2, what="ann's")
    add(world, job=2, user=1, what="bob's")
    world.sign_up("ann@example.com", "bob@example.com", "carol@example.com")
    assert world.migrate().exit_code == 0
    world.legacy(
        "DELETE FROM jobs WHERE user_id = 2; DELETE FROM users WHERE id = 2;"
        f"INSERT INTO users VALUES (2, 'carol@example.com', {carol})"
    )


GUIDE = """
CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT,
                   updated_at TEXT, source_file TEXT, result_file TEXT, metadata TEXT);
CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER, transaction_type TEXT,
                                  reference_id TEXT, created_at TEXT, description TEXT);
CREATE TABLE artifacts (id INTEGER PRIMARY KEY, job_id INTEGER, kind TEXT, path TEXT, size_bytes INTEGER, created_at TEXT);
"""


@pytest.mark.parametrize("kind", USERS)
def test_what_a_newcomer_has_under_a_claimed_id_waits(world: World, kind: str) -> None:
    moved(world, kind)
    add(world, job=5, user=2, what="carol-private")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert owners(world) == {"ann's": "ann@example.com", "bob's": "bob@example.com"}
    assert outcome.books.as_json()["tables"]["jobs"]["waiting"] == 1
    [(state, reason)] = world.query("SELECT state, reason FROM etl.legacy_user_map WHERE legacy_user_id = '2'")
    assert state == "resolved"
    assert "given to somebody else" in reason or "nothing proves" in reason


@pytest.mark.parametrize("kind", ["epoch", "none"])
def test_nothing_of_a_newcomer_is_written_over_a_loaded_row(world: World, kind: str) -> None:
    moved(world, kind, policy="on_change: update")
    add(world, job=1, user=2, what="carol-private", at=LATER)  # under Ann's old row id too
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert owners(world) == {"ann's": "ann@example.com", "bob's": "bob@example.com"}
    assert outcome.books.as_json()["tables"]["jobs"] == {
        "source": 3, "loaded": 2, "waiting": 0, "quarantined": 1, "excluded": 0,
    }  # fmt: skip


def test_the_same_person_under_another_address_goes_on(world: World) -> None:
    moved(world, "named")
    world.legacy("UPDATE users SET email = 'ann@new.example.com', date_joined = '2020-01-01 00:00:00' WHERE id = 2")
    add(world, job=5, user=2, what="ann's too")
    assert world.migrate().exit_code == 0
    assert owners(world)["ann's too"] == "ann@example.com"


def test_an_operator_speaks_for_one_person_and_not_for_the_next(world: World) -> None:
    moved(world, "none")
    add(world, job=5, user=2, what="carol is ann")
    [(account,)] = world.query("SELECT id FROM auth.users WHERE email = 'ann@example.com'")
    claims = world.folder / "artifacts" / "claims.csv"
    world.migrate()
    claims.write_text(f"legacy_user_id,supabase_user_id,reason\n2,{account},she called\n", encoding="utf-8")
    assert world.migrate().exit_code == 0
    assert owners(world)["carol is ann"] == "ann@example.com"
    world.legacy("DELETE FROM users WHERE id = 2; INSERT INTO users VALUES (2, 'dora@example.com', 'Dora')")
    add(world, job=6, user=2, what="dora's")
    assert world.migrate().exit_code == 0
    assert "dora's" not in owners(world)


def test_a_user_whose_id_is_doubtful_is_told_to_the_support_desk(world: World) -> None:
    moved(world, "epoch")
    add(world, job=5, user=2, what="carol-private")
    world.migrate()
    told = json.loads(world.cli("user", "2", "--json").stdout)
    assert told["reason"] == "the legacy id was given to somebody else"
    assert "claims file" in told["remedy"]
    assert any(row["reason"] == "owner_is_another_person" for row in told["rows"])


def deleted_and_given(world: World, *, at: str, reason: str = "") -> None:
    """Ann (1) deletes her only job, and Bob (2) makes one, which gets its id."""
    world.legacy(
        f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}'), (2, 'bob@example.com', NULL, '{LATER}');"
        f"INSERT INTO credit_transactions VALUES (1, 1, 5, 'usage', 'job_1', '{AT}', NULL);"
    )
    add(world, job=1, user=1, what="ann's")
    world.sign_up("ann@example.com", "bob@example.com")
    assert world.migrate().exit_code == 0
    world.legacy("DELETE FROM jobs; DELETE FROM artifacts")
    add(world, job=1, user=2, what="bob's", at=at)
    world.legacy(
        f"INSERT INTO artifacts VALUES (1, 1, 'k', 'bobs.png', 1, '{at}');"
        f"INSERT INTO credit_transactions VALUES (2, 2, 7, 'usage', 'job_1', '{at}', NULL);"
    )


def test_a_row_under_anothers_id_is_quarantined_where_nothing_says_when_it_was_made(world: World) -> None:
    deleted_and_given(world, at=AT)
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert owners(world) == {"ann's": "ann@example.com"}
    assert outcome.books.as_json()["tables"]["jobs"] == {
        "source": 2, "loaded": 1, "waiting": 0, "quarantined": 1, "excluded": 0,
    }  # fmt: skip
    told = json.loads(world.cli("user", "2", "--json").stdout)
    assert [row["reason"] for row in told["rows"] if row["table"] == "jobs"] == ["id_given_to_another_row"]
    corrections = world.folder / "artifacts" / "corrections.csv"
    corrections.write_text(
        "table,legacy_id,column,value,reason\njobs,1,_key,1b,a new job\nartifacts,1,job_id,1b,of the new job\n"
        "credit_transactions,2,reference_id,job_1b,of the new job\n",
        encoding="utf-8",
    )
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert owners(world) == {"ann's": "ann@example.com", "bob's": "bob@example.com"}
    assert world.query(
        "SELECT j.job_type FROM public.artifacts AS x JOIN public.jobs AS j ON j.id = x.job_id"
    ) == [("bob's",)]  # fmt: skip


def test_a_row_that_was_made_later_arrives_under_an_id_of_its_own(world: World) -> None:
    followed = 'reference_id: {type: text, references: {table: jobs, match: "^job_(?P<id>.+)$", otherwise: keep}}'
    world.write_spec(("      reference_id: text", f"      {followed}"))
    deleted_and_given(world, at=LATER)
    for _ in range(2):
        outcome = world.migrate()
        assert outcome.exit_code == 0
        assert outcome.books.closed
        assert owners(world) == {"ann's": "ann@example.com", "bob's": "bob@example.com"}
        assert outcome.books.as_json()["tables"]["jobs"] == {
            "source": 2, "loaded": 2, "waiting": 0, "quarantined": 0, "excluded": 0,
        }  # fmt: skip
    found = world.query(
        "SELECT t.amount, j.job_type FROM public.credit_transactions AS t"
        " JOIN public.jobs AS j ON t.reference_id = 'job_' || j.id ORDER BY 1"
    )
    assert found == [(5, "ann's"), (7, "bob's")]
    assert world.query("SELECT path FROM public.artifacts AS x JOIN public.jobs AS j ON j.id = x.job_id"
                       " WHERE j.job_type = 'bob''s'") == [("bobs.png",)]  # fmt: skip
    world.cli("undo", "--user", "2")
    assert owners(world) == {"ann's": "ann@example.com"}
    assert world.cli("migrate", "--user", "2").returncode == 0
    assert owners(world) == {"ann's": "ann@example.com", "bob's": "bob@example.com"}


@pytest.mark.parametrize("policy", ["report", "update"])
def test_a_later_row_of_the_same_user_under_a_used_id_is_held(world: World, policy: str) -> None:
    world.write_spec(("policy:", f"policy:\n  on_change: {policy}"))
    world.legacy(f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');")
    add(world, job=1, user=1, what="first")
    world.sign_up("ann@example.com")
    world.migrate()
    world.legacy("DELETE FROM jobs")
    add(world, job=1, user=1, what="second", at=LATER)
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert owners(world) == {"first": "ann@example.com"}
    assert outcome.books.as_json()["tables"]["jobs"]["quarantined"] == 1


def test_a_row_that_moved_to_another_user_as_it_is_stays_where_it_was_loaded(world: World) -> None:
    deleted_and_given(world, at=AT)
    world.legacy("UPDATE jobs SET job_type = 'ann''s'")
    outcome = world.migrate()
    assert outcome.books.closed
    assert outcome.books.as_json()["tables"]["jobs"]["loaded"] == 1
    assert outcome.books.as_json()["tables"]["jobs"]["quarantined"] == 0
    assert owners(world) == {"ann's": "ann@example.com"}
