"""Balances that the legacy users table seems to keep, and what each answers to: proposed, and left to the operator.

Nothing in a database says whether an account shall get a balance beside what the new app gave, or instead of it. So a
proposal stands in the file as a comment.
"""

import sqlite3
from dataclasses import replace

from etl_assets.access.legacy.database import fill, quoted
from etl_assets.init.cells.type_choice import choose_type
from etl_assets.init.draft import Draft, DraftBalance, DraftTable
from etl_assets.init.judging.people import MOSTLY
from etl_assets.init.judging.secrets import named_secret
from etl_assets.init.names import looks_like_balance, singular, snake
from etl_assets.init.table_facts import ColumnFacts, DatabaseFacts
from etl_assets.model.target import TargetColumn
from etl_assets.model.words import counted
from etl_assets.spec.rules import EXPORT_NAMES

EXACT = ("integer", "bigint", "numeric")
EXACT_THERE = ("smallint", *EXACT)


def with_balances(
    draft: Draft,
    facts: DatabaseFacts,
    profiles: dict[str, TargetColumn] | None = None,
    *,
    legacy: sqlite3.Connection | None = None,
) -> Draft:
    """The draft with the balances that it could have.

    Args:
        draft: fitted to the target, where there is one.
        facts: what it was made from.
        profiles: the columns of the target's profiles, one of which must be there for each; None without a target.
        legacy: the legacy database, to add up what each balance could answer to; without it names alone tell.
    """
    users = draft.users
    if users is None or all(table.owner.is_none for table in draft.tables):
        return draft
    table = next(table for table in facts.tables if table.name == users.table)
    evidence = {users.id, users.email, users.verified, users.created.get("from")}
    found: dict[str, DraftBalance] = {}
    for column in table.columns.values():
        name = _place(column.name, profiles)
        if column.name not in evidence and _is_balance(column) and name is not None and name not in found:
            balance = _balance(column.name, name, draft.tables)
            found[name] = _by_sums(balance, draft, legacy) if legacy is not None else balance
    return replace(draft, balances=tuple(found.values()))


def _is_balance(column: ColumnFacts) -> bool:
    if named_secret(column.name) or column.name in EXPORT_NAMES or not looks_like_balance(column.name):
        return False
    return choose_type(column).type in EXACT


def _place(name: str, profiles: dict[str, TargetColumn] | None) -> str | None:
    """The profiles' column of that name that holds an exact number."""
    if profiles is None:
        return snake(name)
    fitting = (known for known in (name, snake(name)) if known in profiles)
    return next((f for f in fitting if profiles[f].base in EXACT_THERE and not profiles[f].generated), None)


def _balance(source: str, name: str, tables: tuple[DraftTable, ...]) -> DraftBalance:
    # Rows that are owned through others cannot be held against anybody's balance.
    money = [
        (table, column)
        for table in tables
        if table.owner.source is not None
        for column in table.sums
        if table.column(column).choice.type in EXACT
    ]
    words = _words(source)
    akin = [(table.key, column) for table, column in money if words & (_words(table.key) | _words(column))]
    pairs = tuple(f"{table.key}.{column}" for table, column in money)
    return DraftBalance(name, source, ".".join(akin[0]) if len(akin) == 1 else None, pairs)


def _by_sums(balance: DraftBalance, draft: Draft, legacy: sqlite3.Connection) -> DraftBalance:
    """The balance with the one column whose rows add up to it for most of the users that have some."""
    agreeing = {}
    for name in balance.money:
        key, _, column = name.partition(".")
        agrees, users = _agreeing(balance, draft, draft.table(key), column, legacy)
        if users and agrees >= MOSTLY * users:
            agreeing[name] = (agrees, users)
    if not agreeing:
        return balance
    best = max(agreeing, key=lambda name: agreeing[name])
    if list(agreeing.values()).count(agreeing[best]) > 1 and balance.against in agreeing:
        best = balance.against
    agrees, users = agreeing[best]
    return replace(balance, against=best, evidence=f"{best} adds up to it for {agrees:,} of {counted(users, 'user')}")


def _agreeing(
    balance: DraftBalance, draft: Draft, table: DraftTable, column: str, legacy: sqlite3.Connection
) -> tuple[int, int]:
    """For how many users the rows of a table add up to the balance, of those that have rows or a balance."""
    users = draft.users
    if users is None or table.owner.source is None or table.owner.expr or table.column(column).expr:
        return 0, 0
    query = fill(
        "WITH earned AS (SELECT {owner} AS whose, sum({money}) AS much FROM {table} GROUP BY 1)"
        " SELECT count(*), coalesce(sum(abs(coalesce({source}, 0) - coalesce(earned.much, 0)) < 0.005), 0)"
        " FROM {users} LEFT JOIN earned ON earned.whose = {users}.{id}"
        " WHERE coalesce({source}, 0) <> 0 OR coalesce(earned.much, 0) <> 0",
        source=f"{quoted(users.table)}.{quoted(balance.source)}",
        money=quoted(table.column(column).source),
        table=quoted(table.source),
        owner=quoted(table.owner.source),
        users=quoted(users.table),
        id=quoted(users.id),
    )
    compared, agrees = legacy.execute(query).fetchone()
    return int(agrees), int(compared)


def _words(name: str) -> set[str]:
    return {singular(word) for word in snake(name).split("_")}
