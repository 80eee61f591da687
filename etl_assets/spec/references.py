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
    """A value that names a row of another migrated table, or a second legacy user. It is held: the row waits for the
    one that it names, and gets that one's new id. It can stand at a column, or in a table's list `references`, where
    `columns` names several.
    """

    table: str = ""
    """The table that is named, by its key in `tables`, or `users` for a second user such as a reviewer. Either this or
    `by` must be there.

    Example: `reviewer_id: {type: uuid, references: {table: users}}`
    Refused: together with `by`; a table that the spec does not have; from a table without owner to one that has owners.
    """
    path: str | None = None
    """Where ids stand within a JSON value or a list: `$[*]`, `$.owner`, `$.items[*].tag`. Each is written anew in its
    place, and everything else stays. One that names no row keeps the whole row back.

    Example: `tag_ids: {type: jsonb, references: {table: tags, path: "$[*]"}}`
    Refused: on types other than JSON and lists (`$[*]` alone), and together with `match`, `key`, `by` and `otherwise`.
    """
    key: tuple[str, ...] = ()
    """The other table's columns that the value is compared with, where that is not its key. The row that has the same
    value in the legacy database is meant, and the column gets what that row gets there.

    Example: `customer_code: {type: text, references: {table: customers, key: code}}`
    Refused: together with `match` and `otherwise: keep`; expressions; columns of another type.
    """
    columns: tuple[str, ...] = ()
    """Only in a table's list: the columns that together name a row. If one of them is NULL, no row is looked for.

    Example: `references: [{columns: [order_id, line_no], table: order_lines}]`
    Refused: at a column.
    """
    by: str | None = None
    """The legacy column that says which of several `tables` a row refers to.

    Example: `likeable_id: {type: uuid, references: {by: likeable_type, tables: {Post: posts, Comment: comments}}}`
    Refused: without `tables`, and together with `table`.
    """
    tables: dict[str, str] = Field(default_factory=dict)
    """For each word of the column `by`, the table that it means.

    Example: `likeable_id: {type: uuid, references: {by: likeable_type, tables: {Post: posts, Comment: comments}}}`
    Refused: without `by`, and `users` among them.
    """
    match: str | None = None
    """A regular expression for a legacy id that stands within a text; its group `(?P<id>...)` is the id.

    Example: `job_id: {type: uuid, from: reference, references: {table: jobs, match: "^job_(?P<id>.+)$"}}`
    Refused: without that group, and with look-around or back-references.
    """
    otherwise: Literal["quarantine", "null", "keep"] = "quarantine"
    """What becomes of a value that names no row: the row is quarantined, or the column is NULL, or a text stays as it
    is.

    Example: `parent_id: {type: uuid, references: {table: folders, otherwise: "null"}}`
    Refused: `keep` on types other than text, and anything but `quarantine` where the owner comes by this column.
    """
    unresolved: Literal["wait", "null"] = "wait"
    """For a second user who has no account yet: the row waits, or arrives now with NULL.

    Example: `reviewer_id: {type: uuid, references: {table: users, unresolved: "null"}}`
    """

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
