"""Balances before and after, user by user: applied once, and as far from the transactions as they were."""

from dataclasses import dataclass

from psycopg import sql

from etl_assets.spec.model import Balance
from etl_assets.stores.balances import balance_slots, rows_slots
from etl_assets.stores.links import Links
from etl_assets.stores.postgres import Connection, one
from etl_assets.stores.statements import identifier, literal, staging_table, statement


@dataclass(frozen=True)
class BalanceComparison:
    """One balance over all users whose history has arrived; totals as text, to the unit.

    `unapplied` is our fault. `bonus` is what the new app had granted before; `changed_in_legacy` and `used` happened
    afterwards; `apart` counts users whose balance and transactions differ otherwise than in the legacy app.
    """

    balance: str
    users: int
    legacy: str
    applied: str
    bonus: str
    now: str
    unapplied: int
    unapplied_sample: tuple[str, ...]
    changed_in_legacy: int
    used: int
    apart: int
    apart_sample: tuple[str, ...]


def compare_balances(connection: Connection, links: Links) -> list[BalanceComparison]:
    """Every balance, before and after; runs inside `reading`."""
    found = []
    for name, balance in links.spec.balances.items():
        slots = balance_slots(links, name)
        query = statement(
            "describe_balance",
            **slots,
            accounts=links.holders,
            legacy=_legacy(links, name, balance),
            transactions=_transactions(links, balance),
            sets=literal(balance.apply == "set"),
        )
        row = one(connection, query)
        users, legacy, applied, bonus, now, unapplied, unapplied_ids, changed, used, apart, apart_ids = row
        found.append(
            BalanceComparison(
                balance=name,
                users=int(users),
                legacy=legacy,
                applied=applied,
                bonus=bonus,
                now=now,
                unapplied=int(unapplied),
                unapplied_sample=tuple(unapplied_ids or ()),
                changed_in_legacy=int(changed),
                used=int(used),
                apart=int(apart),
                apart_sample=tuple(apart_ids or ()),
            )
        )
    return found


def _legacy(links: Links, name: str, balance: Balance) -> sql.Composed:
    if balance.summed is None:
        return statement("legacy_of_users", balance=literal(name))
    table, amount = balance.summed
    slots = {"amount": identifier(amount), "staging": staging_table(table), "table": literal(table)}
    return statement("legacy_of_rows", **slots)


def _transactions(links: Links, balance: Balance) -> sql.Composed:
    """What to compare a balance with: the column that it adds up, or the spec's only money column."""
    spec = links.spec
    money = [(name, column) for name in links.tables for column in spec.tables[name].checks.sum if name in spec.owned]
    pair = balance.summed or (money[0] if len(money) == 1 else None)
    if pair is None or spec.accounts.merge_duplicates:
        return statement("no_transactions")
    slots, owner = rows_slots(links, *pair), spec.tables[pair[0]].owner.to
    of_account = sql.SQL("coalesce(sum(t.{}::numeric), 0)").format(slots["amount"])
    if owner:
        account = {"amount": slots["amount"], "target": slots["target"], "owner": identifier(owner)}
        of_account = statement("sum_of_account", **account)
    return statement("transactions_of_users", **slots, staging=staging_table(pair[0]), production=of_account)
