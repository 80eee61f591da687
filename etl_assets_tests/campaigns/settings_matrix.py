"""`python -m etl_assets_tests.campaigns.settings_matrix [NAME ...]`: every setting of a session, at its odd values.

Each setting of `pg_settings` that a database or a role can carry is set on a database of its own: a boolean turned
round, each other word, the least and the greatest number, and what is odd for a text. A migration with a canary of
every type, and one more, then has to leave the very cells, quarantine, books and ledger that it leaves under the
defaults, or to refuse with one sentence and without a wrong cell. Prints what was refused, and what differs.
"""

import argparse
import contextlib
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from etl_assets.model.errors import EtlError
from etl_assets.settings import Settings, read_settings
from etl_assets_tests import core
from etl_assets_tests.settings_canary import UNTOUCHED, begin, found_in
from etl_assets_tests.world import World
from etl_assets_tests.worlds import a_server, a_world

CONTEXTS = ("user", "superuser", "backend", "superuser-backend")
READ = (
    "SELECT name, vartype, setting, min_val, max_val, enumvals FROM pg_settings WHERE context = ANY (%s) ORDER BY name"
)
# What is odd for a text; of others, nothing sensible can be asked.
TEXTS = {
    "DateStyle": ["SQL, DMY", "German", "Postgres, MDY", "ISO, DMY"],
    "TimeZone": ["Asia/Kathmandu", "America/St_Johns", "<+14>-14"],
    "application_name": ["caf\u00e9 \\ '"],
    "client_encoding": ["LATIN1", "WIN1252", "SQL_ASCII", "GB18030", "EUC_JP", "SJIS", "KOI8R"],
    "createrole_self_grant": ["set, inherit"],
    "debug_io_direct": [],
    "default_table_access_method": ["no_such_method"],
    "default_tablespace": ["no_such_space"],
    "default_text_search_config": ["pg_catalog.german", "no_such_config"],
    "lc_messages": ["C", "C.UTF-8"],
    "lc_monetary": ["C", "C.UTF-8"],
    "lc_numeric": ["C", "C.UTF-8"],
    "lc_time": ["C", "C.UTF-8"],
    "local_preload_libraries": ["no_such_library"],
    "restrict_nonsystem_relation_kind": ["view, foreign-table"],
    "role": ["authenticated"],
    "search_path": ["", "public", "auth", "pg_temp, public, pg_catalog", "no_such_schema"],
    "session_preload_libraries": ["no_such_library"],
    "temp_tablespaces": ["no_such_space"],
    "timezone_abbreviations": ["Australia", "India"],
}
# Numbers between the least, which means none, and the greatest.
NUMBERS = {
    "gin_fuzzy_search_limit": ["1"],
    "idle_in_transaction_session_timeout": ["1"],
    "idle_session_timeout": ["1"],
    "lock_timeout": ["1"],
    "statement_timeout": ["1"],
    "temp_file_limit": ["0"],
    "transaction_timeout": ["1"],
}
# One millisecond, one byte: the server is starved, and the migration may end with a sentence. Never with another value.
MAY_REFUSE = {
    "default_transaction_read_only": "nothing can be written",
    "session_preload_libraries": "no session opens",
    "local_preload_libraries": "no session opens",
    "temp_buffers": "more memory than the machine has",
    "temp_file_limit": "no room to sort",
    "idle_session_timeout": "the server ends the session between two transactions",
    "idle_in_transaction_session_timeout": "the server ends the session before our first statement pins it",
    "statement_timeout": "what is asked before our first statement pins it is cut off",
    "transaction_timeout": "so is the transaction",
}


class Odd(NamedTuple):
    """One setting at one value."""

    name: str
    value: str


class Came(NamedTuple):
    """What a migration came to: its exit codes or what it said, and everything that it left."""

    codes: tuple[int | str, ...]
    left: dict[str, list[str]]


def odd_values(connection: psycopg.Connection[Any]) -> list[Odd]:
    """Every value that is not the setting's own."""
    found: list[Odd] = []
    for name, kind, now, least, most, words in connection.execute(READ, [list(CONTEXTS)]):
        if kind == "bool":
            values = ["off" if now == "on" else "on"]
        elif kind == "enum":
            values = [word for word in words if word != now]
        elif kind in ("integer", "real"):
            values = [value for value in dict.fromkeys((least, most, *NUMBERS.get(name, ()))) if value != now]
        else:
            values = TEXTS.get(name, [])
        found += [Odd(name, value) for value in values]
    return found


@contextlib.contextmanager
def _set(world: World, odd: Odd | None) -> Iterator[str]:
    """Within it the database has the setting; yields why it cannot have it."""
    database = sql.Identifier(psycopg.conninfo.conninfo_to_dict(world.url)["dbname"] or "")
    why = ""
    if odd is not None:
        # An empty search path is a list of nothing.
        value = sql.SQL("''") if odd.value == "" else sql.Literal(odd.value)
        if odd.name == "search_path" and odd.value:
            value = sql.SQL(", ").join(sql.Literal(part) for part in odd.value.split(", "))  # type: ignore[assignment]
        change = sql.SQL("ALTER DATABASE {} SET {} = {}").format(database, sql.Identifier(odd.name), value)
        with psycopg.connect(world.url, autocommit=True) as own:
            try:
                own.execute(change)
            except psycopg.Error as error:
                why = type(error).__name__
    world.rest()
    yield why
    # By way of another database: in this one perhaps no session opens.
    with psycopg.connect(world.url, autocommit=True, dbname="postgres") as other:
        other.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(database))


def play(server: Settings, odd: Odd | None) -> Came | str:
    """Migrates twice under a setting; why not, where a database cannot carry it."""
    with tempfile.TemporaryDirectory() as folder, a_world(server, Path(folder), after=begin) as world:
        codes: list[int | str] = []
        with _set(world, odd) as why:
            if why:
                return why
            for _ in range(2):
                try:
                    said: list[str] = []
                    with contextlib.redirect_stderr(io.StringIO()) as errors:
                        outcome = core.migrate_here(
                            read_settings(), world.spec, instance=world.instance, say=said.append
                        )
                    told = errors.getvalue().strip()
                    codes.append(f"{outcome.exit_code}: {told}" if outcome.exit_code else 0)
                except EtlError as error:
                    codes.append(f"{error.exit_code}: {error}")
                except Exception as error:  # noqa: BLE001 - a defect is what the campaign looks for
                    codes.append(f"defect {type(error).__name__}: {error}")
        return Came(tuple(codes), found_in(world))


def judge(came: Came, right: Came, odd: Odd) -> tuple[str, str]:
    """`same`, `refused` or `WRONG`, with what there is to say."""
    if came == right:
        return "same", ""
    # Whoever was not given a balance yet has the app's own; the books of a moment before are others.
    wrong = [
        name
        for name, lines in came.left.items()
        if name != "books" and not {line for line in lines if not line.endswith(UNTOUCHED)} <= set(right.left[name])
    ]
    text = "; ".join(str(code) for code in came.codes)
    if wrong or "defect" in text or (came.codes == right.codes and came.left != right.left):
        return "WRONG", f"{', '.join(wrong)} {text}"
    return ("refused" if odd.name in MAY_REFUSE else "WRONG"), text


def main() -> int:
    """Plays every value; exits with 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="these settings alone")
    asked = parser.parse_args()
    counted: Counter[str] = Counter()
    settings: set[str] = set()
    with tempfile.TemporaryDirectory() as root, a_server(Path(root) / "server") as server:
        right = play(server, None)
        assert isinstance(right, Came), right
        assert right.left["things"], right.codes
        with tempfile.TemporaryDirectory() as folder, a_world(server, Path(folder)) as world:
            odd_ones = odd_values(world._session)
        for odd in odd_ones:
            if asked.names and odd.name not in asked.names:
                continue
            came = play(server, odd)
            verdict, words = ("not carried", came) if isinstance(came, str) else judge(came, right, odd)
            counted[verdict] += 1
            settings.add(odd.name)
            if verdict != "same":
                sys.stdout.write(f"{verdict:12} {odd.name} = {odd.value!r}: {words[:400]}\n")
                sys.stdout.flush()
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counted.items()))
    sys.stdout.write(f"{sum(counted.values())} values of {len(settings)} settings: {told}\n")
    return 1 if counted["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main())
