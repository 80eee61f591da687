"""What every session speaks: whatever shapes text, parsing or the catalog's spelling is pinned, and proven."""

from typing import Any

import psycopg
from psycopg.adapt import Dumper

ENCODING = "UTF8"
# Row digests are made of text, so whatever shapes text is pinned; nothing of ours is found by search path.
DIALECT = (
    f"SET LOCAL client_encoding = '{ENCODING}'",
    # A backslash in our own statements is a backslash, in whatever way the app's database reads old code.
    "SET LOCAL standard_conforming_strings = on",
    "SET LOCAL backslash_quote = safe_encoding",
    "SET LOCAL escape_string_warning = off",
    "SET LOCAL transform_null_equals = off",
    "SET LOCAL array_nulls = on",
    # Types and constraints are compared as the catalog spells them.
    "SET LOCAL quote_all_identifiers = off",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL search_path = pg_catalog",
    # Row level security would hide rows from us in silence; off, Postgres raises an error instead.
    "SET LOCAL row_security = off",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    # A statement of a process that was killed is cut off, instead of holding the lock until it has run to its end.
    "SET LOCAL client_connection_check_interval = '2s'",
    # Whoever holds a table for longer is named by `doctor`; the run is tried again.
    "SET LOCAL lock_timeout = '2min'",
    "SET LOCAL jit = off",
    "SET LOCAL work_mem = '128MB'",
    # The planner takes a row's digest for as cheap as a comparison, and would not read in parallel for its sake.
    "SET LOCAL parallel_tuple_cost = 0",
    # Since PostgreSQL 17.
    "SELECT set_config('transaction_timeout', '0', true) WHERE current_setting('transaction_timeout', true) <> '0'",
)


class _Raw(bytes):
    """Text as the bytes that leave us, which no codec of the driver mends."""


class _RawDumper(Dumper):
    oid = psycopg.postgres.types["text"].oid

    def dump(self, obj: bytes) -> bytes:
        return bytes(obj)


psycopg.adapters.register_dumper(_Raw, _RawDumper)
# Two, three and four bytes a character: each other encoding of Postgres refuses one of them, or takes it for others.
CANARY = "\u00e9\u20ac\U0001d11e"
UNICODE: dict[str, Any] = {"canary": _Raw(CANARY.encode()), "canary_utf8": CANARY.encode()}


def unicode_arrives(row: tuple[Any, ...]) -> bool:
    """True when the server has the canary's code points (its last but one column), and we get them back (its last)."""
    return bool(row[-2]) and row[-1] == CANARY
