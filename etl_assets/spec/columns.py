"""What a table of the spec is made of: its id, its owner, its columns, its checks."""

from typing import Literal

from pydantic import Field, model_validator

from etl_assets.spec.references import References
from etl_assets.spec.sections import Strict, Timed
from etl_assets.spec.types import Type


class IdRule(Strict):
    """How a row gets its new id. `id: uuid5` and `id: keep` are short for a rule whose column is `id`."""

    rule: Literal["uuid5", "keep"] = "uuid5"
    """`uuid5` makes a new UUID from the table's key in the spec and the legacy key, the same one each time. `keep`
    keeps the legacy id; a target table that has other rows in the same range of ids is refused.

    Example: `id: keep`
    """
    to: str = "id"
    """The target column that takes the id.

    Example: `id: {rule: keep, to: product_id}`
    """


class Owner(Strict):
    """Who owns a row. `owner: user_id` is short for a column that has the same name on both sides, and `owner: none`
    says that the rows are nobody's, such as lookup data, which is loaded once for everybody.
    """

    from_: str | None = Field(None, alias="from")
    """The legacy column that holds the user's id. Either this or `via` must be there.

    Example: `owner: {from: author, to: user_id}`
    Refused: together with `via`, and without `to`.
    """
    expr: str | None = None
    """An SQLite expression that turns the column into what the users table has as its id.

    Example: `owner: {from: user_id, expr: "lower(hex(user_id))", to: user_id}`
    Refused: without `from`.
    """
    via: str | None = None
    """A target column with `references` to an owned table: the row belongs to the owner of the row that it names.
    It may lead through several tables.

    Example: `owner: {via: job_id}`
    Refused: a column whose reference may be missing, names many rows or a table without owner, and a chain that leads
    round in a circle.
    """
    to: str | None = None
    """The target column that takes the account's id. With `via` it may be left out.

    Example: `owner: {from: author, to: user_id}`
    Refused: the column that takes the row's own id.
    """
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
    """One target column, by its name: its type, where its value comes from and how it is read. A type alone is short
    for `{type: ...}` and reads the legacy column of the same name. A value that does not fit is quarantined, with its
    row.
    """

    type: Type
    """What the column holds. The target's column may be narrower; what does not fit it is quarantined, never cut.

    Example: `amount: integer`
    Refused: a word that is no type, and at run time a target column that cannot hold the type.
    """
    from_: str | None = Field(None, alias="from")
    """The legacy column, where its name differs from the target's.

    Example: `completed_at: {type: timestamptz, from: finished}`
    Refused: together with `expr`. A name that looks like a secret wants `secret: allowed`.
    """
    expr: str | None = None
    """An SQLite expression over the legacy row instead of a column. It is evaluated on a copy of the legacy database.

    Example: `progress: {type: double, expr: "progress * 100"}`
    Refused: together with `from`, and when it reads a column that looks like a secret.
    """
    map: dict[str, str] | None = None
    """Legacy values and what they become; NULL stays NULL. A value that is not listed is quarantined, unless `"*":
    keep` lets it through as it is. A BLOB is written `x'00ff'`.

    Example: `status: {type: text, map: {done: completed, err: failed}}`
    """
    default: str | None = None
    """What a NULL becomes. It is read as a legacy cell would be, under the rules of the type.

    Example: `metadata: {type: jsonb, default: "{}"}`
    """
    required: bool = False
    """A NULL is quarantined, even where the target's column would take it. NOT NULL columns of the target are always
    required, also those with a default of their own, because that would make a value up.

    Example: `title: {type: text, required: true}`
    """
    empty: Literal["null"] | None = None
    """`null` makes an empty text NULL. Without it an empty text stays one in text columns and is quarantined elsewhere.

    Example: `due_on: {type: date, empty: "null"}`
    """
    encoding: str | None = None
    """How bytes are written: for text the code page of BLOBs and of text that is not UTF-8 (`cp1252`), for bytea `hex`,
    `base64` or `utf8`, for uuid `guid`, the order in which .NET writes its GUIDs.

    Example: `name: {type: text, encoding: cp1252}`
    Refused: on other types, and an encoding that Python does not know.
    """
    round: bool = False
    """Your word that what the target's column cannot hold exactly is rounded; the report counts it and says by how much
    at most. Without it such a value is quarantined.

    Example: `price: {type: numeric, round: true}`
    Refused: on whole numbers, text and other types that have no fraction.
    """
    target_timezone: str | None = None
    """The zone whose clock a column of type `timestamp` shows. By default it shows the legacy clock.

    Example: `starts_at: {type: timestamp, target_timezone: UTC}`
    Refused: on other types, and a name that is no IANA time zone.
    """
    split: str | None = None
    """What separates the elements of a list that is not written as a JSON array.

    Example: `tags: {type: "text[]", split: ","}`
    Refused: on a type that is no list.
    """
    references: References | None = None
    """The row of another migrated table, or the second user, that the value names; its new id is written instead.

    Example: `job_id: {type: uuid, references: {table: jobs}}`
    """
    file: str | None = None
    """The entry of `files` where the file lies that the column names. It is copied before the row arrives.

    Example: `result_file: {type: text, file: results}`
    Refused: on a type other than text, in a table without owner, and beside `references`, `map` or `default`.
    """
    write: Literal["key", "url", "keep"] = "key"
    """What the column holds afterwards: the `key` of the object, its `url`, or the path as it was (`keep`).

    Example: `result_file: {type: text, file: results, write: url}`
    Refused: without `file`, and `url` where the entry of `files` has none.
    """
    missing: Literal["quarantine", "null", "keep"] = "quarantine"
    """What becomes of a row whose file is not there: it is quarantined, or arrives with NULL, or with its path.

    Example: `avatar: {type: text, file: avatars, missing: "null"}`
    Refused: without `file`.
    """
    secret: Literal["allowed"] | None = None
    """Your word that a column may leave the legacy database although its name looks like a secret (password, token,
    hash, key, session and the like). Without it such a column is refused.

    Example: `keyboard_key: {type: text, secret: allowed}`
    """

    @model_validator(mode="after")
    def _one_source(self) -> "Column":
        if self.from_ and self.expr:
            raise ValueError("`from` and `expr` exclude each other")
        return self


class UniqueCheck(Strict):
    """Columns whose values, taken together, should not repeat."""

    columns: tuple[str, ...]
    """Target columns of this table.

    Example: `checks: {unique: [{columns: [reference_id]}]}`
    Refused: a column that the table does not have.
    """
    severity: Literal["warn", "error"] = "warn"
    """`warn` shows how many repeat, `error` stops the load.

    Example: `checks: {unique: [{columns: [sku], severity: error}]}`
    """


class Checks(Strict):
    """Extra validations of a table."""

    unique: tuple[UniqueCheck, ...] = ()
    """A list of columns whose values should not repeat.

    Example: `checks: {unique: [{columns: [reference_id], severity: warn}]}`
    """
    sum: tuple[str, ...] = ()
    """Columns that are added up per user before and after, and must come out equal: money.

    Example: `checks: {sum: [amount]}`
    Refused: a column that is no number.
    """
