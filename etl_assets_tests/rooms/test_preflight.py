"""Is the target fit? Each thing that can be wrong with it is found before anything is written."""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl_assets.access.postgres.catalog import read_targets
from etl_assets.access.postgres.connection import connect, reading
from etl_assets.access.postgres.embedded import SYSTEM_USER
from etl_assets.access.postgres.servers import make_target
from etl_assets.core.gate.grants import grants
from etl_assets.core.gate.target_rules import examine_target, require_target
from etl_assets.core.links.links import Links
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.model.errors import Refused, TransactionPooler
from etl_assets_tests.campaigns.debian import BINARIES, debian_cluster
from etl_assets_tests.scenario import BOOKS, USERS
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

EMAIL_USERS = """
INSERT INTO auth.users (email, created_at, email_confirmed_at)
SELECT 'u' || n || '@example.com', now(), now() + n * interval '{gap}' FROM generate_series(1, 3) AS n;
INSERT INTO auth.identities (user_id, provider, provider_id) SELECT id, '{provider}', id::text FROM auth.users;
"""


def red(world: World, url: str | None = None) -> dict[str, tuple[str, ...]]:
    """What is wrong: name and sample of each validation of the target that fails, those that only warn marked."""
    with connect(url or world.url) as connection, reading(connection):
        links = Links(world.spec, read_targets(connection, world.spec))
        return {
            ("" if validation.blocking else "? ") + validation.name: finding.sample
            for validation, finding in examine_target(connection, links)
            if finding and finding.count
        }


def test_a_target_as_supabase_makes_it_is_fit(world: World) -> None:
    assert red(world) == {}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "ALTER TABLE public.jobs DISABLE ROW LEVEL SECURITY",
            {"history_is_not_public": ("public.jobs",), "? row_level_security_is_on": ("public.jobs",)},
        ),
        (
            "ALTER TABLE public.jobs DISABLE ROW LEVEL SECURITY; REVOKE ALL ON public.jobs FROM authenticated",
            {"? row_level_security_is_on": ("public.jobs",)},
        ),
        (
            "CREATE SCHEMA etl; GRANT USAGE ON SCHEMA etl TO anon",
            {"schema_etl_is_private": ("anon has USAGE on schema etl",)},
        ),
        (
            "CREATE SCHEMA etl; CREATE TABLE etl.meta (key text); GRANT SELECT (key) ON etl.meta TO PUBLIC",
            {
                "schema_etl_is_private": (
                    "anon has privileges on etl.meta",
                    "authenticated has privileges on etl.meta",
                )
            },
        ),
        (
            "CREATE PUBLICATION supabase_realtime FOR TABLE public.jobs, public.profiles",
            {"? history_is_not_broadcast": ("public.jobs",)},
        ),
        (
            "GRANT UPDATE ON public.profiles TO authenticated;"
            "CREATE POLICY mine ON public.profiles FOR UPDATE TO authenticated USING (id = auth.uid())",
            {},  # claims rest on auth.users alone
        ),
        ("GRANT UPDATE ON public.profiles TO authenticated", {}),  # no policy lets anybody
        (EMAIL_USERS.format(gap="1 ms", provider="email"), {"addresses_were_proven": (), "? no_address_was_confirmed_at_once": ()}),
        (EMAIL_USERS.format(gap="700 ms", provider="email"), {"? no_address_was_confirmed_at_once": ()}),
        (EMAIL_USERS.format(gap="2 minutes", provider="email"), {}),
        (EMAIL_USERS.format(gap="0 s", provider="google"), {}),  # confirmed by the provider
        ("DROP TABLE auth.identities", {}),
        (
            "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END$$",
            {"the_server_can_be_written_to": ("in read-only mode",)},
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(world: World, change: str, found: dict[str, tuple[str, ...]]) -> None:
    world.execute(change)
    assert red(world) == found


def test_autoconfirmed_addresses_are_trusted_by_the_operators_word(world: World) -> None:
    world.execute(EMAIL_USERS.format(gap="1 ms", provider="email"))
    world.write_spec(("profiles: public.profiles", "profiles: public.profiles\n  trust_autoconfirm: true"))
    assert red(world) == {}


def test_an_editable_address_blocks_where_profiles_alone_decide(world: World) -> None:
    world.write_spec(("from: auth ", "from: profiles\n  accept_unconfirmed: true "))
    world.execute(
        "GRANT UPDATE ON public.profiles TO authenticated; ALTER TABLE public.profiles DISABLE ROW LEVEL SECURITY"
    )
    assert red(world) == {"profile_addresses_are_not_editable": ("update",)}


@contextmanager
def a_role(world: World, *statements: str) -> Iterator[str]:
    """A DSN of a new login role after some statements, in which `{role}` is its name; the role goes in the end."""
    name = f"role_{os.getpid()}_{time.monotonic_ns()}"
    world.execute(f"CREATE ROLE {name} LOGIN")
    try:
        for statement in statements:
            world.execute(statement.replace("{role}", name))
        yield make_conninfo(world.url, user=name)
    finally:
        world.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_missing_privileges_are_named_and_nothing_else_is_looked_at(world: World) -> None:
    with a_role(world, "GRANT SELECT ON public.jobs TO {role}", "REVOKE CREATE ON SCHEMA public FROM PUBLIC") as url:
        found = red(world, url)
    assert set(found) == {"the_role_has_its_privileges"}
    assert found["the_role_has_its_privileges"][:3] == (
        "CREATE on the database",
        "INSERT on public.artifacts",
        "INSERT on public.credit_transactions",
    )
    assert (
        "USAGE on schema auth" in found["the_role_has_its_privileges"] or len(found["the_role_has_its_privileges"]) == 6
    )


def test_a_role_under_row_level_security_is_refused(world: World) -> None:
    everything = "GRANT ALL ON ALL TABLES IN SCHEMA public, auth TO {role}"
    with a_role(
        world, everything, "GRANT USAGE ON SCHEMA auth TO {role}", "CREATE SCHEMA etl AUTHORIZATION {role}"
    ) as url:
        found = red(world, url)
        with connect(url) as connection, reading(connection), pytest.raises(Refused, match="row_level_security_hides"):
            require_target(connection, Links(world.spec, read_targets(connection, world.spec)))
    assert found == {
        "row_level_security_hides_nothing": (
            "public.artifacts",
            "public.credit_transactions",
            "public.jobs",
            "public.profiles",
        )
    }


@pytest.mark.parametrize("policy", ["", "  foreign_keys: join\n"])
def test_the_role_of_the_printed_grants_migrates_and_may_do_no_more(
    awkward: World, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    awkward.write_spec(("policy:\n", f"policy:\n{policy}"))
    name = f"loader_{os.getpid()}"
    with connect(awkward.url) as connection, reading(connection):
        script = grants(connection, Links(awkward.spec, read_targets(connection, awkward.spec)), role=name)
    try:
        for _ in range(2):
            awkward.execute(script)
        monkeypatch.setenv("TARGET_DATABASE_URL", make_conninfo(awkward.url, user=name))
        assert red(awkward, os.environ["TARGET_DATABASE_URL"]) == {}
        outcome = awkward.migrate()
        assert outcome.exit_code == 0, awkward.said
        assert (outcome.books.as_json()["tables"], outcome.books.users) == (BOOKS, USERS)
        for forbidden in (
            "SELECT encrypted_password FROM auth.users",
            "UPDATE public.jobs SET status = 'x'",
            "UPDATE public.profiles SET email = 'x'",
            "CREATE SCHEMA other",
            "DELETE FROM auth.users",
        ):
            with (
                psycopg.connect(os.environ["TARGET_DATABASE_URL"]) as connection,
                pytest.raises(psycopg.Error, match="permission denied"),
            ):
                connection.execute(forbidden.encode())
    finally:
        awkward.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.fixture
def administrator(awkward: World) -> Iterator[str]:
    """The DSN of a role as Supabase's `postgres` is: no superuser, makes roles, owns the app's tables, reads accounts."""
    name, database = f"administrator_{os.getpid()}", conninfo_to_dict(awkward.url)["dbname"]
    awkward.execute(
        f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE BYPASSRLS; GRANT CREATE ON DATABASE {database} TO {name};"
        f"GRANT USAGE ON SCHEMA auth TO {name}; GRANT SELECT ON auth.users TO {name};"
        f"ALTER SCHEMA public OWNER TO {name}; ALTER TABLE public.profiles OWNER TO {name};"
        f"ALTER TABLE public.jobs OWNER TO {name}; ALTER TABLE public.artifacts OWNER TO {name};"
        f"ALTER TABLE public.credit_transactions OWNER TO {name};"
    )
    yield make_conninfo(awkward.url, user=name)
    loader = f"loader_{os.getpid()}"
    for what in ("ALL TABLES IN SCHEMA auth", "SCHEMA auth"):  # a privilege goes with the one who gave it
        with (
            contextlib.suppress(psycopg.errors.InsufficientPrivilege),
            psycopg.connect(awkward.url, autocommit=True) as session,
        ):
            session.execute(f"SET ROLE {name}; REVOKE ALL ON {what} FROM {loader}")
    awkward.execute(f"DROP OWNED BY {name} CASCADE; DROP OWNED BY {loader} CASCADE; DROP ROLE {loader}, {name}")


def script_for(world: World, url: str, role: str) -> str:
    with connect(url) as connection, reading(connection):
        return grants(connection, Links(world.spec, read_targets(connection, world.spec)), role=role)


def test_whoever_makes_roles_can_run_the_printed_grants(
    awkward: World, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = conninfo_to_dict(administrator)["user"]
    awkward.execute(
        f"GRANT USAGE ON SCHEMA auth TO {user} WITH GRANT OPTION; GRANT authenticated TO {user} WITH ADMIN OPTION;"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA auth TO {user} WITH GRANT OPTION"
    )
    name = f"loader_{os.getpid()}"
    script = script_for(awkward, administrator, name)
    assert "as postgres" not in script
    for _ in range(2):
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(script.encode())
    assert awkward.query("SELECT pg_has_role(%s, %s, 'SET')", user, name) == [(False,)]
    monkeypatch.setenv("TARGET_DATABASE_URL", make_conninfo(awkward.url, user=name))
    assert red(awkward, os.environ["TARGET_DATABASE_URL"]) == {}
    outcome = awkward.migrate()
    assert (outcome.exit_code, outcome.books.as_json()["tables"]) == (0, BOOKS)


def test_a_line_of_the_grants_that_needs_another_says_whom(awkward: World, administrator: str) -> None:
    name = f"loader_{os.getpid()}"
    script = script_for(awkward, administrator, name)
    refused = []
    with psycopg.connect(administrator, autocommit=True) as connection:
        warned: list[str] = []  # nothing to pass on is an error only where one has nothing at all
        connection.add_notice_handler(lambda notice: warned.append(str(notice.message_primary)))
        for statement in re.split(r";\n(?=--|GRANT|CREATE|REVOKE)", script):
            warned.clear()
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege as error:
                warned.append(str(error))
            if any("privilege" in words or "permission" in words for words in warned):
                refused.append(statement)
    assert refused
    assert all("as postgres" in statement or "as whoever" in statement for statement in refused)
    assert script.count("as postgres") + script.count("as whoever") == len(refused)


@pytest.mark.skipif(not BINARIES.is_dir() or os.geteuid() != 0, reason="needs Debian's PostgreSQL 15, and root")
@pytest.mark.parametrize("is_superuser", [True, False])
def test_before_postgres_16_the_grants_say_that_they_need_a_superuser(world: World, is_superuser: bool) -> None:
    with debian_cluster() as url:
        make_target(url)
        script = script_for(world, url, "loader")
        with psycopg.connect(url, autocommit=True) as connection:
            if is_superuser:
                connection.execute(script.encode())
                return
            connection.execute("CREATE ROLE administrator CREATEROLE BYPASSRLS; SET ROLE administrator")
            with pytest.raises(psycopg.errors.RaiseException, match="only a superuser") as caught:
                connection.execute(script.encode())
            assert "Run this script as a superuser" in str(caught.value)


@pytest.fixture
def pooler(world: World, tmp_path: Path) -> Iterator[str]:
    """The DSN of a PgBouncer in front of the test's database, in the mode that its database name ends with."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("needs PgBouncer (Debian: apt-get install pgbouncer)")
    parts = conninfo_to_dict(world.url)
    folder = Path(f"/tmp/pooler-{os.getpid()}")  # noqa: S108 - the path of a socket has to be short
    folder.mkdir(mode=0o700)
    user = SYSTEM_USER if os.geteuid() == 0 else None
    to = f"host={parts['host']} port={parts['port']} dbname={parts['dbname']}"
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pooler.ini").write_text(
        f"[databases]\ntransaction = {to} pool_mode=transaction\nsession = {to} pool_mode=session\n"
        f"[pgbouncer]\nunix_socket_dir = {folder}\nlisten_port = 6432\nauth_type = trust\nauth_file = {folder}/users.txt\n"
        f"logfile = {folder}/log\nignore_startup_parameters = extra_float_digits\n"
    )
    if user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)
    process = subprocess.Popen([program, "-q", str(folder / "pooler.ini")], user=user)
    try:
        deadline = time.monotonic() + 10
        while not (folder / ".s.PGSQL.6432").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"postgresql://postgres@/transaction?host={folder}&port=6432"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def test_a_transaction_pooler_is_refused_and_nothing_is_written(awkward: World, pooler: str) -> None:
    refused = awkward.cli("migrate", TARGET_DATABASE_URL=pooler)
    assert refused.returncode == 2
    assert "two connections to it share one server session" in refused.stderr
    assert "session pooler or the direct connection" in refused.stderr
    assert awkward.query("SELECT to_regnamespace('etl') IS NULL, (SELECT count(*) FROM public.jobs)") == [(True, 0)]


def test_a_session_pooler_is_as_good_as_a_direct_connection(world: World, pooler: str) -> None:
    with connect(pooler.replace("/transaction?", "/session?")) as connection:
        ensure_schema(connection)
    assert world.query("SELECT count(*) FROM etl.writer") == [(1,)]


def test_supabases_transaction_pooler_is_known_by_its_port() -> None:
    with (
        pytest.raises(TransactionPooler, match="port 6543") as refused,
        connect("postgresql://postgres.ref:CANARY@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"),
    ):
        pytest.fail("connected")
    assert "CANARY" not in str(refused.value)
