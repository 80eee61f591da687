"""A dry run does everything and leaves nothing."""

import json
import subprocess

import psycopg
import pytest

from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.servers import embedded
from etl_assets.commands.migration import MigrateOptions, Outcome, migrate_dry
from etl_assets.model.errors import Unavailable
from etl_assets.settings import Settings, read_settings
from etl_assets_tests.core import migrate_dry_here
from etl_assets_tests.scenario import BOOKS, LEGACY, PRODUCTION, USERS
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

EVERYTHING = (*PRODUCTION, "auth.users", "public.profiles")


def dump(world: World, server: Settings, *options: str) -> str:
    found = subprocess.run(
        [embedded(server)._binaries / "pg_dump", "--dbname", world.url, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    # A random word against injection into psql, new in each dump.
    return "\n".join(line for line in found.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


def dry(world: World, **options: str) -> Outcome:
    return migrate_dry_here(read_settings(), world.spec, say=world.said.append, options=MigrateOptions(**options))


def test_the_books_are_those_of_the_real_run_and_the_target_is_untouched(awkward: World) -> None:
    before = awkward.checksum(*EVERYTHING)
    outcome = migrate_dry(read_settings(), awkward.spec, say=awkward.said.append)
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert outcome.books.as_json()["tables"] == BOOKS
    assert outcome.books.users == USERS
    assert awkward.checksum(*EVERYTHING) == before
    assert awkward.query("SELECT to_regnamespace('etl')") == [(None,)]
    assert not (awkward.folder / "artifacts" / "snapshots").exists()
    assert (awkward.folder / "artifacts" / "reports" / "dry_run.html").exists()
    assert list((awkward.folder / "artifacts" / "unfinished").iterdir()) == []
    assert awkward.migrate().books.as_json()["tables"] == BOOKS


def test_between_waves_it_says_what_the_next_would_bring(migrated: World) -> None:
    migrated.sign_up("dan@example.com")
    migrated.legacy(f"INSERT INTO jobs VALUES (20, 1, 'export', 'late', '{AT}', NULL, NULL, NULL, NULL)")
    before = migrated.checksum(
        *EVERYTHING, "etl.loaded", "etl.legacy_user_map", "etl.stg_jobs", "etl.waves", "etl.meta"
    )
    outcome = dry(migrated)
    assert outcome.books.as_json()["tables"]["jobs"]["loaded"] == 4
    assert (
        migrated.checksum(*EVERYTHING, "etl.loaded", "etl.legacy_user_map", "etl.stg_jobs", "etl.waves", "etl.meta")
        == before
    )
    assert migrated.migrate().books.as_json() | {"waves": []} == outcome.books.as_json() | {"waves": []}


def test_a_dump_of_everything_but_schema_etl_is_the_same_sequences_included(awkward: World, server: Settings) -> None:
    awkward.execute("ALTER TABLE public.jobs ADD COLUMN number bigserial")
    awkward.execute("ALTER TABLE public.artifacts ADD COLUMN n integer GENERATED ALWAYS AS IDENTITY")
    before = dump(awkward, server, "--exclude-schema=etl")
    assert "number" in before
    assert dry(awkward).exit_code == 0
    assert dump(awkward, server, "--exclude-schema=etl") == before


def test_a_number_that_was_given_is_not_given_again(world: World) -> None:
    world.legacy(LEGACY)
    world.sign_up("ann@example.com")
    world.execute(
        "ALTER TABLE public.jobs ADD COLUMN n serial UNIQUE;"
        "INSERT INTO public.jobs (user_id, job_type, status) SELECT id, 'native', 'x' FROM public.profiles"
    )
    assert dry(world).exit_code == 0
    assert world.migrate().exit_code == 0


def test_what_only_a_commit_would_find_is_found(awkward: World) -> None:
    awkward.execute(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END $$;"
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON public.jobs DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.source_file = 'a.wav') EXECUTE FUNCTION public.refuse()"
    )
    awkward.write_spec(("policy:", "policy:\n  triggers: fire"))
    before = awkward.checksum(*EVERYTHING)
    outcome = dry(awkward)
    assert outcome.exit_code == 1
    assert outcome.books.as_json()["tables"]["jobs"]["loaded"] == 1  # the other user's
    assert awkward.checksum(*EVERYTHING) == before
    assert awkward.migrate().exit_code == 1
    assert awkward.query("SELECT count(*) FROM public.jobs") == [(1,)]


def test_a_red_check_is_told(awkward: World) -> None:
    awkward.write_spec(("policy:", "policy:\n  max_quarantined: 0"))
    outcome = dry(awkward)
    assert outcome.exit_code == 1


def test_the_command_says_that_nothing_was_kept(awkward: World) -> None:
    found = awkward.cli("migrate", "--dry-run", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["tables"] == BOOKS
    assert "rolled back" in found.stderr
    page = (awkward.folder / "artifacts" / "reports" / "dry_run.html").read_text(encoding="utf-8")
    assert "removed in the new app." not in page  # each savepoint's rows bear a mark of their own
    assert awkward.query("SELECT count(*) FROM public.jobs") == [(0,)]


@pytest.fixture
def many(world: World) -> World:
    """Thirty users with a job each, and artifacts that refer to the job of the next user."""
    numbers = range(1, 31)
    world.write_spec(
        (
            "owner: {via: job_id}           # an artifact belongs to the owner of its job",
            "owner: {from: user_id, to: user_id}",
        )
    )
    world.execute("ALTER TABLE public.artifacts ADD COLUMN user_id uuid")
    schema = world_schema()
    world.legacy(
        "".join(
            f"INSERT INTO users VALUES ({n}, 'u{n}@example.com', NULL, '{AT}');"
            f"INSERT INTO jobs VALUES ({n}, {n}, 'e', 's', '{AT}', NULL, NULL, NULL, NULL);"
            for n in numbers
        )
        + "".join(f"INSERT INTO artifacts VALUES ({n}, {n % 30 + 1}, 'k', 'p', 1, '{AT}', {n});" for n in (3, 4, 17)),
        schema=schema,
    )
    world.sign_up(*(f"u{n}@example.com" for n in numbers))
    return world


def world_schema() -> str:
    from etl_assets_tests.world import LEGACY_SCHEMA  # noqa: PLC0415

    return LEGACY_SCHEMA.replace(
        "size_bytes INTEGER, created_at TEXT)", "size_bytes INTEGER, created_at TEXT, user_id INTEGER)"
    )


def taken(world: World) -> set[int]:
    return {
        int(user) for (user,) in world.query("SELECT legacy_user_id FROM etl.legacy_user_map WHERE wave IS NOT NULL")
    }


def sample(world: World, text: str) -> object:
    return world.migrate(sample=text)


def test_a_sample_takes_n_users_and_whom_they_need_and_a_full_run_completes_it(many: World) -> None:
    outcome = sample(many, "5/0")
    assert outcome.exit_code == 0
    assert outcome.books.closed
    chosen = taken(many)
    assert 5 <= len(chosen) <= 8
    for owner, needs in ((3, 4), (4, 5), (17, 18)):
        assert owner not in chosen or needs in chosen
    assert many.query("SELECT count(*) FROM public.jobs") == [(len(chosen),)]
    assert many.query("SELECT count(*) FROM public.artifacts") == [(len(chosen & {3, 4, 17}),)]
    assert many.query("SELECT count(*) FROM etl.meta WHERE key = 'migrate was run by hand'") == [(0,)]
    outcome = many.migrate()
    assert outcome.books.users["resolved"] == 30
    assert many.query("SELECT count(*) FROM public.artifacts") == [(3,)]


def test_the_seed_decides_who_is_taken(many: World) -> None:
    counts = {}
    for seed in ("0", "0", "1"):
        outcome = dry(many, sample=f"5/{seed}")
        assert outcome.exit_code == 0
        counts.setdefault(seed, []).append(outcome.books.users["resolved"])
    assert len(set(counts["0"])) == 1
    sample(many, "30/x")
    assert taken(many) == set(range(1, 31))


def test_a_dry_run_does_not_wait_for_ever(migrated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_S", 1.0)
    with psycopg.connect(migrated.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [postgres.WRITER_LOCK])
        with pytest.raises(Unavailable, match="Another run is writing"):
            dry(migrated)
