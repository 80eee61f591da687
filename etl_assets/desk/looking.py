"""What the pages show, read from the target; each opens a connection of its own, and writes nothing."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from etl_assets.access.postgres.connection import Connection, LockHolder, connect, find_lock_holder, reading
from etl_assets.core.links.links import Links
from etl_assets.core.lists.desk import (
    Cell,
    Cells,
    Waiting,
    Wave,
    arrivals,
    cells_of,
    count_cells,
    find_by_account,
    list_cells,
    list_people,
    list_places,
    list_waves,
    note_look,
)
from etl_assets.core.lists.report_facts import report_facts
from etl_assets.core.lists.support import UserAnswer, all_by_address, answer_over
from etl_assets.core.memory.pause import find_pause
from etl_assets.core.memory.schema import exists
from etl_assets.core.users.users import count_labels, read_links
from etl_assets.core.verify.last_found import last_left, last_verified
from etl_assets.model.errors import SettingsError
from etl_assets.model.remedies import row_remedy
from etl_assets.model.report import ReportFacts, Verified
from etl_assets.spec.model import Spec
from etl_assets.transform.users import folded_text

BY = "desk"
LATEST = 5


class NothingYet(Exception):
    """The target was never migrated to, or nothing was verified yet."""


class Person(NamedTuple):
    """One user's answer, and the values of hers that were refused."""

    answer: UserAnswer
    cells: list[Cell]


class Overview(NamedTuple):
    """How far the migration is; `facts` are None before the first verification."""

    facts: ReportFacts | None
    users: dict[str, int]
    arrived: list[tuple[date, int]]
    waves: list[Wave]
    paused: str
    writer: LockHolder | None


@dataclass(frozen=True)
class Desk:
    """The target as the desk sees it."""

    url: str = field(repr=False)
    spec: Spec

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with connect(self.url) as connection, reading(connection):
            _require_begun(connection)
            yield connection

    def overview(self) -> Overview:
        """The first page."""
        with self._reading() as connection:
            verified = last_verified(connection)
            facts = None if verified is None else self._facts(connection, verified)
            counts = Counter[str]()
            for line in facts.users if facts else ():
                counts[line.state] += line.users
            return Overview(
                facts,
                dict(counts) or count_labels(connection),
                arrivals(connection),
                list_waves(connection, page=0)[0][:LATEST],
                str(find_pause(connection) or ""),
                find_lock_holder(connection),
            )

    def facts(self) -> ReportFacts:
        """What the report tells.

        Raises:
            NothingYet: nothing was verified yet.
        """
        with self._reading() as connection:
            verified = last_verified(connection)
            if verified is None:
                raise NothingYet
            return self._facts(connection, verified)

    def _facts(self, connection: Connection, verified: Verified) -> ReportFacts:
        return report_facts(connection, self._links(connection), verified, left=last_left(connection)[1])

    def _links(self, connection: Connection) -> Links:
        return read_links(connection, self.spec)

    def find(self, asked: str) -> list[str]:
        """The ids of the legacy users whom somebody means by an id, an account's id or an address: one, as a rule.

        Raises:
            SettingsError: nobody.
        """
        asked = asked.strip()
        if "@" in asked:
            return all_by_address(self.url, asked, key=folded_text(asked))
        account = _as_uuid(asked)
        if account is not None:
            with self._reading() as connection:
                return find_by_account(connection, account) or [asked]
        return [asked]

    def person(self, user: str) -> Person:
        """Where one user's history is; that somebody looked is written down before it is shown.

        Raises:
            SettingsError: nobody has this id.
        """
        with connect(self.url) as connection:
            with reading(connection):
                _require_begun(connection)
                found = Person(answer_over(connection, self.spec, user), cells_of(connection, user))
            note_look(connection, user, by=BY)
        return found

    def waiting(self, state: str, *, order: str, page: int) -> tuple[dict[str, int], list[Waiting], bool]:
        """How many users are in each state, a page of those in one of them, and whether there is another page."""
        with self._reading() as connection:
            return count_labels(connection), *list_people(connection, state, order=order, page=page)

    def quarantine(self) -> list[Cells]:
        """What is set aside: refused values, and rows that the last verification found kept back by others' fault."""
        with self._reading() as connection:
            verified = last_verified(connection)
            found = count_cells(connection)
        tables = verified.books.tables if verified else ()
        found += [
            Cells(book.table, "", group.reason, group.rows, row_remedy(group.reason))
            for book in tables
            for group in book.groups
            if group.state == "quarantined" and group.reason
        ]
        return sorted(found, key=lambda cells: (cells.table, -cells.rows))

    def cells(self, table: str, column: str, rule: str, *, page: int) -> tuple[list[Cell], bool]:
        """A page of what is set aside for one reason.

        Raises:
            SettingsError: the spec has no such table.
        """
        if table not in self.spec.tables and column == "":
            raise SettingsError(f"the spec has no table {table!r}")
        with self._reading() as connection:
            if column:
                return list_cells(connection, table, column, rule, page=page)
            return list_places(connection, self._links(connection), table, rule, page=page)

    def waves(self, *, page: int) -> tuple[list[Wave], bool]:
        """A page of the waves, the newest first."""
        with self._reading() as connection:
            return list_waves(connection, page=page)


def _require_begun(connection: Connection) -> None:
    if not exists(connection):
        raise NothingYet


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) >= len("0" * 32) else None
    except ValueError:
        return None
