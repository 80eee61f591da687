"""The lists as CSV, as long as they are: streamed, and each download is written into the audit trail."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from etl_assets.access.postgres.connection import Connection, connect, reading
from etl_assets.core.links.links import Links
from etl_assets.core.lists.changes import balance_change_lines, balance_lines, change_lines
from etl_assets.core.lists.desk import invite_list, note_list
from etl_assets.core.lists.quarantine import csv_line, harmless, quarantine_lines
from etl_assets.core.lists.waiting import waiting_lines
from etl_assets.core.users.users import read_links
from etl_assets.desk.looking import BY, Desk

Lines = Callable[[Connection, Links], Iterator[str]]


def _changes(connection: Connection, links: Links) -> Iterator[str]:
    return chain(change_lines(connection, links, list(links.tables)), balance_change_lines(connection, links))


LISTS: dict[str, Lines] = {
    "waiting_users": lambda connection, links: waiting_lines(connection, links, Counter()),
    "quarantine": lambda connection, links: quarantine_lines(connection, links, links.tables),
    "legacy_changes": _changes,
    "balances": balance_lines,
}


def download(desk: Desk, name: str) -> Iterator[str]:
    """The lines of a list by its name."""
    with connect(desk.url) as connection:
        note_list(connection, name, by=BY)
        with reading(connection):
            yield from LISTS[name](connection, read_links(connection, desk.spec))


def invitations(desk: Desk, state: str) -> Iterator[str]:
    """One column with the addresses of everybody in a state, for the tool that invites people."""
    with connect(desk.url) as connection:
        note_list(connection, f"invite {state}", by=BY)
        with reading(connection):
            yield csv_line(("email",))
            for address in invite_list(connection, state):
                yield csv_line((harmless(address),))
