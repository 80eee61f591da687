"""The digest of a row: pairs that are made to collide under Postgres' own hashes, and those that must not differ."""

import psycopg
import pytest
from psycopg import sql

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.links.binding import AS_HASHED, hashed
from etl_assets.core.users.users import read_links
from etl_assets_tests.world import World

Cells = list[tuple[str, str | None]]


def digest(connection: psycopg.Connection, *cells: tuple[str, str | None]) -> int:
    values = [hashed(kind, sql.SQL("CAST({} AS {})").format(sql.Literal(cell), sql.SQL(kind))) for kind, cell in cells]
    query = sql.SQL("SELECT pg_catalog.hash_record_extended(ROW({}), 0)").format(sql.SQL(", ").join(values))
    return int(connection.execute(query).fetchone()[0])  # type: ignore[index]


@pytest.fixture
def types(ready: World) -> psycopg.Connection:
    ready.execute(
        # A nondeterministic collation would be the third of these; the embedded build has no ICU to make one.
        "CREATE DOMAIN public.big AS bigint; CREATE TYPE public.mood AS ENUM ('sad', 'glad')"
    )
    with psycopg.connect(ready.url, autocommit=True) as connection:
        yield connection


APART = [
    # hashint8 folds 64 bits into 32, and so do the hashes of moments.
    ([("bigint", "1")], [("bigint", "4294967296")]),
    ([("public.big", "1")], [("public.big", "4294967296")]),
    ([("time without time zone", "07:08:09")], [("time without time zone", "08:19:43.967299")]),
    ([("timestamp without time zone", "2000-01-01 00:00:00.000001")], [("timestamp without time zone", "2000-01-01 01:11:34.967296")]),
    ([("timestamp with time zone", "2000-01-01 00:00:00.000001Z")], [("timestamp with time zone", "2000-01-01 01:11:34.967296Z")]),
    # Equal, and not the same.
    ([("numeric", "1.0")], [("numeric", "1.00")]),
    ([("numeric(10,2)", "1")], [("numeric", "1")]),
    ([("double precision", "0")], [("double precision", "-0")]),
    ([("json", '{"a":1}')], [("json", '{"a": 1}')]),
    ([("interval", "1 day")], [("interval", "24 hours")]),
    # Each cell in its place, and none is nothing.
    ([("text", "a"), ("text", None)], [("text", None), ("text", "a")]),
    ([("text", "")], [("text", None)]),
    ([("integer", "0")], [("integer", None)]),
    ([("boolean", "false")], [("boolean", None)]),
    ([("text", "a"), ("text", "bc")], [("text", "ab"), ("text", "c")]),
    ([("bytea", "\\x00")], [("bytea", "\\x0000")]),
    ([("integer[]", "{1,2}")], [("integer[]", "{2,1}")]),
    ([("jsonb", "null")], [("jsonb", None)]),
    ([("public.mood", "sad")], [("public.mood", "glad")]),
    ([("date", "2024-01-01")], [("date", "2024-01-02")]),
    ([("uuid", "11111111-2222-5333-8444-555555555555")], [("uuid", "11111111-2222-5333-8444-555555555556")]),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_rows_have_two_digests(types: psycopg.Connection, one: Cells, other: Cells) -> None:
    assert digest(types, *one) != digest(types, *other)


ALIKE = [
    # A column that the app widens while the migration is under way holds what it held.
    ([("smallint", "7")], [("bigint", "7")]),
    ([("integer", "-7")], [("bigint", "-7")]),
    ([("text", "a")], [("character varying(9)", "a")]),
    ([("jsonb", '{"a":1}')], [("jsonb", '{"a": 1}')]),
    ([("timestamp with time zone", "2024-01-01 00:00Z")], [("timestamp with time zone", "2024-01-01 01:00+01")]),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_one_row_has_one_digest(types: psycopg.Connection, one: Cells, other: Cells) -> None:
    assert digest(types, *one) == digest(types, *other)


def test_an_enum_has_the_same_digest_in_every_database(types: psycopg.Connection) -> None:
    before = digest(types, ("public.mood", "glad"))
    types.execute("DROP TYPE public.mood; CREATE TYPE public.mood AS ENUM ('glad', 'sad')")  # other OIDs, another order
    assert digest(types, ("public.mood", "glad")) == before


@pytest.mark.parametrize("number", [0, 2, 3, 4])
def test_postgres_own_hash_does_not_tell_these_apart(types: psycopg.Connection, number: int) -> None:
    """Why they are sent: where Postgres mends it, a pair proves nothing any more."""
    [(kind, one)], [(_, other)] = APART[number]
    query = f"SELECT hash_record_extended(ROW(CAST('{one}' AS {kind})), 0) = hash_record_extended(ROW(CAST('{other}' AS {kind})), 0)"
    assert types.execute(query.encode()).fetchone() == (True,)


def test_every_raw_type_is_known_to_postgres_by_that_name(types: psycopg.Connection) -> None:
    for name in AS_HASHED:
        assert types.execute("SELECT format_type(%s::regtype, NULL)", [name]).fetchone() == (name,)


def test_a_row_has_the_digest_that_the_ledger_knows(migrated: World) -> None:
    with connect(migrated.url) as connection, reading(connection):
        links = read_links(connection, migrated.spec)
        for name in ("jobs", "credit_transactions", "artifacts"):
            query = sql.SQL(
                "SELECT count(*), count(*) FILTER (WHERE {} = l.digest) FROM etl.loaded AS l JOIN public.{} AS t ON t.id::text = l.new_id"
            )
            rows, same = connection.execute(query.format(links.digest(name, "t"), sql.Identifier(name))).fetchone()
            assert rows == same > 0
