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
from etl_assets.core.links.links import Links
from etl_assets.core.load.insert import chosen, insert_ready
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
    done = Narrowed()
    fire_deferred(connection)  # what would be checked at the commit is said of the row
    for name in names:
        write = functools.partial(_insert, connection, links, name, users=users, wave=wave)
        keys = _keys(connection, links.rows(name), users)
        done.rows[name] = _halve(connection, name, keys, write, done.refused)
        done.updated[name] = 0
        if links.spec.policy.updates:
            write = functools.partial(write_changes, connection, links, name, users=users, wave=wave, run=run)
            keys = _keys(connection, links.rows(name, as_new=True), users)
            done.updated[name] = _halve(connection, name, keys, write, done.refused)
    return done


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


def _keys(connection: Connection, links: sql.Composed, users: list[str] | None) -> list[str]:
    query = SQL("list_ready_rows", links=links, of_users=chosen(users, None))
    return [key for (key,) in query.many(connection, users=users)]


def _insert(
    connection: Connection, links: Links, name: str, *, users: list[str] | None, wave: str | None, keys: list[str]
) -> int:
    return insert_ready(connection, links, links.spec.tables[name], users=users, wave=wave, keys=keys)[0]


def _halve(
    connection: Connection, name: str, keys: list[str], write: Callable[..., int], refused: list[Refusal]
) -> int:
    """Writes these rows, the first half before the second where the target refuses some; returns how many went in."""
    if not keys:
        return 0
    try:
        with connection.transaction():
            return write(keys=keys)
    except psycopg.Error as error:
        fault = fault_of_rows(error)
    if len(keys) == 1:
        refused.append((name, keys[0], fault))
        return 0
    half = len(keys) // 2
    return sum(_halve(connection, name, part, write, refused) for part in (keys[:half], keys[half:]))
