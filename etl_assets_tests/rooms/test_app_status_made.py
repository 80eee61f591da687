"""The function that the new app asks is made and removed on the operator's word, and nothing of others is touched."""

import os
from collections.abc import Callable

import pytest
from psycopg.conninfo import make_conninfo

from etl_assets.access.postgres.catalog import read_targets
from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.gate.grants import grants
from etl_assets.core.links.links import Links
from etl_assets.core.lists.app_status import app_status
from etl_assets.model.errors import SettingsError, SpecError
from etl_assets_tests.asking import ARRIVED, NAMED, PLACE, ask, begin_with_a_function, create, drop, said
from etl_assets_tests.world import World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")


@pytest.fixture
def app(after: Callable[[Press], World]) -> World:
    """The awkward app after its first wave, and the function as the app finds it."""
    return after(begin_with_a_function)


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
