"""What a column, or several, may refer to."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from etl_assets.spec.sections import Strict

STEP = r'\.(?P<bare>[A-Za-z_][A-Za-z0-9_]*)|\."(?P<quoted>[^"\\]+)"|\[\*\]'
JSON_STEP = re.compile(STEP)
JSON_PATH = re.compile(r"\$(?:" + re.sub(r"\?P<[a-z]+>", "?:", STEP) + ")+")
PART = "\x1f"  # between a column and one of the tables that it may refer to


def column_of(part: str) -> str:
    """The target column of an entry of `Table.references`."""
    return part.partition(PART)[0]


class References(Strict):
    """A value that names a row of another migrated table, or a second legacy user.

    `by` names the legacy column that says of which of several `tables` a row is; each of its words leads to one.

    `key` names the parent's columns that are referred to, where it is not by its key: the row that has the same in the
    legacy database is meant, and `columns`, one for each of `key`, get what the parent gets there. Of several columns
    all are NULL where `otherwise: "null"` finds no row, and none is looked for where one of them is NULL (MATCH SIMPLE:
    https://www.postgresql.org/docs/current/sql-createtable.html).

    `path` says where in a JSON value, or in a list, ids stand: `$[*]`, `$.owner`, `$.items[*].tag`. Each is written
    anew in its place. One that names nothing keeps the whole row back: no `otherwise` can say what the rest would mean.
    """

    table: str = ""
    path: str | None = None
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by: str | None = None
    tables: dict[str, str] = Field(default_factory=dict)
    match: str | None = None
    otherwise: Literal["quarantine", "null", "keep"] = "quarantine"
    unresolved: Literal["wait", "null"] = "wait"

    @model_validator(mode="after")
    def _one_way(self) -> "References":
        if bool(self.by) != bool(self.tables) or bool(self.table) == bool(self.by):
            raise ValueError("names a `table`, or says `by` which column which of several `tables` is meant")
        for word in ("match", "key", "path"):
            if self.by and getattr(self, word):
                raise ValueError(f"`{word}` is for one `table`")
        return self

    @field_validator("key", mode="before")
    @classmethod
    def _is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    def parts(self, column: str) -> dict[str, "References"]:
        """The references to one table each that these come to, by names that `column_of` understands."""
        if self.key:
            return {column: self.model_copy(update={"columns": (column,)})}
        if not self.by:
            return {column: self}
        alone = {"otherwise": self.otherwise, "unresolved": self.unresolved}
        return {
            f"{column}{PART}{name}": References(table=name, **alone) for name in dict.fromkeys(self.tables.values())
        }

    @field_validator("path")
    @classmethod
    def _leads_somewhere(cls, value: str | None) -> str | None:
        if value is not None and not JSON_PATH.fullmatch(value):
            raise ValueError("is no path such as `$[*]`, `$.owner` or `$.items[*].tag`")
        return value

    @property
    def steps(self) -> tuple[str | None, ...]:
        """The path: names of members, None for every element of an array."""
        found = JSON_STEP.finditer(self.path or "")
        return tuple(step["bare"] or step["quoted"] for step in found)

    @property
    def postgres_path(self) -> str:
        """The path as Postgres' jsonpath: every name in quotes, of which none has one."""
        return "$" + "".join("[*]" if step is None else f'."{step}"' for step in self.steps)

    @property
    def may_be_null(self) -> bool:
        """True when the spec lets the reference become NULL."""
        return "null" in (self.otherwise, self.unresolved)

    @field_validator("match")
    @classmethod
    def _names_an_id(cls, value: str | None) -> str | None:
        if value is None:
            return value
        try:
            groups = re.compile(value).groupindex
        except re.error as error:
            raise ValueError(f"is not a regular expression ({error})") from None
        if "id" not in groups:
            raise ValueError("has no group (?P<id>...), which says where the legacy id stands")
        return value
