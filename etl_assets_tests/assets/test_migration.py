"""The whole way, on the awkward legacy app."""

import uuid
from datetime import datetime, timezone

import dagster as dg
import pytest

from etl_assets.assets.keys import LOAD_WAVE, ROWS_TAG, USERS_TAG, production_key
from etl_assets_tests.scenario import BOOKS, LEGACY, PRODUCTION, UNCONFIRMED, USERS
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")


def job_id(world: World, legacy_id: int) -> uuid.UUID:
    return uuid.uuid5(world.spec.namespace, f"jobs/{legacy_id}")


@pytest.mark.usefixtures("with_dagster")
def test_every_legacy_row_and_user_is_in_exactly_one_state(awkward: World) -> None:
    outcome = awkward.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    found = outcome.books.as_json()
    assert found["tables"] == BOOKS
    assert found["users"] == USERS
    assert [(wave["users"], wave["rows"]) for wave in found["waves"]] == [(2, 6)]
    [run] = awkward.instance.get_runs(dg.RunsFilter(job_name=LOAD_WAVE))
    assert (run.tags[USERS_TAG], run.tags[ROWS_TAG]) == ("2", "6")


def test_loaded_rows_carry_the_new_ids_and_the_legacy_values(migrated: World) -> None:
    accounts = dict(migrated.query("SELECT email, id FROM auth.users"))
    at = datetime.fromisoformat(AT).replace(tzinfo=timezone.utc)
    assert sorted(migrated.query("SELECT * FROM public.jobs"), key=str) == sorted(
        [
            (job_id(migrated, 1), accounts["ann@example.com"], "export", "done", at, None, "a.wav", None, {"a": 1}),
            (
                job_id(migrated, 2),
                accounts["bob@example.com"],
                "export",
                "done",
                at,
                at.replace(microsecond=123456),
                "",
                None,
                None,
            ),
        ],
        key=str,
    )
    assert migrated.query("SELECT job_id, path FROM public.artifacts") == [(job_id(migrated, 1), "a.png")]


def test_a_second_run_changes_no_row_of_production(migrated: World) -> None:
    before = migrated.checksum(*PRODUCTION, "auth.users", "public.profiles")
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert len(outcome.books.waves) == 1
    assert migrated.checksum(*PRODUCTION, "auth.users", "public.profiles") == before


def test_a_row_that_its_user_deleted_stays_deleted(migrated: World) -> None:
    migrated.execute("DELETE FROM public.credit_transactions WHERE amount = -30")
    migrated.sign_up("dan@example.com")
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert outcome.books.as_json()["tables"]["credit_transactions"]["loaded"] == 4
    assert sorted(migrated.query("SELECT amount FROM public.credit_transactions")) == [(5,), (7,), (100,)]


def test_a_row_that_its_user_changed_is_listed_and_not_overwritten(migrated: World) -> None:
    migrated.execute("UPDATE public.credit_transactions SET description = 'mine' WHERE amount = 100")
    assert migrated.migrate().exit_code == 0
    assert migrated.query("SELECT description FROM public.credit_transactions WHERE amount = 100") == [("mine",)]


def test_new_rows_of_a_migrated_user_arrive_with_the_next_wave(migrated: World) -> None:
    migrated.legacy(f"INSERT INTO jobs VALUES (20, 1, 'export', 'new', '{AT}', NULL, NULL, NULL, NULL)")
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert [(wave.users, wave.rows) for wave in outcome.books.waves] == [(2, 6), (0, 1)]
    assert migrated.query("SELECT count(*) FROM public.jobs WHERE status = 'new'") == [(1,)]


def test_a_corrected_row_frees_its_user_and_its_children(migrated: World) -> None:
    migrated.legacy(f"UPDATE jobs SET created_at = '{AT}' WHERE id = 7")
    outcome = migrated.migrate()
    assert outcome.books.users["held"] == 0
    assert outcome.books.users["resolved"] == 3
    assert migrated.query("SELECT count(*) FROM public.artifacts WHERE path = 'd.png'") == [(1,)]


def test_incomplete_users_load_without_their_quarantined_rows_when_the_spec_says_so(awkward: World) -> None:
    awkward.write_spec(("incomplete_users: hold ", "incomplete_users: load "))
    awkward.legacy(f"INSERT INTO jobs VALUES (21, 7, 'export', 'fine', '{AT}', NULL, NULL, NULL, NULL)")
    books = awkward.migrate().books
    assert books.users["held"] == 0
    assert awkward.query("SELECT count(*) FROM public.jobs WHERE status = 'fine'") == [(1,)]


def test_vanished_rows_stay_in_the_books(migrated: World) -> None:
    migrated.legacy("DELETE FROM jobs WHERE id IN (1, 3)")  # one was loaded, one was waiting
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    book = outcome.books.as_json()["tables"]["jobs"]
    assert (book["source"], book["loaded"], book["excluded"]) == (8, 2, 1)
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(2,)]


def test_where_excludes_rows_and_their_children(awkward: World) -> None:
    awkward.write_spec(("    target: public.jobs\n", '    target: public.jobs\n    where: "id <> 1"\n'))
    books = awkward.migrate().books.as_json()["tables"]
    assert books["jobs"] == {"source": 8, "loaded": 1, "waiting": 3, "quarantined": 3, "excluded": 1}
    assert books["artifacts"] == {"source": 5, "loaded": 0, "waiting": 1, "quarantined": 3, "excluded": 1}


def test_migrated_at_is_set_only_for_users_whose_rows_arrived(awkward: World) -> None:
    awkward.legacy("INSERT INTO users VALUES (30, 'zoe@example.com', NULL, NULL)")
    awkward.sign_up("zoe@example.com")
    awkward.migrate()
    stamped = awkward.query(
        "SELECT legacy_user_id, migrated_at IS NOT NULL FROM etl.legacy_user_map WHERE supabase_user_id IS NOT NULL"
    )
    assert sorted(stamped) == [("1", True), ("2", True), ("30", False)]


def test_changed_ids_are_refused_after_the_first_load(migrated: World) -> None:
    before = migrated.checksum(*PRODUCTION)
    migrated.sign_up("dan@example.com")
    migrated.write_spec(("8f0c2f5e", "9f0c2f5e"))
    assert migrated.migrate().exit_code == 1
    assert migrated.checksum(*PRODUCTION) == before


def test_another_marker_is_refused(awkward: World) -> None:
    awkward.write_spec(("users: {table", "target: {marker: staging}\nusers: {table"))
    assert awkward.migrate().exit_code == 0
    awkward.sign_up("dan@example.com")
    awkward.write_spec(("users: {table", "target: {marker: production}\nusers: {table"))
    assert awkward.migrate().exit_code == 1


@pytest.mark.usefixtures("with_dagster")
def test_secrets_and_addresses_leave_no_trace_where_they_do_not_belong(awkward: World) -> None:
    awkward.migrate()
    exports = [path for path in (awkward.folder / "artifacts").rglob("*") if path.suffix in (".csv", ".json")]
    assert len(exports) == 17
    for path in exports:
        text = path.read_text(encoding="utf-8")
        assert "CANARY_HASH" not in text
        assert path.name in ("users.csv", "waiting_users.csv") or "example.com" not in text
    events = awkward.instance.all_logs(awkward.instance.get_runs()[0].run_id)
    told = "\n".join(
        repr(event) for run in awkward.instance.get_runs() for event in awkward.instance.all_logs(run.run_id)
    )
    assert events
    assert "example.com" not in told.lower()
    assert "CANARY_HASH" not in told
    assert awkward.url not in told
    assert "example.com" not in "\n".join(awkward.said)


def test_the_audit_log_tells_what_was_done_and_cannot_be_changed(migrated: World) -> None:
    told = migrated.query("SELECT action, detail, run, role FROM etl.audit_log ORDER BY id")
    assert {action for action, *_ in told} == {"staged", "users", "claimed", "loaded", "verified"}
    assert {role for *_, role in told} == {"postgres"}
    assert all(run for _, _, run, _ in told)
    by_action = {action: detail for action, detail, *_ in told}
    assert (by_action["claimed"]["users"], by_action["verified"]["closed"]) == (2, True)
    assert by_action["verified"]["books"] == BOOKS
    loaded = by_action["loaded"]
    assert loaded["rows"] == {"jobs": 2, "credit_transactions": 3, "artifacts": 1}
    for table, digest in loaded["digests"].items():
        [(kept,)] = migrated.query(
            'SELECT sum(hashtextextended(digest::text, 0))::text FROM etl.loaded WHERE "table" = %s', table
        )
        assert digest == kept
    staged = [detail for action, detail, *_ in told if action == "staged"]
    assert {
        detail["table"]: (detail["source_rows"], bool(detail["content"]), bool(detail["snapshot"])) for detail in staged
    } == {name: (book["source"], True, True) for name, book in BOOKS.items()}
    # A refusal is rolled back with what it refuses, and told all the same.
    migrated.legacy(f"INSERT INTO jobs VALUES (40, 1, 'export', 'x', '{AT}', NULL, NULL, NULL, NULL)")
    wave = migrated.stage()
    migrated.execute(
        "CREATE TRIGGER t BEFORE INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    )
    migrated.materialize(*(production_key(name) for name in migrated.spec.owned), partition_key=wave)
    [(refused,)] = migrated.query("SELECT detail FROM etl.audit_log WHERE action = 'refused'")
    assert refused == {"check": "triggers_are_agreed", "table": "jobs", "count": 1}
    assert "example.com" not in repr(migrated.query("SELECT * FROM etl.audit_log"))
    with pytest.raises(Exception, match="append-only"):
        migrated.execute("DELETE FROM etl.audit_log")


def test_profiles_alone_need_the_operators_word(world: World) -> None:
    world.write_spec(("from: auth  ", "from: profiles\n  accept_unconfirmed: true  "))
    world.legacy(LEGACY)
    world.sign_up(*UNCONFIRMED, confirmed=False)
    assert world.migrate().books.users["resolved"] == 1


def test_nothing_to_migrate_is_no_failure(world: World) -> None:
    world.legacy("")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert outcome.books.users["total"] == 0
