"""Balances beside the history: applied once, recorded, taken back, never doubled."""

import csv

import pytest

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.balance_findings import balance_line, gaps_result
from etl_assets.assets.keys import USER_MAP, VERIFICATION
from etl_assets.assets.report import gather
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import freeze_now, undo
from etl_assets.commands.migration import MigrateOptions, migrate, migrate_dry
from etl_assets.core.balances.balances import changed_balances
from etl_assets.core.balances.compare import compare_balances
from etl_assets.core.lists.support import answer, find_by_address
from etl_assets.model.errors import SettingsError, SpecError, UndoRefused
from etl_assets.report.page import verdict
from etl_assets.settings import DEFAULT_SPEC, read_settings
from etl_assets.spec.loader import load_spec
from etl_assets.transform.users import folded_text
from etl_assets_tests.scenario import LEGACY, PRODUCTION
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World, failed_checks

pytestmark = pytest.mark.usefixtures("without_dagster")

WITH_PROFILES = (*PRODUCTION, "public.profiles")
SCHEMA = LEGACY_SCHEMA.replace(
    "password_hash TEXT, created_at TEXT);", "password_hash TEXT, created_at TEXT, credits);"
)
USERS = LEGACY.replace(f"'{AT}')", f"'{AT}', 70)", 1).replace(f"'{AT}')", f"'{AT}', 7)", 1)


def spec_with(world: World, balance: str, *more: tuple[str, str]) -> None:
    world.write_spec(("tables:\n  jobs:", f"balances:\n  profiles.credits: {balance}\n\ntables:\n  jobs:"), *more)


def legacy(world: World) -> None:
    """The awkward app, whose users have a balance: 70 and 7 for the two who come, nothing for the rest."""
    world.legacy("", schema=SCHEMA)
    rows = LEGACY.replace("INSERT INTO users VALUES", "INSERT INTO users (id, email, password_hash, created_at) VALUES")
    world.legacy(rows + "UPDATE users SET credits = 70 WHERE id = 1; UPDATE users SET credits = 7 WHERE id = 2;")


@pytest.fixture
def wealthy(world: World) -> World:
    legacy(world)
    world.execute("ALTER TABLE public.profiles ADD COLUMN credits integer")
    world.sign_up("ann@example.com", "bob@example.com")
    world.execute("UPDATE public.profiles SET credits = 10 WHERE email = 'ann@example.com'")  # a sign-up bonus
    return world


def balances(world: World) -> dict[str, int | None]:
    return dict(world.query("SELECT split_part(email, '@', 1), credits FROM public.profiles"))


def last_wave(world: World) -> str:
    return str(world.query("SELECT max(wave) FROM etl.waves")[0][0])


def notes(world: World) -> list[tuple[object, ...]]:
    return world.query(
        "SELECT legacy_user_id, before::int, amount::int, after::int FROM etl.balances ORDER BY legacy_user_id, id"
    )


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
    migrate(
        read_settings(),
        wealthy.spec,
        instance=wealthy.instance,
        say=wealthy.said.append,
        options=MigrateOptions(again=wave),
    )
    assert wealthy.checksum(*WITH_PROFILES) == after


def test_the_bonus_is_shown_and_the_books_of_the_balance_add_up(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}")
    wealthy.migrate()
    result = wealthy.materialize(VERIFICATION)
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


def test_later_rows_of_a_sum_count_once_whenever_they_arrive(wealthy: World) -> None:
    spec_with(wealthy, "{from: sum(credit_transactions.amount), apply: add}")
    wealthy.migrate()
    wealthy.execute("UPDATE public.profiles SET credits = credits - 5 WHERE email = 'ann@example.com'")  # spent
    wealthy.legacy(f"INSERT INTO credit_transactions VALUES (20, 1, 3, 'purchase', 'pi_20', '{AT}', NULL)")
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy) == {"ann": 78, "bob": 7}
    wealthy.legacy("DELETE FROM credit_transactions WHERE id = 1")  # vanished: nothing is taken away by itself
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy) == {"ann": 78, "bob": 7}


def test_a_balance_that_the_legacy_app_changes_later_follows_only_where_the_spec_says_so(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}")
    wealthy.migrate()
    wealthy.legacy("UPDATE users SET credits = 75 WHERE id = 1")
    wealthy.migrate()
    assert balances(wealthy)["ann"] == 80
    spec_with(wealthy, "{from: users.credits, apply: add}", ("policy:", "policy:\n  on_change: update"))
    wealthy.execute("UPDATE public.profiles SET credits = credits - 20 WHERE email = 'ann@example.com'")  # spent
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 65
    wealthy.migrate()
    assert balances(wealthy)["ann"] == 65
    assert notes(wealthy)[:2] == [("1", 10, 70, 80), ("1", 60, 5, 65)]


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


def test_undo_refuses_a_balance_that_was_spent(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}")
    wealthy.migrate()
    wealthy.execute("UPDATE public.profiles SET credits = credits - 1 WHERE email = 'bob@example.com'")
    with pytest.raises(UndoRefused, match="spent or earned") as refused:
        undo(Stores(), wealthy.spec, wave=last_wave(wealthy), user="", run="test")
    assert refused.value.rows == (("profiles.credits", "2", "were spent or earned since"),)
    undo(Stores(), wealthy.spec, wave="", user="1", run="test")
    assert balances(wealthy) == {"ann": 10, "bob": 6}


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
    assert migrate_dry(read_settings(), wealthy.spec, say=wealthy.said.append).exit_code == 0
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


MERGED = ("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true")
UPDATE = ("policy:", "policy:\n  on_change: update")
BOOKING = (
    "CREATE FUNCTION public.book() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
    " UPDATE public.profiles SET credits = coalesce(credits, 0) + {amount} WHERE id = {row}.user_id; RETURN NULL; END $$;"
    "CREATE {kind} TRIGGER book AFTER {event} ON public.credit_transactions {when}"
    " FOR EACH ROW EXECUTE FUNCTION public.book()"
)


def take_out(world: World, *, wave: str = "", user: str = "") -> None:
    undo(Stores(), world.spec, wave=wave, user=user, run="test")


def again(world: World, **options: str) -> int:
    wished = MigrateOptions(**options)
    done = migrate(read_settings(), world.spec, instance=world.instance, say=world.said.append, options=wished)
    return done.exit_code


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


def test_what_was_spent_between_two_waves_stays_spent_through_an_undo_of_both(wealthy: World) -> None:
    spec_with(wealthy, "{from: sum(credit_transactions.amount), apply: add}")
    wealthy.migrate()
    wealthy.execute("UPDATE public.profiles SET credits = credits - 5 WHERE email = 'ann@example.com'")
    wealthy.legacy(f"INSERT INTO credit_transactions VALUES (20, 1, 3, 'purchase', 'pi_20', '{AT}', NULL)")
    wealthy.migrate()
    take_out(wealthy, user="1")
    assert balances(wealthy)["ann"] == 5


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


def test_money_is_not_left_behind_by_a_spec_that_forgot_it(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}")
    wealthy.migrate()
    wealthy.write_spec()
    with pytest.raises(UndoRefused, match=r"does not name profiles.credits any more"):
        take_out(wealthy, wave=last_wave(wealthy))
    assert wealthy.query("SELECT count(*) FROM public.jobs") == [(2,)]


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


def test_a_transaction_that_its_user_removed_still_counts_so_its_user_cannot_be_undone(wealthy: World) -> None:
    spec_with(wealthy, "{from: sum(credit_transactions.amount), apply: add}")
    wealthy.migrate()
    wealthy.execute("DELETE FROM public.credit_transactions WHERE amount = -30")
    with pytest.raises(UndoRefused, match="count towards a balance"):
        take_out(wealthy, wave=last_wave(wealthy))
    assert balances(wealthy)["ann"] == 80


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


def gap_of(world: World) -> tuple[str, str]:
    """The balance's line in the report, and what the check says."""
    with Stores().target_as_it_is() as connection, reading(connection):
        [found] = compare_balances(connection, world.links())
    check = gaps_result([found])
    return balance_line(found).gap, f"{check.passed} {check.description}"


def test_with_two_money_columns_a_balance_says_what_it_answers_to(wealthy: World) -> None:
    two = ("  artifacts:\n", "  artifacts:\n    checks: {sum: [size_bytes]}\n")
    spec_with(wealthy, "{from: users.credits, apply: add}", two)
    wealthy.migrate()
    said, checked = gap_of(wealthy)
    assert said.startswith("not compared: ")
    assert checked.startswith("False profiles.credits: not compared")
    spec_with(wealthy, "{from: users.credits, apply: add, against: credit_transactions.amount}", two)
    wealthy.migrate()
    assert gap_of(wealthy)[0] == "as before"
    wealthy.execute("UPDATE public.profiles SET credits = credits - 1 WHERE email = 'bob@example.com'")
    assert gap_of(wealthy)[0] == "1 user drifted"


@pytest.mark.parametrize("apply", ["add", "set"])
@pytest.mark.parametrize("is_booked", [True, False])
def test_a_bonus_of_the_new_app_is_no_drift_with_or_without_a_transaction(
    wealthy: World, apply: str, *, is_booked: bool
) -> None:
    book = (
        "INSERT INTO public.credit_transactions (id, user_id, amount, transaction_type, created_at)"
        " SELECT gen_random_uuid(), id, {}, 'usage', now() FROM public.profiles WHERE email = 'ann@example.com'"
    )
    if is_booked:
        wealthy.execute(book.format(10))
    spec_with(wealthy, f"{{from: users.credits, apply: {apply}}}")
    wealthy.migrate()
    assert gap_of(wealthy)[0] == "as before"
    wealthy.execute("UPDATE public.profiles SET credits = credits - 4 WHERE email = 'ann@example.com'")
    assert gap_of(wealthy)[0] == "1 user drifted"
    wealthy.execute(book.format(-4))
    assert gap_of(wealthy)[0] == "as before"
    # One vanishes there and one changes: both count as they arrived here.
    wealthy.legacy(
        "DELETE FROM credit_transactions WHERE id = 2; UPDATE credit_transactions SET amount = 1 WHERE id = 1"
    )
    wealthy.migrate()
    assert gap_of(wealthy)[0] == "as before"


def test_merged_users_are_not_compared_and_each_is_noted_once(wealthy: World) -> None:
    wealthy.legacy("UPDATE users SET email = 'ann@example.com', credits = 0 WHERE id = 2")
    spec_with(wealthy, "{from: users.credits, apply: add}", MERGED)
    wealthy.migrate()
    assert gap_of(wealthy)[0] == "2 users not compared: two legacy users share the account"
    with Stores().target_as_it_is() as connection, reading(connection):
        assert changed_balances(connection, wealthy.links()) == set()
    assert len(notes(wealthy)) == 2


@pytest.mark.parametrize(
    ("against", "words"),
    [("orders.amount", "is no column"), ("jobs.status", "is no exact number"), ("amount", "is no column")],
)
def test_what_a_balance_answers_to_is_a_money_column(against: str, words: str) -> None:
    balance = f"profiles.credits: {{from: users.credits, apply: add, against: {against}}}"
    text = DEFAULT_SPEC.read_text(encoding="utf-8").replace(
        "tables:\n  jobs:", f"balances:\n  {balance}\ntables:\n  jobs:"
    )
    with pytest.raises(SpecError, match=words) as refused:
        load_spec(text, file="migration.yaml")
    assert "balances.profiles.credits.against" in str(refused.value)


def test_a_balance_that_moved_in_the_legacy_app_is_named_with_what_it_was_and_is(wealthy: World) -> None:
    spec_with(wealthy, "{from: users.credits, apply: add}")
    wealthy.migrate()
    wealthy.legacy(
        "UPDATE users SET credits = 120 WHERE id = 1; DELETE FROM users WHERE id = 2;"
        f"INSERT INTO credit_transactions VALUES (20, 1, 50, 'purchase', 'pi_20', '{AT}', NULL)"
    )
    assert wealthy.migrate().exit_code == 0
    assert balances(wealthy)["ann"] == 80
    reports = wealthy.folder / "artifacts" / "reports"
    listed = list(csv.reader((reports / "legacy_changes.csv").read_text().splitlines()))
    assert listed[0][:4] == ["table", "legacy_id", "change", "remedy"]
    assert [[*line[:3], *line[-4:]] for line in listed if line[0] == "users"] == [
        ["users", "1", "balance_changed_in_legacy", "credits", "70", "120", "50"],
        ["users", "2", "balance_vanished_in_legacy", "credits", "7", "", ""],
    ]
    page = (reports / "migration_report.html").read_text()
    assert "changed the balance of 2 users (legacy ids 1, 2)" in page
    freeze_now(Stores(), wealthy.spec, run="test")
    with Stores().target_as_it_is() as connection:
        assert verdict(gather(connection, Stores(), wealthy.spec)).startswith("To decide before signing")
    assert "nothing_changed_in_legacy_since" in failed_checks(wealthy.materialize(VERIFICATION))


def test_the_support_desk_finds_the_money_by_an_address_that_is_said_nowhere(wealthy: World) -> None:
    wealthy.legacy("UPDATE users SET email = 'EVE@example.com', credits = 3 WHERE id = 4")
    spec_with(wealthy, "{from: users.credits, apply: add}")
    wealthy.migrate()
    wealthy.legacy("UPDATE users SET credits = 120 WHERE id = 1")
    wealthy.migrate()
    key = folded_text(" ANN@Example.com\t")
    assert find_by_address(wealthy.url, " ANN@Example.com\t", key=key) == "1"
    [line] = answer(wealthy.url, wealthy.spec, "1").balances
    assert line.cells == ("profiles.credits", "1", "120", "70", "70", "10", "80", "70", "0", "0", "yes")
    assert line.change == "balance_changed_in_legacy"
    [waiting] = answer(wealthy.url, wealthy.spec, "4").balances
    assert (waiting.legacy, waiting.applied, waiting.hindrance) == ("3", None, "not_arrived")
    for asked, words in (("eve@example.com", "3 legacy users"), ("nobody@example.com", "no legacy user")):
        with pytest.raises(SettingsError, match=words) as refused:
            find_by_address(wealthy.url, asked, key=asked)
        assert "@" not in str(refused.value)
    said = wealthy.cli("user", "Ann@example.com", ETL_SPEC=str(wealthy.spec_path))
    assert said.returncode == 0
    assert "@" not in said.stdout + said.stderr
    listed = list(csv.reader((wealthy.folder / "artifacts" / "reports" / "balances.csv").read_text().splitlines()))
    assert [line[1:4] for line in listed[1:]] == [["1", "120", "70"]]
    page = (wealthy.folder / "artifacts" / "reports" / "migration_report.html").read_text()
    assert '<td>1</td><td class="n">120</td><td class="n">70</td>' in page
