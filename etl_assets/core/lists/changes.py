"""What the legacy app did to rows that had been loaded, as a CSV for people."""

from collections.abc import Iterator

from etl_assets.access.postgres.connection import Connection, streamed
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.balances.compare import balance_of_users, list_balances
from etl_assets.core.links.links import Links
from etl_assets.core.links.repeated import repeated_keys
from etl_assets.core.lists.quarantine import csv_line, harmless
from etl_assets.core.memory.staged import are_staged, staged_tables
from etl_assets.core.verify.rows import against_production
from etl_assets.model.money import BALANCE_HEADER
from etl_assets.model.remedies import CHANGE_REMEDIES
from etl_assets.spec.model import USERS

SQL = Statements(__file__)

HEADER = ("table", "legacy_id", "change", "remedy", "column", "before", "now", "difference")
NO_FIGURES = ("",) * 4


def change_lines(connection: Connection, links: Links, tables: list[str]) -> Iterator[str]:
    """The lines of the CSV for these tables, if they are staged, header first, streamed; runs inside `reading`."""
    yield csv_line(HEADER)
    staged = staged_tables(connection)
    for name in [name for name in tables if name in staged]:
        compared = against_production(links, name, wave=None)
        query = SQL("list_legacy_changes", **compared, repeated=repeated_keys(name))
        for table, legacy_id, change in streamed(connection, query):
            yield csv_line((table, harmless(legacy_id), change, CHANGE_REMEDIES[change], *NO_FIGURES))


def balance_change_lines(connection: Connection, links: Links) -> Iterator[str]:
    """The lines of the same CSV for balances that the legacy app has changed since they were applied."""
    for name, balance in links.spec.balances.items():
        query = SQL("list_balance_changes", users=balance_of_users(links, name))
        column = balance.users_column or balance.from_
        for user, before, now, difference, change in streamed(connection, query):
            told = (USERS, harmless(user), change, CHANGE_REMEDIES[change], harmless(column))
            yield csv_line((*told, before, now or "", difference or ""))


def balance_lines(connection: Connection, links: Links) -> Iterator[str]:
    """The lines of a CSV with each balance that differs somewhere or was not compared; runs inside `reading`.

    None, and no header, where not everything is staged: there is nothing to compare with.
    """
    if links.stopped or not are_staged(connection, links.tables):
        return
    yield csv_line((*BALANCE_HEADER, "remedy"))
    for line in list_balances(connection, links):
        remedy = CHANGE_REMEDIES.get(line.change or "", "")
        yield csv_line((*(harmless(cell) for cell in line.cells), remedy))
