"""Balances that `init` proposes, and the transactions that each answers to, from facts alone."""

import sqlite3
from pathlib import Path

import pytest

from etl_assets.init.draft import Draft, DraftBalance
from etl_assets.init.draft_balances import with_balances
from etl_assets.init.draft_yaml import yaml_of
from etl_assets.init.drafting import draft_spec
from etl_assets.init.introspection import draft_of
from etl_assets.init.table_facts import DatabaseFacts, TableFacts
from etl_assets.model.target import TargetColumn
from etl_assets.spec.loader import load_spec
from etl_assets_tests.spec.test_init_owners import ROWS, link, number, table, words

TO_USERS = (link("user_id", "users"),)
TRANSACTIONS = table("credit_transactions", number("id"), number("user_id"), number("amount"), keys=TO_USERS)
ORDERS = table("orders", number("id"), number("user_id"), number("total"), keys=TO_USERS)
REFUNDS = table("refunds", number("id"), number("user_id"), number("amount"), keys=TO_USERS)
LINES = table("order_credits", number("id"), number("order_id"), number("amount"), keys=(link("order_id", "orders"),))
WITH_FEE = table("credit_log", number("id"), number("user_id"), number("amount"), number("fee"), keys=TO_USERS)


def users(*names: str) -> TableFacts:
    return table("users", number("id"), words("email", emails=ROWS), *(number(name) for name in names))


def draft(*tables: TableFacts, profiles: dict[str, TargetColumn] | None = None) -> Draft:
    facts = DatabaseFacts("app.db", "CREATE TABLE x", tables, ())
    return with_balances(draft_of(facts), facts, profiles)


def unmarked(found: Draft) -> str:
    """The file after somebody took the marks off the proposal."""
    marked, live = yaml_of(found).split("# balances:\n", 1)
    section, rest = live.split("\n\n", 1)
    return marked + "balances:\n" + section.replace("#   ", "  ") + "\n\n" + rest


@pytest.mark.parametrize(
    ("name", "tables", "against"),
    [
        ("credits", (TRANSACTIONS, ORDERS), "credit_transactions.amount"),
        ("CreditBalance", (TRANSACTIONS, ORDERS), "credit_transactions.amount"),
        ("credits", (TRANSACTIONS,), "credit_transactions.amount"),
        ("balance", (ORDERS, REFUNDS), None),  # either could be
        ("credits", (WITH_FEE, ORDERS), None),  # two columns of one table could be
        ("credits", (ORDERS, LINES), None),  # its rows are nobody's own
        ("balance", (ORDERS,), None),  # no name says so; the only one is compared with anyway
    ],
)
def test_a_balance_answers_to_the_one_column_of_its_name(
    name: str, tables: tuple[TableFacts, ...], against: str | None
) -> None:
    found = draft(users(name), *tables)
    assert [(line.source, line.against) for line in found.balances] == [(name, against)]
    assert not load_spec(yaml_of(found), file="init.yaml").balances
    spec = load_spec(unmarked(found), file="init.yaml")
    [(key, balance)] = spec.balances.items()
    assert (key, balance.users_column, balance.against) == (f"profiles.{found.balances[0].name}", name, against)


def test_what_cannot_be_told_is_named_and_left_open() -> None:
    text = yaml_of(draft(users("balance"), ORDERS, REFUNDS))
    assert "What balance answers to cannot be told; `against:` orders.total or refunds.amount?" in text
    assert "#   profiles.balance: {from: users.balance, apply: add}\n" in text


@pytest.mark.parametrize("name", ["credit_limit", "credit_card_number", "api_credits_token", "price", "points_id"])
def test_what_is_no_balance_is_not_proposed(name: str) -> None:
    assert draft(users(name), TRANSACTIONS).balances == ()


def test_a_balance_needs_a_place_in_the_profiles_and_rows_that_users_own() -> None:
    whole, rounded = TargetColumn("credits", "bigint", "bigint"), TargetColumn("credits", "real", "real")
    proposed = (DraftBalance("credits", "credits", "credit_transactions.amount", ("credit_transactions.amount",)),)
    assert draft(users("credits"), TRANSACTIONS, profiles={"credits": whole}).balances == proposed
    assert draft(users("credits"), TRANSACTIONS, profiles={"credits": rounded}).balances == ()
    assert draft(users("credits"), TRANSACTIONS, profiles={}).balances == ()
    assert draft(users("credits"), table("plans", number("id"), words("label"))).balances == ()


def test_what_adds_up_to_a_balance_is_what_it_answers_to(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        """CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, credits INTEGER);
        CREATE TABLE credit_orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, amount INTEGER);
        CREATE TABLE movements (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, amount INTEGER);
        INSERT INTO users VALUES (1, 'a@b.co', 30), (2, 'b@b.co', 5), (3, 'c@b.co', 0), (4, 'd@b.co', 7);
        INSERT INTO credit_orders VALUES (1, 1, 99), (2, 2, 5);
        INSERT INTO movements VALUES (1, 1, 40), (2, 1, -10), (3, 2, 5), (4, 4, 8);"""
    )
    connection.close()
    [found] = draft_spec(path).balances
    assert (found.against, found.evidence) == ("movements.amount", "movements.amount adds up to it for 2 of 3 users")
