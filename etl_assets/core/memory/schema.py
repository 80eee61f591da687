"""Schema `etl` on the target: made once, and what must stay as it was at the first load."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from etl_assets.access.postgres.connection import Connection, has_table, speak, transaction, wait_for_lock, writing
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.columns import COLUMNS_OF, as_fact, contradiction, follows
from etl_assets.core.memory.facts import (
    count_loaded,
    drop_fact,
    find_fact,
    is_applied,
    is_loaded,
    known_facts,
    replace_fact,
    write_fact,
)
from etl_assets.faults import fault_point
from etl_assets.model.errors import OtherSchema, Refused
from etl_assets.spec.model import Spec

SCRIPT, UPGRADES = Path(__file__).with_suffix(".sql"), Path(__file__).parent / "upgrades"
VERSION = "7"  # of the script; `upgrades/from_N.sql` turns version N into the next
VERSION_FACT = "schema"


def ensure_schema(connection: Connection) -> None:
    """Makes schema `etl` where it is not yet, and brings an older version's up to date, each in one transaction.

    It is private from its first moment.

    Raises:
        OtherSchema: a newer version of this package has made it, or one that is too old.
        Unavailable: another process has the writers' lock, and kept it; says who.
    """
    if not exists(connection):
        with connection.transaction():
            speak(connection)
            wait_for_lock(connection, run="schema")
            if not exists(connection):
                connection.execute(SCRIPT.read_bytes())
                replace_fact(connection, VERSION_FACT, VERSION)
                fault_point("schema.made")
    if find_fact(connection, VERSION_FACT) != VERSION:
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    """Walks from the version that is there to ours; all of it or nothing."""
    with writing(connection, run="upgrade"):
        was = version = find_fact(connection, VERSION_FACT)
        while version != VERSION:
            step = UPGRADES / f"from_{version}.sql"
            if not step.exists():
                raise OtherSchema(was)
            connection.execute(step.read_bytes())
            version = str(int(version or 0) + 1)
            fault_point("schema.upgraded")
        replace_fact(connection, VERSION_FACT, VERSION)
        if was != VERSION:
            audit(connection, run="upgrade", action="upgraded", schema=VERSION, was=was)


@contextmanager
def rolled_back(connection: Connection, *, run: str) -> Iterator[None]:
    """A writer's transaction that is rolled back; on a target without schema `etl`, which appears in it and goes."""
    if exists(connection):
        with writing(connection, run=run):
            yield
            raise psycopg.Rollback
        return
    with transaction(connection, read_only=False):
        ensure_schema(connection)
        yield
        raise psycopg.Rollback


def exists(connection: Connection) -> bool:
    """True when schema `etl` is there."""
    return has_table(connection, "etl.meta")


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
        facts[f"{COLUMNS_OF}{name}"] = as_fact(table.loaded_columns)
    return facts


def declared_facts(spec: Spec) -> dict[str, str]:
    """Those of them that follow from the spec alone; key columns come from the legacy database's catalog."""
    return {fact: value for fact, value in meta_facts(spec, {}).items() if not fact.startswith("table ")}


def contradictions(
    connection: Connection, facts: dict[str, str], fillable: Mapping[str, Collection[str]] | None = None
) -> list[str]:
    """Facts that differ from what the target remembers, and that a loaded row hangs on, as sentences.

    With `fillable`, the columns of each target that take a value, a spec that says what the target has now contradicts
    nothing; nor does a table that is not among them, of which nothing can be loaded.
    """
    return [
        _contradiction(connection, fact, known, facts[fact])
        for fact, known in _differing(connection, facts).items()
        if _is_fixed(connection, fact, known) and not _is_of_the_target(fact, known, facts[fact], fillable)
    ]


def _contradiction(connection: Connection, fact: str, known: str, now: str) -> str:
    if fact.startswith(COLUMNS_OF):
        name = fact.removeprefix(COLUMNS_OF)
        return contradiction(name, known, now, rows=count_loaded(connection, name))
    return f"{fact}: the target was loaded with {known!r}, the spec says {now!r}"


def _is_of_the_target(fact: str, known: str, declared: str, fillable: Mapping[str, Collection[str]] | None) -> bool:
    if fillable is None or not fact.startswith(COLUMNS_OF):
        return False
    columns = fillable.get(fact.removeprefix(COLUMNS_OF))
    return columns is None or follows(known, declared, columns)


def _differing(connection: Connection, facts: dict[str, str]) -> dict[str, str]:
    known = known_facts(connection)
    return {fact: known[fact] for fact, value in facts.items() if known.get(fact, value) != value}


def _is_fixed(connection: Connection, fact: str, known: str) -> bool:
    """False for what was only looked at: a table of which no row is loaded, a balance that nobody was given."""
    kind, _, rest = fact.partition(" ")
    if kind == "balance":
        return is_applied(connection, rest)
    if kind == "namespace":
        return is_loaded(connection)
    table = {"table": rest, "columns": rest.removeprefix("of "), "from": known}.get(kind)
    return table is None or is_loaded(connection, table)


def remember(connection: Connection, facts: dict[str, str]) -> None:
    """Writes the facts at each load, and compares those of which rows are loaded.

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
            remedy=f"{'; '.join(wrong)}. Go back to the former spec: other ids would bring every row in twice. To load "
            "these rows anew instead, take them out first: `etl-assets undo`.",
        )
    for fact in _differing(connection, facts):
        drop_fact(connection, fact)
    for key, value in facts.items():
        write_fact(connection, key, value)
