"""Schema `etl` on the target, and its memory: meta facts and the audit trail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from etl_assets.access.postgres.connection import (
    Connection,
    has_table,
    rows,
    run_statement,
    speak,
    transaction,
    wait_for_lock,
    writing,
)
from etl_assets.access.postgres.statements import FILES, identifier, statement
from etl_assets.core.memory.facts import write_fact
from etl_assets.faults import fault_point
from etl_assets.model.errors import Refused, Unavailable, UndoRefused
from etl_assets.spec.model import Spec

TABLES = (
    "meta",
    "writer",
    "lanes",
    "legacy_user_map",
    "waves",
    "staged",
    "quarantine",
    "excluded",
    "loaded",
    "audit_log",
    "final_books",
    "corrections",
    "former",
    "legacy_balances",
    "balances",
    "claims",
    "forgotten",
    "compared",
    "reissued",
    "taken_out",
    "refused",
    "legacy_profile",
    "profile_values",
)
LAST_MADE = "etl.profile_values"
LAST_READ = "etl.profile_values"


def ensure_schema(connection: Connection) -> None:
    """Makes schema `etl` where it is not yet; it is private from its first moment (one transaction).

    Raises:
        Unavailable: another process has the writers' lock, and kept it; says who.
    """
    if has_table(connection, LAST_MADE):
        return
    with connection.transaction():
        speak(connection)
        wait_for_lock(connection, run="schema")
        if has_table(connection, LAST_MADE):
            return
        for name in sorted(name for name in FILES if name.startswith("schema/")):
            run_statement(connection, statement(name))
        for table in TABLES:
            run_statement(connection, statement("enable_rls", table=identifier("etl", table)))
        fault_point("schema.made")


@contextmanager
def rolled_back(connection: Connection, *, run: str) -> Iterator[None]:
    """A writer's transaction that is rolled back; on a target without schema `etl`, which appears in it and goes."""
    if has_table(connection, LAST_MADE):
        with writing(connection, run=run):
            yield
            raise psycopg.Rollback
        return
    with transaction(connection, read_only=False):
        ensure_schema(connection)
        yield
        raise psycopg.Rollback


def exists(connection: Connection) -> bool:
    """True when schema `etl` can be read; one that a former version has made is completed by the next writer."""
    return has_table(connection, LAST_READ)


def audit(connection: Connection, *, run: str, action: str, **detail: Any) -> None:
    """Appends to `etl.audit_log`: counts, keys of waves and digests, never personal data."""
    connection.execute(statement("write_audit"), {"run": run, "action": action, "detail": json.dumps(detail)})


@contextmanager
def refusals_audited(connection: Connection, *, run: str) -> Iterator[None]:
    """Writes a refusal of the block into the audit trail, in a transaction of its own: that of the block is gone."""
    try:
        yield
    except (Refused, UndoRefused) as refusal:
        told: dict[str, Any] = {"check": "undo", "count": len(getattr(refusal, "rows", ()))}
        if isinstance(refusal, Refused):
            told = {"check": refusal.check, "table": refusal.table, "count": refusal.count}
        with suppress(Unavailable), writing(connection, run=run):  # the refusal matters more than its trace
            audit(connection, run=run, action="refused", **told)
        raise


def meta_facts(spec: Spec, keys: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """What must stay as it was at the first load, or ids would change and rows arrive twice."""
    facts = {"namespace": str(spec.namespace)}
    if spec.target.marker:
        facts["marker"] = spec.target.marker
    if spec.users is not None:
        facts["users"] = f"{spec.users.table} by {spec.users.id}"
        facts["profiles"] = ".".join(spec.accounts.profiles_table)
    for name, balance in spec.balances.items():
        facts[f"balance {name}"] = f"{balance.from_}, {balance.apply}"
    for name, table in spec.tables.items():
        key = ", ".join(keys.get(name, table.key)) or "primary key"
        if name in keys or table.key:  # an optional table that is not there says nothing of its key
            facts[f"table {name}"] = f"{table.target}, id {table.id.rule}, key {key}"
        facts[f"from {table.source} to {table.target}"] = name
        # Digests in the ledger are over these columns.
        facts[f"columns of {name}"] = ", ".join(sorted(table.columns))
    return facts


def declared_facts(spec: Spec) -> dict[str, str]:
    """Those of them that follow from the spec alone; key columns come from the legacy database's catalog."""
    return {fact: value for fact, value in meta_facts(spec, {}).items() if not fact.startswith("table ")}


def contradictions(connection: Connection, facts: dict[str, str]) -> list[str]:
    """Facts that differ from what the target remembers, as sentences."""
    known = dict(rows(connection, sql.Composed([sql.SQL("SELECT key, value FROM etl.meta")])))
    return [
        f"{fact}: the target was loaded with {known[fact]!r}, the spec says {value!r}"
        for fact, value in facts.items()
        if known.get(fact, value) != value
    ]


def remember(connection: Connection, facts: dict[str, str]) -> None:
    """Writes the facts at the first load, and compares them ever after.

    Raises:
        Refused: a fact differs.
    """
    wrong = contradictions(connection, facts)
    if wrong:
        raise Refused(
            "spec_is_the_one_loaded_with",
            table="etl.meta",
            count=len(wrong),
            sample=[],
            remedy=f"{'; '.join(wrong)}. Go back to the former spec: other ids would bring every row in twice.",
        )
    for key, value in facts.items():
        write_fact(connection, key, value)
