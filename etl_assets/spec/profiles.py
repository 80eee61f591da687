"""What a user's profile gets, once, with the history: balances and attributes."""

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from etl_assets.spec.columns import Column
from etl_assets.spec.sections import Strict

USERS_COLUMN, SUM_OF = re.compile(r"users\.(.+)"), re.compile(r"sum\(([a-z][a-z0-9_]*)\.(.+)\)")

OF_TABLES_ALONE = ("expr", "references", "secret")  # what a column of a table may say, and one of the profile not


class Balance(Strict):
    """A balance beside the history, by the profile's column that takes it: `profiles.credits`. Each user gets it once,
    in the transaction that brings the rows.
    """

    from_: str = Field(alias="from")
    """A column of the legacy users table, `users.COLUMN`, or what the loaded rows add up to, `sum(TABLE.COLUMN)`.

    Example: `balances: {profiles.credits: {from: users.credits, apply: add}}`
    Refused: anything else, a column that looks like a secret, and a sum over a column that is no exact number.
    """
    apply: Literal["add", "set"]
    """`add` leaves what the new app has granted beside it, such as a sign-up bonus; `set` writes over that.

    Example: `balances: {profiles.credits: {from: "sum(credit_transactions.amount)", apply: set}}`
    """
    against: str | None = None
    """The column whose rows the balance answers to, `TABLE.COLUMN`: the report shows where the two have drifted apart.
    Needed where more than one column is summed.

    Example: `balances: {profiles.credits: {from: users.credits, apply: add, against: credit_transactions.amount}}`
    Refused: a table without owner, and a column that is no exact number.
    """

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
    """A column of the profile that is given once, by its name. It is read as a column of a table is, with the same
    keys, except `expr`, `references` and `secret`. What is NULL in legacy is not given.
    """

    from_: str = Field(alias="from")
    """The column of the legacy users table, `users.COLUMN`.

    Example: `profile: {plan: {from: users.plan, type: text, apply: set}}`
    Refused: anything else, and a column that looks like a secret.
    """
    apply: Literal["set", "if_null"]
    """`set` writes over what is there, `if_null` leaves what the new app has.

    Example: `profile: {locale: {from: users.lang, type: text, apply: if_null}}`
    """

    @model_validator(mode="after")
    def _is_of_users(self) -> "Attribute":
        if not USERS_COLUMN.fullmatch(self.from_) or any(getattr(self, word) for word in OF_TABLES_ALONE):
            raise ValueError("`from` is `users.COLUMN`; `expr`, `references` and `secret` are for columns of tables")
        return self

    @property
    def users_column(self) -> str:
        """The legacy users' column."""
        return self.from_.partition(".")[2]
