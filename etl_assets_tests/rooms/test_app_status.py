"""What the new app may ask: with the roles of the Data API, as the person herself, as another, and as nobody."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from etl_assets.access.postgres.catalog import read_targets
from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.commands.check import examine
from etl_assets.core.gate.grants import grants
from etl_assets.core.gate.target_rules import examine_target
from etl_assets.core.links.links import Links
from etl_assets.core.lists.app_status import app_status, create_app_status, drop_app_status
from etl_assets.model.errors import SettingsError, SpecError
from etl_assets.settings import read_settings
from etl_assets_tests.conftest import migrate_awkward
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

NAMED = ("accounts:\n", "app_status: migration_status\n\naccounts:\n")
PLACE = "public.migration_status"
ARRIVED, COMING, TALK = "arrived", "on its way", "we need to talk"


def create(world: World) -> None:
    with connect(world.url) as connection:
        create_app_status(connection, world.spec, run="test")


def drop(world: World) -> list[str]:
    with connect(world.url) as connection:
        return drop_app_status(connection, run="test")


def said(world: World) -> str:
    """What `check` says of it, with a word in front where it warns."""
    found = [line for line in examine(read_settings(), world.spec) if line.subject == "app status"]
    return "".join(f"{'! ' if line.warns else ''}{line.words}" for line in found)


def as_role(world: World, role: str, statement: str, *, account: str = "", before: str = "") -> Any:
    """One cell, as PostgREST asks for it: a login of its own, the role taken on, the claims as a setting."""
    claims = json.dumps({"sub": account, "role": role} if account else {"role": role})
    with psycopg.connect(world.url) as connection:
        if before:
            connection.execute(before.encode())
        connection.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
        connection.execute(f"SET LOCAL ROLE {role}".encode())
        found = connection.execute(statement.encode()).fetchone()
        connection.rollback()
    assert found is not None
    return found[0]


def ask(world: World, email: str, *, before: str = "") -> Any:
    return as_role(world, "authenticated", f"SELECT {PLACE}()", account=world.account(email), before=before)


def counts(answer: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    tables = answer["tables"]
    return {name: (found["arrived"], found["on_its_way"], found["we_need_to_talk"]) for name, found in tables.items()}


def begin_with_a_function(world: World) -> None:
    world.write_spec(NAMED)
    migrate_awkward(world)
    create(world)


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


def test_check_says_whether_it_is_made_and_whether_it_is_as_the_spec_has_it(app: World) -> None:
    assert said(app) == f"{PLACE} is there"
    app.write_spec(NAMED, ("  from: auth", "  sso_domains: [example.com]\n  from: auth"))
    assert said(app).startswith(f"! {PLACE} is there, but its text is not what this version makes of the spec; ")
    create(app)
    for change, words in (
        (f"GRANT EXECUTE ON FUNCTION {PLACE}() TO anon, PUBLIC", "PUBLIC, anon may call it"),
        (f"REVOKE EXECUTE ON FUNCTION {PLACE}() FROM authenticated", "authenticated may not call it"),
        (f"ALTER FUNCTION {PLACE}() RESET search_path", "it does not run as it should"),
        (f"ALTER FUNCTION {PLACE}() SECURITY INVOKER", "it does not run as it should"),
        (f"ALTER FUNCTION {PLACE}() OWNER TO service_role", "it is not owned by the role that owns schema etl"),
    ):
        app.execute(change)
        assert words in said(app), change
        app.execute(f"ALTER FUNCTION {PLACE}() OWNER TO postgres")
        create(app)
        assert said(app) == f"{PLACE} is there"
    drop(app)
    assert said(app) == f"! {PLACE} is not made yet; `etl-assets app-status --create` makes it"


def test_naming_it_makes_nothing_and_voids_nothing(migrated: World) -> None:
    digest = migrated.spec.digest
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    before = migrated.query(functions)
    migrated.write_spec(NAMED)
    assert migrated.spec.app_status == PLACE
    assert migrated.spec.digest == digest
    assert migrated.migrate().exit_code == 0
    assert migrated.query(functions) == before
    create(migrated)
    migrated.write_spec()
    assert said(migrated) == (
        f"! {PLACE} is ours, and the spec does not name it; `etl-assets app-status --drop` removes it"
    )
    # Under another name there is one of it, and not two.
    migrated.write_spec(("accounts:\n", "app_status: public.my_history\naccounts:\n"))
    create(migrated)
    assert drop(migrated) == ["public.my_history"]
    assert migrated.query(functions) == before
    assert drop(migrated) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (f"CREATE FUNCTION {PLACE}() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "a function"),
        (f"CREATE FUNCTION {PLACE}(who uuid) RETURNS integer LANGUAGE sql AS 'SELECT 1'", "a function"),
        (f"CREATE VIEW {PLACE} AS SELECT 1 AS x", "a table or a view"),
        (f"CREATE TABLE {PLACE} (x integer)", "a table or a view"),
    ],
)
def test_what_is_not_ours_stays_as_it_is(migrated: World, change: str, what: str) -> None:
    migrated.write_spec(NAMED)
    migrated.execute(change)
    with pytest.raises(SettingsError, match=f"there is {what} of that name, and not ours: name another"):
        create(migrated)
    assert drop(migrated) == []
    assert f"there is {what}" in said(migrated)
    kind = "pg_class WHERE relname" if what != "a function" else "pg_proc WHERE proname"
    assert migrated.query(f"SELECT count(*) FROM {kind} = 'migration_status'") == [(1,)]


def test_one_that_somebody_has_marked_as_ours_and_owns_is_refused(migrated: World) -> None:
    """Whoever owned it could change what runs, and it would run as she."""
    migrated.write_spec(NAMED)
    migrated.execute(
        f"CREATE FUNCTION {PLACE}() RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';"
        f"COMMENT ON FUNCTION {PLACE}() IS 'Made by etl-assets'; ALTER FUNCTION {PLACE}() OWNER TO service_role"
    )
    with pytest.raises(SettingsError, match="it is not owned by the role that owns schema etl"):
        create(migrated)
    assert migrated.query(f"SELECT prosecdef FROM pg_proc WHERE oid = '{PLACE}()'::regprocedure") == [(False,)]


def test_a_plain_postgres_is_one_sentence(migrated: World) -> None:
    migrated.write_spec(NAMED, ("from: auth", "from: profiles\n  accept_unconfirmed: true"))
    migrated.execute("DROP FUNCTION auth.uid() CASCADE")
    with pytest.raises(SettingsError) as refused:
        create(migrated)
    assert str(refused.value) == (
        f"{PLACE} cannot be made on this target: there is no function auth.uid(), by which Supabase says who asks."
    )
    assert said(migrated).startswith(f"! {PLACE} cannot be made on this target: there is no function auth.uid()")


def test_before_anything_was_migrated_it_says_so(awkward: World) -> None:
    awkward.write_spec(NAMED)
    with pytest.raises(SettingsError, match="nothing was migrated yet"):
        create(awkward)
    assert "nothing was migrated yet" in said(awkward)
    with connect(awkward.url) as connection, reading(connection):
        assert not app_status(connection, awkward.spec).is_right


def test_the_command_makes_it_says_what_it_says_and_removes_it(migrated: World) -> None:
    assert "The spec names no function" in migrated.cli("app-status").stderr
    assert migrated.cli("app-status", "--create").returncode == 2
    migrated.write_spec(NAMED)
    told = migrated.cli("app-status").stderr
    assert f"{PLACE} is not made yet" in told
    assert 'it would say {"state": "arrived"' in told
    assert migrated.cli("app-status", "--create", "--drop").returncode == 2
    assert "is there: whoever is signed in may ask" in migrated.cli("app-status", "--create").stderr
    told = migrated.cli("app-status").stderr
    assert f"{PLACE} is there" in told
    assert "example.com" not in told
    assert migrated.query("SELECT action, detail->>'function' FROM etl.audit_log ORDER BY id DESC LIMIT 1") == [
        ("app status made", PLACE)
    ]
    assert f"{PLACE} is gone" in migrated.cli("app-status", "--drop").stderr
    assert "no function of ours" in migrated.cli("app-status", "--drop").stderr
    assert migrated.query("SELECT count(*) FROM pg_proc WHERE proname = 'migration_status'") == [(0,)]


def test_a_role_of_the_printed_grants_makes_it_and_is_asked(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"loader_{os.getpid()}"
    awkward.write_spec(NAMED)
    awkward.execute(
        "REVOKE ALL ON FUNCTION auth.uid() FROM PUBLIC; GRANT EXECUTE ON FUNCTION auth.uid() TO authenticated"
    )
    with connect(awkward.url) as connection, reading(connection):
        links = Links(awkward.spec, read_targets(connection, awkward.spec))
        script = grants(connection, links, role=name)
    try:
        awkward.execute(script)
        monkeypatch.setenv("TARGET_DATABASE_URL", make_conninfo(awkward.url, user=name))
        assert awkward.migrate().exit_code == 0, awkward.said
        told = awkward.cli("app-status", "--create")
        assert told.returncode == 0, told.stderr
        awkward.execute(f"REVOKE CREATE ON SCHEMA public FROM {name}")
        assert ask(awkward, "ann@example.com")["state"] == ARRIVED
        assert awkward.cli("app-status", "--drop").returncode == 0
    finally:
        awkward.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("etl.status", "schema etl is not one"),
        ("pg_catalog.status", "schema pg_catalog is not one"),
        ("public.a.b", "is not `schema.name`"),
        ("'public.x\"; DROP TABLE jobs; --'", "is not `schema.name`"),
        ("'Migration Status'", "is not `schema.name`"),
        ('""', "is not `schema.name`"),
    ],
)
def test_a_name_that_the_app_cannot_call_is_refused(world: World, word: str, problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        world.write_spec(("accounts:\n", f"app_status: {word}\naccounts:\n"))
