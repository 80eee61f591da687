"""Balances beside the history: staged with the users, applied with their rows, taken back by undo."""

import polars as pl
from psycopg import sql

from etl_assets.access.postgres.catalog import read_columns, regclass, update_triggers
from etl_assets.access.postgres.connection import Connection, as_the_app, fire_deferred
from etl_assets.access.postgres.copying import copy_frame
from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    identifier,
    literal,
    qualified,
    staging_table,
)
from etl_assets.core.links.binding import Slots
from etl_assets.core.links.links import Links
from etl_assets.faults import fault_point
from etl_assets.model.errors import Refused, TargetMismatch, UndoRefused
from etl_assets.model.target import TargetColumn
from etl_assets.model.words import counted
from etl_assets.spec.model import Spec
from etl_assets.spec.profiles import Balance

SQL = Statements(__file__)

NUMBERS = ("smallint", "integer", "bigint", "numeric")
SPENT = "were spent or earned since"


def balance_columns(connection: Connection, spec: Spec) -> dict[str, TargetColumn]:
    """The profiles' column behind each balance.

    Raises:
        TargetMismatch: it is not there, or is no exact number.
    """
    if not spec.balances:
        return {}
    [known] = read_columns(connection, regclass(*spec.accounts.profiles_table))
    found = {name: known.get(spec.balance_column(name)) for name in spec.balances}
    problems = [
        f"{name} is {column.type if column else 'no column'}, and a balance is integer, bigint or numeric"
        for name, column in found.items()
        if column is None or column.base not in NUMBERS or column.generated
    ]
    if problems:
        raise TargetMismatch("balances", problems)
    return {name: column for name, column in found.items() if column is not None}


def stage_balances(connection: Connection, frames: dict[str, pl.DataFrame]) -> None:
    """Swaps what a snapshot says of the users' balances; runs inside `writing`.

    Args:
        connection: to the target.
        frames: per balance `legacy_user_id`, `amount`, `column`, `storage_class`, `value`, `rule`, all String; `rule`
            says why an amount could not be read.
    """
    SQL("clear_legacy_balances").exec(connection)
    SQL("clear_user_faults").exec(connection)
    for name, frame in frames.items():
        SQL("create_balances_batch").exec(connection)
        copy_frame(connection, SQL("copy_balances"), frame)
        SQL("keep_balances").exec(connection, balance=name)
        SQL("keep_balance_faults").exec(connection)
    fault_point("users.balances")


def note_before(connection: Connection, links: Links, users: list[str]) -> None:
    """Remembers what these users' balances are before their rows are loaded, in this transaction."""
    if not links.spec.balances:
        return
    SQL("drop_before").exec(connection)
    SQL("create_before").exec(connection)
    for name, balance in links.spec.balances.items():
        total = _total(links, name, balance)
        slots = {**balance_slots(links, name), "accounts": links.holders}
        slots |= transactions(links, balance, of_users=sql.SQL("m.legacy_user_id = ANY (%(users)s)"))
        SQL("note_before", **slots, total=total).exec(connection, users=users)


def apply_balances(connection: Connection, links: Links, *, wave: str, run: str) -> int:
    """Applies what is due to the users of `note_before`, and returns how many notes it made of it.

    A balance of the users table is applied once; with `on_change: update`, a later change of it too. A sum counts each
    loaded row once. What a profile held before stays readable, so that a sign-up bonus is seen and not doubled.

    Raises:
        Refused: a trigger changes the balance already, or the column does not take the amount as it is.
    """
    made = 0
    if links.spec.balances:
        # What a deferred trigger books is booked now, and is noticed.
        fire_deferred(connection)
    for name, balance in links.spec.balances.items():
        slots = balance_slots(links, name)
        meanwhile = {key: slots[key] for key in ("balance", "column", "profiles")}
        count, sample = SQL("count_changed_meanwhile", **meanwhile).one(connection)
        if count:
            raise _refused(
                name,
                count,
                sample,
                "A trigger on the loaded tables changes this balance already, so it "
                "would be doubled. Disable the trigger for the load, or leave the balance out of the spec.",
            )
        query = SQL(
            "apply_balance", **slots, wanted=_wanted(links, name, balance), sets=literal(balance.apply == "set")
        )
        with as_the_app(connection):
            entered, inexact, sample = query.one(connection, wave=wave, run=run)
        if inexact:
            raise _refused(
                name,
                inexact,
                sample,
                "The column rounds the amount, or a trigger rewrites it. Nothing of this batch was kept.",
            )
        made += int(entered)
    return made


def changed_balances(connection: Connection, links: Links) -> set[str]:
    """Users who have moved and whose balance is still to be applied, or again where changes are written over."""
    found: set[str] = set()
    for name, balance in links.spec.balances.items():
        if balance.users_column is not None:
            slots = balance_slots(links, name)
            again = literal(links.spec.policy.updates)
            query = SQL("list_changed_balances", balance=slots["balance"], accounts=links.holders, again=again)
            found |= {user for (user,) in query.many(connection)}
    return found


def spent_balances(
    connection: Connection, links: Links, *, users: list[str], wave: str | None
) -> list[tuple[str, str, str]]:
    """Balances of which an undo would take something, and that are not what we left: name, legacy user, hindrance."""
    values = {"users": users, "wave": wave}
    return [
        (name, user, SPENT)
        for name in links.spec.balances
        for (user,) in SQL("list_spent", **balance_slots(links, name)).many(connection, **values)
    ]


def undo_balances(connection: Connection, links: Links, *, users: list[str], wave: str | None) -> dict[str, int]:
    """Takes back what was applied; returns how many notes that were, per balance."""
    found = {}
    for name, balance in links.spec.balances.items():
        query = SQL("undo_balance", **balance_slots(links, name), sets=literal(balance.apply == "set"))
        with as_the_app(connection):
            notes, inexact = query.one(connection, users=users, wave=wave)
        if inexact:
            raise UndoRefused(
                f"Undo refused: {counted(inexact, 'account')} did not take {name} as it was",
                remedy="Look at the triggers and rules on UPDATE of the profiles. Nothing was taken out.",
            )
        found[name] = int(notes)
    return found


def require_known_balances(connection: Connection, links: Links, *, users: list[str], wave: str | None) -> None:
    """Raises unless every balance of which an undo would take something is in the spec, and no trigger would see it.

    Raises:
        UndoRefused: one is not, or a trigger would.
    """
    values = {"users": users, "wave": wave, "known": list(links.spec.balances)}
    unknown = [name for (name,) in SQL("list_unknown_balances").many(connection, **values)]
    if unknown:
        what = f"Undo refused: the spec does not name {', '.join(unknown)} any more, which these users were given"
        raise UndoRefused(what, remedy="Undo with the spec that was loaded with.")
    schema, profiles = links.spec.accounts.profiles_table
    if links.spec.writes_profiles:
        query = update_triggers(allowed=links.spec.policy.fires(profiles))
        count, names = query.one(connection, table=regclass(schema, profiles))
        if count:
            what = f"Undo refused: updating {schema}.{profiles} would fire {', '.join(names)}"
            agreed = f"policy: {{triggers: {{{profiles}: fire}}}}"
            raise UndoRefused(what, remedy=f"Disable them meanwhile, or say `{agreed}`.")


def _refused(name: str, count: int, sample: list[str], remedy: str) -> Refused:
    return Refused("balances_arrive_unchanged", table=name, count=count, sample=sample or (), remedy=remedy)


def balance_slots(links: Links, name: str) -> Slots:
    """The slots of a statement about one balance."""
    return {
        "balance": literal(name),
        "column": identifier(links.spec.balance_column(name)),
        "profiles": qualified(*links.spec.accounts.profiles_table),
    }


def _total(links: Links, name: str, balance: Balance) -> Statement:
    if balance.summed is None:
        return SQL("sum_of_applied", balance=literal(name))
    return SQL("sum_of_rows", **rows_slots(links, *balance.summed))


def rows_slots(links: Links, table: str, amount: str) -> Slots:
    """The slots of a statement that adds up a money column of loaded rows."""
    return {**links.slots(table), "amount": identifier(amount)}


def compared_with(links: Links, balance: Balance) -> tuple[str, str] | None:
    """The table and the money column that a balance answers to: the one it names, adds up, or the spec's only one."""
    spec = links.spec
    money = [(name, column) for name in spec.owned for column in spec.tables[name].checks.sum]
    return balance.answers_to or balance.summed or (money[0] if len(money) == 1 else None)


def not_compared(links: Links, balance: Balance) -> str | None:
    """Why nobody's balance can be compared with transactions; None when it can."""
    pair = compared_with(links, balance)
    if pair is None:
        return "no_column"
    return None if links.spec.tables[pair[0]].owner.to else "owned_by_parent"


def transactions(links: Links, balance: Balance, *, of_users: sql.SQL) -> Slots:
    """The slots `totals` and `arrived`: what users' accounts have in production, and what arrived of it."""
    pair = compared_with(links, balance)
    if pair is None or not_compared(links, balance):
        return {"totals": SQL("no_transactions"), "arrived": SQL("no_transactions")}
    slots = rows_slots(links, *pair)
    owner = identifier(links.spec.tables[pair[0]].owner.to or "")
    of_account = {"amount": slots["amount"], "target": slots["target"], "owner": owner, "of_users": of_users}
    return {
        "totals": SQL("totals_of_accounts", **of_account),
        "arrived": SQL("arrived_of_users", **slots, staging=staging_table(pair[0]), of_users=of_users),
    }


def _wanted(links: Links, name: str, balance: Balance) -> Statement:
    if balance.summed is not None:
        return SQL("wanted_from_rows", balance=literal(name), total=_total(links, name, balance))
    return SQL("wanted_from_users", balance=literal(name), again=literal(links.spec.policy.updates))
