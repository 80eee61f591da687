"""A database made of a dump in SQL, as `sqlite3 app.db .dump`, Cloudflare D1 and Turso write it, and of nothing else.

The `sqlite3` program runs `.shell` and other commands of a hostile dump. Here each statement goes to SQLite alone,
which is not allowed to touch any other file (https://www.sqlite.org/security.html).
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from etl_assets.model.errors import LegacyFileError

FORBIDDEN = {sqlite3.SQLITE_ATTACH: "ATTACH", sqlite3.SQLITE_DETACH: "DETACH"}
# `.dump` itself writes virtual tables through writable_schema.
PRAGMAS = frozenset(
    {"foreign_keys", "writable_schema", "encoding", "user_version", "application_id", "page_size", "defer_foreign_keys"}
)


def database_of(lines: Iterable[str], path: Path, *, name: str) -> None:
    """Runs the statements of a dump on a new database.

    Raises:
        LegacyFileError: it is no dump, or does what no dump needs; nothing of that was run.
    """
    refused: list[str] = []

    def judge(action: int, what: str | None, other: str | None, *_: object) -> int:
        is_pragma = action == sqlite3.SQLITE_PRAGMA and (what or "").lower() not in PRAGMAS
        is_loading = action == sqlite3.SQLITE_FUNCTION and other == "load_extension"
        if action in FORBIDDEN or is_pragma or is_loading:
            refused.append(FORBIDDEN.get(action, f"PRAGMA {what}" if is_pragma else "load_extension"))
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # What is half written is thrown away.
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        connection.set_authorizer(judge)
        for number, statement in _statements(lines, name):
            try:
                connection.execute(statement)
            except sqlite3.Error as error:
                why = f"{refused[0]}, which no dump needs" if refused else f"what SQLite refuses: {error}"
                raise LegacyFileError(f"The dump {name} holds in line {number:,} {why}. Nothing came of it.") from None
        if connection.in_transaction:
            raise LegacyFileError(f"The dump {name} is cut off: it ends within a transaction. Fetch it again.")
    finally:
        connection.close()


def _statements(lines: Iterable[str], name: str) -> Iterable[tuple[int, str]]:
    """Each statement with the number of the line on which it begins."""
    kept: list[str] = []
    begin = 0
    for number, line in enumerate(lines, 1):
        if not kept:
            if not line.strip():
                continue
            if line.lstrip().startswith("."):
                word = line.split()[0]
                raise LegacyFileError(
                    f"Line {number:,} of the dump {name} is the command `{word}`, and no SQL: nothing of it was run."
                )
            begin = number
        kept.append(line)
        if ";" in line and sqlite3.complete_statement("".join(kept)):
            yield begin, "".join(kept)
            kept = []
    rest = "".join(kept).strip()
    if rest and not rest.startswith("--"):
        raise LegacyFileError(f"The dump {name} is cut off: its last statement has no end. Fetch it again.")
