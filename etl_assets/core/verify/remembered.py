"""What was compared already: a wave's run reads back its own rows, and everything only where it has to.

A reconciliation leaves what it found for the verification of its own run, and a verification for those of later waves.
Together they stand for a table where they are of the present staging, not older than a day, and of as many rows as the
ledger holds; otherwise the table is read back whole. So the cost of a wave follows the wave.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from etl_assets.access.postgres.connection import Connection, server_facts
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.links.links import Links
from etl_assets.core.memory.staged import describe_staging
from etl_assets.core.verify.rows import RowComparison
from etl_assets.spec.model import USERS

SQL = Statements(__file__)

OF_WAVE, OF_ALL = "reconciliation", "verification"  # who has compared


@dataclass(frozen=True)
class Compared:
    """Comparisons per table, of which staging, and when the oldest of them was made (`2026-11-22T15:30:00Z`)."""

    tables: dict[str, RowComparison]
    staging: str
    since: str = ""

    def of(self, table: str, *, loaded: int) -> RowComparison | None:
        """The table's comparison, when it is about as many rows as were loaded, and found no fault.

        A fault is looked at again each time: it may be mended.
        """
        found = self.tables.get(table)
        if found is None or found.compared != loaded or found.faults or any(money.differing for money in found.sums):
            return None
        return found


def compared(connection: Connection, links: Links, found: Iterable[RowComparison]) -> Compared:
    """What was found in this transaction."""
    staging = describe_staging(connection, [*links.tables, USERS]).mark
    return Compared({row.table: row for row in found}, staging, server_facts(connection)["now"])


def remember_compared(connection: Connection, found: Compared, *, by: str, run: str) -> None:
    """Leaves what a reconciliation or verification found, in the place of what the last one did."""
    tables = json.dumps({name: asdict(row) for name, row in found.tables.items()})
    values = {"by": by, "run": run, "staging": found.staging, "since": found.since, "tables": tables}
    SQL("write_compared").exec(connection, **values)


def known_comparisons(connection: Connection, links: Links, *, run: str) -> Compared:
    """What stands for reading everything back in this run: nothing, unless it has reconciled a wave.

    Rows over which a changed legacy row was written belong to earlier waves, so with `on_change: update` nothing does.
    """
    staging = describe_staging(connection, [*links.tables, USERS]).mark
    wave = _recalled(connection, by=OF_WAVE, staging=staging, run=run)
    if not wave.tables or links.spec.policy.updates:
        return Compared({}, staging)
    before = _recalled(connection, by=OF_ALL, staging=staging, run=None)
    both = {name: before.tables[name].plus(found) for name, found in wave.tables.items() if name in before.tables}
    return Compared({**before.tables, **wave.tables, **both}, staging, before.since or wave.since)


def has_reconciled(connection: Connection, *, run: str) -> bool:
    """True when this run has reconciled a wave."""
    return SQL("find_reconciled").first(connection, by=OF_WAVE, run=run) is not None


def _recalled(connection: Connection, *, by: str, staging: str, run: str | None) -> Compared:
    for tables, since in SQL("find_compared").many(connection, by=by, staging=staging, run=run):
        return Compared({name: RowComparison.from_json(found) for name, found in tables.items()}, staging, since)
    return Compared({}, staging)
