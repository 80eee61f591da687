"""Balances before and after, user by user: applied once, and as far from the transactions as they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, streamed
from etl_assets.access.postgres.statements import Statement, Statements, identifier, literal, staging_table
from etl_assets.core.balances.balances import balance_slots, not_compared, transactions
from etl_assets.core.links.links import Links
from etl_assets.model.money import UserBalance
from etl_assets.spec.profiles import Balance

SQL = Statements(__file__)

USERS_SHOWN = 50
SAMPLES = ("unapplied_sample", "changed_sample", "apart_sample")
EVERYBODY, OF_USERS = sql.SQL("true"), sql.SQL("m.legacy_user_id = ANY (%(users)s)")


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
    arrived: str
    own: str
    difference: str
    listed: int
    shown: tuple[UserBalance, ...]


def compare_balances(connection: Connection, links: Links) -> list[BalanceComparison]:
    """Every balance, before and after; runs inside `reading`."""
    found = []
    for name, balance in links.spec.balances.items():
        row = _description(links, name).record(connection)
        whole = not_compared(links, balance)
        hindrances = tuple(dict.fromkeys([*([whole] if whole else []), *(row["hindrances"] or ())]))
        samples: dict[str, Any] = {sample: tuple(row[sample] or ()) for sample in SAMPLES}
        shown = tuple(UserBalance(name, *cells) for cells in row["shown"] or ())
        found.append(BalanceComparison(name, **{**row, **samples, "hindrances": hindrances, "shown": shown}))
    return found


def _description(links: Links, name: str) -> Statement:
    return SQL(
        "describe_balance",
        users=balance_of_users(links, name),
        cells=SQL("balance_cells"),
        listed=SQL("is_balance_listed"),
        shown=sql.SQL(str(USERS_SHOWN)),
    )


def list_balances(connection: Connection, links: Links) -> Iterator[UserBalance]:
    """Every balance that differs somewhere or was not compared, streamed; runs inside `reading`."""
    for name in links.spec.balances:
        query = _list(links, name, SQL("is_balance_listed"), of_users=EVERYBODY)
        for cells in streamed(connection, query):
            yield UserBalance(name, *cells)


def balances_of(connection: Connection, links: Links, user: str) -> list[UserBalance]:
    """One legacy user's balances, also those that were not applied; runs inside `reading`."""
    found = []
    for name in links.spec.balances:
        query = _list(links, name, sql.SQL("true"), of_users=OF_USERS)
        lines = [UserBalance(name, *cells) for cells in query.many(connection, users=[user])]
        if not lines:
            now = SQL("find_legacy_balance", balance=literal(name)).many(connection, user=user)
            lines = [UserBalance(name, user, now[0][0] if now else None, hindrance="not_arrived")]
        found += lines
    return found


def _list(links: Links, name: str, listed: sql.Composable, *, of_users: sql.SQL) -> Statement:
    users = balance_of_users(links, name, of_users=of_users)
    return SQL("list_balances", cells=SQL("balance_cells"), users=users, listed=listed)


def balance_of_users(links: Links, name: str, *, of_users: sql.SQL = EVERYBODY) -> Statement:
    """The query of one balance, user by user."""
    balance = links.spec.balances[name]
    return SQL(
        "balance_of_users",
        **balance_slots(links, name),
        **transactions(links, balance, of_users=of_users),
        of_users=of_users,
        accounts=links.holders,
        legacy=_legacy(name, balance),
        hindrance=literal(not_compared(links, balance)),
        source=literal(balance.users_column),
        again=literal(links.spec.policy.updates),
        sets=literal(balance.apply == "set"),
    )


def _legacy(name: str, balance: Balance) -> Statement:
    if balance.summed is None:
        return SQL("legacy_of_users", balance=literal(name))
    table, amount = balance.summed
    slots = {"amount": identifier(amount), "staging": staging_table(table), "table": literal(table)}
    return SQL("legacy_of_rows", **slots)
