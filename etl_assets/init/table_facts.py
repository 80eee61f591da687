"""What a legacy database holds, counted: facts without any of its values."""

from dataclasses import dataclass, field
from functools import cached_property

from etl_assets.init.names import shared_prefix, snake


@dataclass(frozen=True)
class ColumnFacts:
    """One column: what it is declared to be, and how many of its cells are what.

    `shapes` counts text cells by `cells.value_shapes`, `formats` those that a date format reads, `epochs` the
    numbers, texts of digits among them, that fall in 2000-2035 as seconds (`s`), `ms`, `us` or Julian days
    (`julian`). `file_names` are texts that name a file, below `file_roots`, `credentials` those that are a password's
    digest, a token or a private key, `guid_blobs` 16 bytes that are a UUID as .NET orders them, `zoned` midnights with
    a zone.
    `is_flag`: its default or a CHECK says that it is true or false; `is_allowed`: an operator said that it is no
    secret; `may_name_users`: an id of no table here, all of whose values are users' ids too.
    """

    name: str
    declared: str = ""
    not_null: bool = False
    generated: bool = False
    nulls: int = 0
    integers: int = 0
    reals: int = 0
    texts: int = 0
    blobs: int = 0
    zeros_and_ones: int = 0
    zeros: int = 0
    small_integers: int = 0
    whole_reals: int = 0
    infinities: int = 0
    uuid_blobs: int = 0
    emails: int = 0
    shapes: dict[str, int] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    finer_reals: int = 0
    credentials: int = 0
    file_names: int = 0
    file_roots: tuple[str, ...] = ()
    guid_blobs: int = 0
    minus_ones: int = 0
    zoned: int = 0
    is_flag: bool = False
    is_allowed: bool = False
    may_name_users: bool = False

    @property
    def filled(self) -> int:
        """The cells that are not NULL."""
        return self.integers + self.reals + self.texts + self.blobs

    @property
    def numbers(self) -> int:
        """The cells that a unit of time is about: numbers, and texts of digits."""
        return self.integers + self.reals + self.shaped("zero_or_one", "zero_led", "small", "big", "digits", "decimal")

    def shaped(self, *names: str) -> int:
        """The text cells of these shapes."""
        return sum(self.shapes.get(name, 0) for name in names)


@dataclass(frozen=True)
class ForeignKeyFacts:
    """Columns that name a row of another table: declared in the schema, or found by name and values.

    `values` of the (first) column are not NULL, `found` of these are a key of the parent, made of it by `expr` where
    that is said; `how` says so in words. `called` is the column's name without what all of its table begin with.
    """

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    declared: bool = True
    values: int = 0
    found: int = 0
    expr: str | None = None
    how: str = ""
    called: str = ""


@dataclass(frozen=True)
class SeveralFacts:
    """A column whose ids are of one of several tables, and the column `by` whose words say of which."""

    column: str
    by: str
    tables: dict[str, str]
    values: int
    found: int


@dataclass(frozen=True)
class TableFacts:
    """One ordinary table. `unique` holds column lists without NULL or repetition, best key first; a guess is none that
    the schema declares.
    """

    name: str
    rows: int
    columns: dict[str, ColumnFacts]
    scanned: int = 0
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKeyFacts, ...] = ()
    several: tuple[SeveralFacts, ...] = ()
    is_guessed: bool = False

    @cached_property
    def prefix(self) -> str:
        """What the names of its columns begin with."""
        return shared_prefix(self.columns)

    def plainly(self, column: str) -> str:
        """A column's name without that: `mem_joined` is joined."""
        name, prefix = snake(column), f"{self.prefix}_"
        return name[len(prefix) :] if self.prefix and name.startswith(prefix) and name != prefix else column

    @property
    def is_sampled(self) -> bool:
        """True when the counts of its columns are those of the first rows only."""
        return self.scanned < self.rows


@dataclass(frozen=True)
class OtherObject:
    """Something in the database that is no ordinary table, and why it is not migrated."""

    name: str
    reason: str


@dataclass(frozen=True)
class DatabaseFacts:
    """A whole legacy database: `schema` is the text of its CREATE statements, which does not change with its rows."""

    file: str
    schema: str
    tables: tuple[TableFacts, ...]
    others: tuple[OtherObject, ...] = ()
