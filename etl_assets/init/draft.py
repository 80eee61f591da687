"""A spec in the making: what `init` decided about each table, with the evidence as notes."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Choice:
    """A column's type with the options that its values need; `misses` of the `values` would be quarantined.

    `rivals` are date formats that read all of them alike.
    """

    type: str
    options: dict[str, Any] = field(default_factory=dict)
    misses: int = 0
    notes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    values: int | None = None


@dataclass(frozen=True)
class Ask:
    """What an operator has to decide: `tables.docs.owner`, in a sentence, what may be said, and what was counted.

    The first choice is what the spec says now: the closed, safe one.
    """

    subject: str
    words: str
    choices: tuple[str, ...]
    evidence: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The whole question in one line."""
        evidence = f" {'; '.join(self.evidence)}." if self.evidence else ""
        end = "" if self.words.endswith("?") else "."
        return f"{self.words}{end}{evidence} Now: {self.choices[0]}; else {' or '.join(self.choices[1:])}"


@dataclass(frozen=True)
class DraftColumn:
    """One target column. `absent` is the reason why it stands in the file as a comment only.

    `several` are the words of the legacy column `by`, with the table that each means. `file_roots` are the places of
    the old server below which its files were; None where it names none.
    """

    name: str
    source: str
    choice: Choice
    references: str | None = None
    by: str | None = None
    several: dict[str, str] = field(default_factory=dict)
    not_null: bool = False
    absent: str | None = None
    is_expression: bool = False
    expr: str | None = None
    is_no_secret: bool = False
    file_roots: tuple[str, ...] | None = None


@dataclass(frozen=True)
class DraftOwner:
    """Whose rows: a legacy column (`source`), a target column with a reference (`via`), or nobody's.

    `expr` makes of the column what the users table has as its key; `misses` of the `values` name no user.
    """

    source: str | None = None
    expr: str | None = None
    to: str | None = None
    via: str | None = None
    notes: tuple[str, ...] = ()
    values: int = 0
    misses: int = 0

    @property
    def is_none(self) -> bool:
        """True for tables that nobody owns."""
        return self.source is None and self.via is None


@dataclass(frozen=True)
class DraftId:
    """Where the new id goes and what it is: `uuid5` makes a uuid, `keep` leaves the legacy value as `type`."""

    rule: str
    to: str
    type: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftUnfilled:
    """A column of the target that nothing fills: `parts` say how it could be, where that can be told."""

    name: str
    type: str
    parts: dict[str, Any]
    words: str


@dataclass(frozen=True)
class DraftKey:
    """Columns that refer to the row of a table that has the same in the columns `to`."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftTable:
    """One migrated table. `personal` names the column that makes it no lookup data, if there is one."""

    key: str
    source: str
    target: str
    rows: int
    legacy_key: tuple[str, ...]
    id: DraftId
    owner: DraftOwner
    columns: tuple[DraftColumn, ...]
    left_out: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    personal: str | None = None
    on_target: bool | None = None
    keys: tuple[DraftKey, ...] = ()
    unfilled: tuple[DraftUnfilled, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    asks: tuple[Ask, ...] = ()

    @property
    def live(self) -> tuple[DraftColumn, ...]:
        """The columns that are no mere comment."""
        return tuple(column for column in self.columns if column.absent is None)

    def column(self, name: str) -> DraftColumn:
        """The live column of that name."""
        return next(column for column in self.live if column.name == name)


@dataclass(frozen=True)
class DraftUsers:
    """The legacy users table, with the evidence. `created` is the sign-up's column and how to read it.

    Of the `filled` values of `email` so many are `addresses`.
    """

    table: str
    id: str
    email: str
    verified: str | None
    rows: int
    created: dict[str, Any]
    notes: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    addresses: int = 0
    filled: int = 0


@dataclass(frozen=True)
class DraftOffer:
    """A table that stays behind, and its section for who needs it all the same; `asks` where init is not sure."""

    table: DraftTable
    reason: str
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True)
class DraftBalance:
    """A balance that users seem to have: the profiles' column, the legacy users' one, and what it may answer to.

    `against` is the money column that it obviously answers to, by the `evidence`; `money` are all that it could.
    """

    name: str
    source: str
    against: str | None
    money: tuple[str, ...] = ()
    evidence: str | None = None


@dataclass(frozen=True)
class Draft:
    """The whole file: `not_migrated` pairs each name with its reason, `answers` are what the operator has decided."""

    file: str
    namespace: str
    rows: int
    users: DraftUsers | None
    tables: tuple[DraftTable, ...]
    not_migrated: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    balances: tuple[DraftBalance, ...] = ()
    offers: tuple[DraftOffer, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[Ask, ...]:
        """What the operator has to decide, in the order of the file."""
        users = self.users.asks if self.users else ()
        tables = (ask for table in self.tables for ask in table.asks)
        return (*users, *tables, *(ask for offer in self.offers for ask in offer.asks))

    def table(self, key: str) -> DraftTable:
        """The table of that key."""
        return next(table for table in self.tables if table.key == key)
