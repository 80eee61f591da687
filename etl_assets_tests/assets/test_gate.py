"""Every blocking validation fails when it should, and the load refuses in a later run of its own."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import pytest

from etl_assets.access.postgres.connection import Connection, connect
from etl_assets.access.postgres.lanes import Connect
from etl_assets.assets.keys import (
    RECONCILIATION,
    RESOLVED,
    SNAPSHOT,
    USER_MAP,
    VERIFICATION,
    export_key,
    key_of,
    production_key,
)
from etl_assets.core.gate.gate import all_validations, require_gate
from etl_assets.core.load import load as loading
from etl_assets.core.memory.schema import rolled_back
from etl_assets.core.users.users import read_links
from etl_assets.model.errors import Refused
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import AT, World, failed_checks, failure_of

pytestmark = pytest.mark.usefixtures("without_dagster")

OWNED = [production_key(table) for table in ("jobs", "credit_transactions", "artifacts")]
TRIGGER = """
CREATE FUNCTION public.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER sends_mail AFTER INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.noop();
"""
# Each case: the check, where it is shown, and what breaks it after everything was staged and resolved.
CASES: dict[str, tuple[str, str]] = {
    "rows_match_the_export": ("staging/jobs", "DELETE FROM etl.stg_jobs WHERE _legacy_id = '1'"),
    "staging_is_current": ("staging/jobs", "UPDATE etl.staged SET spec_digest = 'another' WHERE \"table\" = 'jobs'"),
    "new_ids_are_free": (
        "staging/credit_transactions",
        "INSERT INTO public.credit_transactions (id, user_id, amount, transaction_type) "
        "SELECT s._new_id, p.id, 1, 'native' FROM etl.stg_credit_transactions AS s, public.profiles AS p "
        "WHERE s._legacy_id = '1' LIMIT 1",
    ),
    "triggers_are_agreed": ("staging/jobs", TRIGGER),
    "every_legacy_user_is_in_the_map": (
        "legacy_user_map",
        "DELETE FROM etl.legacy_user_map WHERE legacy_user_id = '4'",
    ),
    "staging_is_of_one_snapshot": (
        "resolved_users",
        "UPDATE etl.staged SET snapshot = 'older' WHERE \"table\" = 'jobs'",
    ),
    "one_account_per_legacy_user": (
        "resolved_users",
        "UPDATE etl.legacy_user_map SET supabase_user_id = (SELECT supabase_user_id FROM etl.legacy_user_map "
        "WHERE legacy_user_id = '1'), wave = 'x', claimed_at = now(), confirmed_at = now() WHERE legacy_user_id = '4'",
    ),
    "every_claim_was_confirmed": (
        "resolved_users",
        "UPDATE etl.legacy_user_map SET supabase_user_id = (SELECT id FROM auth.users WHERE email = 'cat@example.com') "
        "WHERE legacy_user_id = '3'",
    ),
}


def checks_of(world: World, key: dg.AssetKey) -> set[str]:
    """The failed checks of one asset, evaluated alone."""
    selection = dg.AssetSelection.checks_for_assets(key)
    definitions = dg.Definitions.merge(world.definitions(), dg.Definitions(jobs=[dg.define_asset_job("c", selection)]))
    result = definitions.resolve_job_def("c").execute_in_process(instance=world.instance, raise_on_error=False)
    return failed_checks(result)


@pytest.mark.parametrize("check", CASES)
def test_what_a_check_would_show_the_gate_refuses(staged: World, check: str) -> None:
    asset, breaking = CASES[check]
    shown = [one for one in all_validations(staged.spec) if (one.name, one.asset) == (check, asset)]
    with connect(staged.url) as connection, rolled_back(connection, run="test"):
        require_gate(connection, read_links(connection, staged.spec))
        connection.execute(breaking.encode())
        links = read_links(connection, staged.spec)
        assert [one.find(connection, links).count > one.allowed for one in shown] == [True]
        with pytest.raises(Refused, match=f"{check} fails on"):
            require_gate(connection, links)


# One for each kind of asset that shows checks.
@pytest.mark.parametrize(
    "check", ["rows_match_the_export", "every_legacy_user_is_in_the_map", "one_account_per_legacy_user"]
)
def test_a_red_check_is_shown_and_stops_a_load_alone_in_a_later_run(staged: World, check: str) -> None:
    asset, breaking = CASES[check]
    staged.execute(breaking)
    before = staged.checksum(*PRODUCTION)
    assert check in checks_of(staged, key_of(asset))
    load = staged.materialize(*OWNED, partition_key=staged.wave())
    assert not load.success
    assert check in failure_of(load)
    assert staged.checksum(*PRODUCTION) == before
    assert staged.query("SELECT count(*) FROM etl.loaded") == [(0,)]


def test_every_blocking_validation_of_the_default_spec_has_a_case(world: World) -> None:
    blocking = {validation.name for validation in all_validations(world.spec) if validation.blocking}
    assert blocking == set(CASES)


def test_the_load_goes_through_when_nothing_is_red(staged: World) -> None:
    wave = staged.wave()
    assert staged.materialize(*OWNED, partition_key=wave).success
    assert staged.query("SELECT count(*) FROM etl.loaded") == [(6,)]


def test_a_limit_on_the_quarantine_blocks(awkward: World) -> None:
    awkward.write_spec(("policy:\n", "policy:\n  max_quarantined: 0\n"))
    assert awkward.migrate().exit_code == 1
    assert awkward.query("SELECT count(*) FROM etl.loaded") == [(0,)]
    awkward.write_spec(("policy:\n", "policy:\n  max_quarantined: 1\n"))
    assert awkward.migrate().exit_code == 0


def test_a_uniqueness_check_of_severity_error_blocks(awkward: World) -> None:
    awkward.write_spec(("severity: warn", "severity: error"))
    assert awkward.migrate().exit_code == 1
    assert awkward.query("SELECT count(*) FROM public.credit_transactions") == [(0,)]


def test_triggers_that_the_spec_lets_fire_do_not_block(awkward: World) -> None:
    awkward.execute(TRIGGER)
    awkward.write_spec(("policy:\n", "policy:\n  triggers: {jobs: fire}\n"))
    assert awkward.migrate().exit_code == 0


def test_a_wave_that_was_not_resolved_cannot_be_loaded(staged: World) -> None:
    staged.instance.add_dynamic_partitions("login_wave", ["2020-01-01T000000Z"])
    load = staged.materialize(*OWNED, partition_key="2020-01-01T000000Z")
    assert "was not resolved yet" in failure_of(load)


def test_a_hostile_partition_key_reaches_no_statement(staged: World) -> None:
    key = "x'; DROP TABLE etl.loaded; --"
    staged.instance.add_dynamic_partitions("login_wave", [key])
    assert "UTC time" in failure_of(staged.materialize(RESOLVED, partition_key=key))
    assert staged.query("SELECT count(*) FROM etl.loaded") == [(0,)]


def test_a_target_that_changed_since_staging_is_refused(staged: World) -> None:
    wave = staged.wave()
    staged.execute("ALTER TABLE public.credit_transactions ADD CONSTRAINT small CHECK (amount < 1000)")
    assert "staging_is_current" in failure_of(staged.materialize(*OWNED, partition_key=wave))


def tampered_export(world: World) -> None:
    path = next((world.folder / "artifacts").rglob("exports/jobs.csv"))
    path.write_text(path.read_text(encoding="utf-8").replace("a.wav", "b.wav"), encoding="utf-8")


def shortened_export(world: World) -> None:
    path = next((world.folder / "artifacts").rglob("exports/jobs.json"))
    path.write_text(path.read_text(encoding="utf-8").replace('"rows": 8', '"rows": 7'), encoding="utf-8")


def leaking_export(world: World) -> None:
    path = next((world.folder / "artifacts").rglob("exports/jobs.csv"))
    path.write_text(path.read_text(encoding="utf-8").replace("_key,", "password_hash,_key,", 1), encoding="utf-8")


def damaged_copy(world: World) -> None:
    path = next((world.folder / "artifacts").rglob("snapshots/*/legacy.db"))
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("check", "key", "breaking"),
    [
        ("file_matches_its_manifest", export_key("jobs"), tampered_export),
        ("rows_match_the_snapshot", export_key("jobs"), shortened_export),
        ("only_named_columns_left", export_key("jobs"), leaking_export),
        ("the_copy_is_intact", SNAPSHOT, damaged_copy),
    ],
)
def test_a_red_artifact_check_stops_its_own_run(
    staged: World, check: str, key: dg.AssetKey, breaking: Callable[[World], None]
) -> None:
    assert checks_of(staged, key) == set()
    breaking(staged)
    assert check in checks_of(staged, key)


def test_staging_refuses_an_export_that_was_changed(staged: World) -> None:
    tampered_export(staged)
    result = staged.materialize(key_of("staging/jobs"))
    assert "changed after it was written" in failure_of(result)


CHANGES_ROWS = """
CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN {body} END $$;
CREATE TRIGGER meddle {when} INSERT ON public.credit_transactions FOR EACH ROW EXECUTE FUNCTION public.meddle();
"""


ADDS_ONE = "UPDATE public.credit_transactions SET amount = amount + 1 WHERE id = NEW.id; RETURN NULL;"


@pytest.mark.parametrize(
    ("when", "body"),
    [
        ("BEFORE", "NEW.amount := NEW.amount + 1; RETURN NEW;"),
        ("BEFORE", "RETURN NULL;"),
        ("AFTER", ADDS_ONE),
        ("AFTER", "DELETE FROM public.credit_transactions WHERE id = NEW.id; RETURN NULL;"),
    ],
)
def test_a_target_that_changes_or_swallows_rows_is_noticed_before_the_commit(
    awkward: World, when: str, body: str
) -> None:
    awkward.execute(CHANGES_ROWS.format(body=body, when=when))
    awkward.write_spec(("policy:\n", "policy:\n  triggers: fire\n"))
    assert awkward.migrate().exit_code == 1
    assert awkward.query("SELECT count(*) FROM public.jobs") == [(0,)]
    assert awkward.query("SELECT count(*) FROM etl.loaded") == [(0,)]


def test_rows_altered_behind_the_read_back_turn_reconciliation_and_verification_red(
    awkward: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "require_as_written", lambda *_, **__: None)
    deferred = CHANGES_ROWS.replace("CREATE TRIGGER", "CREATE CONSTRAINT TRIGGER").replace(
        "FOR EACH ROW", "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    )
    awkward.execute(deferred.format(body=ADDS_ONE, when="AFTER"))
    awkward.write_spec(("policy:\n", "policy:\n  triggers: fire\n"))
    wave = awkward.stage()
    assert awkward.materialize(*OWNED, partition_key=wave).success
    assert failed_checks(awkward.materialize(RECONCILIATION, partition_key=wave)) == {
        "rows_are_equal",
        "sums_are_equal",
    }
    assert failed_checks(awkward.materialize(VERIFICATION)) == {"rows_are_equal", "sums_are_equal"}


def test_later_edits_by_users_are_listed_and_never_red(staged: World) -> None:
    wave = staged.wave()
    assert staged.materialize(*OWNED, partition_key=wave).success
    staged.execute("UPDATE public.credit_transactions SET amount = amount + 1 WHERE amount = 100")
    staged.execute("DELETE FROM public.credit_transactions WHERE amount = 7")
    result = staged.materialize(VERIFICATION)
    assert result.success
    assert failed_checks(result) == set()  # the new app is in use, and nobody has to do anything
    found = next(e for e in result.get_asset_check_evaluations() if e.check_name == "no_row_was_doubled_since")
    assert "1 row was changed and 1 removed" in (found.description or "")
    assert (found.metadata["changed_since"].value, found.metadata["gone_since"].value) == (1, 1)


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM etl.stg_jobs WHERE _legacy_id = '3'",
        "DELETE FROM etl.quarantine WHERE legacy_id = '7'",
        "DELETE FROM etl.loaded WHERE \"table\" = 'credit_transactions' AND legacy_id = '1'; "
        "DELETE FROM etl.stg_credit_transactions WHERE _legacy_id = '1'",
    ],
)
def test_a_row_that_nobody_accounts_for_opens_the_books(migrated: World, loss: str) -> None:
    migrated.execute(loss)
    result = migrated.materialize(VERIFICATION)
    assert not result.success
    staged = {"staging_is_as_it_was_written"} if "stg_" in loss else set()
    assert failed_checks(result) - {"rows_are_equal"} == {"the_books_close"} | staged
    # A row of ours that the ledger has lost is red by itself.
    assert ("rows_are_equal" in failed_checks(result)) == ("etl.loaded" in loss)


def test_warnings_show_a_number_and_do_not_block(awkward: World) -> None:
    awkward.legacy("INSERT INTO jobs VALUES (40, 1, 'export', 'x', '2999-01-01', NULL, NULL, NULL, NULL)")
    assert awkward.migrate().exit_code == 0
    assert checks_of(awkward, key_of("staging/jobs")) == {
        "owners_are_known",
        "quarantine_is_empty",
        "timestamps_are_not_in_the_future",
    }
    assert checks_of(awkward, key_of("staging/credit_transactions")) == {"reference_id_is_unique"}
    assert checks_of(awkward, key_of("staging/artifacts")) == {"references_are_known"}
    assert checks_of(awkward, USER_MAP) == {"emails_are_unique", "emails_are_valid"}
    assert checks_of(awkward, RESOLVED) == set()


def test_edits_in_the_legacy_app_after_the_load_are_listed_and_not_followed(migrated: World) -> None:
    before = migrated.checksum(*PRODUCTION)
    migrated.legacy("UPDATE credit_transactions SET amount = 999 WHERE id = 1")
    assert migrated.migrate().exit_code == 0
    assert failed_checks(migrated.materialize(VERIFICATION)) == {"nothing_changed_in_legacy_since"}
    assert migrated.checksum(*PRODUCTION) == before


@pytest.mark.usefixtures("with_dagster")
def test_unmapped_rows_fall_to_zero_as_users_come_back(world: World) -> None:
    world.legacy(
        f"INSERT INTO users VALUES (1, 'a@example.com', NULL, '{AT}'), (2, 'b@example.com', NULL, '{AT}');"
        f"INSERT INTO jobs VALUES (1, 1, 'e', 's', '{AT}', NULL, NULL, NULL, NULL), (2, 2, 'e', 's', '{AT}', NULL, NULL, NULL, NULL)"
    )
    counts = []
    for address in ("a@example.com", "b@example.com"):
        world.sign_up(address)
        assert world.migrate().exit_code == 0
        records = itertools.chain.from_iterable(
            world.instance.get_records_for_run(run.run_id).records for run in world.instance.get_runs(limit=1)
        )
        counts += [
            evaluation.metadata["count"].value
            for record in records
            if (event := record.event_log_entry.dagster_event) and event.event_type_value == "ASSET_CHECK_EVALUATION"
            if (evaluation := event.event_specific_data).check_name == "waiting_rows_are_counted"
        ]
    assert counts == [1, 0]


TAKING = (
    "INSERT INTO public.jobs (id, user_id, job_type, status, created_at) SELECT s._new_id, p.id, 'n', 'n', now()"
    " FROM etl.stg_jobs AS s, public.profiles AS p WHERE s._legacy_id = '2' AND p.email = 'fay@example.com'"
    " ON CONFLICT DO NOTHING"
)


def test_an_id_that_is_taken_between_two_transactions_stops_the_second(
    awkward: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "USERS_PER_TRANSACTION", 1)
    wave = awkward.stage()
    with connect(awkward.url) as connection:
        loader = loading.Loader(connection, awkward.links(), {}, "test")
        with pytest.raises(Refused, match="new_ids_are_free fails on jobs for 1 "):
            loading.load_wave(loader, wave=wave, progress=lambda *_: awkward.execute(TAKING))
    assert awkward.query("SELECT DISTINCT legacy_user_id FROM etl.loaded") == [("1",)]


@pytest.mark.parametrize("with_lanes", [False, True])
def test_the_gate_of_a_small_wave_looks_at_everybodys_rows_before_one_is_written(
    awkward: World, monkeypatch: pytest.MonkeyPatch, *, with_lanes: bool
) -> None:
    for name, value in {"USERS_PER_TRANSACTION": 1, "USERS_FOR_LANES": 1, "is_large": lambda *_: with_lanes}.items():
        monkeypatch.setattr(loading, name, value)
    wave = awkward.stage()
    awkward.execute(TAKING)
    opened: list[Connection] = []
    with connect(awkward.url) as connection:
        loader = loading.Loader(connection, awkward.links(), {}, "test", opening(awkward, opened, with_lanes))
        with pytest.raises(Refused, match="new_ids_are_free fails on jobs for 1 "):
            loading.load_wave(loader, wave=wave, progress=lambda *_: None)
        assert awkward.query("SELECT count(*) FROM etl.loaded") == [(0,)]
        assert opened == []
        awkward.execute("DELETE FROM public.jobs WHERE status = 'n'")
        loading.load_wave(loader, wave=wave, progress=lambda *_: None)
    assert awkward.query("SELECT count(*) FROM etl.loaded") == [(6,)]
    assert len(opened) == (2 if with_lanes else 0)


def opening(world: World, opened: list[Connection], with_lanes: bool) -> Connect | None:
    """What opens a lane's connection and notes it; none without lanes."""

    @contextmanager
    def another() -> Iterator[Connection]:
        with connect(world.url) as connection:
            opened.append(connection)
            yield connection

    return another if with_lanes else None


def test_an_export_is_written_again_only_where_it_would_be_another(staged: World) -> None:
    [path] = (staged.folder / "artifacts").rglob("exports/jobs.csv")
    first = path.stat().st_ino
    assert staged.materialize(export_key("jobs")).success
    assert path.stat().st_ino == first
    for breaking in (tampered_export, shortened_export):
        breaking(staged)
        assert staged.materialize(export_key("jobs")).success
        assert checks_of(staged, export_key("jobs")) == set()
        assert path.stat().st_ino != first
        first = path.stat().st_ino
