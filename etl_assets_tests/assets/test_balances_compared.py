"""Balances held against the transactions that they answer to, and found for a user who asks."""

import csv

import pytest

from etl_assets.access.postgres.connection import reading
from etl_assets.assets.balance_findings import balance_line, gaps_result
from etl_assets.assets.keys import VERIFICATION
from etl_assets.assets.report import gather
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import freeze_now
from etl_assets.core.balances.balances import changed_balances
from etl_assets.core.balances.compare import compare_balances
from etl_assets.core.lists.support import answer, find_by_address
from etl_assets.model.errors import SettingsError, SpecError
from etl_assets.report.page import verdict
from etl_assets.settings import DEFAULT_SPEC
from etl_assets.spec.loader import load_spec
from etl_assets.transform.users import folded_text
from etl_assets_tests.assets.wealth import MERGED, balances, notes, spec_with
from etl_assets_tests.world import AT, World, failed_checks

pytestmark = pytest.mark.usefixtures("without_dagster")


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
        assert verdict(gather(connection, Stores(), wealthy.spec, run="test")).startswith("To decide before signing")
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
