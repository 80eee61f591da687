"""The legacy database: opened read-only, copied whole, then read from the copy."""

import contextlib
import difflib
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from etl_assets.model.errors import EtlError, FileFault, LegacyFileError, LegacyMismatch

MAGIC = b"SQLite format 3\x00"
BUSY_TIMEOUT_S = 30.0
SETTLED_S = 2.0
BUSY_CODES = (5, 6)  # SQLITE_BUSY, SQLITE_LOCKED: Python 3.10 does not name them
WAL_HEADER_BYTES = 32
ROWID_NAMES = ("rowid", "_rowid_", "oid")


LegacyConnection = sqlite3.Connection


@dataclass(frozen=True)
class LegacyTable:
    """One table or view: its columns with declared types, its primary key, and its rowid's name, if it has one."""

    name: str
    columns: dict[str, str]
    primary_key: tuple[str, ...]
    rowid: str | None

    @property
    def has_integer_key(self) -> bool:
        """True when the primary key is the rowid itself, which is never NULL and never repeated."""
        return (
            len(self.primary_key) == 1 and self.columns[self.primary_key[0]].upper() == "INTEGER" and bool(self.rowid)
        )


def fill(template: str, **parts: str) -> str:
    """SQLite text with its named parts filled in: names from `quoted`, constants of ours, expressions of the spec."""
    return template.format(**parts)


def quoted(name: str) -> str:
    """An SQLite identifier."""
    return '"' + name.replace('"', '""') + '"'


def require_sqlite(path: Path) -> None:
    """Raises unless the file looks like an SQLite database.

    Raises:
        LegacyFileError: it is missing, a folder, empty, encrypted, or something else; it is never created.
    """
    if not path.exists():
        raise LegacyFileError(f"The legacy database {path} does not exist. Check the path.")
    if not path.is_file():
        raise LegacyFileError(f"The legacy database {path} is not a file. Check the path.")
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except PermissionError:
        raise LegacyFileError(f"The legacy database {path} cannot be read: permission denied.") from None
    if not head:
        raise LegacyFileError(f"The legacy database {path} is empty (0 bytes).")
    if head != MAGIC:
        raise LegacyFileError(f"{path} is not a plain SQLite database; an encrypted one must be decrypted first.")


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write and cannot create the file.

    Raises:
        LegacyFileError: the file cannot be opened or read, in this block or later.
        FileFault: a copy that is written in this block has filled the disk.
    """
    require_sqlite(path)
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
    )
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        raise _file_error(path, error) from None
    finally:
        connection.close()


def disk_fault(error: sqlite3.DatabaseError) -> FileFault | None:
    """The fault of our disk that SQLite met while it wrote a copy, or None where it is something else.

    SQLITE_FULL has this text (https://www.sqlite.org/rescode.html#full); its code is told since Python 3.11 only.
    """
    return FileFault(str(error)) if "disk is full" in str(error) else None


def _file_error(path: Path, error: sqlite3.DatabaseError) -> EtlError:
    text = str(error)
    if full := disk_fault(error):
        return full
    if "locked" in text or "busy" in text:
        remedy = f"another program held it for more than {BUSY_TIMEOUT_S:.0f} s; stop the writer, then run again."
    elif "malformed" in text or "not a database" in text or "disk I/O" in text:
        remedy = "the file is damaged; restore it from a backup, or recover it with `sqlite3 FILE .recover`."
    else:
        remedy = "check the file and the permissions of its folder."
    return LegacyFileError(f"The legacy database {path} cannot be read ({text}): {remedy}")


def file_mark(path: Path) -> str:
    """A mark that changes whenever the database's content may have: size and time of the file and of its WAL.

    The `-shm` file, and a `-wal` that holds no frame after its header, appear through reading alone and do not count
    (https://www.sqlite.org/walformat.html).

    Raises:
        LegacyFileError: the file is not there or is no SQLite database.
    """
    require_sqlite(path)
    found = [path.stat()]
    with contextlib.suppress(FileNotFoundError):  # the last writer takes the WAL away with it, at any moment
        wal = path.with_name(f"{path.name}-wal").stat()
        if wal.st_size > WAL_HEADER_BYTES:
            found.append(wal)
    return " ".join(f"{stat.st_size}:{stat.st_mtime_ns}" for stat in found)


def is_settled(path: Path) -> bool:
    """True when nobody has written to the database for a moment.

    Two writes at once can leave files of one time, of which a mark that was taken between them tells nothing.
    """
    names = (path, path.with_name(f"{path.name}-wal"))
    latest = max(name.stat().st_mtime for name in names if name.exists())
    return time.time() - latest > SETTLED_S


def copy_database(source: Path, copy: Path) -> None:
    """Copies the database as of one moment, its WAL included, through SQLite's backup API, and checks the copy.

    https://www.sqlite.org/backup.html. Copying the file alone would leave the WAL's rows behind, and table by table
    would let rows refer to users that the copy has not seen.

    Raises:
        LegacyFileError: the source cannot be read, or stays locked, or is damaged.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # CPython repeats a busy step for ever; raising here is the only way out.
        if status in BUSY_CODES and time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")

    copy.touch(mode=0o600)
    with open_read_only(source) as legacy:
        ours = sqlite3.connect(copy, isolation_level=None)
        try:
            legacy.backup(ours, pages=-1, progress=give_up, sleep=0.1)
            # A copy in WAL mode would grow a -wal and a -shm beside it each time it is read.
            ours.execute("PRAGMA journal_mode=DELETE")
            problem = ours.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            ours.close()
    if problem != "ok":
        raise LegacyFileError(f"The legacy database {source} is damaged ({problem.splitlines()[0]}): restore a backup.")


def table_names(connection: sqlite3.Connection) -> list[str]:
    """The tables and views of a database, as they are spelt."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    return [name for (name,) in rows]


def describe(connection: sqlite3.Connection, name: str) -> LegacyTable | None:
    """A table as the catalog tells it, or None where there is none; names match in any case, as in SQLite."""
    spelt = {known.lower(): known for known in table_names(connection)}.get(name.lower())
    if spelt is None:
        return None
    # table_xinfo lists generated columns too.
    info = connection.execute(fill("PRAGMA table_xinfo({table})", table=quoted(spelt))).fetchall()
    columns = {row[1]: row[2] for row in info}
    key = [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5]]
    return LegacyTable(spelt, columns, tuple(key), _rowid_name(connection, spelt, columns))


def hands_ids_out_again(connection: sqlite3.Connection, table: LegacyTable) -> bool:
    """True for an INTEGER PRIMARY KEY without AUTOINCREMENT: the largest id, once deleted, is the next row's.

    https://www.sqlite.org/autoinc.html
    """
    row = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table.name]).fetchone()
    return table.has_integer_key and not re.search(r"\bAUTOINCREMENT\b", row[0] if row else "", re.IGNORECASE)


def last_id(connection: sqlite3.Connection, table: str) -> int:
    """The largest id that an AUTOINCREMENT table ever gave, deleted rows' included; 0 where SQLite keeps none."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone() is None:
        return 0
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ? COLLATE NOCASE", [table]).fetchone()
    return int(row[0]) if row and isinstance(row[0], int) else 0


def _rowid_name(connection: sqlite3.Connection, table: str, columns: dict[str, str]) -> str | None:
    kind = connection.execute("SELECT type FROM sqlite_master WHERE name = ?", [table]).fetchone()
    if kind == ("view",):
        return None  # a view answers `rowid` too, with NULL
    taken = {column.lower() for column in columns}
    for name in ROWID_NAMES:
        if name in taken:
            continue
        try:
            connection.execute(fill("SELECT {name} FROM {table} LIMIT 0", name=name, table=quoted(table)))
        except sqlite3.OperationalError:
            return None  # a WITHOUT ROWID table
        return name
    return None


def require_table(connection: sqlite3.Connection, name: str) -> LegacyTable:
    """A table that must be there.

    Raises:
        LegacyMismatch: it is not; says what is there.
    """
    found = describe(connection, name)
    if found is None:
        names = table_names(connection)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(names[:12]) or 'no tables'}."
        raise LegacyMismatch(f"The legacy database has no table {name!r}; {hint}")
    return found


def count_rows(connection: sqlite3.Connection, table: LegacyTable) -> int:
    """The number of rows, by SQLite's own count."""
    return int(connection.execute(fill("SELECT count(*) FROM {table}", table=quoted(table.name))).fetchone()[0])


def write_to_database(path: Path, statements: list[tuple[str, tuple[object, ...]]]) -> None:
    """Lets a demo's legacy app write, in one transaction; never used on a legacy file of somebody."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN")
        for statement, values in statements:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    finally:
        connection.close()


def write_new_database(path: Path, statements: list[str], rows: dict[str, list[tuple[object, ...]]]) -> None:
    """Makes a database that was not there before: for demos and tests, never for a legacy file."""
    path.touch(mode=0o600, exist_ok=False)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        for table, values in rows.items():
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(
                fill("INSERT INTO {table} VALUES ({marks})", table=quoted(table), marks=marks), values
            )
        connection.execute("COMMIT")
    finally:
        connection.close()
