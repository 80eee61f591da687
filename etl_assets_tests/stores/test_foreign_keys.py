"""`foreign_keys: join`: the same rows as with triggers, every parent held, no orphan, and only where a join is a proof."""

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from etl_assets.model.errors import Refused, SettingsError, SpecError
from etl_assets.stores.foreign_keys import proven_by_join
from etl_assets.stores.inserting import insert_ready
from etl_assets.stores.postgres import connect, reading, transaction, writing
from etl_assets.stores.validations import gate
from etl_assets_tests.scenario import BOOKS, PRODUCTION, USERS
from etl_assets_tests.world import World

JOIN = ("policy:\n", "policy:\n  foreign_keys: join\n")

FAILING = """
CREATE FUNCTION public.fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$;
CREATE TRIGGER fails BEFORE INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.fails();
"""


@pytest.fixture
def joining(awkward: World) -> World:
    awkward.write_spec(JOIN)
    return awkward


def test_what_is_loaded_is_what_the_triggers_would_have_let_in(joining: World) -> None:
    outcome = joining.migrate()
    assert outcome.exit_code == 0, joining.said
    assert (outcome.books.as_json()["tables"], outcome.books.users) == (BOOKS, USERS)
    for table in PRODUCTION:
        [(keys,)] = joining.query(
            "SELECT array_agg(pg_get_constraintdef(oid)) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            table,
        )
        for key in keys:  # Postgres looks at every row when a foreign key is added
            joining.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT again {key}; ALTER TABLE {table} DROP CONSTRAINT again"
            )


def test_no_trigger_runs_and_the_parents_are_held(joining: World) -> None:
    wave = joining.stage()
    links = joining.links()
    joining.execute(FAILING)
    with connect(joining.url) as connection, writing(connection, run="x"):
        assert insert_ready(connection, links, joining.spec.tables["jobs"], users=["1", "2"], wave=wave)[0] == 2
        [(role,)] = connection.execute("SELECT current_setting('session_replication_role')").fetchall()
        assert role == "origin"  # what comes after it fires triggers again
        with psycopg.connect(joining.url) as other:
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("DELETE FROM public.profiles WHERE email = 'ann@example.com'")
        raise psycopg.Rollback


def test_a_row_without_its_parent_is_refused(joining: World) -> None:
    wave = joining.stage()
    # As if the owner had gone between the links' look and the insert: the links believe what the map says.
    believed = sql.SQL("SELECT m.supabase_user_id AS id, NULL::text AS hindrance FROM etl.legacy_user_map AS m")
    links = replace(joining.links(), accounts=sql.Composed([believed]))
    joining.execute("DELETE FROM public.profiles WHERE email = 'ann@example.com'")
    with (
        connect(joining.url) as connection,
        pytest.raises(Refused, match="references_hold") as caught,
        writing(connection, run="x"),
    ):
        insert_ready(connection, links, joining.spec.tables["jobs"], users=["1", "2"], wave=wave)
    assert caught.value.count == 1
    assert joining.query("SELECT count(*) FROM public.jobs") == [(0,)]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE public.jobs ADD CONSTRAINT late UNIQUE (source_file) DEFERRABLE INITIALLY DEFERRED", "late"),
        (
            "ALTER TABLE public.jobs ADD tenant uuid DEFAULT gen_random_uuid() CONSTRAINT of_tenant "
            "REFERENCES public.profiles",
            "of_tenant",
        ),
        (
            "ALTER TABLE public.jobs ADD other uuid, ADD UNIQUE (id, user_id), "
            "ADD CONSTRAINT pair FOREIGN KEY (other, user_id) REFERENCES public.jobs (id, user_id) MATCH FULL",
            "pair",
        ),
    ],
)
def test_what_only_a_trigger_can_check_is_refused(joining: World, change: str, named: str) -> None:
    joining.execute(change)
    links = joining.links()
    [rule] = [rule for rule in gate(links) if (rule.name, rule.table) == ("foreign_keys_can_be_joined", "jobs")]
    with connect(joining.url) as connection, reading(connection):
        assert rule.find(connection, links).sample == (named,)
    assert joining.migrate().exit_code == 1
    assert joining.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_triggers_that_shall_fire_and_a_join_exclude_each_other(awkward: World) -> None:
    with pytest.raises(SpecError, match="triggers: refuse"):
        awkward.write_spec((JOIN[0], f"{JOIN[1]}  triggers: {{jobs: fire}}\n"))


def test_a_role_that_may_not_is_told_so(joining: World) -> None:
    links = joining.links()
    joining.execute("CREATE ROLE plain_loader")
    try:
        with connect(joining.url) as connection, pytest.raises(SettingsError, match="GRANT SET ON PARAMETER"):
            connection.execute("SET ROLE plain_loader")
            with transaction(connection, read_only=False), proven_by_join(connection, links):
                pytest.fail("it may")
    finally:
        joining.execute("DROP ROLE plain_loader")
