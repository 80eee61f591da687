"""The books: what became of every legacy row and every legacy user."""

from dataclasses import dataclass, field
from typing import Any

USER_STATES = ("resolved", "waiting", "unconfirmed", "ambiguous", "held", "invalid_email", "no_email")
ROW_STATES = ("loaded", "waiting", "quarantined", "excluded")


@dataclass(frozen=True)
class TableBook:
    """One table's account, in rows. `source` is counted apart from the four states, so that it can disagree."""

    table: str
    source: int = 0
    loaded: int = 0
    waiting: int = 0
    quarantined: int = 0
    excluded: int = 0

    @property
    def missing(self) -> int:
        """Rows of the source that no state accounts for; negative when a row is counted twice."""
        return self.source - self.loaded - self.waiting - self.quarantined - self.excluded

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
    """All accounts of one target at one moment."""

    tables: tuple[TableBook, ...] = ()
    users: dict[str, int] = field(default_factory=dict)
    waves: tuple[WaveBook, ...] = ()
    complete: bool = True

    @property
    def closed(self) -> bool:
        """True when everything is staged, and every legacy row is in exactly one state and every legacy user too."""
        users_add_up = self.users.get("total", 0) == sum(self.users.get(state, 0) for state in USER_STATES)
        return self.complete and users_add_up and all(book.missing == 0 for book in self.tables)

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "tables": {book.table: book.as_json() for book in self.tables},
            "users": {state: self.users.get(state, 0) for state in ("total", *USER_STATES)},
            "waves": [wave.as_json() for wave in self.waves],
            "closed": self.closed,
        }
