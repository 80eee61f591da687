"""A key of the spec that was one, until the legacy app gave it to a second row."""

import csv

import pytest

from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE jobs (id {id}, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT, updated_at TEXT,
                   source_file TEXT, result_file TEXT, metadata TEXT);
CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER, transaction_type TEXT,
                                  reference_id TEXT, created_at TEXT, description TEXT);
CREATE TABLE artifacts (id INTEGER PRIMARY KEY, job_id {id}, kind TEXT, path TEXT, size_bytes INTEGER, created_at TEXT);
"""
KEYS = {
    "number": ("INTEGER", "1", "1"),
    "text": ("TEXT", "'a of b'", "a of b"),
    "bytes": ("BLOB", "x'00ff'", "x'00FF'"),
}
JOB = f"INSERT INTO jobs VALUES ({{key}}, {{user}}, '{{what}}', 'done', '{AT}', NULL, NULL, NULL, NULL);"


def moved(world: World, kind: str, *, policy: str = "on_change: report") -> str:
    """One job of user 1 has moved under a key that nothing enforces; then a second row has the same."""
    declared, key, text = KEYS[kind]
    world.legacy(
        "INSERT INTO users VALUES (1, 'ann@example.com'), (2, 'bob@example.com');"
        + JOB.format(key=key, user=1, what="first"),
        schema=SCHEMA.format(id=declared),
    )
    world.write_spec(("source: jobs", "source: jobs\n    key: [id]"), ("policy:", f"policy:\n  {policy}"))
    world.sign_up("ann@example.com", "bob@example.com")
    assert world.migrate().exit_code == 0
    world.legacy(JOB.format(key=key, user=2, what="second"))
    return text


def book(world: World) -> dict[str, int]:
    outcome = world.migrate()
    assert outcome.books.closed
    return outcome.books.as_json()["tables"]["jobs"]


@pytest.mark.parametrize("kind", KEYS)
def test_what_was_loaded_stays_and_no_row_is_counted_twice(world: World, kind: str) -> None:
    key = moved(world, kind)
    for _ in range(2):  # staged from the difference, then again as it stands
        assert book(world) == {"source": 2, "loaded": 1, "waiting": 0, "quarantined": 1, "excluded": 0}
        with (world.folder / "artifacts" / "reports" / "quarantine.csv").open(newline="") as file:
            told = [row for row in csv.DictReader(file) if row["table"] == "jobs"]
        assert {row["rule"] for row in told} == {"key_missing_or_repeated"}
        assert [row["legacy_id"] for row in told] == [f"rowid:1 of {key}", f"rowid:2 of {key}"]
    assert world.query("SELECT job_type FROM public.jobs") == [("first",)]
    changes = (world.folder / "artifacts" / "reports" / "legacy_changes.csv").read_text()
    assert "key_repeats_in_legacy" in changes
    assert "vanished" not in changes


def test_a_waiting_row_whose_key_repeats_did_not_vanish(world: World) -> None:
    world.legacy(
        "INSERT INTO users VALUES (1, 'ann@example.com');" + JOB.format(key=1, user=1, what="first"),
        schema=SCHEMA.format(id="INTEGER"),
    )
    world.write_spec(("source: jobs", "source: jobs\n    key: [id]"))
    world.migrate()
    world.legacy(JOB.format(key=1, user=1, what="second"))
    assert book(world) == {"source": 2, "loaded": 0, "waiting": 0, "quarantined": 2, "excluded": 0}


@pytest.mark.parametrize("policy", ["on_change: report", "on_change: update"])
def test_a_key_that_is_one_again_is_its_row(world: World, policy: str) -> None:
    moved(world, "number", policy=policy)
    book(world)
    world.legacy("DELETE FROM jobs WHERE user_id = 2")
    assert book(world) == {"source": 1, "loaded": 1, "waiting": 0, "quarantined": 0, "excluded": 0}
    assert world.query("SELECT job_type FROM public.jobs") == [("first",)]


def test_a_correction_gives_the_second_row_a_key_of_its_own(world: World) -> None:
    moved(world, "number")
    book(world)
    corrections = world.folder / "artifacts" / "corrections.csv"
    lines = ["table,legacy_id,column,value,reason", "jobs,rowid:1 of 1,_key,1,it was there first"]
    corrections.write_text("\n".join([*lines, "jobs,rowid:2 of 1,_key,2,it came second", ""]), encoding="utf-8")
    assert book(world) == {"source": 2, "loaded": 2, "waiting": 0, "quarantined": 0, "excluded": 0}


def test_both_rows_gone_is_gone(world: World) -> None:
    moved(world, "number")
    book(world)
    world.legacy("DELETE FROM jobs")
    world.legacy(JOB.format(key=9, user=1, what="ninth"))
    world.migrate()
    assert "vanished_in_legacy" in (world.folder / "artifacts" / "reports" / "legacy_changes.csv").read_text()


USERS_SCHEMA = SCHEMA.replace("users (id INTEGER PRIMARY KEY", "users (id INTEGER").format(id="INTEGER")


@pytest.mark.parametrize("has_claimed", [True, False])
def test_under_an_id_that_two_users_have_nothing_new_arrives(world: World, has_claimed: bool) -> None:
    world.legacy(
        "INSERT INTO users VALUES (17, 'ann@example.com');" + JOB.format(key=1, user=17, what="of ann"),
        schema=USERS_SCHEMA,
    )
    world.write_spec(("source: jobs", "source: jobs\n    key: [id]"))
    world.sign_up(*["ann@example.com"][: int(has_claimed)])
    world.migrate()
    world.legacy("INSERT INTO users VALUES (17, 'bob@example.com');" + JOB.format(key=2, user=17, what="whose?"))
    world.sign_up("bob@example.com", *["ann@example.com"][int(has_claimed) :])
    outcome = world.migrate()
    assert outcome.books.closed
    assert world.query("SELECT job_type FROM public.jobs") == ([("of ann",)] if has_claimed else [])
    told = world.cli("user", "17").stdout
    assert "two legacy users have the id now" in told if has_claimed else "missing or repeated" in told
