"""What the new app may ask: as the person herself, as another, and as nobody."""

import json
import time
from collections.abc import Callable

import psycopg
import pytest

from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.core.gate.target_rules import examine_target
from etl_assets_tests.asking import (
    ARRIVED,
    COMING,
    NAMED,
    PLACE,
    TALK,
    as_role,
    ask,
    begin_with_a_function,
    counts,
    create,
    drop,
)
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")


@pytest.fixture
def app(after: Callable[[Press], World]) -> World:
    """The awkward app after its first wave, and the function as the app finds it."""
    return after(begin_with_a_function)


def test_whoever_has_moved_sees_what_arrived_of_hers_and_nothing_of_others(app: World) -> None:
    ann, bob = ask(app, "ann@example.com"), ask(app, "bob@example.com")
    assert ann["state"] == bob["state"] == ARRIVED
    assert counts(ann) == {"jobs": (1, 0, 0), "credit_transactions": (2, 0, 0), "artifacts": (1, 0, 0)}
    assert counts(bob) == {"jobs": (1, 0, 0), "credit_transactions": (1, 0, 0)}
    assert {found["state"] for found in ann["tables"].values()} == {ARRIVED}


@pytest.mark.parametrize(
    ("email", "state"),
    [
        ("fay@example.com", TALK),  # held: has a quarantined row
        ("eve@example.com", TALK),  # ambiguous
        ("cat@example.com", None),  # signed in without a proven address
        ("new@example.com", None),  # never was in the old app
        ("dan@example.com", COMING),  # has confirmed since the last wave
    ],
)
def test_before_a_claim_a_proven_address_is_told_a_state_and_no_counts(app: World, email: str, state: str) -> None:
    if email in ("new@example.com", "dan@example.com"):
        app.sign_up(email)
    assert ask(app, email) == (None if state is None else {"state": state, "tables": {}})


def test_nobody_who_is_not_signed_in_may_ask_and_nobody_sees_schema_etl(app: World) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(app, "anon", f"SELECT {PLACE}()")
    assert as_role(app, "authenticated", f"SELECT {PLACE}()") is None
    for table in ("legacy_user_map", "book", "loaded", "quarantine"):
        for role in ("anon", "authenticated"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_role(app, role, f"SELECT count(*) FROM etl.{table}", account=app.account("ann@example.com"))
    with connect(app.url) as connection, reading(connection):
        red = [v.name for v, found in examine_target(connection, app.links()) if found and found.count]
    assert red == []


def test_supabases_default_privileges_open_it_to_nobody_else(app: World) -> None:
    drop(app)
    app.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role")
    create(app)
    [(callers,)] = app.query(f"SELECT proacl::text FROM pg_proc WHERE oid = '{PLACE}()'::regprocedure")
    assert "anon" not in callers
    assert "service_role" not in callers
    assert "{=" not in callers
    assert ask(app, "ann@example.com")["state"] == ARRIVED


def test_names_of_the_callers_own_are_not_found(app: World) -> None:
    """A path, temporary tables, a type, functions and an operator that would be ours, had it no path of its own."""
    evil = """
CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO authenticated;
CREATE FUNCTION evil.count(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 666::bigint';
CREATE FUNCTION evil.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = evil.same);
CREATE TEMP TABLE legacy_user_map (LIKE etl.legacy_user_map);
CREATE TEMP TABLE loaded (LIKE etl.loaded);
"""
    path = "SET LOCAL search_path = evil, pg_temp, pg_catalog, etl, public"
    app.sign_up("new@example.com")
    bob = ask(app, "bob@example.com")
    before = f"{evil}; CREATE TYPE pg_temp.uuid AS (x integer); CREATE TYPE pg_temp.jsonb AS (x integer); {path}"
    assert ask(app, "new@example.com", before=before) is None
    assert ask(app, "bob@example.com", before=before) == bob
    app.execute(f"ALTER FUNCTION {PLACE}() RESET search_path")
    assert ask(app, "new@example.com", before=f"{evil}; {path}") is not None  # so it is the path that keeps her out


def test_claims_that_are_no_account_are_nobody(app: World) -> None:
    for odd in ("00000000-0000-0000-0000-000000000000", ""):
        assert as_role(app, "authenticated", f"SELECT {PLACE}()", account=odd) is None
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        as_role(app, "authenticated", f"SELECT {PLACE}()", account="' OR true --")


def test_rows_that_are_late_are_on_their_way_and_rows_at_fault_are_to_be_talked_about(app: World) -> None:
    app.write_spec(NAMED, ("incomplete_users: hold", "incomplete_users: load"))
    app.legacy(
        f"INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (20, 1, 'late', 'done', '{AT}'),"
        "(21, 1, 'bad', 'done', 'last tuesday');"
        "INSERT INTO credit_transactions (id, user_id, amount, transaction_type, created_at) VALUES"
        f"(22, 1, 5, 'purchase', '{AT}')"
    )
    wave = app.stage()
    told = ask(app, "ann@example.com")
    assert told["state"] == TALK
    assert counts(told) == {"jobs": (1, 1, 1), "credit_transactions": (2, 1, 0), "artifacts": (1, 0, 0)}
    assert {name: found["state"] for name, found in told["tables"].items()} == {
        "jobs": TALK,
        "credit_transactions": COMING,
        "artifacts": ARRIVED,
    }
    assert "last tuesday" not in json.dumps(told)
    assert wave
    assert app.migrate().exit_code == 0
    assert counts(ask(app, "ann@example.com"))["jobs"] == (2, 0, 1)
    # Books that are void say the same.
    app.execute("DELETE FROM etl.counted")
    assert counts(ask(app, "ann@example.com"))["jobs"] == (2, 0, 1)
    # Bob is as he was.
    assert ask(app, "bob@example.com")["state"] == ARRIVED
    # Fay, who was held before, has moved in part.
    assert ask(app, "fay@example.com")["state"] == TALK


def test_a_claim_whose_wave_has_not_loaded_is_on_its_way(after: Callable[[Press], World]) -> None:
    def stage(world: World) -> None:
        world.write_spec(NAMED)
        world.legacy(f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}')")
        world.legacy(f"INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (1, 1, 'a', 'b', '{AT}')")
        world.sign_up("ann@example.com")
        world.stage()

    stage.__qualname__ = "stage_for_the_app"
    world = after(stage)
    create(world)
    assert ask(world, "ann@example.com")["state"] == COMING


def test_whoever_was_undone_is_talked_to_and_comes_back(app: World) -> None:
    wave = app.wave()
    undo(Stores(), app.spec, wave="", user="1", run="test")
    assert ask(app, "ann@example.com") == {"state": TALK, "tables": {}}
    assert ask(app, "bob@example.com")["state"] == ARRIVED
    assert app.migrate(user="1").exit_code == 0
    assert counts(ask(app, "ann@example.com"))["credit_transactions"] == (2, 0, 0)
    undo(Stores(), app.spec, wave=wave, user="", run="test")
    assert ask(app, "bob@example.com") == {"state": TALK, "tables": {}}


def test_late_rows_that_were_undone_are_to_be_talked_about_and_the_others_stay_arrived(app: World) -> None:
    app.legacy(f"INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (20, 1, 'late', 'done', '{AT}')")
    assert app.migrate().exit_code == 0, app.said
    assert counts(ask(app, "ann@example.com"))["jobs"] == (2, 0, 0)
    undo(Stores(), app.spec, wave=app.wave(), user="", run="test")
    ann = ask(app, "ann@example.com")
    assert (ann["state"], counts(ann)["jobs"], counts(ann)["credit_transactions"]) == (TALK, (1, 0, 1), (2, 0, 0))


def test_twins_who_are_one_person_are_told_of_together(app: World) -> None:
    app.write_spec(NAMED, ("  from: auth", "  merge_duplicates: true\n  from: auth"))
    app.legacy(
        "INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES "
        f"(20, 5, 'a', 'done', '{AT}'), (21, 6, 'b', 'done', '{AT}')"
    )
    assert app.migrate().exit_code == 0, app.said
    eve = ask(app, "eve@example.com")
    assert (eve["state"], counts(eve)) == (ARRIVED, {"jobs": (2, 0, 0)})


def test_a_user_who_left_the_old_app_does_not_speak_for_who_has_the_address_now(app: World) -> None:
    app.legacy(
        "DELETE FROM users WHERE id = 4;"
        f"INSERT INTO users (id, email, created_at) VALUES (44, 'dan@example.com', '{AT}');"
        f"INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (44, 44, 'a', 'done', '{AT}')"
    )
    assert app.migrate().exit_code == 0, app.said
    app.sign_up("dan@example.com")
    assert ask(app, "dan@example.com") == {"state": COMING, "tables": {}}
    assert app.migrate().exit_code == 0, app.said
    dan = ask(app, "dan@example.com")
    assert (dan["state"], counts(dan)) == (ARRIVED, {"jobs": (1, 0, 0)})


def test_where_profiles_alone_decide_it_goes_by_the_profile(app: World) -> None:
    app.write_spec(NAMED, ("  from: auth", "  accept_unconfirmed: true\n  from: profiles"))
    create(app)
    assert ask(app, "ann@example.com")["state"] == ARRIVED
    assert ask(app, "cat@example.com")["state"] == COMING


def test_nothing_is_said_of_whom_nobody_knows_any_more(app: World) -> None:
    app.sign_up("dan@example.com")
    assert ask(app, "dan@example.com")["state"] == COMING
    app.execute("DELETE FROM auth.users WHERE email = 'dan@example.com'")
    told = app.cli("forget", "--user", "4")
    assert told.returncode == 0, told.stderr + told.stdout
    app.sign_up("dan@example.com")
    assert ask(app, "dan@example.com") is None


def test_an_operators_word_outranks_the_address(app: World) -> None:
    app.sign_up("dan@example.com", "other@example.com")
    app.execute(
        "INSERT INTO etl.claims (legacy_user_id, supabase_user_id, reason) VALUES "
        f"('4', '{app.account('other@example.com')}', 'asked by telephone')"
    )
    assert ask(app, "other@example.com") == {"state": COMING, "tables": {}}
    assert ask(app, "dan@example.com") is None
    app.execute("UPDATE etl.claims SET supabase_user_id = NULL")
    assert ask(app, "dan@example.com")["state"] == TALK
    assert ask(app, "other@example.com") is None


def test_what_is_new_under_an_id_that_is_anothers_now_is_not_hers(app: World) -> None:
    app.legacy(
        "DELETE FROM users WHERE id = 1;"
        "INSERT INTO users VALUES (1, 'zoe@example.com', NULL, '2025-01-01 00:00:00');"
        f"INSERT INTO jobs (id, user_id, job_type, status, created_at) VALUES (30, 1, 'zoes', 'done', '{AT}')"
    )
    assert app.migrate().exit_code == 0, app.said
    ann = ask(app, "ann@example.com")
    assert (ann["state"], counts(ann)["jobs"]) == (ARRIVED, (1, 0, 0))
    # The address alone has changed: it may be she.
    app.legacy(f"UPDATE users SET email = 'ann2@example.com', created_at = '{AT}' WHERE id = 1")
    assert app.migrate().exit_code == 0, app.said
    ann = ask(app, "ann@example.com")
    assert (ann["state"], counts(ann)["jobs"]) == (TALK, (1, 0, 0))


def test_it_answers_while_a_load_writes_and_does_not_wait_for_an_upgrade(app: World) -> None:
    before = ask(app, "ann@example.com")
    with connect(app.url) as writer, writing(writer, run="load"):
        writer.execute("UPDATE etl.legacy_user_map SET reason = 'x'; UPDATE etl.loaded SET wave = 'x'")
        writer.execute("DELETE FROM etl.book; DELETE FROM etl.counted")
        begun = time.monotonic()
        assert ask(app, "ann@example.com") == before
        assert time.monotonic() - begun < 1
        writer.execute("LOCK TABLE etl.loaded IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            ask(app, "ann@example.com")
        assert time.monotonic() - begun < 5
        raise psycopg.Rollback


def test_it_says_the_same_after_the_freeze_and_what_arrived_after_the_cleanup(app: World) -> None:
    before = ask(app, "ann@example.com")
    assert app.cli("freeze").returncode == 0
    assert ask(app, "ann@example.com") == before
    told = app.cli("cleanup")
    assert told.returncode == 0, told.stdout + told.stderr
    assert ask(app, "ann@example.com") == before
    assert ask(app, "fay@example.com")["state"] == TALK
