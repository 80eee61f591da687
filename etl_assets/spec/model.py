"""The spec as values: what each key means once it is read. Every scalar arrives as a string."""

import re
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from etl_assets.spec.columns import Checks, Column, IdRule, Owner
from etl_assets.spec.profiles import Attribute, Balance
from etl_assets.spec.references import PART, References, column_of
from etl_assets.spec.sections import Accounts, Files, Policy, Source, Strict, TargetMarker, Timed

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


def _mapping(value: Any, *, key: str) -> Any:
    """The long form of a section that may be written as one word."""
    return {key: value} if isinstance(value, str) else value


class Created(Timed):
    """Where the legacy app keeps when a user signed up, and how to read it. A word alone is short for `{from: ...}`."""

    from_: str = Field(alias="from")
    """The column of the users table.

    Example: `users: {created: {from: signed_up, unit: s}}`
    Refused: a name that looks like a secret.
    """
    type: Literal["timestamptz", "date"] = "timestamptz"
    """Whether the column holds an instant or a day.

    Example: `users: {created: {from: member_since, type: date}}`
    """


class Users(Strict):
    """The legacy users table. Its rows are not migrated: people sign up anew, and whoever proves the same e-mail
    address claims the history. `users: {}` takes every default.
    """

    table: str = "users"
    """Its name in the legacy database.

    Example: `users: {table: accounts}`
    """
    id: str = "id"
    """The column that owners refer to.

    Example: `users: {id: uid}`
    """
    email: str = "email"
    """The column of addresses. They are compared without regard to white space around them and to ASCII case.

    Example: `users: {email: login}`
    """
    verified: str | None = None
    """A column that says whether the legacy app has proven the address. Where it is not true, nobody claims.

    Example: `users: {verified: email_verified}`
    """
    created: Created | None = None
    """The column that says when somebody signed up. It tells two people apart to whom SQLite gave one id after the
    other. Without it `created_at` is taken, where the table has such a column.

    Example: `users: {created: signed_up}`
    """

    @field_validator("created", mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        return _mapping(value, key="from")

    @property
    def created_column(self) -> str:
        """The legacy column that says when a user signed up."""
        return self.created.from_ if self.created else CREATED


class Table(Strict):
    """One migrated table, by a key of your choice: a-z, 0-9 and _, at most 59 long, not `users`. New ids derive from
    the key, so it never changes.
    """

    name: str = ""
    source: str = ""
    """The legacy table, where its name is not the key.

    Example: `source: Order Items`
    Refused: a pair of source and target that another table has already.
    """
    target: str = ""
    """The target table, with its schema; `public` where none is said. Without it, the key in `public`.

    Example: `target: shop.orders`
    """
    optional: bool = False
    """A legacy database, or a target, without this table is not an error: there is nothing to migrate.

    Example: `optional: true`
    """
    where: str | None = None
    """An SQLite expression over the legacy row. Rows for which it is not true stay behind and are counted as excluded.

    Example: `where: "deleted_at IS NULL"`
    """
    key: tuple[str, ...] = ()
    """The legacy columns that tell rows apart, where the table has no primary key or another one is meant. `[rowid]`
    goes by the rows' place: such a table can be loaded once.

    Example: `key: [order_id, line_no]`
    Refused: a column that looks like a secret.
    """
    id: IdRule = IdRule(rule="uuid5", to="id")
    """How rows get their new id: `uuid5`, `keep`, or a section.

    Example: `id: keep`
    """
    owner: Owner
    """Who owns the rows: a column, `none`, or a section.

    Example: `owner: user_id`
    Refused: an owner in a spec without `users`.
    """
    columns: dict[str, Column]
    """The target columns and how they are filled. Only what is named here leaves the legacy database; target columns
    that are not named keep their defaults.

    Example: `columns: {status: text, created_at: timestamptz}`
    Refused: the columns that the id and the owner take already. With `id: keep` the id may stand here, with its type
    alone.
    """
    composite: tuple[References, ...] = Field((), alias="references")
    """References of several columns together, a list: `columns` of this table name a row of another by its `key`,
    which may be left out where the names are the same.

    Example: `references: [{columns: [order_id, line_no], table: order_lines, key: [order_id, line_no]}]`
    """
    created: str | None = None
    """The legacy column that says when a row was made. It tells two rows apart to which SQLite gave one id after the
    other. Without it a column called `created_at` or the like is taken; `none` takes none.

    Example: `created: inserted_on`
    """
    checks: Checks = Checks()
    """Extra validations.

    Example: `checks: {sum: [amount]}`
    """

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

    @property
    def file_columns(self) -> dict[str, Column]:
        """Target column -> how it is read, of those that name a file."""
        return {name: column for name, column in self.columns.items() if column.file is not None}

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


class Spec(Strict):
    """The sections of the file. `source`, `namespace` and `tables` must be there; with owners, `users` too."""

    source: Source
    """What holds for the whole legacy database.

    Example: `source: {timezone: UTC}`
    """
    namespace: UUID
    """A UUID from which every new id derives. Choose one per migration and never change it; `init` writes one.

    Example: `namespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52`
    Refused: at run time, another one than the first load had.
    """
    target: TargetMarker = TargetMarker()
    """A name for this environment.

    Example: `target: {marker: myapp-prod}`
    """
    users: Users | None = None
    """The legacy users table. Without it nothing can have an owner, and only tables with `owner: none` are migrated.

    Example: `users: {table: users, id: id, email: email}`
    """
    accounts: Accounts = Accounts.model_validate({})
    """Where new accounts are found, and which may claim.

    Example: `accounts: {from: auth, profiles: public.profiles}`
    """
    policy: Policy = Policy()
    """What happens to incomplete users, quarantined rows, triggers and later changes.

    Example: `policy: {incomplete_users: load, on_change: update}`
    """
    balances: dict[str, Balance] = Field(default_factory=dict)
    """Balances that profiles get with the history.

    Example: `balances: {profiles.credits: {from: users.credits, apply: add}}`
    Refused: a column of another table than the profiles.
    """
    profile: dict[str, Attribute] = Field(default_factory=dict)
    """Other columns of the profile that users get with the history.

    Example: `profile: {plan: {from: users.plan, type: text, apply: set}}`
    Refused: `id`, and a column that is a balance already.
    """
    files: dict[str, Files] = Field(default_factory=dict)
    """Files of the old server that columns name, by a word of your choice.

    Example: `files: {results: {from: /srv/app/uploads, to: "s3://results"}}`
    """
    tables: dict[str, Table]
    """The tables to migrate.

    Example: `tables: {jobs: {owner: user_id, columns: {status: text}}}`
    Refused: an empty section.
    """
    app_status: str | None = None
    """A function by which the new app asks how far the history of whoever is signed in is: `schema.name`, in `public`
    where no schema is said. `etl-assets app-status --create` makes it, `--drop` removes it; naming it makes nothing.

    Example: `app_status: public.migration_status`
    Refused: schema `etl`, which stays closed to the app, and names that need quotes.
    """
    # `tables` keeps the file's order; this one puts referenced tables first.
    load_order: tuple[str, ...] = ()
    # Tables that refer to one another, each circle in load order; one that refers to itself is one alone.
    circles: tuple[tuple[str, ...], ...] = ()
    digest: str = ""

    @field_validator("app_status", mode="after")
    @classmethod
    def _with_schema(cls, value: str | None) -> str | None:
        return f"public.{value}" if value is not None and "." not in value else value

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
    def with_files(self) -> tuple[str, ...]:
        """Keys of tables with columns that name files, in load order."""
        return tuple(name for name in self.load_order if self.tables[name].file_columns)

    @property
    def owned(self) -> tuple[str, ...]:
        """Keys of tables whose rows belong to users, in load order."""
        return tuple(name for name in self.load_order if not self.tables[name].owner.is_none)

    @property
    def unowned(self) -> tuple[str, ...]:
        """Keys of lookup tables, in load order."""
        return tuple(name for name in self.load_order if self.tables[name].owner.is_none)
