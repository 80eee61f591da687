"""Balances before and after, user by user: applied once, and as far from the transactions as they were."""

from dataclasses import dataclass

from psycopg import sql

from etl_assets.spec.model import Balance
from etl_assets.stores.balances import balance_slots, not_compared, transactions
from etl_assets.stores.links import Links
from etl_assets.stores.postgres import Connection, one
from etl_assets.stores.statements import identifier, literal, staging_table, statement


@dataclass(frozen=True)
class BalanceComparison:
    """One balance over all users whose history has arrived; totals as text, to the unit.

    `unapplied` is our fault. `bonus` is what the new app had granted before; `changed_in_legacy` and `used` happened
    afterwards; `apart` counts users whose balance has moved otherwise than their transactions, `uncompared` those of
    whom that is not known, and `hindrances` says why.
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
    changed_sample: tuple[str, ...]
    used: int
    apart: int
    apart_sample: tuple[str, ...]
    uncompared: int
    hindrances: tuple[str, ...]


def compare_balances(connection: Connection, links: Links) -> list[BalanceComparison]:
    """Every balance, before and after; runs inside `reading`."""
    found = []
    for name, balance in links.spec.balances.items():
        row = one(connection, statement("describe_balance", users=balance_of_users(links, name)))
        users, legacy, applied, bonus, now, unapplied, unapplied_ids, changed, changed_ids, used, *rest = row
        apart, apart_ids, uncompared, hindrances = rest
        whole = not_compared(links, balance)
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
                changed_sample=tuple(changed_ids or ()),
                used=int(used),
                apart=int(apart),
                apart_sample=tuple(apart_ids or ()),
                uncompared=int(uncompared),
                hindrances=tuple(dict.fromkeys([*([whole] if whole else []), *(hindrances or ())])),
            )
        )
    return found


def balance_of_users(links: Links, name: str) -> sql.Composed:
    """The query of one balance, user by user."""
    balance = links.spec.balances[name]
    return statement(
        "balance_of_users",
        **balance_slots(links, name),
        **transactions(links, balance, of_users=sql.SQL("true")),
        accounts=links.holders,
        legacy=_legacy(name, balance),
        hindrance=literal(not_compared(links, balance)),
        source=literal(balance.users_column),
        sets=literal(balance.apply == "set"),
    )


def _legacy(name: str, balance: Balance) -> sql.Composed:
    if balance.summed is None:
        return statement("legacy_of_users", balance=literal(name))
    table, amount = balance.summed
    slots = {"amount": identifier(amount), "staging": staging_table(table), "table": literal(table)}
    return statement("legacy_of_rows", **slots)
