"""Who loads, from where to where, and what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from etl_assets.access.postgres.connection import Connection, looking_up, writing
from etl_assets.access.postgres.lanes import LANES, Connect, Lane
from etl_assets.core.links.links import Links
from etl_assets.core.memory.counted import carry_books, void_books

KeyColumns = dict[str, tuple[str, ...]]
Progress = Callable[[int, int], None]


@dataclass
class Loaded:
    """Rows loaded per table and the seconds that took, the transactions, and whom the target refused, with the rule.

    `updated` counts production rows per table over which a changed legacy row was written, `narrowed` are users of whom
    the target refused single rows.
    """

    rows: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    balances: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    transactions: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    narrowed: set[str] = field(default_factory=set)

    def add(self, table: str, count: int, updated: int = 0) -> None:
        """Counts rows of one table."""
        self.rows[table] = self.rows.get(table, 0) + count
        self.updated[table] = self.updated.get(table, 0) + updated

    def include(self, other: "Loaded") -> None:
        """Counts all that another has counted; the seconds of lanes add up too."""
        for table, count in other.rows.items():
            self.add(table, count, other.updated.get(table, 0))
            self.seconds[table] = self.seconds.get(table, 0.0) + other.seconds.get(table, 0.0)
        self.balances += other.balances
        self.transactions += other.transactions
        self.refused |= other.refused
        self.narrowed |= other.narrowed

    @property
    def written(self) -> int:
        """All rows that were inserted or updated, and changes to profiles."""
        return sum(self.rows.values()) + sum(self.updated.values()) + self.balances


@dataclass(frozen=True)
class Loader:
    """Who loads, from where to where: the connection, the links, each table's key columns, the Dagster run.

    With `connect`, which opens more connections, large waves are loaded in so many `lanes`; `lane` is this loader's.
    `is_small`: few users are written for, whose rows are looked up and not found by reading everybody's. `carries`:
    each transaction writes the pages of its users; without it, the books are void and counted anew at the end.
    """

    connection: Connection
    links: Links
    keys: KeyColumns
    run: str
    connect: Connect | None = None
    lanes: int = LANES
    lane: Lane | None = None
    is_small: bool = False
    carries: bool = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that writes."""
        own = self.lane.writing(run=self.run) if self.lane else writing(self.connection, run=self.run)
        with own, looking_up(self.connection, few=self.is_small):
            # Said each time: a dry run is one transaction, in which others have carried them before.
            (carry_books if self.carries else void_books)(self.connection)
            yield
