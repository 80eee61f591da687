"""What a target table is, as the Postgres catalog tells it."""

from collections.abc import Callable
from dataclasses import dataclass, field

# A type as DDL writes it and texts -> how Postgres writes each of these values, None where it refuses one.
Reader = Callable[[str, list[str]], list[str | None]]


@dataclass(frozen=True)
class TargetColumn:
    """One column: `type` as DDL writes it (`numeric(10,2)`), `base` without its limits (`numeric`).

    Of a domain both are the type under it, and `domain` is its name. `labels` are an enum's, those of a list's too.
    """

    name: str
    type: str
    base: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None
    labels: tuple[str, ...] = ()
    not_null: bool = False
    has_default: bool = False
    generated: bool = False
    domain: str | None = None

    @property
    def needs_value(self) -> bool:
        """True when a NULL would be refused and nothing stands in for it."""
        return self.not_null and not self.has_default


@dataclass(frozen=True)
class UniqueRule:
    """A unique index over plain columns; `predicate` (Postgres' rendering) and its columns when it is partial."""

    name: str
    columns: tuple[str, ...]
    predicate: str | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckRule:
    """A CHECK constraint: Postgres' own rendering of its expression, and the columns that it reads."""

    name: str
    expression: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class ForeignRule:
    """A foreign key: its columns, the table and columns that they refer to, and whether it may be checked later."""

    name: str
    columns: tuple[str, ...]
    schema: str
    table: str
    refers_to: tuple[str, ...]
    is_deferrable: bool = False


@dataclass(frozen=True)
class TargetTable:
    """One target table with what can refuse a row, and the app's triggers on INSERT, UPDATE and DELETE.

    `facts` changes with every rule of the table, those included that only an insert can tell.
    """

    schema: str
    name: str
    columns: dict[str, TargetColumn]
    unique: tuple[UniqueRule, ...] = ()
    checks: tuple[CheckRule, ...] = ()
    foreign: tuple[ForeignRule, ...] = ()
    triggers: tuple[str, ...] = field(default=())
    update_triggers: tuple[str, ...] = ()
    delete_triggers: tuple[str, ...] = ()
    facts: str = ""

    @property
    def fillable(self) -> frozenset[str]:
        """The columns that take a value."""
        return frozenset(name for name, column in self.columns.items() if not column.generated)

    def fired(self, *, updates: bool) -> tuple[str, ...]:
        """The triggers that the load would fire, each once; with `updates`, those on UPDATE too."""
        return tuple(dict.fromkeys((*self.triggers, *(self.update_triggers if updates else ()))))
