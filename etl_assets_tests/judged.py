"""What `init` makes of the schemas in `spec/judgements`, held against what an expert wrote beside each.

A file holds `schema`, SQL that fills its tables from `n`, the numbers 1 to 12, and `right`, the judgements:
`left` (the whole table stays behind), `owner` (a column, `via` a column, or none), `key`, `refs`, `several` (the column
that says which table, then the tables), `types`, `secret` (columns that stay behind), `moves` (columns that only look
so), `closed` (no policy opens it), `sums`; of the users table its columns, and `balances` with what each answers to.
"""

import base64
import hashlib
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from etl_assets.init.ddl import ddl_of
from etl_assets.init.draft import Draft
from etl_assets.init.draft_yaml import yaml_of
from etl_assets.init.drafting import draft_spec
from etl_assets.spec.loader import load_spec
from etl_assets.spec.model import Spec, Table

FOLDER = Path(__file__).parent / "spec" / "judgements"
FIRST = datetime(2024, 3, 1, 10, 20, 30)
EPOCH = 1_709_288_430
PROSE = "The quick brown fox jumps over the lazy dog, and number {} comes home late again. Nobody minds: it is spring."


def _digest(seed: object, length: int) -> bytes:
    return hashlib.shake_256(str(seed).encode()).digest(length)


def _letters(seed: object, length: int) -> str:
    return base64.b64encode(_digest(seed, length)).decode().replace("+", "x").replace("/", "y")[:length]


def _uuid(seed: object) -> uuid.UUID:
    return uuid.UUID(bytes=_digest(seed, 16), version=4)


def _jwt(seed: object) -> str:
    return f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI{_letters(seed, 24)}.{_letters(f'{seed}s', 43)}"


def _at(number: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (FIRST + timedelta(days=number, minutes=7 * number, seconds=11 * number)).strftime(form)


FUNCTIONS = {
    ("uuid", 1): lambda seed: str(_uuid(seed)),
    ("guid", 1): lambda seed: _uuid(seed).bytes_le,
    ("hexes", 2): lambda seed, length: _digest(seed, length).hex()[:length],
    ("b64", 2): _letters,
    ("bcrypt", 1): lambda seed: f"$2b$12${_letters(seed, 53)}",
    ("argon", 1): lambda seed: f"$argon2id$v=19$m=65536,t=3,p=4${_letters(seed, 22)}${_letters(f'{seed}h', 43)}",
    ("jwt", 1): _jwt,
    ("at", 1): _at,
    ("iso", 1): lambda number: _at(number, "%Y-%m-%dT%H:%M:%S.123Z"),
    ("rfc", 1): lambda number: _at(number, "%a, %d %b %Y %H:%M:%S GMT"),
    ("epoch", 1): lambda number: EPOCH + 86_400 * number + 17 * number,
    ("prose", 1): PROSE.format,
}


@dataclass(frozen=True)
class Score:
    """One judgement: what is right, and what `init` said; `asked` where it left the word to the operator."""

    schema: str
    subject: str
    right: object
    found: object
    asked: bool

    @property
    def verdict(self) -> str:
        """`right`, `asked` or `wrong`."""
        return "asked" if self.asked else "right" if self.found == self.right else "wrong"


def schemas() -> list[str]:
    """The names of all schemas."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def make_database(name: str, path: Path) -> dict[str, Any]:
    """Writes the schema's database; returns what is right."""
    file = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    connection = sqlite3.connect(path)
    for (function, arguments), body in FUNCTIONS.items():
        connection.create_function(function, arguments, body, deterministic=True)
    connection.execute(
        "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 12) SELECT i FROM c"
    )
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(f"BEGIN; {file['schema']}")
    connection.commit()
    connection.close()
    right: dict[str, Any] = file["right"]
    return right


def scores(name: str, folder: Path) -> list[Score]:
    """Every judgement of one schema, with what `init` makes of its database."""
    path = folder / f"{name}.db"
    right = make_database(name, path)
    found = _Found(draft_spec(path), path)
    return [Score(name, subject, wanted, said, found.asks(subject)) for subject, wanted, said in _pairs(right, found)]


def counted(found: list[Score]) -> Counter[str]:
    """How many of them are right, asked, wrong."""
    return Counter(score.verdict for score in found)


def _pairs(right: dict[str, Any], found: "_Found") -> Iterator[tuple[str, object, object]]:
    for key, wanted in right["users"].items():
        yield f"users.{key}", _plain(wanted), found.of_users(key, wanted)
    for name, against in right.get("balances", {}).items():
        yield f"balances.{name}", against, found.balance(name)
    for table, judgements in right["tables"].items():
        for kind, wanted in judgements.items():
            for subject, one in _one_by_one(kind, wanted):
                place = f"tables.{table}" if kind == "left" else f"tables.{table}.{subject}"
                yield place, _plain(one), found.of_table(table, kind, subject, one)


def _one_by_one(kind: str, wanted: Any) -> Iterator[tuple[str, Any]]:
    if kind in ("refs", "several", "types"):
        yield from ((f"{kind}.{column}", one) for column, one in wanted.items())
    elif kind in ("secret", "moves"):
        yield from ((f"{kind}.{column}", True) for column in wanted)
    else:
        yield kind, wanted


def _plain(wanted: Any) -> Any:
    return sorted(wanted) if isinstance(wanted, list) else wanted


class _Found:
    """What a draft says, read from the spec that it writes and the tables that it prints."""

    def __init__(self, draft: Draft, path: Path) -> None:
        self._draft = draft
        self._spec: Spec | None = load_spec(yaml_of(draft), file="init.yaml") if draft.tables else None
        self._tables = {table.source: table for table in (self._spec.tables.values() if self._spec else ())}
        self._opened = [line for line in ddl_of(draft).splitlines() if line.startswith("CREATE POLICY")]
        connection = sqlite3.connect(path)
        self._primary = {
            name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")') if row[5]]
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        connection.close()

    def asks(self, subject: str) -> bool:
        """True when the operator is asked about this."""
        return subject in {question.subject for question in getattr(self._draft, "questions", ())}

    def of_users(self, key: str, wanted: Any) -> object:
        users = self._draft.users
        if users is None:
            return None
        if key != "created":
            return getattr(users, key)
        created = dict(users.created)
        if isinstance(wanted, dict) and "format" in created and isinstance(created["format"], str):
            created["format"] = [created["format"]]  # type: ignore[assignment]
        return (created or None) if isinstance(wanted, dict) else created.get("from")

    def balance(self, name: str) -> object:
        found = next((balance for balance in self._draft.balances if balance.source == name), None)
        if found is None:
            return "not proposed"
        if found.against is None:
            return None
        key, _, column = found.against.partition(".")
        table = self._draft.table(key)
        return f"{table.source}.{table.column(column).source}"

    def of_table(self, name: str, kind: str, subject: str, wanted: Any) -> object:
        table = self._tables.get(name)
        if kind == "left":
            return table is None
        if table is None:
            # What stays behind whole leads no secret out, and nobody reads it.
            return True if kind in ("secret", "closed") else "the table is left behind"
        return getattr(self, f"_{kind}")(table, subject.partition(".")[2], wanted)

    def _owner(self, table: Table, _column: str, _wanted: Any) -> object:
        if table.owner.via:
            return f"via {table.legacy_name(table.owner.via)}"
        return table.owner.from_ or "none"

    def _key(self, table: Table, _column: str, _wanted: Any) -> object:
        return sorted(table.key or self._primary[table.source])

    def _refs(self, table: Table, column: str, _wanted: Any) -> object:
        for part, reference in table.references.items():
            if column in {table.legacy_name(name) for name in table.columns_of(part)} and self._spec:
                to = reference.table
                return to if to == "users" else self._spec.tables[to].source
        return "none"

    def _several(self, table: Table, column: str, wanted: Any) -> object:
        found = self._column(table, column)
        if found is None or found.references is None or not self._spec:
            return None
        by = found.references.by or ""
        return sorted({by, *(self._spec.tables[to].source for to in found.references.tables.values())})

    def _types(self, table: Table, column: str, wanted: Any) -> object:
        found = self._column(table, column)
        if found is None:
            id_ = self._draft.table(table.name).id
            is_id = id_.rule == "keep" and [column] == self._key(table, "", None)
            return id_.type if is_id else "left behind"
        if isinstance(wanted, str):
            return found.type
        said = {key: getattr(found, key) for key in ("type", "unit", "round", "encoding") if getattr(found, key)}
        return said | ({"format": list(found.format)} if found.format else {})

    def _secret(self, table: Table, column: str, _wanted: Any) -> object:
        key = self._key(table, "", None)
        return self._column(table, column) is None and column not in (table.owner.from_, *key)  # type: ignore[misc]

    def _moves(self, table: Table, column: str, _wanted: Any) -> object:
        return self._column(table, column) is not None

    def _closed(self, table: Table, _column: str, _wanted: Any) -> object:
        return not any(f" ON {table.target} " in line or f'."{table.target_table}" ' in line for line in self._opened)

    def _sums(self, table: Table, _column: str, _wanted: Any) -> object:
        return sorted(str(table.legacy_name(name)) for name in table.checks.sum)

    def _column(self, table: Table, column: str) -> Any:
        return next((found for name, found in table.columns.items() if table.legacy_name(name) == column), None)
