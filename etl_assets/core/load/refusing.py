"""Rows that only the insert shows to be impossible: expression indexes, exclusion rules, partitions without a place.

A batch that the target refuses is halved down to one user (`load`), and the user's rows down to the row, by
savepoints, in the order of their references. What is refused is noted in `etl.refused`, and is quarantined as
`target_refused` for as long as the staged row and the target's rules are what they were.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from etl_assets.access.postgres.connection import Connection, fire_deferred
from etl_assets.access.postgres.refusals import DatabaseFault, translated
from etl_assets.access.postgres.statements import Statements, literal, staging_table
from etl_assets.core.links.circle import units
from etl_assets.core.links.links import Links
from etl_assets.core.load.batch import chosen
from etl_assets.core.load.insert import insert_ready
from etl_assets.core.load.rounds import Round, Row, rounds
from etl_assets.core.load.update import write_changes

SQL = Statements(__file__)

Refusal = tuple[str, str, DatabaseFault]  # table, legacy id, what Postgres said


@dataclass
class Narrowed:
    """What came of some rows, one by one: rows loaded and updated per table, and refused ones with the rule."""

    rows: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)


def narrow(
    connection: Connection, links: Links, names: list[str], *, users: list[str] | None, wave: str | None, run: str
) -> Narrowed:
    """Loads what the target takes of these tables' ready rows, and says which rows it does not; inside `writing`."""
    work = _Narrowing(connection, links, users, wave, run)
    work.done.rows, work.done.updated = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    fire_deferred(connection)  # what would be checked at the commit is said of the row
    for unit in units(links, names):
        work.halve(work.ready(unit), functools.partial(work.insert, unit))
        for name in unit if links.spec.policy.updates else ():
            rows = [Round(((name, key),)) for key in work.keys(links.rows(name, as_new=True))]
            work.halve(rows, functools.partial(work.update, name))
    return work.done


def note_refused(connection: Connection, links: Links, done: Narrowed, *, run: str) -> None:
    """Remembers refused rows, with what they and the target's rules are now; inside `writing`."""
    for name, key, fault in done.refused:
        facts = literal(links.targets[name].facts)
        query = SQL("note_refused", staging=staging_table(name), table=literal(name), facts=facts)
        query.exec(connection, key=key, rule=fault.rule, sqlstate=fault.sqlstate, run=run)


def note_refused_balance(connection: Connection, links: Links, user: str, fault: DatabaseFault, *, run: str) -> None:
    """Remembers that the profile does not take a user's balances; inside `writing`."""
    query = SQL("note_refused_balance", facts=literal(links.profile_facts))
    query.exec(connection, user=user, rule=fault.rule, sqlstate=fault.sqlstate, run=run)


def fault_of_rows(error: psycopg.Error) -> DatabaseFault:
    """Our fault for the driver's, where it is about rows; raises the driver's where it is about something else."""
    fault = translated(error)
    if not isinstance(fault, DatabaseFault) or not fault.is_about_rows:
        raise error
    return fault


@dataclass(frozen=True)
class _Narrowing:
    """Whose rows are written one by one where need be, and what has come of it; `lost` are rows that did not go in."""

    connection: Connection
    links: Links
    users: list[str] | None
    wave: str | None
    run: str
    done: Narrowed = field(default_factory=Narrowed)
    lost: set[Row] = field(default_factory=set)

    def keys(self, links: sql.Composed) -> list[str]:
        """Legacy ids of rows that could be written."""
        query = SQL("list_ready_rows", links=links, of_users=chosen(self.users, None))
        return [key for (key,) in query.many(self.connection, users=self.users)]

    def ready(self, unit: tuple[str, ...]) -> list[Round]:
        """The rows that are ready; in a circle those that stand or fall together, what they refer to first."""
        links = self.links
        if not links.spec.circle_of(unit[0]):
            return [Round(((unit[0], key),)) for key in self.keys(links.rows(unit[0]))]
        named: dict[Row, list[Row]] = {}
        for name in unit:
            query = SQL(
                "list_ready_rows_of_circle",
                links=links.rows(name),
                of_users=chosen(self.users, None),
                staging=staging_table(name),
                **links.way(name, "s"),
            )
            for key, places, ids in query.many(self.connection, users=self.users):
                named[name, key] = [(place, id_) for place, id_ in zip(places, ids, strict=True) if id_ is not None]
        return rounds(named)

    def insert(self, unit: tuple[str, ...], rows: list[Round]) -> None:
        """Writes rows of the tables of a unit."""
        keys: dict[str, list[str]] = {name: [] for name in unit}
        for name, key in (row for found in rows for row in found.rows):
            keys[name].append(key)
        found = insert_ready(self.connection, self.links, unit, users=self.users, wave=self.wave, keys=keys)
        for name, (count, _) in found.items():
            self.done.rows[name] += count

    def update(self, name: str, rows: list[Round]) -> None:
        """Writes changed rows of a table over what was loaded."""
        keys = [key for found in rows for _, key in found.rows]
        self.done.updated[name] += write_changes(
            self.connection, self.links, name, users=self.users, wave=self.wave, run=self.run, keys=keys
        )

    def halve(self, rows: list[Round], write: Callable[[list[Round]], None]) -> None:
        """Writes these rows, the first half before the second where the target refuses some.

        What refers to a row that did not go in is left out: it is quarantined with that one, and not refused itself.
        """
        rows = [found for found in rows if not self._is_lost(found)]
        try:
            with self.connection.transaction():
                if rows:
                    write(rows)
        except psycopg.Error as error:
            fault = fault_of_rows(error)
        else:
            return
        if len(rows) == 1:
            self.lost.update(rows[0].rows)
            self.done.refused.extend((name, key, fault) for name, key in rows[0].rows)
            return
        half = len(rows) // 2
        for part in (rows[:half], rows[half:]):
            self.halve(part, write)

    def _is_lost(self, found: Round) -> bool:
        is_lost = not self.lost.isdisjoint(found.parents)
        if is_lost:
            self.lost.update(found.rows)
        return is_lost
