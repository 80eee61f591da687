"""Tables and waves of which nothing is left in production: no user's doing, but a TRUNCATE or an older backup."""

from dataclasses import dataclass

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, writing
from etl_assets.access.postgres.statements import Statements, qualified
from etl_assets.core.links.links import Links
from etl_assets.core.load.read_back import PLACE_OF, place_of
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.facts import find_fact, replace_fact
from etl_assets.model.errors import SettingsError

SQL = Statements(__file__)

FEW = 20  # fewer rows may have been removed by those whose they were


@dataclass(frozen=True)
class Emptied:
    """The rows of one wave in one table, all of which are gone; `wave` is empty for lookup tables."""

    table: str
    wave: str
    rows: int


def find_emptied(connection: Connection, links: Links, names: list[str]) -> list[Emptied]:
    """What was loaded into these tables and is gone whole; runs in a transaction.

    Rows of accounts that are gone went with them. A few rows may all have been removed by their users; where the table
    itself is another one than it was when something was seen in it (a TRUNCATE gives it another file), nobody did that.
    """
    found = []
    for name in names:
        waves = SQL("list_emptied_waves", **_slots(links, name)).many(connection)
        known = find_fact(connection, PLACE_OF + name)
        is_new = known is not None and place_of(connection, links, name) != known
        is_whole = all(there == 0 for _, _, there in waves)
        found += [
            Emptied(name, wave or "", int(count))
            for wave, count, there in waves
            if there == 0 and (count >= FEW or (is_new and is_whole))
        ]
    return found


def note_places(connection: Connection, links: Links, names: list[str]) -> None:
    """Remembers where the tables are in which rows of ours were found; inside `writing`."""
    for name in names:
        replace_fact(connection, PLACE_OF + name, place_of(connection, links, name))


def strike_gone(connection: Connection, links: Links, *, wave: str, run: str) -> dict[str, int]:
    """Takes rows that are gone whole out of the ledger, so that the next wave brings them; returns rows per table.

    Raises:
        SettingsError: nothing of that wave, or of any, is gone whole.
    """
    with writing(connection, run=run):
        found = [some for some in find_emptied(connection, links, list(links.tables)) if wave in ("", some.wave)]
        if not found:
            raise SettingsError("of no table or wave that was loaded is everything gone, so there is nothing to reload")
        struck: dict[str, int] = {}
        for some in found:
            query = SQL("strike_gone", **_slots(links, some.table))
            count = int(query.one(connection, wave=some.wave)[0])
            struck[some.table] = struck.get(some.table, 0) + count
        audit(connection, run=run, action="struck", wave=wave, rows=struck)
    return struck


def _slots(links: Links, name: str) -> dict[str, sql.Composable]:
    return {**links.slots(name), "profiles": qualified(*links.spec.accounts.profiles_table)}
