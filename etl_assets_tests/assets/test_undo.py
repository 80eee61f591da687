"""A wave or a user taken out of production again."""

import signal

import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.assets.keys import LOAD_WAVE
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import refused_lines
from etl_assets.automation.forgetting import forget
from etl_assets.core.cutover.cleanup import drop_staging
from etl_assets.core.load import load as loading
from etl_assets.core.verify.status import status
from etl_assets.faults import UNDO_POINTS
from etl_assets.model.errors import EtlError, SettingsError, UndoRefused
from etl_assets.settings import DEFAULT_SPEC
from etl_assets_tests.assets.undoing import last_wave, states, take_out
from etl_assets_tests.scenario import BOOKS, PRODUCTION, USERS
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

LATE_JOB = f"INSERT INTO jobs VALUES (20, 1, 'export', 'late', '{AT}', NULL, NULL, NULL, NULL)"


def test_production_is_what_it_was_before_the_wave_and_the_books_close(awkward: World) -> None:
    before = awkward.checksum(*PRODUCTION, "auth.users", "public.profiles")
    awkward.migrate()
    done = take_out(awkward, wave=last_wave(awkward))
    assert (done.users, done.removed) == (2, {"jobs": 2, "credit_transactions": 3, "artifacts": 1})
    assert awkward.checksum(*PRODUCTION, "auth.users", "public.profiles") == before
    assert awkward.query("SELECT count(*) FROM etl.loaded") == [(0,)]
    assert {user for user, state in states(awkward).items() if state == "held"} == {"1", "2", "7"}
    outcome = awkward.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert outcome.books.users == {**USERS, "resolved": 0, "held": 3}
    assert outcome.books.as_json()["waves"][0]["users"] == 0
    assert awkward.checksum(*PRODUCTION, "auth.users", "public.profiles") == before


def test_the_wave_can_be_run_again_by_the_command(migrated: World) -> None:
    after, wave = migrated.checksum(*PRODUCTION), last_wave(migrated)
    take_out(migrated, wave=wave)
    outcome = migrated.migrate(again=wave)
    assert outcome.exit_code == 0
    assert outcome.books.as_json()["tables"] == BOOKS
    assert outcome.books.users == USERS
    assert [(book.key, book.users, book.rows) for book in outcome.books.waves] == [(wave, 2, 6)]
    assert migrated.checksum(*PRODUCTION) == after
    with pytest.raises(SettingsError, match="was not undone"):
        migrated.migrate(again=wave)


def test_one_user_goes_and_comes_back_and_nobody_else_is_touched(migrated: World) -> None:
    after = migrated.checksum(*PRODUCTION)
    take_out(migrated, user="1")
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(1,)]
    assert migrated.query("SELECT sum(amount) FROM public.credit_transactions") == [(7,)]
    outcome = migrated.migrate()
    assert outcome.books.closed
    assert states(migrated)["1"] == "held"
    assert states(migrated)["2"] == "resolved"
    outcome = migrated.migrate(user="1")
    assert outcome.exit_code == 0
    assert outcome.books.users == USERS
    assert migrated.checksum(*PRODUCTION) == after
    with pytest.raises(SettingsError, match="not on hold"):
        migrated.migrate(user="1")


def test_a_late_wave_is_undone_alone_and_its_users_keep_their_claim(migrated: World) -> None:
    before = migrated.checksum(*PRODUCTION)
    migrated.legacy(LATE_JOB)
    migrated.migrate()
    wave = last_wave(migrated)
    take_out(migrated, wave=wave)
    assert migrated.checksum(*PRODUCTION) == before
    outcome = migrated.migrate()
    assert outcome.books.closed
    assert migrated.checksum(*PRODUCTION) == before
    assert states(migrated)["1"] == "held"
    assert migrated.query(
        "SELECT supabase_user_id IS NOT NULL FROM etl.legacy_user_map WHERE legacy_user_id = '1'"
    ) == [(True,)]
    assert migrated.migrate(again=wave).books.users == USERS
    assert migrated.query("SELECT count(*) FROM public.jobs WHERE status = 'late'") == [(1,)]


def test_the_first_wave_takes_the_later_rows_of_its_users_with_it(migrated: World) -> None:
    first = last_wave(migrated)
    migrated.legacy(LATE_JOB)
    migrated.migrate()
    take_out(migrated, wave=first)
    assert migrated.query("SELECT count(*) FROM public.jobs") == [(0,)]
    assert migrated.migrate().books.closed


def test_a_row_that_its_user_removed_stays_removed_through_undo_and_rerun(migrated: World) -> None:
    wave = last_wave(migrated)
    migrated.execute("DELETE FROM public.credit_transactions WHERE amount = -30")
    done = take_out(migrated, wave=wave)
    assert done.gone["credit_transactions"] == 1
    assert migrated.migrate().books.closed
    outcome = migrated.migrate(again=wave)
    assert outcome.books.closed
    assert sorted(migrated.query("SELECT amount FROM public.credit_transactions")) == [(7,), (100,)]


@pytest.mark.parametrize(
    ("statement", "table", "ids", "why"),
    [
        ("UPDATE public.jobs SET status = 'mine' WHERE source_file = 'a.wav'", "jobs", ["1"], "changed"),
        (
            "INSERT INTO public.artifacts (job_id, kind, path) SELECT id, 'native', 'n' FROM public.jobs WHERE source_file = 'a.wav'",
            "jobs",
            ["1"],
            "referred to",
        ),
        (
            "CREATE TABLE public.notes (job uuid REFERENCES public.jobs (id) ON DELETE CASCADE);"
            "INSERT INTO public.notes SELECT id FROM public.jobs",
            "jobs",
            ["1", "2"],
            "referred to",
        ),
    ],
)
def test_what_is_in_use_is_not_taken_out(migrated: World, statement: str, table: str, ids: list[str], why: str) -> None:
    migrated.execute(statement)
    before = migrated.checksum(*PRODUCTION, "etl.loaded", "etl.legacy_user_map", "etl.waves")
    with pytest.raises(UndoRefused, match=why) as refused:
        take_out(migrated, wave=last_wave(migrated))
    assert [(row[0], row[1]) for row in refused.value.rows] == [(table, key) for key in ids]
    assert migrated.checksum(*PRODUCTION, "etl.loaded", "etl.legacy_user_map", "etl.waves") == before


def test_a_reference_without_a_foreign_key_counts_too(awkward: World) -> None:
    awkward.execute("ALTER TABLE public.artifacts DROP CONSTRAINT artifacts_job_id_fkey")
    awkward.migrate()
    awkward.execute(
        "INSERT INTO public.artifacts (job_id, kind, path) SELECT id, 'native', 'n' FROM public.jobs LIMIT 1"
    )
    with pytest.raises(UndoRefused, match="referred to"):
        take_out(awkward, wave=last_wave(awkward))


def test_a_delete_trigger_of_the_app_is_asked_about_first(migrated: World) -> None:
    migrated.execute(
        "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
        "CREATE TRIGGER tell BEFORE DELETE ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.note()"
    )
    with pytest.raises(UndoRefused, match="would fire tell"):
        take_out(migrated, wave=last_wave(migrated))
    migrated.write_spec(("policy:", "policy:\n  triggers: {jobs: fire}"))
    assert take_out(migrated, wave=last_wave(migrated)).removed["jobs"] == 2


def test_after_a_cleanup_the_ledger_still_knows_and_the_last_books_follow(awkward: World) -> None:
    before = awkward.checksum(*PRODUCTION)
    awkward.migrate()
    with connect(awkward.url) as connection:
        drop_staging(connection, awkward.links(), run="test")
    take_out(awkward, wave=last_wave(awkward))
    assert awkward.checksum(*PRODUCTION) == before
    books = status(awkward.url, awkward.spec)
    assert books.closed
    assert books.as_json()["tables"]["jobs"] == {**BOOKS["jobs"], "loaded": 0, "waiting": 5}
    assert (books.users["resolved"], books.users["held"]) == (0, 3)
    assert awkward.migrate().books.users["held"] == 3


def test_nonsense_is_answered_with_one_sentence(migrated: World) -> None:
    with pytest.raises(SettingsError, match="is not a wave of this target"):
        take_out(migrated, wave="2001-01-01T000000Z")
    with pytest.raises(SettingsError, match="has claimed no account"):
        take_out(migrated, user="4")
    with pytest.raises(SettingsError, match="is not a legacy user"):
        take_out(migrated, user="nobody")
    with pytest.raises(SettingsError, match="one wave or one user"):
        take_out(migrated)
    take_out(migrated, wave=last_wave(migrated))
    with pytest.raises(SettingsError, match="undone already"):
        take_out(migrated, wave=last_wave(migrated))


def test_the_audit_trail_says_what_was_undone(migrated: World) -> None:
    take_out(migrated, wave=last_wave(migrated))
    [(detail,)] = migrated.query("SELECT detail FROM etl.audit_log WHERE action = 'undone'")
    assert detail["removed"] == {"jobs": 2, "credit_transactions": 3, "artifacts": 1}
    assert detail["users"] == 2
    assert "example.com" not in str(detail)


@pytest.mark.parametrize("point", UNDO_POINTS)
def test_a_kill_leaves_all_or_nothing(migrated: World, point: str) -> None:
    after, wave = migrated.checksum(*PRODUCTION, "etl.legacy_user_map"), last_wave(migrated)
    killed = migrated.cli("undo", "--wave", wave, ETL_FAULT=f"{point}:1")
    assert killed.returncode == -signal.SIGKILL
    if point == "undo.committed":
        assert migrated.query("SELECT count(*) FROM public.jobs") == [(0,)]
    else:
        assert migrated.checksum(*PRODUCTION, "etl.legacy_user_map") == after
        take_out(migrated, wave=wave)
    assert migrated.migrate().books.closed


def test_the_command_lists_what_hinders_and_exits_with_1(migrated: World) -> None:
    migrated.execute("UPDATE public.jobs SET status = 'mine' WHERE source_file = 'a.wav'")
    refused = migrated.cli("undo", "--wave", last_wave(migrated))
    assert refused.returncode == 1
    assert "jobs 1: changed in production since they were loaded" in refused.stderr
    assert migrated.cli("undo").returncode == 2
    assert migrated.cli("undo", "--user", "2").returncode == 0


def test_a_row_that_refers_to_a_partition_counts_too(awkward: World) -> None:
    awkward.execute(
        "DROP TABLE public.artifacts; DROP TABLE public.jobs;"
        "CREATE TABLE public.jobs (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, job_type text,"
        " status text, created_at timestamptz, updated_at timestamptz, source_file text, result_file text, metadata jsonb)"
        " PARTITION BY HASH (id);"
        "CREATE TABLE public.jobs_0 PARTITION OF public.jobs FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
        "CREATE TABLE public.notes (job uuid REFERENCES public.jobs_0 (id) ON DELETE CASCADE);"
    )
    text = DEFAULT_SPEC.read_text(encoding="utf-8")
    awkward.write_spec((text[text.index("  artifacts:\n") :], ""))
    assert awkward.migrate().exit_code == 0
    awkward.execute("INSERT INTO public.notes SELECT id FROM public.jobs")
    with pytest.raises(UndoRefused, match="referred to"):
        take_out(awkward, wave=last_wave(awkward))
    assert awkward.query("SELECT count(*) FROM public.notes") == [(2,)]


def test_a_wave_that_is_undone_while_it_loads_loads_no_more(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "USERS_PER_TRANSACTION", 1)
    wave = awkward.stage()
    with connect(awkward.url) as connection:
        loader = loading.Loader(connection, awkward.links(), {}, "test")
        with pytest.raises(EtlError, match="was undone"):
            loading.load_wave(loader, wave=wave, progress=lambda *_: take_out(awkward, wave=wave))
    assert awkward.query("SELECT count(*) FROM public.jobs") == [(0,)]
    assert awkward.query("SELECT loaded_at FROM etl.waves") == [(None,)]


def test_an_account_that_others_rows_name_keeps_its_claim(awkward: World) -> None:
    awkward.execute("ALTER TABLE public.jobs ADD COLUMN reviewer_id uuid")
    reviewer = '{type: uuid, expr: "CASE WHEN id = 2 THEN 1 END", references: {table: users, unresolved: wait}}'
    awkward.write_spec(("      metadata: jsonb\n", f"      metadata: jsonb\n      reviewer_id: {reviewer}\n"))
    awkward.migrate()
    with pytest.raises(UndoRefused, match="1 row of jobs names the account of a user who goes "):
        take_out(awkward, user="1")
    assert take_out(awkward, wave=last_wave(awkward)).removed["jobs"] == 2


def test_the_address_of_the_latest_snapshot_counts_again(migrated: World) -> None:
    migrated.legacy("UPDATE users SET email = 'ann@new.example' WHERE id = 1")
    migrated.migrate()
    wave = last_wave(migrated)
    take_out(migrated, user="1")
    assert migrated.query("SELECT email, email_key FROM etl.legacy_user_map WHERE legacy_user_id = '1'") == [
        ("ann@new.example", "ann@new.example")
    ]
    assert migrated.run(LOAD_WAVE, wave=wave) == 0
    assert states(migrated)["1"] == "waiting"


def test_a_person_who_removed_a_row_and_was_undone_can_be_forgotten(migrated: World) -> None:
    migrated.execute("DELETE FROM public.credit_transactions WHERE amount = -30")
    take_out(migrated, user="1")
    forget(Stores(), migrated.spec, "1", run="test")
    assert migrated.query("SELECT count(*) FROM etl.loaded WHERE legacy_user_id = '1'") == [(0,)]
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert migrated.query("SELECT sum(amount) FROM public.credit_transactions") == [(7,)]


def test_the_list_of_what_hinders_keeps_every_word() -> None:
    refusal = UndoRefused(
        "Undo refused",
        [("jobs", "17", "name the account of a user who goes"), ("jobs", "1", "were written again")],
        remedy="-",
    )
    assert refused_lines(refusal) == [
        "  jobs 17: name the account of a user who goes",
        "  jobs 1: written again",
    ]


def test_a_row_is_in_use_in_whichever_column_its_user_wrote(world: World) -> None:
    world.execute("ALTER TABLE public.jobs ADD COLUMN notes text, ADD COLUMN deleted_at timestamptz")
    world.legacy(
        f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');"
        f"INSERT INTO jobs VALUES (1, 1, 'e', 'done', '{AT}', NULL, NULL, NULL, NULL),"
        f" (2, 1, 'e', 'done', '{AT}', NULL, NULL, NULL, NULL)"
    )
    world.sign_up("ann@example.com")
    world.migrate()
    world.execute(
        "UPDATE public.jobs SET notes = 'two hours of work' WHERE id IN (SELECT min(id::text)::uuid FROM public.jobs)"
    )
    assert world.migrate().exit_code == 0
    [(tables,)] = world.query("SELECT tables FROM etl.compared WHERE by = 'verification'")
    assert tables["jobs"]["changed_since"] == 1
    with pytest.raises(UndoRefused) as refused:
        take_out(world, user="1")
    assert [why for _, _, why in refused.value.rows] == ["were changed in production since they were loaded"]
    assert world.query("SELECT count(*) FROM public.jobs") == [(2,)]
    assert world.cli("undo", "--user", "1").returncode == 1
    told = world.cli("undo", "--user", "1", "--in-use")
    assert told.returncode == 0, told.stderr
    assert "etl.taken_out" in told.stdout + told.stderr
    assert world.query("SELECT content ->> 'notes' FROM etl.taken_out") == [("two hours of work",)]
    assert world.query("SELECT count(*) FROM public.jobs") == [(0,)]
    assert world.migrate(user="1").exit_code == 0
    assert world.query("SELECT notes FROM public.jobs") == [(None,), (None,)]
