"""The cut-over: the legacy app is at its end."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl_assets.assets.keys import FREEZE, SNAPSHOT, VERIFICATION, VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import freeze_now, lift_freeze, to_switch_on
from etl_assets.model.errors import FreezeRefused, LegacyThawed
from etl_assets.settings import read_settings
from etl_assets_tests.core import migrate_dry_here
from etl_assets_tests.scenario import begin
from etl_assets_tests.world import AT, World, failed_checks, failure_of
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")


def freeze(world: World) -> str:
    return freeze_now(Stores(), world.spec, run="test").snapshot


def page(world: World) -> str:
    return (world.folder / "artifacts" / "reports" / "migration_report.html").read_text()


@pytest.fixture
def frozen(after: Callable[[Press], World]) -> World:
    return after(migrate_and_freeze)


def migrate_and_freeze(world: World) -> None:
    begin(world)
    world.migrate()
    freeze(world)


def test_the_report_becomes_the_sign_off(frozen: World) -> None:
    assert frozen.run(VERIFY) == 0
    assert "Sign-off report" in page(frozen)
    assert "Ready to sign. The legacy app is frozen" in page(frozen)
    assert "The legacy app was frozen at" in page(frozen)


def test_what_was_switched_off_is_to_be_switched_on_again(frozen: World) -> None:
    frozen.execute(
        "CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER mail AFTER INSERT ON public.jobs EXECUTE FUNCTION public.nothing();"
        "ALTER TABLE public.jobs DISABLE TRIGGER mail;"
        "CREATE PUBLICATION supabase_realtime FOR TABLE public.profiles, public.artifacts"
    )
    told = frozen.cli("freeze").stderr
    assert frozen.run(VERIFY) == 0
    for text in (told, page(frozen)):
        assert "Triggers of the target that do not fire: mail on public.jobs" in text
        assert "Realtime does not send public.credit_transactions, public.jobs." in text.replace("&#39;", "'")
    frozen.execute("ALTER TABLE public.jobs ENABLE TRIGGER mail; DROP PUBLICATION supabase_realtime")
    assert to_switch_on(Stores(), frozen.spec) == []


def test_freezing_twice_changes_nothing(frozen: World) -> None:
    before = frozen.query("SELECT value, written_at FROM etl.meta WHERE key = 'frozen snapshot'")
    assert freeze(frozen) == json.loads(before[0][0])["snapshot"]
    assert frozen.query("SELECT value, written_at FROM etl.meta WHERE key = 'frozen snapshot'") == before


def test_a_changed_legacy_file_is_an_error(frozen: World) -> None:
    before = frozen.checksum("etl.stg_jobs", "etl.legacy_user_map")
    frozen.legacy(f"INSERT INTO jobs VALUES (50, 1, 'e', 's', '{AT}', NULL, NULL, NULL, NULL)")
    result = frozen.materialize(SNAPSHOT)
    assert "somebody still writes to the old app" in failure_of(result)
    assert "the_legacy_app_is_as_it_was_frozen" in failed_checks(frozen.materialize(VERIFICATION))
    assert frozen.migrate().exit_code == 1
    assert frozen.checksum("etl.stg_jobs", "etl.legacy_user_map") == before
    assert lift_freeze(Stores(), run="test")
    assert frozen.migrate().exit_code == 0
    assert freeze(frozen)


def test_a_schema_that_is_not_whole_does_not_lift_the_freeze(frozen: World) -> None:
    frozen.execute("DROP TABLE etl.lanes")
    frozen.legacy(f"INSERT INTO jobs VALUES (50, 1, 'e', 's', '{AT}', NULL, NULL, NULL, NULL)")
    assert "somebody still writes to the old app" in failure_of(frozen.materialize(SNAPSHOT))


def test_a_table_without_a_key_that_is_called_snapshot_and_the_freeze_are_two(world: World) -> None:
    world.legacy(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); CREATE TABLE snapshot (user_id INTEGER, words TEXT);"
        "INSERT INTO users VALUES (1, 'a@x.org'); INSERT INTO snapshot VALUES (1, 'hello')",
        schema="",
    )
    world.execute("CREATE TABLE public.snapshots (id uuid PRIMARY KEY, user_id uuid, words text)")
    path = world.folder / "keyless.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\nusers: {}\ntables:\n  snapshot:\n"
        "    target: public.snapshots\n    key: [rowid]\n    owner: user_id\n    columns: {words: text}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    world.sign_up("a@x.org")
    assert world.migrate().exit_code == 0
    assert freeze(world)
    assert world.migrate().exit_code == 0
    facts = dict(world.query("SELECT key, value FROM etl.meta"))
    assert facts["frozen snapshot"].startswith("{")
    assert not facts["keyless snapshot"].startswith("{")


def test_a_second_freeze_at_another_content_is_refused(frozen: World) -> None:
    frozen.execute(
        "UPDATE etl.meta SET value = jsonb_set(value::jsonb, '{sha256}', to_jsonb(repeat('0', 64)))::text "
        "WHERE key = 'frozen snapshot'"
    )
    with pytest.raises(LegacyThawed):
        freeze(frozen)


def test_a_touched_file_with_the_same_content_is_none(frozen: World) -> None:
    frozen.legacy_path.touch()
    assert frozen.migrate().exit_code == 0


@pytest.mark.usefixtures("with_dagster")
def test_a_snapshot_of_another_name_with_the_same_content_is_none(frozen: World) -> None:
    assert migrate_dry_here(read_settings(), frozen.spec, say=frozen.said.append).exit_code == 0
    frozen.legacy("UPDATE jobs SET status = 'x' WHERE id = 1")
    assert migrate_dry_here(read_settings(), frozen.spec, say=frozen.said.append).exit_code == 1


def test_another_machine_after_the_freeze_goes_on_with_the_same_file(frozen: World) -> None:
    shutil.rmtree(frozen.folder / "artifacts")
    frozen.sign_up("dan@example.com")
    assert frozen.migrate().exit_code == 0
    assert "the_legacy_app_is_as_it_was_frozen" not in failed_checks(frozen.materialize(VERIFICATION))
    assert freeze(frozen)


def test_users_who_come_back_after_the_freeze_get_their_history(frozen: World) -> None:
    frozen.sign_up("dan@example.com")
    outcome = frozen.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.users["resolved"] == 3


def test_a_legacy_file_that_is_gone_is_no_change(frozen: World) -> None:
    frozen.legacy_path.unlink()
    assert "the_legacy_app_is_as_it_was_frozen" not in failed_checks(frozen.materialize(VERIFICATION))


def test_what_is_not_staged_or_has_changed_cannot_be_frozen(migrated: World) -> None:
    migrated.legacy("UPDATE jobs SET status = 'x' WHERE id = 1")
    with pytest.raises(FreezeRefused, match="has changed since snapshot"):
        freeze(migrated)
    assert migrated.materialize(SNAPSHOT).success
    with pytest.raises(FreezeRefused, match="is not the last snapshot"):
        freeze(migrated)
    migrated.migrate()
    assert freeze(migrated)


def test_the_command(migrated: World) -> None:
    done = migrated.cli("freeze")
    assert done.returncode == 0, done.stderr
    path = next(line for line in done.stderr.splitlines() if line.startswith("To sign:")).partition(": ")[2]
    assert "Sign-off report" in Path(path).read_text()
    migrated.legacy("UPDATE jobs SET status = 'x' WHERE id = 1")
    assert migrated.cli("migrate").returncode == 1
    lifted = migrated.cli("freeze", "--lift")
    assert "taken back" in lifted.stderr
    assert migrated.migrate().exit_code == 0
    actions = [
        action for (action,) in migrated.query("SELECT action FROM etl.audit_log WHERE action IN ('frozen', 'thawed')")
    ]
    assert actions == ["frozen", "thawed"]


def test_the_job_freezes_and_verifies(migrated: World) -> None:
    job = migrated.definitions().resolve_job_def(FREEZE)
    assert job.execute_in_process(instance=migrated.instance).success
    assert "Sign-off report" in page(migrated)
    lifted = job.execute_in_process(
        instance=migrated.instance, run_config={"ops": {"freeze_legacy": {"config": {"lift": True}}}}
    )
    assert lifted.success
    assert migrated.query("SELECT count(*) FROM etl.meta WHERE key = 'frozen snapshot'") == [(0,)]
