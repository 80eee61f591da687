"""The legacy app stays live: what it changes after the load."""

import csv
from collections.abc import Callable

import pytest

from etl_assets.assets.keys import VERIFICATION
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.model.errors import UndoRefused
from etl_assets_tests.scenario import PRODUCTION, begin
from etl_assets_tests.world import AT, World, failed_checks
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

UPDATE = ("policy:", "policy:\n  on_change: update")


def last_wave(world: World) -> str:
    return str(world.query("SELECT max(wave) FROM etl.waves")[0][0])


def status_of(world: World, legacy_id: int) -> str:
    return str(
        world.query(
            "SELECT j.status FROM public.jobs AS j JOIN etl.loaded AS l ON l.new_id = j.id::text WHERE l.legacy_id = %s"
            " AND l.table = 'jobs'",
            str(legacy_id),
        )[0][0]
    )


def changes(world: World) -> list[str]:
    path = world.folder / "artifacts" / "reports" / "legacy_changes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [",".join(cells[:3]) for cells in csv.reader(file)][1:]


@pytest.fixture
def updating(after: Callable[[Press], World]) -> World:
    return after(migrate_with_updates)


def migrate_with_updates(world: World) -> None:
    begin(world)
    world.write_spec(UPDATE)
    assert world.migrate().exit_code == 0


def test_a_changed_row_is_listed_and_production_keeps_what_was_loaded(migrated: World) -> None:
    before = migrated.checksum(*PRODUCTION)
    migrated.legacy("UPDATE jobs SET status = 'changed' WHERE id = 1; DELETE FROM jobs WHERE id = 2")
    outcome = migrated.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert migrated.checksum(*PRODUCTION) == before
    assert changes(migrated) == ["jobs,1,changed_in_legacy", "jobs,2,vanished_in_legacy"]
    assert "nothing_changed_in_legacy_since" in failed_checks(migrated.materialize(VERIFICATION))


def test_a_changed_row_is_written_over_with_the_next_wave_where_the_spec_says_so(updating: World) -> None:
    updating.legacy(
        "UPDATE jobs SET status = 'changed', metadata = NULL, result_file = 'x' WHERE id = 1;"
        "UPDATE credit_transactions SET amount = 101 WHERE id = 1"
    )
    outcome = updating.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert updating.query("SELECT status, metadata, result_file FROM public.jobs WHERE source_file = 'a.wav'") == [
        ("changed", None, "x")
    ]
    assert updating.query("SELECT sum(amount) FROM public.credit_transactions") == [(78,)]
    assert changes(updating) == []
    assert len(outcome.books.waves) == 2
    former = updating.query('SELECT "table", legacy_id, wave, content FROM etl.former ORDER BY 1, 2')
    assert [(row[0], row[1], row[2]) for row in former] == [
        ("credit_transactions", "1", last_wave(updating)),
        ("jobs", "1", last_wave(updating)),
    ]
    assert former[1][3]["metadata"] == '{"a": 1}'
    before = updating.checksum(*PRODUCTION)
    assert len(updating.migrate().books.waves) == 2
    assert updating.checksum(*PRODUCTION) == before


def test_what_was_changed_on_both_sides_is_never_overwritten(updating: World) -> None:
    updating.execute("UPDATE public.jobs SET status = 'mine' WHERE source_file = 'a.wav'")
    updating.legacy("UPDATE jobs SET status = 'theirs' WHERE id = 1")
    assert updating.migrate().exit_code == 0
    assert status_of(updating, 1) == "mine"
    assert changes(updating) == ["jobs,1,changed_on_both_sides"]


def test_a_new_version_that_does_not_fit_is_refused_and_the_former_stays(updating: World) -> None:
    updating.legacy("UPDATE jobs SET created_at = 'tomorrow' WHERE id = 1")
    outcome = updating.migrate()
    assert outcome.books.closed
    assert changes(updating) == ["jobs,1,new_version_refused"]
    assert status_of(updating, 1) == "done"


def test_a_row_that_its_user_removed_does_not_come_back_by_being_changed(updating: World) -> None:
    updating.execute("DELETE FROM public.credit_transactions WHERE amount = -30")
    updating.legacy("UPDATE credit_transactions SET amount = -31 WHERE id = 2")
    assert updating.migrate().books.closed
    assert updating.query("SELECT count(*) FROM public.credit_transactions WHERE amount < 0") == [(0,)]
    assert changes(updating) == ["credit_transactions,2,changed_in_legacy_and_removed_in_production"]


def test_a_row_that_changes_its_owner_stays_where_it_is(updating: World) -> None:
    updating.legacy("UPDATE jobs SET user_id = 2, status = 'moved' WHERE id = 1")
    outcome = updating.migrate()
    assert outcome.books.closed
    assert status_of(updating, 1) == "done"


def test_a_changed_reference_waits_for_its_row(updating: World) -> None:
    updating.legacy(
        "INSERT INTO jobs VALUES (30, 1, 'export', 'new', 'not yet', NULL, NULL, NULL, NULL);"
        "UPDATE artifacts SET job_id = 30 WHERE id = 1"
    )
    assert updating.migrate().books.closed
    assert "artifacts,1,changed_in_legacy" in changes(updating)
    updating.legacy(f"UPDATE jobs SET created_at = '{AT}' WHERE id = 30")
    outcome = updating.migrate()
    assert outcome.exit_code == 0
    assert updating.query(
        "SELECT j.status FROM public.artifacts AS a JOIN public.jobs AS j ON j.id = a.job_id WHERE a.path = 'a.png'"
    ) == [("new",)]


def test_undo_gives_former_values_back(updating: World) -> None:
    before = updating.checksum(*PRODUCTION)
    updating.legacy(
        "UPDATE jobs SET status = 'changed', metadata = NULL WHERE id = 1;"
        "UPDATE jobs SET updated_at = '2025-01-01', source_file = NULL WHERE id = 2"
    )
    updating.migrate()
    assert updating.checksum(*PRODUCTION) != before
    done = undo(Stores(), updating.spec, wave=last_wave(updating), user="", run="test")
    assert done.restored == {"jobs": 2}
    assert updating.checksum(*PRODUCTION) == before
    assert updating.query("SELECT count(*) FROM etl.former") == [(0,)]
    outcome = updating.migrate()
    assert outcome.books.closed
    assert updating.checksum(*PRODUCTION) == before
    assert outcome.books.users["held"] == 3


def test_undo_refuses_what_a_later_wave_wrote_again(updating: World) -> None:
    for status in ("second", "third"):
        updating.legacy(f"UPDATE jobs SET status = '{status}' WHERE id = 1")
        updating.migrate()
    [(_,), (second,), (third,)] = updating.query("SELECT wave FROM etl.waves ORDER BY 1")
    with pytest.raises(UndoRefused, match="by another wave"):
        undo(Stores(), updating.spec, wave=second, user="", run="test")
    undo(Stores(), updating.spec, wave=third, user="", run="test")
    assert status_of(updating, 1) == "second"
    undo(Stores(), updating.spec, wave=second, user="", run="test")
    assert status_of(updating, 1) == "done"


@pytest.mark.usefixtures("with_dagster")
def test_a_trigger_on_update_is_asked_about_where_updates_are_wanted(migrated: World) -> None:
    migrated.execute(
        "CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.updated_at = clock_timestamp(); RETURN NEW; END';"
        "CREATE TRIGGER touch BEFORE UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.touch()"
    )
    migrated.write_spec(UPDATE)
    assert migrated.migrate().exit_code == 1
    migrated.write_spec(("policy:", "policy:\n  on_change: update\n  triggers: {jobs: fire}"))
    migrated.legacy("UPDATE jobs SET status = 'changed' WHERE id = 1")
    assert migrated.migrate().exit_code == 1  # the trigger rewrites the row, and that is noticed before the commit
    assert status_of(migrated, 1) == "done"


def test_an_unowned_row_follows_the_legacy_app_too(world: World) -> None:
    world.execute("CREATE TABLE public.plans (id bigint PRIMARY KEY, name text)")
    path = world.folder / "plans.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52\npolicy: {on_change: update}\n"
        "tables:\n  plans: {id: keep, owner: none, columns: {name: text}}\n"
    )
    world.use_spec(path)
    world.legacy(
        "", schema="CREATE TABLE plans (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO plans VALUES (1, 'free')"
    )
    assert world.migrate().exit_code == 0
    world.legacy("UPDATE plans SET name = 'basic'")
    assert world.migrate().exit_code == 0
    assert world.query("SELECT id, name FROM public.plans") == [(1, "basic")]


@pytest.mark.parametrize("value", ["'null'", "'{\"a\": 1.50}'"])
def test_a_former_value_comes_back_as_it_was(updating: World, value: str) -> None:
    updating.legacy(f"UPDATE jobs SET metadata = {value} WHERE id = 1")
    updating.migrate()
    before = updating.checksum(*PRODUCTION)
    updating.legacy("UPDATE jobs SET metadata = '{\"b\": 1}' WHERE id = 1")
    updating.migrate()
    undo(Stores(), updating.spec, wave=last_wave(updating), user="", run="test")
    assert updating.checksum(*PRODUCTION) == before


def test_giving_values_back_asks_about_triggers_on_update_and_not_on_delete(updating: World) -> None:
    updating.legacy("UPDATE jobs SET status = 'changed' WHERE id = 1")
    updating.migrate()
    trigger = (
        "CREATE OR REPLACE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER tell AFTER {} ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.note()"
    )
    updating.execute(trigger.format("UPDATE"))
    with pytest.raises(UndoRefused, match=r"updating public.jobs would fire"):
        undo(Stores(), updating.spec, wave=last_wave(updating), user="", run="test")
    updating.execute("DROP TRIGGER tell ON public.jobs;" + trigger.format("DELETE"))
    assert undo(Stores(), updating.spec, wave=last_wave(updating), user="", run="test").restored == {"jobs": 1}


def test_children_of_a_loaded_row_that_became_unreadable_have_not_moved(migrated: World) -> None:
    migrated.legacy("UPDATE jobs SET created_at = 'never' WHERE id = 1")
    outcome = migrated.migrate()
    assert outcome.books.closed
    with (migrated.folder / "artifacts" / "reports" / "legacy_changes.csv").open(encoding="utf-8", newline="") as file:
        told = [line[:3] for line in csv.reader(file)][1:]
    assert told == [["jobs", "1", "new_version_refused"]]
    quarantine = (migrated.folder / "artifacts" / "reports" / "quarantine.csv").read_text(encoding="utf-8")
    assert "owner_changed" not in quarantine
    assert outcome.books.as_json()["tables"]["artifacts"]["loaded"] == 1
