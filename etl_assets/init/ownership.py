"""Who the users are, whose rows a table holds, and which references a spec may state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from etl_assets.init.names import (
    MAKER_NAMES,
    OWNER_NAMES,
    VERIFIED_NAMES,
    looks_like_email,
    names_parent,
    snake,
    users_rank,
)
from etl_assets.init.table_facts import ColumnFacts, ForeignKeyFacts, TableFacts
from etl_assets.model.words import counted
from etl_assets.spec.model import ROWID
from etl_assets.spec.rules import looks_secret

MOSTLY = 0.5
NEARLY = 0.95
PLAIN_EMAIL_NAMES = ("email", "e_mail", "mail", "email_address", "emailaddress")


@dataclass(frozen=True)
class UsersTable:
    """The legacy users: where id, e-mail and verification stand, and how many addresses there are."""

    table: str
    id: str
    email: str
    verified: str | None
    addresses: int
    filled: int


@dataclass(frozen=True)
class Ownership:
    """How a table is owned: by a column that names the user, or through a parent; neither means by nobody."""

    direct: ForeignKeyFacts | None = None
    via: ForeignKeyFacts | None = None
    level: int = 0

    @property
    def is_none(self) -> bool:
        """True for tables that nobody owns."""
        return self.direct is None and self.via is None

    @property
    def column(self) -> str | None:
        """The legacy column that leads to the owner."""
        found = self.direct or self.via
        return found.columns[0] if found else None


def key_of(table: TableFacts) -> tuple[str, ...]:
    """The legacy key: the primary key, else columns that never repeat, else the rowid, else nothing; never a secret."""
    for key in (table.primary_key, *table.unique):
        if key and not any(looks_secret(column) for column in key):
            return key
    has_rowid = not table.primary_key and ROWID not in (name.lower() for name in table.columns)
    return (ROWID,) if has_rowid else ()


def recognise_users(tables: Iterable[TableFacts]) -> UsersTable | None:
    """The table whose e-mail column holds addresses; names such as users and customers go first, then more rows.

    A table without rows counts only where both its name and its column's leave no doubt.
    """
    found: list[tuple[tuple[int, int, int], UsersTable]] = []
    for place, table in enumerate(tables):
        candidate = _as_users(table)
        if candidate is not None:
            rank = users_rank(table.name)
            score = (candidate.filled == 0, 999 if rank is None else rank, -table.rows)
            found.append(((score[0] * 10_000 + score[1], score[2], place), candidate))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _as_users(table: TableFacts) -> UsersTable | None:
    key = table.primary_key
    if len(key) != 1 or looks_secret(key[0]):
        return None
    emails = [c for c in table.columns.values() if looks_like_email(c.name) and not looks_secret(c.name)]
    emails = [c for c in emails if c.name != key[0] and _holds_addresses(c, table)]
    if not emails:
        return None
    best = max(emails, key=lambda column: column.emails)
    verified = next((c.name for name in VERIFIED_NAMES for c in table.columns.values() if snake(c.name) == name), None)
    if verified and not _is_flag(table.columns[verified]):
        verified = None
    return UsersTable(table.name, key[0], best.name, verified, best.emails, best.filled)


def _holds_addresses(column: ColumnFacts, table: TableFacts) -> bool:
    if column.filled:
        return column.emails > MOSTLY * column.filled
    return users_rank(table.name) is not None and snake(column.name) in PLAIN_EMAIL_NAMES


def _is_flag(column: ColumnFacts) -> bool:
    return column.zeros_and_ones + column.shaped("zero_or_one", "boolean") == column.filled


def find_owners(tables: Sequence[TableFacts], users: UsersTable | None) -> dict[str, Ownership]:
    """Each table's owner: a foreign key to the users first, else the shortest path through owned tables.

    A path wants a column that is nearly always filled: a row without it would be nobody's.
    """
    owners: dict[str, Ownership] = {}
    if users is None:
        return {table.name: Ownership() for table in tables}
    by_name = {table.name: table for table in tables}
    for table in tables:
        direct = _direct(table, users)
        if direct:
            owners[table.name] = Ownership(direct=direct)
    level, grown = 1, True
    while grown:
        found = {
            table.name: Ownership(via=via, level=level)
            for table in tables
            if table.name not in owners and (via := _via(table, owners, by_name))
        }
        owners |= found
        level, grown = level + 1, bool(found)
    return {table.name: owners.get(table.name, Ownership()) for table in tables}


def _direct(table: TableFacts, users: UsersTable) -> ForeignKeyFacts | None:
    found = [
        key
        for key in table.foreign_keys
        if key.table == users.table and key.to == (users.id,) and len(key.columns) == 1 and not _is_hidden(table, key)
    ]
    # A column that is mostly empty tells who looked at a row; only its name could make it the owner's.
    found = [key for key in found if _owner_rank(key, users) == 0 or _filled(table, key) >= MOSTLY]
    return min(found, key=lambda key: (_owner_rank(key, users), not key.declared), default=None)


def _owner_rank(key: ForeignKeyFacts, users: UsersTable) -> int:
    name = snake(key.columns[0])
    if name in OWNER_NAMES or names_parent(name, parent=users.table, parent_key=users.id):
        return 0
    return 2 if name in MAKER_NAMES else 1


def _via(table: TableFacts, owners: dict[str, Ownership], by_name: dict[str, TableFacts]) -> ForeignKeyFacts | None:
    found = [
        key
        for key in table.foreign_keys
        if key.table in owners
        and key.table != table.name
        and is_to_key(key, by_name)
        and not _is_hidden(table, key)
        and _filled(table, key) >= NEARLY
        and (not key.values or key.found >= MOSTLY * key.values)
    ]
    return min(found, key=lambda key: (owners[key.table].level, not key.declared), default=None)


def _is_hidden(table: TableFacts, key: ForeignKeyFacts) -> bool:
    return looks_secret(key.columns[0]) or table.columns[key.columns[0]].generated


def _filled(table: TableFacts, key: ForeignKeyFacts) -> float:
    return key.values / table.scanned if table.scanned else 1.0


def is_to_key(key: ForeignKeyFacts, tables: dict[str, TableFacts]) -> bool:
    """True when a foreign key of one column refers to the legacy key of a migrated table."""
    parent = tables.get(key.table)
    return parent is not None and len(key.columns) == 1 and key.to == key_of(parent)


class References:
    """Which references a spec may state: never from what nobody owns to what somebody does."""

    def __init__(self, tables: Sequence[TableFacts], owners: dict[str, Ownership], users: UsersTable | None) -> None:
        """Takes the tables with what was found of their owners."""
        self._tables = {table.name: table for table in tables}
        self._owners, self._users = owners, users

    def refusal(self, table: TableFacts, key: ForeignKeyFacts) -> str | None:
        """Why this foreign key cannot be a reference, as the end of `refers to X, but ...`; None when it now is one."""
        if self._owners[table.name].via is key:
            return None
        if key.values and key.found < MOSTLY * key.values:
            return f"only {key.found:,} of {counted(key.values, 'value')} are there"
        if self._users and key.table == self._users.table:
            return self._refusal_of_users(table, key, id_=self._users.id)
        return self._refusal_of_table(table, key)

    def _refusal_of_users(self, table: TableFacts, key: ForeignKeyFacts, *, id_: str) -> str | None:
        if key.to != (id_,):
            return f"not to its {id_}"
        return "this table has no owner" if self._owners[table.name].is_none else None

    def _refusal_of_table(self, table: TableFacts, key: ForeignKeyFacts) -> str | None:
        problems = {
            "that table is not migrated": key.table not in self._tables,
            "not to its key": not is_to_key(key, self._tables),
            "a table without owner cannot refer to one whose rows arrive user by user": (
                self._owners[table.name].is_none and key.table in self._owners and not self._owners[key.table].is_none
            ),
        }
        return next((problem for problem, holds in problems.items() if holds), None)
