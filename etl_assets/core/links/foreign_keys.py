"""Foreign keys proven by one join for a batch, and not row by row, where the spec says `foreign_keys: join`.

In the role `replica` Postgres fires no trigger of the kind that foreign keys are checked by (PostgreSQL,
`session_replication_role`). In exchange each parent is held `FOR KEY SHARE` until the transaction ends, as the trigger
would hold it, and a row whose parent is not among those that are held is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, identifier, joined, qualified
from etl_assets.core.links.links import Links
from etl_assets.model.errors import Refused, SettingsError
from etl_assets.model.target import ForeignRule

SQL = Statements(__file__)


@contextmanager
def proven_by_join(connection: Connection, links: Links) -> Iterator[None]:
    """Without triggers within it, where the spec says so; for a statement with `proof_slots`.

    Raises:
        SettingsError: this role may not do that.
    """
    if not links.spec.policy.joins:
        yield
        return
    try:
        connection.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        raise SettingsError(
            "`foreign_keys: join` sets session_replication_role, and this role may not: GRANT SET ON PARAMETER "
            "session_replication_role to it, or leave the policy out"
        ) from None
    yield
    connection.execute("SET LOCAL session_replication_role = origin")


def proof_slots(links: Links, name: str) -> dict[str, sql.Composable]:
    """`held`: what holds the parents of `batch`, one common table expression each; `is_orphan`: has a row none?"""
    if not links.spec.policy.joins:
        return {"held": sql.SQL(""), "is_orphan": sql.SQL("false")}
    held: list[sql.Composable] = []
    orphans: list[sql.Composable] = [sql.SQL("false")]
    for number, rule in enumerate(_rules(links, name)):
        parents = identifier(f"held{number}")
        here = [identifier("b", column) for column in rule.columns]
        there = [identifier("t", column) for column in rule.refers_to]
        slots = {"here": joined(list(here)), "there": joined(list(there))}
        parent = qualified(rule.schema, rule.table)
        held.append(SQL("hold_parents", held=parents, parent=parent, **slots))
        filled = joined([sql.SQL("{} IS NOT NULL").format(column) for column in here], by=" AND ")
        orphans.append(SQL("is_orphan", held=parents, filled=filled, **slots))
    return {"held": joined(held, by="\n"), "is_orphan": joined(orphans, by=" OR ")}


def require_parents(table: str, count: int, sample: list[str] | None) -> None:
    """Raises when a row of a batch was an orphan.

    Raises:
        Refused: one was.
    """
    if count:
        remedy = "A row that these rows refer to went away. Run again: they will wait for it or be quarantined."
        raise Refused("references_hold", table=table, count=count, sample=sample or (), remedy=remedy)


def _rules(links: Links, name: str) -> list[ForeignRule]:
    """Those over columns that the load fills; where it leaves one NULL, nothing is referred to.

    Those of a circle are proven when all its rows are written.
    """
    filled, later = set(links.columns(name)), links.keys_in_circle(name)
    return [rule for rule in links.targets[name].foreign if set(rule.columns) <= filled and rule not in later]
