"""What every session speaks: whatever shapes text, parsing or the catalog's spelling is pinned, and proven."""

from typing import Any, NamedTuple

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


class Pin(NamedTuple):
    """A setting's value, as an expression, and why it is not left to the session."""

    value: str
    why: str


_OF_THE_CATALOG = "types and constraints are compared as the catalog spells them"
_IN_DIGESTS = "row digests and read-backs are made of text"
_IN_STATEMENTS = "our own statements mean the same in every app"
_LASTS = "a load takes as long as it takes, and ends whole"
# Everything of a session that shapes a value, a statement or a wait, and no more. That the others are irrelevant is
# played: `etl_assets_tests.campaigns.settings_matrix` takes every setting that a database or a role can carry.
DIALECT = {
    "client_encoding": Pin(f"'{ENCODING}'", "texts arrive as the characters they are"),
    "standard_conforming_strings": Pin("'on'", f"{_IN_STATEMENTS}: a backslash is one"),
    "backslash_quote": Pin("'safe_encoding'", _IN_STATEMENTS),
    "escape_string_warning": Pin("'off'", "no log of the app fills with our statements"),
    "transform_null_equals": Pin("'off'", f"{_IN_STATEMENTS}: nothing equals NULL"),
    "array_nulls": Pin("'on'", "NULL in a list is none, and not the word"),
    "quote_all_identifiers": Pin("'off'", _OF_THE_CATALOG),
    "TimeZone": Pin("'UTC'", _IN_DIGESTS),
    "DateStyle": Pin("'ISO, YMD'", f"{_IN_DIGESTS}; 03/02 is read as one day alone"),
    "IntervalStyle": Pin("'postgres'", _IN_DIGESTS),
    "extra_float_digits": Pin("'1'", f"{_IN_DIGESTS}: the shortest that reads back the same"),
    "bytea_output": Pin("'hex'", _IN_DIGESTS),
    "etl_assets.path": Pin(_OURS, "what the path is for our own statements, found out once"),
    "search_path": Pin(_KEPT, f"{_IN_STATEMENTS}, whatever the app's functions are called"),
    "row_security": Pin("'off'", "row level security would hide rows in silence; off, Postgres raises an error"),
    "exit_on_error": Pin("'off'", "a row that the target refuses ends a savepoint, and not the session"),
    "statement_timeout": Pin("'0'", _LASTS),
    "idle_in_transaction_session_timeout": Pin("'0'", _LASTS),
    "client_connection_check_interval": Pin(
        "'2s'", "a statement of a process that was killed is cut off, and does not hold the lock until it has run"
    ),
    "lock_timeout": Pin("'2min'", "whoever holds a table for longer is named by `doctor`; the run is tried again"),
    "jit": Pin("'off'", "compiling costs more than our statements take"),
    "work_mem": Pin("'128MB'", "joins of whole tables stay in memory"),
    "parallel_tuple_cost": Pin(
        "'0'", "the planner takes a row's digest for as cheap as a comparison, and would not read in parallel for it"
    ),
}
# Since PostgreSQL 17.
_TIMEOUT = (
    "CASE WHEN current_setting('transaction_timeout', true) <> '0'"
    " THEN set_config('transaction_timeout', '0', true) END"
)


def in_dialect(settings: dict[str, Pin]) -> str:
    """What gives the open transaction these settings: two statements, in place of one for each."""
    given = [f"set_config('{name}', {pin.value}, true)" for name, pin in settings.items()]
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
