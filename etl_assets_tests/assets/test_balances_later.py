"""A balance that the legacy app moves after the claim, and what else can have happened to its user by then."""

import csv
from collections.abc import Callable

import pytest

from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.core.lists.support import answer
from etl_assets.model.money import UserBalance
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = LEGACY_SCHEMA.replace("created_at TEXT);", "created_at TEXT, credits);", 1)
BALANCE = "balances:\n  profiles.credits: {from: users.credits, apply: add}\n\ntables:\n  jobs:"
MERGED = ("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true")
UPDATE = ("policy:", "policy:\n  on_change: update")


@pytest.fixture
def moved(world: World) -> World:
    have_money(world)
    return world


@pytest.fixture
def bought(after: Callable[[Press], World]) -> World:
    return after(move_and_buy)


def have_money(world: World) -> None:
    """Ann had 30 when she moved; then she buys 50 in the legacy app."""
    world.legacy(
        f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}', 30), (2, 'bob@example.com', NULL, '{AT}', 7);"
        f"INSERT INTO credit_transactions VALUES (1, 1, 30, 'purchase', 'a', '{AT}', NULL),"
        f" (2, 2, 7, 'purchase', 'b', '{AT}', NULL)",
        schema=SCHEMA,
    )
    world.execute("ALTER TABLE public.profiles ADD COLUMN credits integer")
    world.sign_up("ann@example.com", "bob@example.com")


def move_and_buy(world: World) -> None:
    have_money(world)
    buys_later(world)


def buys_later(world: World, *more: tuple[str, str]) -> None:
    world.write_spec(("tables:\n  jobs:", BALANCE), *more)
    assert world.migrate().exit_code == 0, world.said
    world.legacy(
        "UPDATE users SET credits = 80 WHERE id = 1;"
        f"INSERT INTO credit_transactions VALUES (20, 1, 50, 'purchase', 'c', '{AT}', NULL)"
    )
    assert world.migrate().exit_code == 0, world.said


def page(world: World, user: str = "1") -> UserBalance:
    [line] = answer(world.url, world.spec, user).balances
    return line


def listed(world: World) -> list[list[str]]:
    """Whom `legacy_changes.csv` names: user, change, before, now, difference."""
    path = world.folder / "artifacts" / "reports" / "legacy_changes.csv"
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    return [[line[1], line[2], *line[5:]] for line in lines if line[0] == "users"]


def credits_of(world: World, name: str = "ann") -> int | None:
    query = f"SELECT credits FROM public.profiles WHERE email = '{name}@example.com'"
    return world.query(query)[0][0]  # type: ignore[no-any-return]


def take_out(world: World, *, wave: str = "", user: str = "") -> None:
    undo(Stores(), world.spec, wave=wave, user=user, run="test")


def again(world: World, **options: str) -> int:
    return world.migrate(**options).exit_code


def test_the_page_of_a_user_says_what_moved_and_what_to_do(bought: World) -> None:
    line = page(bought)
    assert (line.legacy, line.applied, line.now, line.change) == ("80", "30", "30", "balance_changed_in_legacy")
    assert page(bought, "2").change is None
    told = " ".join(bought.cli("user", "1", ETL_SPEC=str(bought.spec_path)).stdout.split())
    assert "balance changed in legacy. The new app keeps what was applied. Say `policy: {on_change: update}`" in told
    assert listed(bought) == [["1", "balance_changed_in_legacy", "30", "80", "50"]]


def test_a_page_says_of_a_new_balance_that_cannot_be_read_what_the_list_says(bought: World) -> None:
    bought.legacy("UPDATE users SET credits = '80 EUR' WHERE id = 1")
    assert bought.migrate().exit_code == 0
    assert listed(bought) == [["1", "new_balance_refused", "30", "", ""]]
    assert page(bought).change == "new_balance_refused"
    reports = bought.folder / "artifacts" / "reports"
    lines = list(csv.reader((reports / "balances.csv").read_text(encoding="utf-8").splitlines()))
    assert [line[-1].partition(";")[0] for line in lines if line[1] == "1"] == ["The balance there now cannot be read"]


def test_undone_and_migrated_again_the_whole_balance_is_applied_and_nothing_is_left_to_say(bought: World) -> None:
    take_out(bought, user="1")
    assert credits_of(bought) is None
    line = page(bought)
    assert (line.legacy, line.applied, line.change, line.hindrance) == ("80", None, None, "not_arrived")
    assert again(bought, user="1") == 0
    assert credits_of(bought) == 80
    line = page(bought)
    assert (line.at_claim, line.applied, line.now, line.change, line.difference) == ("80", "80", "80", None, "0")
    assert listed(bought) == []


def test_of_two_merged_users_the_one_whose_balance_moved_is_named(moved: World) -> None:
    moved.legacy("UPDATE users SET email = 'ann@example.com' WHERE id = 2")
    buys_later(moved, MERGED)
    assert credits_of(moved) == 37
    assert listed(moved) == [["1", "balance_changed_in_legacy", "30", "80", "50"]]
    assert [page(moved, user).change for user in "12"] == ["balance_changed_in_legacy", None]
    moved.write_spec(("tables:\n  jobs:", BALANCE), MERGED, UPDATE)
    assert moved.migrate().exit_code == 0
    assert credits_of(moved) == 87
    assert listed(moved) == []
    take_out(moved, user="2")
    assert credits_of(moved) == 80
    assert page(moved).change is None


def test_written_over_it_is_named_nowhere_and_undo_names_it_again(moved: World) -> None:
    buys_later(moved, UPDATE)
    line = page(moved)
    assert (line.at_claim, line.applied, line.now, line.change, line.difference) == ("30", "80", "80", None, "0")
    assert listed(moved) == []
    wave = str(moved.query("SELECT max(wave) FROM etl.waves")[0][0])
    take_out(moved, wave=wave)
    assert credits_of(moved) == 30
    line = page(moved)
    assert (line.applied, line.now, line.change) == ("30", "30", "balance_change_waits")
    assert moved.migrate().exit_code == 0
    assert listed(moved) == [["1", "balance_change_waits", "30", "80", "50"]]
    assert again(moved, again=wave) == 0
    assert credits_of(moved) == 80
    assert listed(moved) == []


def test_a_difference_that_cannot_be_applied_yet_waits_and_says_so(moved: World) -> None:
    moved.write_spec(("tables:\n  jobs:", BALANCE), UPDATE)
    assert moved.migrate().exit_code == 0
    moved.execute("UPDATE auth.users SET banned_until = now() + interval '1 day' WHERE email = 'ann@example.com'")
    moved.legacy("UPDATE users SET credits = 80 WHERE id = 1")
    moved.migrate()
    assert credits_of(moved) == 30
    assert listed(moved) == [["1", "balance_change_waits", "30", "80", "50"]]
    told = " ".join(moved.cli("user", "1", ETL_SPEC=str(moved.spec_path)).stdout.split())
    assert "balance change waits. A wave applies the difference" in told
    moved.execute("UPDATE auth.users SET banned_until = NULL")
    assert moved.migrate().exit_code == 0
    assert credits_of(moved) == 80
    assert listed(moved) == []


def test_a_balance_that_is_named_no_more_is_no_promise(moved: World) -> None:
    buys_later(moved, UPDATE)
    moved.legacy("UPDATE users SET credits = NULL WHERE id = 1")
    assert moved.migrate().exit_code == 0
    assert listed(moved) == [["1", "balance_vanished_in_legacy", "80", "", ""]]


def test_a_sum_points_to_the_rows_that_changed(moved: World) -> None:
    moved.write_spec(("tables:\n  jobs:", BALANCE.replace("users.credits", "sum(credit_transactions.amount)")))
    assert moved.migrate().exit_code == 0
    moved.legacy("UPDATE credit_transactions SET amount = 80 WHERE id = 1")
    assert moved.migrate().exit_code == 0
    assert listed(moved) == [["1", "balance_rows_changed_in_legacy", "30", "80", "50"]]
    assert page(moved).change == "balance_rows_changed_in_legacy"
