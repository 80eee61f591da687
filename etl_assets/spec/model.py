"""The spec as values: what each key means once it is read. Every scalar arrives as a string."""

import re
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from etl_assets.spec.references import PART, References, column_of
from etl_assets.spec.sections import Accounts, Policy, Strict, Timed
from etl_assets.spec.types import Type

USERS = "users"
CREATED = "created_at"
# What apps call the moment at which a row was made.
CREATED_NAMES = frozenset(
    "created_at createdat created created_on createdon date_created datecreated creation_date creationdate "
    "created_time createdtime created_date createddate creation_time inserted_at insertedat date_added added_at".split()
)
NO_COLUMN = "none"
KEEP_OTHERS = "*"
ROWID = "rowid"
TABLE_KEY = re.compile(r"^[a-z][a-z0-9_]{0,58}$")
POSTGRES_NAME_BYTES = 63
USERS_COLUMN, SUM_OF = re.compile(r"users\.(.+)"), re.compile(r"sum\(([a-z][a-z0-9_]*)\.(.+)\)")


def _mapping(value: Any, *, key: str) -> Any:
    """The long form of a section that may be written as one word."""
    return {key: value} if isinstance(value, str) else value


class Source(Strict):
    """`timezone`: the IANA zone of legacy timestamps that carry none."""

    timezone: str


class TargetMarker(Strict):
    """`marker`: a name written into the target at the first load and compared ever after."""

    marker: str | None = None


class Created(Timed):
    """Where the legacy app keeps when a user signed up, and how to read it: as for a column of type timestamptz."""

    from_: str = Field(alias="from")
    type: Literal["timestamptz", "date"] = "timestamptz"


class Users(Strict):
    """The legacy users table: its columns for id, e-mail and, where there are such, verification and sign-up.

    `created` tells two people apart to whom SQLite gave one id after the other. Without it `created_at` is taken, where
    the table has such a column.
    """

    table: str = "users"
    id: str = "id"
    email: str = "email"
    verified: str | None = None
    created: Created | None = None

    @field_validator("created", mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        return _mapping(value, key="from")

    @property
    def created_column(self) -> str:
        """The legacy column that says when a user signed up."""
        return self.created.from_ if self.created else CREATED


class IdRule(Strict):
    """How a row's new id comes from its legacy key, and the target column that takes it."""

    rule: Literal["uuid5", "keep"] = "uuid5"
    to: str = "id"


class Owner(Strict):
    """Whose row it is: a column (`from`), the owner of a referenced row (`via`), or nobody's (neither).

    `expr` is an SQLite expression that makes of the column what the users table has as its key.
    """

    from_: str | None = Field(None, alias="from")
    expr: str | None = None
    via: str | None = None
    to: str | None = None
    nobody: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "Owner":
        if self.from_ and self.via:
            raise ValueError("`from` and `via` exclude each other")
        if not (self.from_ or self.via or self.nobody):
            raise ValueError("says neither whose the rows are (`from`, `via`) nor `none`")
        if self.expr and not self.from_:
            raise ValueError("`expr` stands beside `from`, which says of which column it makes the user's key")
        if self.from_ and not self.to:
            raise ValueError("`to` is missing: the target column that takes the account's id")
        return self

    @property
    def is_none(self) -> bool:
        """True for lookup tables."""
        return self.nobody


class Column(Timed):
    """One target column: its type and where its value comes from.

    `round`: the operator's word that what the target cannot hold is rounded, and counted.

    `target_timezone` is the zone whose clock a column of type `timestamp` shows, the legacy one where nothing is said.
    `split` separates the elements of a list that is not written as JSON.
    """

    type: Type
    from_: str | None = Field(None, alias="from")
    expr: str | None = None
    map: dict[str, str] | None = None
    default: str | None = None
    required: bool = False
    empty: Literal["null"] | None = None
    encoding: str | None = None
    round: bool = False
    target_timezone: str | None = None
    split: str | None = None
    references: References | None = None
    secret: Literal["allowed"] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Column":
        if self.from_ and self.expr:
            raise ValueError("`from` and `expr` exclude each other")
        return self


class UniqueCheck(Strict):
    """Columns whose values should not repeat; `error` stops the load, `warn` shows a number."""

    columns: tuple[str, ...]
    severity: Literal["warn", "error"] = "warn"


class Checks(Strict):
    """Extra validations: `unique`, and `sum` for money columns, reconciled per user."""

    unique: tuple[UniqueCheck, ...] = ()
    sum: tuple[str, ...] = ()


class Table(Strict):
    """One migrated table."""

    name: str = ""
    source: str = ""
    target: str = ""
    optional: bool = False
    where: str | None = None
    key: tuple[str, ...] = ()
    id: IdRule = IdRule(rule="uuid5", to="id")
    owner: Owner
    columns: dict[str, Column]
    composite: tuple[References, ...] = Field((), alias="references")
    created: str | None = None
    checks: Checks = Checks()

    @model_validator(mode="before")
    @classmethod
    def _long_forms(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = dict(data)
        owner = data.get("owner")
        if isinstance(owner, str):
            data["owner"] = {"nobody": True} if owner == "none" else {"from": owner, "to": owner}
        if "id" in data:
            data["id"] = _mapping(data["id"], key="rule")
        if isinstance(data.get("columns"), dict):
            data["columns"] = {name: _mapping(column, key="type") for name, column in data["columns"].items()}
        return data

    @property
    def target_schema(self) -> str:
        """The schema part of `target`."""
        return self.target.partition(".")[0]

    @property
    def target_table(self) -> str:
        """The table part of `target`."""
        return self.target.partition(".")[2]

    @property
    def loaded_columns(self) -> tuple[str, ...]:
        """The target columns that the load fills: id, owner, then as in the spec."""
        first = [self.id.to, *([self.owner.to] if self.owner.to else [])]
        return (*first, *(column for column in self.columns if column not in first))

    @property
    def is_keyless(self) -> bool:
        """True for a table without a key, whose rows are told apart by their place: it can be loaded once."""
        return self.key == (ROWID,)

    @property
    def created_column(self) -> str | None:
        """The legacy column that says when a row was made, by the spec's word or by its name; None where none does.

        It tells two rows apart to which SQLite gave one id after the other.
        """
        if self.created is not None:
            return None if self.created == NO_COLUMN else self.created
        sources = (column.from_ or name for name, column in self.columns.items() if column.expr is None)
        return next((source for source in sources if source.lower() in CREATED_NAMES), None)

    @cached_property
    def references(self) -> dict[str, References]:
        """Target column -> what it refers to, users included.

        One entry per table where a column knows several, and one for several columns, under the first one's name.
        """
        found: dict[str, References] = {}
        for name, column in self.columns.items():
            found |= column.references.parts(name) if column.references else {}
        for number, several in enumerate(self.composite):
            part = f"{several.columns[0]}{PART}{number} {several.table}"
            found[part] = several.model_copy(update={"key": several.key or several.columns})
        return found

    def columns_of(self, part: str) -> tuple[str, ...]:
        """The target columns of an entry of `references`."""
        return self.references[part].columns or (column_of(part),)

    def names_user(self, column: str) -> bool:
        """True for a column that takes an account, of the owner or of a second user."""
        found = self.columns.get(column)
        return column == self.owner.to or bool(found and found.references and found.references.table == USERS)

    def legacy_name(self, column: str) -> str | None:
        """The legacy column behind a target column; None where it is an expression, or none is said."""
        if column == self.owner.to:
            return None if self.owner.expr else self.owner.from_
        found = self.columns.get(column)
        return (found.from_ or column) if found is not None and found.expr is None else None


class Balance(Strict):
    """A balance beside the history: what it was in the legacy app, and how it gets into the account's profile.

    `from` is a column of the users table, `users.credits`, or what the loaded rows add up to,
    `sum(credit_transactions.amount)`. `add` leaves a sign-up bonus of the new app beside it, `set` writes over it.
    `against` names the column whose rows the balance answers to, `credit_transactions.amount`.
    """

    from_: str = Field(alias="from")
    apply: Literal["add", "set"]
    against: str | None = None

    @field_validator("from_")
    @classmethod
    def _is_a_source(cls, value: str) -> str:
        if not (USERS_COLUMN.fullmatch(value) or SUM_OF.fullmatch(value)):
            raise ValueError(f"{value!r} is neither `users.COLUMN` nor `sum(TABLE.COLUMN)`")
        return value

    @property
    def users_column(self) -> str | None:
        """The legacy users' column, where that is the source."""
        found = USERS_COLUMN.fullmatch(self.from_)
        return found[1] if found else None

    @property
    def answers_to(self) -> tuple[str, str] | None:
        """The table's key and the column that `against` names."""
        table, _, column = (self.against or "").partition(".")
        return (table, column) if self.against is not None else None

    @property
    def summed(self) -> tuple[str, str] | None:
        """The table's key and the column that are added up, where that is the source."""
        found = SUM_OF.fullmatch(self.from_)
        return (found[1], found[2]) if found else None


class Attribute(Column):
    """A column of the profile, given once; `set` writes over what is there. What is NULL in legacy is not given."""

    apply: Literal["set", "if_null"]

    @model_validator(mode="after")
    def _is_of_users(self) -> "Attribute":
        if not USERS_COLUMN.fullmatch(self.from_ or "") or self.expr or self.references or self.secret:
            raise ValueError("`from` is `users.COLUMN`; `expr`, `references` and `secret` are for columns of tables")
        return self

    @property
    def users_column(self) -> str:
        """The legacy users' column."""
        return (self.from_ or "").partition(".")[2]


class Spec(Strict):
    """The whole file. `tables` keeps the file's order; `load_order` puts referenced tables first.

    `circles` are tables that refer to one another, each in load order; one that refers to itself is one alone.
    """

    source: Source
    namespace: UUID
    target: TargetMarker = TargetMarker()
    users: Users | None = None
    accounts: Accounts = Accounts.model_validate({})
    policy: Policy = Policy()
    balances: dict[str, Balance] = Field(default_factory=dict)
    profile: dict[str, Attribute] = Field(default_factory=dict)
    tables: dict[str, Table]
    load_order: tuple[str, ...] = ()
    circles: tuple[tuple[str, ...], ...] = ()
    digest: str = ""

    @property
    def writes_profiles(self) -> bool:
        """True when a load changes profiles."""
        return bool(self.balances or self.profile)

    def balance_column(self, name: str) -> str:
        """The profiles' column behind a balance's name, `profiles.credits`."""
        return name.rpartition(".")[2]

    def circle_of(self, name: str) -> tuple[str, ...]:
        """The tables with which this one refers round in a circle, itself among them; none where it does not."""
        return next((circle for circle in self.circles if name in circle), ())

    def in_circle(self, name: str) -> dict[str, References]:
        """The references of this table that are a part of its circle, by column."""
        circle = self.circle_of(name)
        return {column: found for column, found in self.tables[name].references.items() if found.table in circle}

    def carried(self, table: Table, name: str) -> tuple[Table, str] | None:
        """The table and its column whose value a column carries by a reference to it; None where it has its own."""
        own = table.columns[name].references
        if own is not None:
            found = [own.parts(name)[name]] if own.key else []
        else:
            found = [reference for reference in table.references.values() if name in reference.columns]
        if not found or found[0].table not in self.tables:
            return None
        return self.tables[found[0].table], found[0].key[found[0].columns.index(name)]

    def read_as(self, table: Table, name: str) -> Column:
        """What says how the cells of a column are read: itself, or the column of which it carries the value."""
        carried = self.carried(table, name)
        return self.read_as(*carried) if carried else table.columns[name]

    @property
    def owned(self) -> tuple[str, ...]:
        """Keys of tables whose rows belong to users, in load order."""
        return tuple(name for name in self.load_order if not self.tables[name].owner.is_none)

    @property
    def unowned(self) -> tuple[str, ...]:
        """Keys of lookup tables, in load order."""
        return tuple(name for name in self.load_order if self.tables[name].owner.is_none)
