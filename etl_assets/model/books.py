"""The books: what became of every legacy row and every legacy user."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

USER_STATES = ("resolved", "waiting", "unconfirmed", "ambiguous", "held", "invalid_email", "no_email")
ROW_STATES = ("loaded", "waiting", "quarantined", "excluded")


@dataclass(frozen=True)
class Group:
    """Rows of one table in one state for one reason (None: ready), and the sum of each money column over them."""

    state: str
    reason: str | None
    rows: int
    sums: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableBook:
    """One table's account, in rows. `source` is counted apart from the four states, so that it can disagree.

    `groups` divides the staged rows further; rows whose values were refused, or that were left out, are not staged.
    """

    table: str
    source: int = 0
    loaded: int = 0
    waiting: int = 0
    quarantined: int = 0
    excluded: int = 0
    groups: tuple[Group, ...] = ()

    @property
    def missing(self) -> int:
        """Rows of the source that no state accounts for; negative when a row is counted twice."""
        return self.source - self.loaded - self.waiting - self.quarantined - self.excluded

    def sum_of(self, column: str, *states: str) -> Decimal:
        """A money column's total over the staged rows of some states; all states when none is named."""
        chosen = [group for group in self.groups if not states or group.state in states]
        return sum((Decimal(group.sums.get(column, "0")) for group in chosen), Decimal(0))

    def as_json(self) -> dict[str, int]:
        """The five numbers under their contract names."""
        return {"source": self.source, **{state: getattr(self, state) for state in ROW_STATES}}


@dataclass(frozen=True)
class WaveBook:
    """One login wave: its key, its users, the rows it loaded, and when it was sealed (ISO 8601, UTC)."""

    key: str
    users: int
    rows: int
    at: str

    def as_json(self) -> dict[str, Any]:
        """The four values under their contract names."""
        return {"key": self.key, "users": self.users, "rows": self.rows, "at": self.at}


@dataclass(frozen=True)
class Books:
    """All accounts of one target at one moment; `stopped` says why tables cannot be counted now, and what to do.

    `paused` is the sentence about a pause, empty without one.
    """

    tables: tuple[TableBook, ...] = ()
    users: dict[str, int] = field(default_factory=dict)
    waves: tuple[WaveBook, ...] = ()
    complete: bool = True
    refused_balances: int = 0
    stopped: dict[str, str] = field(default_factory=dict)
    paused: str = ""

    @property
    def closed(self) -> bool:
        """True when everything is staged, and every legacy row is in exactly one state and every legacy user too."""
        users_add_up = self.users.get("total", 0) == sum(self.users.get(state, 0) for state in USER_STATES)
        return self.complete and not self.stopped and users_add_up and all(book.missing == 0 for book in self.tables)

    @property
    def refused(self) -> int:
        """Rows (which count as quarantined) and balances that the target refused when they were to be written."""
        rows = sum(group.rows for book in self.tables for group in book.groups if group.reason == "target_refused")
        return rows + self.refused_balances

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "tables": {book.table: book.as_json() for book in self.tables},
            "users": {state: self.users.get(state, 0) for state in ("total", *USER_STATES)},
            "waves": [wave.as_json() for wave in self.waves],
            "closed": self.closed,
            **({"stopped": self.stopped} if self.stopped else {}),
            **({"paused": self.paused} if self.paused else {}),
        }

    @classmethod
    def from_whole(cls, raw: dict[str, Any]) -> "Books":
        """Books from all of their fields, as `dataclasses.asdict` gives them."""
        tables = [
            TableBook(**{**book, "groups": tuple(Group(**group) for group in book["groups"])}) for book in raw["tables"]
        ]
        waves = tuple(WaveBook(**wave) for wave in raw["waves"])
        return cls(
            tuple(tables),
            dict(raw["users"]),
            waves,
            complete=raw["complete"],
            refused_balances=raw.get("refused_balances", 0),
            stopped=raw.get("stopped", {}),
            paused=raw.get("paused", ""),
        )

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Books":
        """Books that were put down with `as_json` when they closed."""
        tables = tuple(TableBook(name, **numbers) for name, numbers in raw["tables"].items())
        return cls(tables, dict(raw["users"]), tuple(WaveBook(**wave) for wave in raw["waves"]))
