"""Single mutations of production, ledger, staging and claims, and what a verification says of each."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl_assets.access.postgres.connection import Connection, reading, transaction
from etl_assets.core.books.books import read_books
from etl_assets.core.gate.gate import all_validations
from etl_assets.core.links.links import Links
from etl_assets.core.load import load as loading
from etl_assets.core.load.load import load_wave
from etl_assets.core.load.loader import Loader
from etl_assets.core.staging.table import is_altered
from etl_assets.core.verify.rows import compare_all
from etl_assets.model.errors import EtlError
from etl_assets_tests.world import World

TABLES = ("jobs", "credit_transactions", "artifacts")
OWNER = {"jobs": "user_id", "credit_transactions": "user_id", "artifacts": "job_id"}
NUMBERS = {"credit_transactions": ("amount",), "artifacts": ("size_bytes",)}
TEXTS = {
    "jobs": ("job_type", "status", "source_file", "result_file"),
    "credit_transactions": ("transaction_type", "reference_id", "description"),
    "artifacts": ("kind", "path"),
}
NULLABLE = {
    "jobs": ("updated_at", "source_file", "result_file", "metadata"),
    "credit_transactions": ("reference_id", "description"),
    "artifacts": ("size_bytes",),
}
USERS = 8
PRODUCTION, LEDGER, STAGING, CLAIMS = "production", "ledger", "staging", "claims"


@dataclass(frozen=True)
class Mutation:
    """One statement, what it is about and what it does."""

    place: str
    what: str
    statement: str


def legacy_rows(seed: int) -> str:
    """Eight users, two of whom have no account; jobs, money and artifacts of every shape."""
    rng = random.Random(seed)
    lines = [f"INSERT INTO users VALUES ({user}, 'u{user}@x.org', NULL, '2024-01-01');" for user in range(1, USERS + 1)]
    for key in range(1, 33):
        at = f"2024-05-{rng.randrange(10, 28)}T07:08:09.{rng.randrange(10**6):06d}Z"
        user = rng.randrange(1, USERS + 1)
        file, data = rng.choice(["NULL", f"'f{key}.wav'"]), rng.choice(["NULL", f'\'{{"a": {key}, "b": [1, null]}}\''])
        updated = rng.choice(["NULL", f"'{at}'"])
        lines.append(
            f"INSERT INTO jobs VALUES ({key}, {user}, 'e{key}', 's', '{at}', {updated}, {file}, NULL, {data});"
            f"INSERT INTO credit_transactions VALUES ({key}, {user}, {rng.randrange(-50, 100)}, 'p', 'r{key}', '{at}', {file});"
            f"INSERT INTO artifacts VALUES ({key}, {rng.randrange(1, key + 1)}, 'k', 'p{key}', {rng.choice(['NULL', '7'])}, '{at}');"
        )
    return "\n".join(lines)


def accounts() -> list[str]:
    """The addresses that have accounts; the last one is a stranger's."""
    return [*(f"u{user}@x.org" for user in range(1, USERS - 1)), "stranger@x.org"]


def random_mutation(rng: random.Random) -> Mutation:
    """One of them; the row is chosen by the server, by a hash with a seed."""
    kinds = [*_PRODUCTION, *_PRODUCTION, *_LEDGER, *_STAGING, _claim]
    return rng.choice(kinds)(rng, rng.choice(TABLES))


def _one(rng: random.Random, table: str, *, where: str = "true", key: str = "id") -> str:
    """A condition that holds for one row of the table."""
    order = f"md5({key}::text || '{rng.random()}')"
    return f"{key} = (SELECT {key} FROM {table} WHERE {where} ORDER BY {order} LIMIT 1)"


def _set(rng: random.Random, table: str, column: str, value: str, *, where: str = "true") -> Mutation:
    name = f"public.{table}"
    return Mutation(
        PRODUCTION,
        f"{column} of {table} := {value}",
        f"UPDATE {name} SET {column} = {value} WHERE {_one(rng, name, where=where)}",
    )


def _delete(rng: random.Random, table: str) -> Mutation:
    name = f"public.{table}"
    childless = "id NOT IN (SELECT job_id FROM public.artifacts)" if table == "jobs" else "true"
    return Mutation(PRODUCTION, f"delete from {table}", f"DELETE FROM {name} WHERE {_one(rng, name, where=childless)}")


def _double(rng: random.Random, table: str) -> Mutation:
    name = f"public.{table}"
    statement = (
        f"INSERT INTO {name} SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).*"
        f" FROM {name} AS t WHERE {_one(rng, name, key='t.id').replace(f'FROM {name}', f'FROM {name} AS t')}"
    )
    return Mutation(PRODUCTION, f"double a row of {table}", statement)


def _swap_owner(rng: random.Random, table: str) -> Mutation:
    column = OWNER[table]
    parent = "public.profiles" if column == "user_id" else "public.jobs"
    other = (
        f"(SELECT p.id FROM {parent} AS p WHERE p.id <> {column} ORDER BY md5(p.id::text || '{rng.random()}') LIMIT 1)"
    )
    return _set(rng, table, column, other)


def _number(rng: random.Random, table: str) -> Mutation:
    table = table if table in NUMBERS else "credit_transactions"
    column = NUMBERS[table][0]
    return _set(rng, table, column, f"{column} {rng.choice('+-')} 1", where=f"{column} IS NOT NULL")


def _microsecond(rng: random.Random, table: str) -> Mutation:
    return _set(rng, table, "created_at", f"created_at {rng.choice('+-')} interval '1 microsecond'")


def _character(rng: random.Random, table: str) -> Mutation:
    column = rng.choice(TEXTS[table])
    value = rng.choice([f"{column} || ' '", f"overlay({column} placing 'X' from 1 for 1)", f"left({column}, -1)"])
    return _set(rng, table, column, value, where=f"{column} IS NOT NULL")


def _nothing(rng: random.Random, table: str) -> Mutation:
    column = rng.choice(NULLABLE[table])
    return _set(rng, table, column, "NULL", where=f"{column} IS NOT NULL")


def _something(rng: random.Random, table: str) -> Mutation:
    column = rng.choice([column for column in NULLABLE[table] if column in TEXTS[table]] or ["size_bytes"])
    value = "1" if column == "size_bytes" else "''"
    return _set(rng, table, column, value, where=f"{column} IS NULL")


def _json(rng: random.Random, _: str) -> Mutation:
    value = rng.choice(["metadata || '{\"c\": null}'", "jsonb_set(metadata, '{a}', '0')", "metadata - 'b'", "'[]'"])
    return _set(rng, "jobs", "metadata", value, where="metadata IS NOT NULL")


def _ledger(what: str) -> Callable[[random.Random, str], Mutation]:
    def mutate(rng: random.Random, table: str) -> Mutation:
        of_table = f"\"table\" = '{table}'"
        row = f"{of_table} AND {_one(rng, 'etl.loaded', where=of_table, key='legacy_id')}"
        statement = (
            f"DELETE FROM etl.loaded WHERE {row}" if what == "drop" else f"UPDATE etl.loaded SET {what} WHERE {row}"
        )
        return Mutation(LEDGER, f"{what} in the ledger of {table}", statement)

    return mutate


def _staged(column: str, value: str) -> Callable[[random.Random, str], Mutation]:
    def mutate(rng: random.Random, table: str) -> Mutation:
        name = f"etl.stg_{table}"
        row = _one(rng, name, key="_legacy_id")
        if column == "drop":
            return Mutation(STAGING, f"drop a staged row of {table}", f"DELETE FROM {name} WHERE {row}")
        return Mutation(STAGING, f"{column} of {name}", f"UPDATE {name} SET {column} = {value} WHERE {row}")

    return mutate


def _claim(rng: random.Random, _: str) -> Mutation:
    row = _one(rng, "etl.legacy_user_map", where="supabase_user_id IS NOT NULL", key="legacy_user_id")
    other = f"(SELECT p.id FROM public.profiles AS p WHERE p.id <> supabase_user_id ORDER BY md5(p.id::text || '{rng.random()}') LIMIT 1)"
    return Mutation(CLAIMS, "another account", f"UPDATE etl.legacy_user_map SET supabase_user_id = {other} WHERE {row}")


_PRODUCTION = (
    _delete, _double, _swap_owner, _number, _microsecond, _character, _nothing, _something, _json,
)  # fmt: skip
_LEDGER = tuple(
    _ledger(what)
    for what in (
        "digest = digest + 1",
        f"legacy_user_id = (legacy_user_id::int % {USERS} + 1)::text",
        "new_id = gen_random_uuid()",
        "drop",
    )
)
_STAGING = (
    _staged("created_at", "created_at + interval '1 microsecond'"),
    _staged("_legacy_user_id", "coalesce(_legacy_user_id, '') || '1'"),
    _staged("_new_id", "gen_random_uuid()"),
    _staged("drop", ""),
)


@dataclass(frozen=True)
class Verdict:
    """What a verification says: findings that turn it red, and findings that are listed."""

    red: Counter[str]
    listed: Counter[str]

    def beyond(self, other: "Verdict") -> "Verdict":
        """What is new against another."""
        return Verdict(_differing(self.red, other.red), _differing(self.listed, other.listed))


def _differing(here: Counter[str], there: Counter[str]) -> Counter[str]:
    return Counter({name: here[name] for name in {*here, *there} if here[name] != there[name]})


def verdict(connection: Connection, links: Links) -> Verdict:
    """The core of `verification` and of the checks, inside a transaction."""
    red: Counter[str] = Counter()
    listed: Counter[str] = Counter()
    for name in links.tables:
        found = compare_all(connection, links, name)
        red[f"rows_are_equal {name}"] = found.faults
        for what in ("changed_since", "gone_since", "doubled_since", "changed_in_legacy", "vanished"):
            listed[f"{what} {name}"] = getattr(found, what)
        for money in found.sums:
            red[f"sums_are_equal {name}"] = money.differing
            listed[f"sums {name}"] = money.explained
        red[f"staging_is_as_it_was_written {name}"] = int(is_altered(connection, name))
    red["the_books_close"] = int(not read_books(connection, links).closed)
    for rule in all_validations(links.spec):
        count = rule.find(connection, links).count
        (red if rule.blocking else listed)[f"{rule.name} {rule.table}"] = max(count - rule.allowed, 0)
    return Verdict(red, listed)


def mutate_later(connection: Connection, links: Links, mutation: Mutation, before: Verdict) -> Verdict | None:
    """What is found when somebody else does this after the load; None when it changed nothing. It is rolled back."""
    found = None
    with suppress(EtlError), transaction(connection, read_only=False):
        if connection.execute(mutation.statement.encode()).rowcount:
            found = verdict(connection, links).beyond(before)
        raise psycopg.Rollback
    return found


def mutate_in_the_load(connection: Connection, links: Links, mutation: Mutation, *, wave: str) -> Verdict | str | None:
    """What is found when the loading transaction itself does this: a verdict, or the sentence of the refusal."""
    passed: Counter[str] = Counter()
    changed = 0

    def strike(name: str) -> None:
        nonlocal changed
        passed[name] += 1
        if name == "load.table" and passed[name] == len(links.tables):
            changed = connection.execute(mutation.statement.encode()).rowcount

    real, loading.fault_point = loading.fault_point, strike
    try:
        load_wave(Loader(connection, links, dict.fromkeys(TABLES, ("id",)), "x"), wave=wave, progress=lambda *_: None)
    except EtlError as refused:
        return str(refused) if changed else None
    finally:
        loading.fault_point = real
    with reading(connection):
        return verdict(connection, links) if changed else None


def begin(world: World, seed: int) -> None:
    """The legacy app and the accounts."""
    world.legacy(legacy_rows(seed))
    world.sign_up(*accounts())


@contextmanager
def a_copy(world: World, number: int) -> Iterator[str]:
    """The address of a copy of a world's database on the same server."""
    world.rest()
    url, source = world.url, str(conninfo_to_dict(world.url)["dbname"])
    name, copy = sql.Identifier(f"{source}_{number}"), make_conninfo(url, dbname=f"{source}_{number}")
    server = make_conninfo(url, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(source)))
        yield copy
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
