"""Balances beside the history: applied once, recorded, taken back, never doubled."""

import pytest

from etl_assets.assets.keys import USER_MAP, VERIFICATION
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.model.errors import SpecError, UndoRefused
from etl_assets.settings import DEFAULT_SPEC, read_settings
from etl_assets.spec.loader import load_spec
from etl_assets_tests.assets.wealth import WITH_PROFILES, balances, last_wave, notes, spec_with
from etl_assets_tests.core import migrate_dry_here
from etl_assets_tests.world import AT, World, failed_checks

pytestmark = pytest.mark.usefixtures("without_dagster")


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        ("{from: users.credits, apply: add}", {"ann": 80, "bob": 7}),
        ("{from: users.credits, apply: set}", {"ann": 70, "bob": 7}),
        ("{from: sum(credit_transactions.amount), apply: add}", {"ann": 80, "bob": 7}),
        ("{from: sum(credit_transactions.amount), apply: set}", {"ann": 70, "bob": 7}),
    ],
)
def test_a_balance_is_applied_once_and_undone(wealthy: World, balance: str, expected: dict[str, int]) -> None:
    spec_with(wealthy, balance)
    before = wealthy.checksum(*WITH_PROFILES)
    outcome = wealthy.migrate()
    assert outcome.exit_code == 0, wealthy.said
    assert balances(wealthy) == expected
    assert notes(wealthy) == [("1", 10, 70, expected["ann"]), ("2", None, 7, 7)]
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy) == expected
    after = wealthy.checksum(*WITH_PROFILES)
    wave = last_wave(wealthy)
    done = undo(Stores(), wealthy.spec, wave=wave, user="", run="test")
    assert done.balances == {"profiles.credits": 2}
    assert wealthy.checksum(*WITH_PROFILES) == before
    wealthy.migrate(again=wave)
    assert wealthy.checksum(*WITH_PROFILES) == after


def test_the_bonus_is_shown_and_the_books_of_the_balance_add_up(credited: World) -> None:
    result = credited.materialize(VERIFICATION)
    assert not {"balances_were_applied", "balances_agree_with_transactions"} & failed_checks(result)
    [check] = [c for c in result.get_asset_check_evaluations() if c.check_name == "balances_were_applied"]
    [record] = check.metadata["balances"].records
    assert record.data == {
        "balance": "profiles.credits",
        "users": 2,
        "legacy": "77",
        "applied": "77",
        "bonus": "10",
        "now": "87",
        "changed_in_legacy": 0,
        "used": 0,
    }


def test_later_rows_of_a_sum_count_once_whenever_they_arrive(summed: World) -> None:
    summed.execute("UPDATE public.profiles SET credits = credits - 5 WHERE email = 'ann@example.com'")  # spent
    summed.legacy(f"INSERT INTO credit_transactions VALUES (20, 1, 3, 'purchase', 'pi_20', '{AT}', NULL)")
    assert summed.migrate().exit_code == 0
    assert balances(summed) == {"ann": 78, "bob": 7}
    summed.legacy("DELETE FROM credit_transactions WHERE id = 1")  # vanished: nothing is taken away by itself
    assert summed.migrate().exit_code == 0
    assert balances(summed) == {"ann": 78, "bob": 7}


def test_a_balance_that_the_legacy_app_changes_later_follows_only_where_the_spec_says_so(credited: World) -> None:
    credited.legacy("UPDATE users SET credits = 75 WHERE id = 1")
    credited.migrate()
    assert balances(credited)["ann"] == 80
    spec_with(credited, "{from: users.credits, apply: add}", ("policy:", "policy:\n  on_change: update"))
    credited.execute("UPDATE public.profiles SET credits = credits - 20 WHERE email = 'ann@example.com'")  # spent
    assert credited.migrate().exit_code == 0
    assert balances(credited)["ann"] == 65
    credited.migrate()
    assert balances(credited)["ann"] == 65
    assert notes(credited)[:2] == [("1", 10, 70, 80), ("1", 60, 5, 65)]


def test_a_changed_transaction_moves_the_sum_by_the_difference(wealthy: World) -> None:
    spec_with(
        wealthy,
        "{from: sum(credit_transactions.amount), apply: add}",
        ("policy:", "policy:\n  on_change: update"),
    )
    wealthy.migrate()
    wealthy.legacy("UPDATE credit_transactions SET amount = 104 WHERE id = 1")
    before = wealthy.checksum(*WITH_PROFILES)
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 84
    undo(Stores(), wealthy.spec, wave=last_wave(wealthy), user="", run="test")
    assert wealthy.checksum(*WITH_PROFILES) == before


def test_undo_refuses_a_balance_that_was_spent(credited: World) -> None:
    credited.execute("UPDATE public.profiles SET credits = credits - 1 WHERE email = 'bob@example.com'")
    with pytest.raises(UndoRefused, match="spent or earned") as refused:
        undo(Stores(), credited.spec, wave=last_wave(credited), user="", run="test")
    assert refused.value.rows == (("profiles.credits", "2", "were spent or earned since"),)
    undo(Stores(), credited.spec, wave="", user="1", run="test")
    assert balances(credited) == {"ann": 10, "bob": 6}


def test_a_trigger_that_books_the_transactions_itself_is_noticed(wealthy: World) -> None:
    wealthy.execute(
        "CREATE FUNCTION public.book() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " UPDATE public.profiles SET credits = coalesce(credits, 0) + NEW.amount WHERE id = NEW.user_id; RETURN NULL; END $$;"
        "CREATE TRIGGER book AFTER INSERT ON public.credit_transactions FOR EACH ROW EXECUTE FUNCTION public.book()"
    )
    fires = ("policy:", "policy:\n  triggers: {credit_transactions: fire}")
    spec_with(wealthy, "{from: users.credits, apply: add}", fires)
    assert wealthy.migrate().exit_code == 1
    assert balances(wealthy) == {"ann": 10, "bob": None}
    assert wealthy.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_a_trigger_on_the_profiles_is_asked_about_first(wealthy: World) -> None:
    wealthy.execute(
        "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER tell BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION public.note()"
    )
    spec_with(wealthy, "{from: users.credits, apply: add}")
    assert wealthy.migrate().exit_code == 1
    assert "balance_triggers_are_agreed" in failed_checks(wealthy.materialize(USER_MAP))
    spec_with(wealthy, "{from: users.credits, apply: add}", ("policy:", "policy:\n  triggers: {profiles: fire}"))
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy) == {"ann": 80, "bob": 7}


@pytest.mark.parametrize("value", ["'10.5'", "3000000000"])
def test_a_balance_that_cannot_be_read_holds_its_user(wealthy: World, value: str) -> None:
    wealthy.legacy(f"UPDATE users SET credits = {value} WHERE id = 1")
    spec_with(wealthy, "{from: users.credits, apply: add}")
    outcome = wealthy.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert balances(wealthy) == {"ann": 10, "bob": 7}
    assert wealthy.query("SELECT state FROM etl.legacy_user_map WHERE legacy_user_id = '1'") == [("held",)]
    assert wealthy.query('SELECT legacy_id, "column" FROM etl.quarantine WHERE "table" = \'users\'') == [
        ("1", "credits")
    ]
    wealthy.legacy("UPDATE users SET credits = 70 WHERE id = 1")
    wealthy.migrate()
    assert balances(wealthy)["ann"] == 80


def test_an_amount_beyond_the_column_keeps_only_its_user_back(wealthy: World) -> None:
    wealthy.execute("UPDATE public.profiles SET credits = 2147483600 WHERE email = 'ann@example.com'")
    spec_with(wealthy, "{from: users.credits, apply: add}")
    assert wealthy.migrate().exit_code == 1
    assert balances(wealthy) == {"ann": 2147483600, "bob": 7}
    assert wealthy.query("SELECT count(*) FROM public.jobs") == [(1,)]


def test_two_legacy_users_of_one_account_add_up(wealthy: World) -> None:
    wealthy.legacy("UPDATE users SET email = 'ann@example.com' WHERE id = 2")
    spec_with(
        wealthy,
        "{from: users.credits, apply: set}",
        ("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true"),
    )
    before = wealthy.checksum(*WITH_PROFILES)
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 77
    after = wealthy.checksum(*WITH_PROFILES)
    undo(Stores(), wealthy.spec, wave="", user="2", run="test")
    assert balances(wealthy)["ann"] == 70
    undo(Stores(), wealthy.spec, wave="", user="1", run="test")
    assert wealthy.checksum(*WITH_PROFILES) == before
    assert after != before


def test_a_dry_run_touches_no_balance(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}")
    before = wealthy.checksum(*WITH_PROFILES)
    assert migrate_dry_here(read_settings(), wealthy.spec, say=wealthy.said.append).exit_code == 0
    assert wealthy.checksum(*WITH_PROFILES) == before


def test_a_column_that_is_not_there_is_said_before_anything_is_written(wealthy: World) -> None:
    wealthy.execute("ALTER TABLE public.profiles DROP COLUMN credits")
    spec_with(wealthy, "{from: users.credits, apply: add}")
    assert wealthy.migrate().exit_code == 2
    found = wealthy.cli("check", ETL_SPEC=str(wealthy.spec_path))
    assert found.returncode != 0
    assert "profiles.credits is no column" in found.stdout + found.stderr


@pytest.mark.parametrize(
    ("balance", "words"),
    [
        ("profiles.credits: {from: credits, apply: add}", "is neither `users.COLUMN` nor"),
        ("profiles.credits: {from: users.credits}", "is missing"),
        ("jobs.credits: {from: users.credits, apply: add}", "a balance stands in the profiles"),
        ("profiles.credits: {from: users.api_token, apply: add}", "looks like a secret"),
        ("profiles.credits: {from: sum(jobs.status), apply: add}", "is no exact number"),
        ("profiles.credits: {from: sum(orders.amount), apply: add}", "is no column of this spec"),
        ("profiles.credits: {from: users.credits, apply: twice}", "not 'twice'"),
    ],
)
def test_a_spec_that_cannot_be_meant_is_one_sentence(balance: str, words: str) -> None:
    text = DEFAULT_SPEC.read_text(encoding="utf-8").replace(
        "tables:\n  jobs:", f"balances:\n  {balance}\ntables:\n  jobs:"
    )
    with pytest.raises(SpecError, match=words):
        load_spec(text, file="migration.yaml")
