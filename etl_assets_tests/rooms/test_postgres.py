"""Writers take turns, see one moment, and tell nothing of a customer's values."""

import threading
import time

import psycopg
import pytest

from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.access.postgres.refusals import DatabaseFault
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.model.errors import EtlError, OtherSchema, SettingsError, Unavailable
from etl_assets_tests.world import World


def test_writers_take_turns_and_each_sees_what_the_former_wrote(ready: World) -> None:
    seen: list[int] = []

    def add_one() -> None:
        with connect(ready.url) as connection, writing(connection, run="test"):
            [(count,)] = connection.execute("SELECT count(*) FROM etl.meta WHERE key <> 'schema'").fetchall()
            seen.append(count)
            time.sleep(0.1)
            connection.execute("INSERT INTO etl.meta (key, value) VALUES (%s, 'x')", [f"key {count}"])

    threads = [threading.Thread(target=add_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(6))


def test_a_writer_that_waits_too_long_says_who_holds_the_lock(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_S", 0.5)
    with connect(ready.url) as first, writing(first, run="one"):
        [(pid,)] = first.execute("SELECT pg_backend_pid()").fetchall()
        with (
            connect(ready.url) as second,
            pytest.raises(Unavailable, match=f"server process {pid}"),
            writing(second, run="two"),
        ):
            pytest.fail("two writers at once")


def test_the_lock_ends_with_its_transaction(ready: World) -> None:
    with connect(ready.url) as connection:
        with pytest.raises(DatabaseFault), writing(connection, run="one"):
            connection.execute("SELECT 1 / 0")
        with writing(connection, run="two"):
            assert connection.execute("SELECT run FROM etl.writer").fetchall() == [("two",)]


def test_a_reader_cannot_write(ready: World) -> None:
    with connect(ready.url) as connection, pytest.raises(EtlError), reading(connection):
        connection.execute("DELETE FROM etl.meta")


def test_whoever_keeps_a_table_locked_is_to_be_looked_for(ready: World) -> None:
    with psycopg.connect(ready.url) as asleep, connect(ready.url) as connection:
        asleep.execute("LOCK TABLE public.jobs")
        with (
            pytest.raises(Unavailable, match="pg_prepared_xacts, end it, and run again"),
            writing(connection, run="test"),
        ):
            connection.execute("SET LOCAL lock_timeout = '50ms'")
            connection.execute("LOCK TABLE public.jobs")


def test_faults_name_the_rule_and_never_the_value(ready: World) -> None:
    ready.sign_up("canary@example.com")
    with connect(ready.url) as connection, pytest.raises(DatabaseFault) as caught, writing(connection, run="x"):
        connection.execute("INSERT INTO auth.users (email) VALUES ('canary@example.com')")
    assert "users_partial_key" in str(caught.value).replace("email_", "")
    assert "canary" not in str(caught.value)
    with connect(ready.url) as connection, pytest.raises(DatabaseFault) as caught, writing(connection, run="x"):
        connection.execute("SELECT 'canary'::integer")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_bad_dsn_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught, connect("postgres://u:canary@[x"):
        pass
    assert "canary" not in str(caught.value)


def test_schema_etl_is_closed_to_the_data_api(ready: World) -> None:
    tables = [name for (name,) in ready.query("SELECT tablename FROM pg_tables WHERE schemaname = 'etl'")]
    assert len(tables) > 20
    assert ready.query(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'etl'::regnamespace AND relkind = 'r' AND NOT relrowsecurity"
    ) == [(0,)]
    for role in ("anon", "authenticated"):
        for table in tables:
            with psycopg.connect(ready.url) as connection:
                connection.execute(f"SET ROLE {role}".encode())
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SELECT * FROM etl.{table}".encode())


def test_ensure_schema_twice_at_once_makes_it_once(world: World) -> None:
    failures: list[BaseException] = []

    def make() -> None:
        try:
            with connect(world.url) as connection:
                ensure_schema(connection)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_schema_of_another_version_is_refused_and_left_alone(ready: World) -> None:
    with connect(ready.url) as connection:
        connection.execute("UPDATE etl.meta SET value = '0' WHERE key = 'schema'")
        with pytest.raises(OtherSchema, match="its schema is 0"):
            ensure_schema(connection)
        connection.execute("DELETE FROM etl.meta WHERE key = 'schema'")
        with pytest.raises(OtherSchema, match="its schema is older"):
            ensure_schema(connection)
    assert ready.query("SELECT count(*) FROM etl.meta") == [(0,)]


def test_whoever_makes_the_schema_first_is_named_and_not_waited_for_without_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_S", 0.5)
    with psycopg.connect(world.url) as first, connect(world.url) as second:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [postgres.WRITER_LOCK])
        with pytest.raises(Unavailable, match="server process"):
            ensure_schema(second)
        first.rollback()
        ensure_schema(second)
    assert world.query("SELECT to_regclass('etl.writer') IS NOT NULL") == [(True,)]
