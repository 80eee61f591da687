"""Who the users are: the table, its address, whether that was verified, and when somebody signed up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from etl_assets.init.cells.type_choice import choose_type
from etl_assets.init.judging.secrets import is_secret, secret_reason
from etl_assets.init.judging.words import (
    SECOND,
    SURE,
    VERIFIED_WORDS,
    email_rank,
    is_of_another_kind,
    says_signup,
    users_rank,
)
from etl_assets.init.names import CREATED_NAMES, looks_like_email, names_parent, snake
from etl_assets.init.table_facts import ColumnFacts, ForeignKeyFacts, TableFacts
from etl_assets.spec.model import NO_COLUMN
from etl_assets.spec.rules import EXPORT_NAMES, looks_secret

MOSTLY = 0.5
UNNAMED = 999
NEAR_SCORE = 4
EVERY_REFERENCE = 3  # weighs as much as so many places in the list of words
LOGIN_NAMES = frozenset("login username user_name login_name account_name".split())


@dataclass(frozen=True)
class UsersTable:
    """The legacy users: where id, e-mail and verification stand, and how many addresses there are.

    `stands_for` names the table, and its column, whose ids these users' are, where that is another one. `others` are
    what else could have been meant, the address by `TABLE.COLUMN`.
    """

    table: str
    id: str
    email: str
    verified: str | None
    addresses: int
    filled: int
    stands_for: tuple[str, str] | None = None
    others: tuple[str, ...] = ()
    doubtful: bool = False
    notes: tuple[str, ...] = ()
    prefix: str = ""

    def is_named_by(self, key: ForeignKeyFacts) -> bool:
        """True for a foreign key of one column whose values are these users' ids."""
        there = {(self.table, (self.id,)), *({(self.stands_for[0], (self.stands_for[1],))} if self.stands_for else ())}
        return len(key.columns) == 1 and (key.table, key.to) in there

    @property
    def names(self) -> tuple[str, ...]:
        """What columns that refer to a user may be called after."""
        names = (self.table, self.stands_for[0]) if self.stands_for else (self.table,)
        return (*names, self.prefix) if self.prefix else names

    @property
    def home(self) -> tuple[str, str]:
        """The table and the column that undeclared references are held against."""
        return self.stands_for or (self.table, self.id)


def recognise_users(tables: Sequence[TableFacts], *, chosen: str | None = None) -> UsersTable | None:
    """The table whose column of addresses its users log in with; an empty one, or admins, only where nothing else is.

    Its name counts, and how many tables refer to it. Where the addresses stand in a table of their own, that one is.
    `chosen` is the operator's word: `TABLE.COLUMN` of the addresses, or `none`.
    """
    if chosen == NO_COLUMN:
        return None
    found = (
        sorted(
            (_score(candidate, tables), place, candidate)
            for place, table in enumerate(tables)
            if (candidate := _as_users(table)) is not None
        )
        if tables
        else []
    )
    if not found:
        return _by_a_table_of_addresses(tables)
    found.sort(key=lambda each: f"{each[2].table}.{each[2].email}" != chosen)  # stable: without a word nothing moves
    score, _, best = found[0]
    by_name = {table.name: table for table in tables}
    if chosen is None and score[3] >= UNNAMED and (child := _by_a_table_of_addresses(tables)) is not None:
        return child
    rivals = [other for other_score, _, other in found[1:] if _is_near(score, other_score)]
    best = replace(
        best,
        others=tuple(f"{other.table}.{other.email}" for _, _, other in found[1:]),
        doubtful=bool(rivals) or score[2] or (score[1] and score[3] >= UNNAMED) or _is_unnamed(best),
    )
    return _by_the_accounts(best, by_name[best.table], tables)


def _is_unnamed(users: UsersTable) -> bool:
    """True where nothing but the values says that these are addresses."""
    return not looks_like_email(users.email) and snake(users.email) not in LOGIN_NAMES


Score = tuple[bool, bool, bool, int]


def _score(users: UsersTable, tables: Sequence[TableFacts]) -> Score:
    """Least is best: filled first, then the app's own users, then an address of one's own, then name and references."""
    table = next(table for table in tables if table.name == users.table)
    rank = users_rank(table.name)
    references = sum(_refers(other, table, users.id) for other in tables if other.name != table.name)
    weight = (UNNAMED + 100 if rank is None else rank) - EVERY_REFERENCE * min(references, 30)
    return users.filled == 0, is_of_another_kind(table.name), email_rank(users.email) == SECOND, weight


def _is_near(best: Score, other: Score) -> bool:
    return best[:3] == other[:3] and other[3] < UNNAMED - 100 and other[3] - best[3] <= NEAR_SCORE


def _refers(table: TableFacts, parent: TableFacts, key: str) -> bool:
    declared = [found for found in table.foreign_keys if found.declared]
    if any(found.table == parent.name for found in declared):
        return True
    return any(names_parent(column, parent=parent.name, parent_key=key) for column in table.columns)


def _as_users(table: TableFacts) -> UsersTable | None:
    key = table.primary_key or (table.unique[0] if table.unique else ())
    if len(key) != 1 or is_secret(table, key[0]) or looks_secret(key[0]):
        return None
    best = _address_of(table, key[0])
    if best is None:
        return None
    return UsersTable(
        table.name,
        key[0],
        best.name,
        verified_of(table, best.name),
        best.emails,
        best.filled,
        prefix=table.prefix,
    )


def _address_of(table: TableFacts, key: str) -> ColumnFacts | None:
    emails = [
        column
        for column in table.columns.values()
        if looks_like_email(table.plainly(column.name)) and column.name != key and not secret_reason(table, column)
    ]
    emails = [column for column in emails if _holds_addresses(column, table)]
    if not emails and users_rank(table.name) is not None:
        # People may log in with an address that no column is called after.
        known = [column for column in table.columns.values() if _is_filled_with_addresses(column)]
        known = [column for column in known if column.name != key and not secret_reason(table, column)]
        emails = [column for column in known if snake(column.name) in LOGIN_NAMES] or known
    order = list(table.columns)
    return min(
        emails, key=lambda column: (email_rank(table.plainly(column.name)), order.index(column.name)), default=None
    )


def _is_filled_with_addresses(column: ColumnFacts) -> bool:
    return column.filled > 0 and column.emails > MOSTLY * column.filled


def _holds_addresses(column: ColumnFacts, table: TableFacts) -> bool:
    if column.filled:
        return _is_filled_with_addresses(column)
    return users_rank(table.name) is not None and email_rank(column.name) == SURE


def _by_a_table_of_addresses(tables: Sequence[TableFacts]) -> UsersTable | None:
    """`email_addresses(user_id, address)` beside users that have no address themselves."""
    ranked = [(rank, table) for table in tables if (rank := users_rank(table.name)) is not None]
    for _, parent in sorted(ranked, key=lambda pair: pair[0]):
        if len(parent.primary_key) != 1 or is_of_another_kind(parent.name):
            continue
        for table in tables:
            link = _link_to(table, parent)
            email = next((c for c in table.columns.values() if _is_filled_with_addresses(c)), None)
            if table.name != parent.name and link and email and not secret_reason(table, email):
                return UsersTable(
                    table.name,
                    link,
                    email.name,
                    verified_of(table, email.name),
                    email.emails,
                    email.filled,
                    stands_for=(parent.name, parent.primary_key[0]),
                    notes=(f"{parent.name} has no addresses: they stand in {table.name}, by its {link}",),
                )
    return None


def _link_to(table: TableFacts, parent: TableFacts) -> str | None:
    key = parent.primary_key
    declared = (found.columns[0] for found in table.foreign_keys if found.table == parent.name and found.to == key)
    named = (name for name in table.columns if names_parent(name, parent=parent.name, parent_key=key[0]))
    return next((name for name in (*declared, *named) if not is_secret(table, name)), None)


def _by_the_accounts(users: UsersTable, table: TableFacts, tables: Sequence[TableFacts]) -> UsersTable:
    """`users.account_id`, where everything belongs to accounts that are one user's each: theirs are the users' ids."""
    mine = _count(tables, users.table)
    for key in table.foreign_keys:
        is_unique = (key.columns in table.unique or _is_unique_here(table, key)) and len(key.columns) == 1
        if not (is_unique and key.declared and key.table != users.table) or is_secret(table, key.columns[0]):
            continue
        theirs = _count(tables, key.table)
        if theirs > 2 * mine + 1 and len(key.to) == 1 and users_rank(key.table) is not None:
            note = f"{theirs} tables refer to {key.table}, each of which is one user's: its id counts as the user's"
            return replace(
                users, id=key.columns[0], stands_for=(key.table, key.to[0]), notes=(*users.notes, note), doubtful=False
            )
    return users


def _is_unique_here(table: TableFacts, key: ForeignKeyFacts) -> bool:
    return key.columns in table.unique


def _count(tables: Sequence[TableFacts], parent: str) -> int:
    return sum(
        any(key.table == parent and key.declared for key in table.foreign_keys)
        for table in tables
        if table.name != parent
    )


def verified_of(table: TableFacts, email: str) -> str | None:
    """The column that says whether an address is verified: of its own prefix first, never of another address or phone.

    A flag, or the time at which it was verified.
    """
    name = snake(email).replace("e_mail", "email")
    plain = {snake(table.plainly(name)): column for name, column in table.columns.items()}
    spelt = plain | {snake(column.name).replace("e_mail", "email"): column for column in table.columns.values()}
    own, general = [], []
    for word in VERIFIED_WORDS:
        own += [f"{name}_{word}", f"{word}_{name}", f"is_{name}_{word}", f"{name}_is_{word}", f"{name}_{word}_at"]
        general += [f"email_{word}", f"{word}_email", f"is_email_{word}", f"email_is_{word}", f"email_{word}_at"]
        general += [f"email_{word}_on", f"is_{word}", word, f"{word}_at", f"{word}_on"]
    if email_rank(email) == SECOND:
        general = []
    found = (spelt[wanted] for wanted in (*own, *general) if wanted in spelt)
    return next((column.name for column in found if _says_whether(column) and not looks_secret(column.name)), None)


def _says_whether(column: ColumnFacts) -> bool:
    if not column.filled:
        return True
    flags = column.zeros_and_ones + column.shaped("zero_or_one", "boolean")
    return flags == column.filled or is_time_of_verifying(column)


def is_time_of_verifying(column: ColumnFacts) -> bool:
    """True where the column says when, and NULL that it was not."""
    times = column.shaped("timestamp", "midnight", "finer", "empty")
    return 0 < column.filled == max(times, *(count + column.zeros for count in column.epochs.values()), 0)


def created_of(table: TableFacts) -> dict[str, Any]:
    """`from`, `unit`, `format` of the column that says when a user signed up; empty where none does."""
    by_name = {snake(table.plainly(column.name)): column for column in reversed(table.columns.values())}
    named = [by_name[name] for name in CREATED_NAMES if name in by_name]
    plain = [column for column in table.columns.values() if says_signup(table.plainly(column.name))]
    named += [column for column in plain if column not in named]
    for facts in named:
        if looks_secret(facts.name) or facts.name in EXPORT_NAMES or re.search("_by$", snake(facts.name)):
            continue
        choice = choose_type(facts)
        if choice.type in ("timestamptz", "date") or not facts.filled:
            options = {key: value for key, value in choice.options.items() if key in ("unit", "format", "ambiguous")}
            return {"from": facts.name, **options}
        units = [unit for unit, count in facts.epochs.items() if count == facts.integers + facts.reals > 0]
        if facts.blobs < facts.filled:
            # Whatever it is, the same person keeps it.
            return {"from": facts.name, **({"unit": units[0]} if len(units) == 1 else {})}
    return {}
