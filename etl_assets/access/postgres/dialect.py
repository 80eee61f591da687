"""What every session speaks: whatever shapes text, parsing or the catalog's spelling is pinned, and proven."""

from typing import Any

import psycopg
from psycopg.adapt import Dumper

ENCODING = "UTF8"
# Names are found as the session would find them without us, after Postgres' own: `pg_catalog` stands first, so that no
# object of the app is taken for one of Postgres', and `pg_temp` last.
_AS_THE_APP = (
    "concat_ws(', ', 'pg_catalog', (SELECT nullif(s.reset_val, '') FROM pg_catalog.pg_settings AS s"
    " WHERE s.name = 'search_path'), 'pg_temp')"
)
APP_PATH = f"SELECT set_config('search_path', {_AS_THE_APP}, true)"
CATALOG_PATH = "SET LOCAL search_path = pg_catalog"
# Nothing of ours is found by search path. A constraint or an index that calls a function of the app's, though, is
# evaluated by whatever asks beforehand whether a row would be refused, and such a function may name its tables barely.
_EVALUATED_BY_US = (
    "EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.refclassid = 'pg_catalog.pg_proc'::regclass"
    " AND d.refobjid >= 16384"  # FirstNormalObjectId: Postgres' own stay below, and there are thousands of them
    " AND d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_class'::regclass))"
)
_OURS = f"CASE WHEN {_EVALUATED_BY_US} THEN {_AS_THE_APP} ELSE 'pg_catalog' END"
# Found out once a transaction, and kept in a setting of our own, which no session has outside of one.
_KEPT = "coalesce(nullif(current_setting('etl_assets.path', true), ''), 'pg_catalog')"
OUR_PATH = f"SELECT set_config('search_path', {_KEPT}, true)"
# Row digests are made of text, so whatever shapes text is pinned. Each setting with an expression of its value.
DIALECT = {
    "client_encoding": f"'{ENCODING}'",
    # A backslash in our own statements is a backslash, in whatever way the app's database reads old code.
    "standard_conforming_strings": "'on'",
    "backslash_quote": "'safe_encoding'",
    "escape_string_warning": "'off'",
    "transform_null_equals": "'off'",
    "array_nulls": "'on'",
    # Types and constraints are compared as the catalog spells them.
    "quote_all_identifiers": "'off'",
    "TimeZone": "'UTC'",
    "DateStyle": "'ISO, YMD'",
    "IntervalStyle": "'postgres'",
    "extra_float_digits": "'1'",
    "bytea_output": "'hex'",
    "etl_assets.path": _OURS,
    "search_path": _KEPT,
    # Row level security would hide rows from us in silence; off, Postgres raises an error instead.
    "row_security": "'off'",
    "statement_timeout": "'0'",
    "idle_in_transaction_session_timeout": "'0'",
    # A statement of a process that was killed is cut off, instead of holding the lock until it has run to its end.
    "client_connection_check_interval": "'2s'",
    # Whoever holds a table for longer is named by `doctor`; the run is tried again.
    "lock_timeout": "'2min'",
    "jit": "'off'",
    "work_mem": "'128MB'",
    # The planner takes a row's digest for as cheap as a comparison, and would not read in parallel for its sake.
    "parallel_tuple_cost": "'0'",
}
# Since PostgreSQL 17.
_TIMEOUT = (
    "CASE WHEN current_setting('transaction_timeout', true) <> '0'"
    " THEN set_config('transaction_timeout', '0', true) END"
)


def in_dialect(settings: dict[str, str]) -> str:
    """What gives the open transaction these settings: two statements, in place of one for each."""
    given = [f"set_config('{name}', {value}, true)" for name, value in settings.items()]
    return f"{CATALOG_PATH}; SELECT {', '.join([*given, _TIMEOUT])}"


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


ROLE = "authenticated"  # whom the Data API takes a signed-in user for
