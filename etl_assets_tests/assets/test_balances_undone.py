"""Balances that others move too: through undo, merged users, later waves and triggers of the app."""

import pytest

from etl_assets.assets.keys import LOAD_WAVE, VERIFICATION
from etl_assets.model.errors import UndoRefused
from etl_assets_tests.assets.wealth import (
    BOOKING,
    MERGED,
    UPDATE,
    WITH_PROFILES,
    again,
    balances,
    last_wave,
    notes,
    spec_with,
    take_out,
)
from etl_assets_tests.world import AT, World, failed_checks

pytestmark = pytest.mark.usefixtures("without_dagster")


@pytest.mark.parametrize(
    ("apply", "bonus", "order"),
    [("add", "10", "12"), ("set", "10", "12"), ("add", "NULL", "12"), ("set", "NULL", "21")],
)
def test_merged_users_are_undone_in_any_order(wealthy: World, apply: str, bonus: str, order: str) -> None:
    wealthy.legacy("UPDATE users SET email = 'ann@example.com' WHERE id = 2")
    wealthy.execute(f"UPDATE public.profiles SET credits = {bonus} WHERE email = 'ann@example.com'")
    spec_with(wealthy, f"{{from: users.credits, apply: {apply}}}", MERGED)
    before = wealthy.checksum(*WITH_PROFILES)
    wealthy.migrate()
    for user in order:
        take_out(wealthy, user=user)
    assert wealthy.checksum(*WITH_PROFILES) == before
    assert notes(wealthy) == []


def test_what_was_spent_between_two_waves_stays_spent_through_an_undo_of_both(summed: World) -> None:
    summed.execute("UPDATE public.profiles SET credits = credits - 5 WHERE email = 'ann@example.com'")
    summed.legacy(f"INSERT INTO credit_transactions VALUES (20, 1, 3, 'purchase', 'pi_20', '{AT}', NULL)")
    summed.migrate()
    take_out(summed, user="1")
    assert balances(summed)["ann"] == 5


def test_a_user_who_is_held_keeps_the_balance_as_the_undo_left_it(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}", UPDATE)
    wealthy.migrate()
    first = last_wave(wealthy)
    wealthy.legacy("UPDATE users SET credits = 75 WHERE id = 1")
    wealthy.migrate()
    assert balances(wealthy)["ann"] == 85
    take_out(wealthy, wave=last_wave(wealthy))
    assert balances(wealthy)["ann"] == 80
    held = "SELECT held FROM etl.legacy_user_map WHERE legacy_user_id = '1' AND supabase_user_id IS NOT NULL"
    assert wealthy.query(held) == [("undone",)]
    assert wealthy.run(LOAD_WAVE, wave=first) == 0
    assert balances(wealthy)["ann"] == 80


def test_a_row_that_a_later_wave_updated_cannot_be_taken_out_alone(wealthy: World) -> None:
    spec_with(wealthy, "{from: sum(credit_transactions.amount), apply: add}", UPDATE)
    wealthy.migrate()
    wealthy.legacy(f"INSERT INTO credit_transactions VALUES (20, 1, 3, 'purchase', 'pi_20', '{AT}', NULL)")
    wealthy.migrate()
    second = last_wave(wealthy)
    wealthy.legacy("UPDATE credit_transactions SET amount = 10 WHERE id = 20")
    wealthy.migrate()
    assert balances(wealthy)["ann"] == 90
    with pytest.raises(UndoRefused, match="by another wave"):
        take_out(wealthy, wave=second)
    take_out(wealthy, wave=last_wave(wealthy))
    take_out(wealthy, wave=second)
    assert balances(wealthy)["ann"] == 80
    again(wealthy, again=second)
    assert balances(wealthy)["ann"] == 90


def test_a_profile_that_keeps_the_money_keeps_everything(wealthy: World) -> None:
    balance = "{from: users.credits, apply: add}"
    spec_with(wealthy, balance, ("policy:", "policy:\n  triggers: {profiles: fire}"))
    wealthy.migrate()
    wealthy.execute(
        "CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF coalesce(NEW.credits, 0) < OLD.credits THEN RETURN NULL; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER keep BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION public.keep()"
    )
    with pytest.raises(UndoRefused, match=r"did not take profiles.credits"):
        take_out(wealthy, wave=last_wave(wealthy))
    assert len(notes(wealthy)) == 2
    spec_with(wealthy, balance)
    with pytest.raises(UndoRefused, match="would fire keep"):
        take_out(wealthy, wave=last_wave(wealthy))


def test_money_is_not_left_behind_by_a_spec_that_forgot_it(credited: World) -> None:
    credited.write_spec()
    with pytest.raises(UndoRefused, match=r"does not name profiles.credits any more"):
        take_out(credited, wave=last_wave(credited))
    assert credited.query("SELECT count(*) FROM public.jobs") == [(2,)]


def test_a_deferred_trigger_that_books_is_noticed_too(wealthy: World) -> None:
    when = "DEFERRABLE INITIALLY DEFERRED"
    wealthy.execute(BOOKING.format(amount="NEW.amount", row="NEW", kind="CONSTRAINT", event="INSERT", when=when))
    fires = ("policy:", "policy:\n  triggers: {credit_transactions: fire}")
    spec_with(wealthy, "{from: users.credits, apply: add}", fires)
    assert wealthy.migrate().exit_code == 1
    assert balances(wealthy) == {"ann": 10, "bob": None}


def test_a_trigger_that_books_deletions_is_noticed_at_the_undo(wealthy: World) -> None:
    fires = ("policy:", "policy:\n  triggers: {credit_transactions: fire}")
    spec_with(wealthy, "{from: sum(credit_transactions.amount), apply: add}", fires)
    wealthy.execute(BOOKING.format(amount="-OLD.amount", row="OLD", kind="", event="DELETE", when=""))
    wealthy.migrate()
    wealthy.legacy(f"INSERT INTO credit_transactions VALUES (20, 1, 3, 'purchase', 'pi_20', '{AT}', NULL)")
    wealthy.migrate()
    with pytest.raises(UndoRefused, match="triggers book by themselves"):
        take_out(wealthy, wave=last_wave(wealthy))
    assert balances(wealthy)["ann"] == 83


def test_a_transaction_that_its_user_removed_still_counts_so_its_user_cannot_be_undone(summed: World) -> None:
    summed.execute("DELETE FROM public.credit_transactions WHERE amount = -30")
    with pytest.raises(UndoRefused, match="count towards a balance"):
        take_out(summed, wave=last_wave(summed))
    assert balances(summed)["ann"] == 80


@pytest.mark.parametrize("value", ["'70 EUR'", "NULL"])
def test_a_balance_that_comes_after_its_user_is_applied_then(wealthy: World, value: str) -> None:
    wealthy.legacy(f"UPDATE users SET credits = {value} WHERE id = 1")
    loads = ("incomplete_users: hold", "incomplete_users: load")
    spec_with(wealthy, "{from: users.credits, apply: add}", loads)
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 10
    drifted = "balances_agree_with_transactions" in failed_checks(wealthy.materialize(VERIFICATION))
    assert drifted or value == "NULL"
    wealthy.legacy("UPDATE users SET credits = 70 WHERE id = 1")
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 80
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 80
