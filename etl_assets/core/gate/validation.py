"""One validation: a statement that the check which the operator sees and the gate inside the load both run.

A statement returns two columns: how many offend, and up to six of their legacy ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statement, shown
from etl_assets.core.links.links import Links
from etl_assets.model.errors import Refused
from etl_assets.model.spec_keys import pointed
from etl_assets.model.validation import Finding
from etl_assets.spec.model import Spec

USERS_ASSET = "legacy_user_map"
RESOLVED_ASSET = "resolved_users"
Values = dict[str, Any]
# What a blocking rule asks about, and so how often the gate asks it. Staging: everybody's rows once, until somebody
# stages or writes there. The target's rows: so too, and in each load of the rows that it writes. The rest: each time.
STAGING, TARGET_ROWS, ANYTHING = "staging", "the target's rows", "what may change at any time"


@dataclass(frozen=True)
class Validation:
    """One rule: its name reads true when it holds, `asset` is where it shows, `blocking` makes it part of the gate.

    `asks` is what a blocking one is about. Known from the spec alone; the statement is composed when the target is at
    hand. `compose` also gets the statement that `reads` makes of the target, where there is one. `names` says what the
    sample consists of. `of_users` is the same rule for the rows of %(users)s alone: enough in a transaction that writes
    no others. `is_held`: True where an index of the target holds it too. `reasons`: the rule is that no row of the
    table has one of these. `is_news`: there is nothing to do about what it finds, so it is said and never amber.
    """

    name: str
    asset: str
    table: str
    title: str
    remedy: str
    compose: Callable[..., Statement]
    blocking: bool = False
    asks: str = ""
    allowed: int = 0
    values: Callable[[Links], Values] = lambda _: {}
    reads: Callable[[Connection, Spec], sql.Composed] | None = None
    names: str = "legacy ids"
    of_users: Callable[[Links], Statement] | None = None
    is_held: Callable[[Links], bool] = lambda _: False
    reasons: tuple[str, ...] = ()
    is_news: bool = False

    def __post_init__(self) -> None:
        """A remedy that names a key of the spec says where that is explained."""
        object.__setattr__(self, "remedy", pointed(self.remedy))

    def find(self, connection: Connection, links: Links, *, users: list[str] | None = None) -> Finding:
        """Runs the statement; with `users` that for their rows, where there is one."""
        more = (self.reads(connection, links.spec),) if self.reads else ()
        query = self.of_users(links) if self.of_users and users is not None else self.compose(links, *more)
        count, sample = query.one(connection, **self.values(links), users=users)
        return Finding(int(count), tuple(sample or ()), shown(query, connection))

    def require(self, connection: Connection, links: Links, *, users: list[str] | None = None) -> None:
        """Raises unless the rule holds; with `users` for their rows, where it is about rows.

        Raises:
            Refused: it does not.
        """
        finding = self.find(connection, links, users=users)
        if finding.count > self.allowed:
            raise Refused(
                self.name,
                table=self.table,
                count=finding.count,
                sample=finding.sample,
                remedy=self.remedy,
                names=self.names,
            )
