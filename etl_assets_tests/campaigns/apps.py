"""A random legacy app and its users, and what production must hold: told by whoever made them, not by the pipeline.

An app has two moments. First some users come back; later the legacy app has changed and more users come.
"""

import json
import random
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg

from etl_assets.settings import DEFAULT_SPEC
from etl_assets_tests.world import LEGACY_SCHEMA

SCHEMA = LEGACY_SCHEMA.replace(
    "password_hash TEXT, created_at TEXT);", "password_hash TEXT, created_at TEXT, credits);"
)
TARGET = "ALTER TABLE public.profiles ADD COLUMN credits integer NOT NULL DEFAULT 5"
BONUS = 5
BALANCES = ("", "{from: users.credits, apply: add}", "{from: sum(credit_transactions.amount), apply: add}")
TEXTS = ("x", "", None, "\\.", "\\N", 'a "b", c', "two\nlines", "\U0001f600", "=1+1", "\u2028\x01", "%s")
NAMESPACE = uuid.UUID("8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52")
UPLOADS, STORAGE = "uploads", "storage"
Row = tuple[Any, ...]
Production = dict[str, dict[str, Row]]
QUERIES = {
    "jobs": "SELECT r.id, a.email, job_type, status, r.created_at, source_file, metadata,"
    " replace(result_file, a.id::text, 'ACCOUNT') FROM public.jobs AS r"
    " JOIN auth.users AS a ON a.id = r.user_id",
    "credit_transactions": "SELECT r.id, a.email, amount, transaction_type, reference_id, r.created_at, description"
    " FROM public.credit_transactions AS r JOIN auth.users AS a ON a.id = r.user_id",
    "artifacts": "SELECT r.id, a.email, r.job_id::text, kind, path, size_bytes FROM public.artifacts AS r"
    " JOIN public.jobs AS j ON j.id = r.job_id JOIN auth.users AS a ON a.id = j.user_id",
    "credits": "SELECT email, email, credits FROM public.profiles",
}


def production(url: str) -> Production:
    """Every row of the target's tables by id, with the address of its owner; profiles by address."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return {
            name: {str(row[0]): _plain(row[1:]) for row in connection.execute(query.encode())}
            for name, query in QUERIES.items()
        }


def by_owner(found: Production) -> dict[str, str]:
    """What each account has, as text that can be compared."""
    owners: dict[str, list[str]] = {}
    for name, rows in found.items():
        for key, row in rows.items():
            owners.setdefault(row[0], []).append(f"{name} {key} {row}")
    return {owner: "\n".join(sorted(rows)) for owner, rows in owners.items()}


def _plain(row: Iterable[Any]) -> Row:
    return tuple(json.dumps(cell, sort_keys=True) if isinstance(cell, dict) else cell for cell in row)


@dataclass
class User:
    """A legacy user: how the address is written there, what it means, whether she has signed up, and a balance."""

    number: int
    written: str | None
    address: str  # empty when nobody can be found by it
    credits: int
    is_confirmed: bool = False
    is_claimed: bool = False


@dataclass
class Item:
    """A legacy row: its owner (None: nobody's), its columns, and whether a value of it is refused."""

    owner: int | None
    columns: dict[str, Any]
    is_bad: bool = False
    loaded: dict[str, Any] = field(default_factory=dict)


class App:
    """One random app; every seed another. With `disk`, a folder, its jobs name files there, below `uploads`."""

    def __init__(self, seed: int, *, disk: Path | None = None) -> None:
        self.rng = random.Random(f"app {seed}")
        self.disk = disk
        self.updates = seed % 2 == 0
        self.balance = BALANCES[seed % len(BALANCES)]
        self.users_per_transaction = self.rng.choice((1, 2, 3, 7))
        self.users: dict[int, User] = {}
        self.items: dict[str, dict[int, Item]] = {"jobs": {}, "credit_transactions": {}, "artifacts": {}}
        self.accounts: dict[str, bool] = {}  # address -> confirmed
        self.booked: dict[int, int] = {}  # what claimed users' balances were given
        for _ in range(self.rng.randrange(5, 25)):
            self._new_user()
        for number in self.users:
            self._new_rows(number, upto=5)
        self._strays()
        self._sign_up(0.6)
        self._claim()

    def later(self) -> None:
        """The second moment: rows were edited, came and went, balances changed, and more people signed up."""
        for _ in range(3):
            self._new_user()
        for user in self.users.values():
            self._new_rows(user.number, upto=2)
            if self.rng.random() < 0.3:
                user.credits += self.rng.randrange(1, 9)
        jobs = self.items["jobs"]
        for number in self.rng.sample(sorted(jobs), len(jobs) // 4):
            jobs[number].columns["status"] = f"edited {number}"
        for number in self.rng.sample(sorted(jobs), len(jobs) // 10):
            if not any(row.columns["job_id"] == number for row in self.items["artifacts"].values()):
                jobs[number].columns.clear()
        self._sign_up(0.7)
        self._claim()

    def write_spec(self, path: Path) -> None:
        text = DEFAULT_SPEC.read_text(encoding="utf-8")
        # Its small tables lose more than the policy allows a file that is the same.
        text = text.replace("policy:", "policy:\n  max_changed: 100", 1)
        if self.updates:
            text = text.replace("policy:", "policy:\n  on_change: update", 1)
        if self.balance:
            text = text.replace(
                "tables:\n  jobs:", f"balances:\n  profiles.credits: {self.balance}\n\ntables:\n  jobs:"
            )
        if self.disk is not None:
            entry = f'files:\n  results: {{from: "{self.disk / UPLOADS}", to: "{self.disk / STORAGE}"}}\n\n'
            text = text.replace("tables:\n  jobs:", f"{entry}tables:\n  jobs:")
            text = text.replace("result_file: text", "result_file: {type: text, file: results}")
        path.write_text(text, encoding="utf-8")

    def write_uploads(self) -> None:
        """The files that its jobs name."""
        for item in self.items["jobs"].values():
            if self.disk is not None and item.columns.get("result_file"):
                place = self.disk / UPLOADS / item.columns["result_file"]
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(f"what was in {place.name}", encoding="utf-8")

    def write_legacy(self, path: Path) -> None:
        self.write_uploads()
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as legacy:
            legacy.executescript(SCHEMA)
            for user in self.users.values():
                values = (user.number, user.written, "hash", "2024-01-01", user.credits)
                legacy.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?)", values)
            for table, items in self.items.items():
                for number, item in items.items():
                    if item.columns:
                        names = ", ".join(["id", *item.columns])
                        marks = ", ".join("?" * (len(item.columns) + 1))
                        legacy.execute(
                            f"INSERT INTO {table} ({names}) VALUES ({marks})", [number, *item.columns.values()]
                        )
        legacy.close()

    def write_accounts(self, url: str) -> None:
        """Signs up and confirms whom the model says; a stranger has rows of her own."""
        with psycopg.connect(url) as connection:
            for address, confirmed in {**self.accounts, "native@example.com": True}.items():
                connection.execute(
                    "INSERT INTO auth.users (email, email_confirmed_at) VALUES (%s, %s) ON CONFLICT (email) WHERE NOT is_sso_user"
                    " DO UPDATE SET email_confirmed_at = excluded.email_confirmed_at",
                    [address, "2026-01-01T00:00:00Z" if confirmed else None],
                )
            connection.execute(
                "INSERT INTO public.jobs (id, user_id, job_type, status, created_at) SELECT"
                " '00000000-0000-4000-8000-000000000000', id, 'n', 'n', '2026-01-01T00:00:00Z'"
                " FROM auth.users WHERE email = 'native@example.com' ON CONFLICT DO NOTHING"
            )

    def expected(self) -> Production:
        """What production must hold now, in the form of `production`."""
        at = datetime(2026, 1, 1, tzinfo=timezone.utc)
        native = ("native@example.com", "n", "n", at, None, None, None)
        found: Production = {"jobs": {"00000000-0000-4000-8000-000000000000": native}}
        found |= {"credit_transactions": {}, "artifacts": {}}
        for table, items in self.items.items():
            for number, item in items.items():
                if item.loaded and item.owner is not None:
                    key = _new_id(table, number)
                    row = (self.users[item.owner].address, *_SHAPES[table]({**item.loaded, "key": key}))
                    found[table][key] = row
        amounts = dict.fromkeys([*self.accounts, "native@example.com"], BONUS)
        amounts |= {self.users[number].address: BONUS + booked for number, booked in self.booked.items()}
        found["credits"] = {address: (address, amount) for address, amount in amounts.items()}
        return found

    def _new_user(self) -> None:
        number = len(self.users) + 1
        address = f"u{number}@example.com"
        kind = self.rng.random()
        written: str | None = self.rng.choice((address, address.upper(), f" {address}\n"))
        if kind < 0.06:
            written, address = self.rng.choice((None, "", "nobody", f"\u212a{address}")), ""
        elif kind < 0.12 and number > 1:
            written = f"U{number - 1}@example.com"  # her neighbour's address too: neither can be told
            address = written.lower()
        self.users[number] = User(number, written, address, self.rng.randrange(50))

    def _new_rows(self, owner: int, *, upto: int) -> None:
        for _ in range(self.rng.randrange(upto)):
            job = self._add("jobs", owner, self._job(), "created_at")
            for _ in range(self.rng.randrange(3)):
                columns = {
                    "job_id": job,
                    "kind": "k",
                    "path": "p",
                    "size_bytes": self.rng.randrange(99),
                    "created_at": self._time(),
                }
                number = self._add("artifacts", owner, columns, "size_bytes")
                self.items["artifacts"][number].is_bad |= self.items["jobs"][job].is_bad
        for _ in range(self.rng.randrange(upto)):
            columns = {"amount": self.rng.randrange(-50, 99), "transaction_type": self.rng.choice(TEXTS) or "t"}
            columns |= {
                "reference_id": self.rng.choice(TEXTS),
                "created_at": self._time(),
                "description": self.rng.choice(TEXTS),
            }
            self._add("credit_transactions", owner, columns, "amount")

    def _job(self) -> dict[str, Any]:
        text = self.rng.choice(TEXTS)
        metadata = None if text is None else json.dumps({"t": text})
        return {
            "job_type": text or "e", "status": "v0", "created_at": self._time(),
            "source_file": self.rng.choice(TEXTS), "metadata": metadata, **self._file(),
        }  # fmt: skip

    def _file(self) -> dict[str, Any]:
        if self.disk is None:
            return {}
        named = f"{self.rng.randrange(3)}/r{len(self.items['jobs'])}.txt"
        return {"result_file": self.rng.choice((named, named, named, "", None))}

    def _add(self, table: str, owner: int | None, columns: dict[str, Any], risky: str) -> int:
        """A row; now and then, and never one of somebody who has moved already, with a value that is refused."""
        number = len(self.items[table]) + 1
        columns = {("user_id" if table != "artifacts" else "job_id"): owner, **columns}
        is_bad = self.rng.random() < 0.02 and owner is not None and not self.users[owner].is_claimed
        if is_bad:
            columns[risky] = "last tuesday"
        self.items[table][number] = Item(owner, columns, is_bad)
        return number

    def _strays(self) -> None:
        self._add("jobs", None, {**self._job()}, "created_at")
        self._add(
            "credit_transactions",
            None,
            {"user_id": 9_999, "amount": 1, "transaction_type": "t", "created_at": self._time()},
            "amount",
        )
        self._add(
            "artifacts", None, {"job_id": 9_999, "kind": "k", "path": "p", "created_at": self._time()}, "created_at"
        )

    def _time(self) -> str:
        at = datetime(2024, 1, 1) + timedelta(microseconds=self.rng.randrange(10**13))
        return at.isoformat(
            sep=self.rng.choice("T "), timespec=self.rng.choice(("seconds", "milliseconds", "microseconds"))
        )

    def _sign_up(self, share: float) -> None:
        for user in self.users.values():
            if user.address and self.rng.random() < share:
                self.accounts[user.address] = self.accounts.get(user.address, False) or self.rng.random() < 0.8

    def _claim(self) -> None:
        """The rules of the migration: the sole holder of a confirmed address whose rows are all readable; then all rows."""
        addresses = [user.address for user in self.users.values()]
        held = {item.owner for items in self.items.values() for item in items.values() if item.is_bad and item.columns}
        for user in self.users.values():
            alone = addresses.count(user.address) == 1 and self.accounts.get(user.address, False)
            user.is_claimed = user.is_claimed or (alone and user.number not in held)
        for user in self.users.values():
            if user.is_claimed:
                self._load(user)

    def _load(self, user: User) -> None:
        for items in self.items.values():
            for item in items.values():
                if item.owner == user.number and item.columns and (not item.loaded or self.updates):
                    item.loaded = dict(item.columns)
        if "users" in self.balance and (self.updates or user.number not in self.booked):
            self.booked[user.number] = user.credits
        elif "sum" in self.balance:
            mine = [item for item in self.items["credit_transactions"].values() if item.owner == user.number]
            self.booked[user.number] = sum(item.loaded["amount"] for item in mine if item.loaded)


def _new_id(table: str, number: int) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{table}/{number}"))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def _object(key: str, named: str | None) -> str | None:
    return named and f"ACCOUNT/jobs/{key}/result_file/{named.rpartition('/')[2]}"


_SHAPES: dict[str, Any] = {
    "jobs": lambda c: (
        c["job_type"], c["status"], _moment(c["created_at"]), c["source_file"],
        None if c["metadata"] is None else json.dumps(json.loads(c["metadata"]), sort_keys=True),
        _object(c["key"], c.get("result_file")),
    ),
    "credit_transactions": lambda c: (
        c["amount"], c["transaction_type"], c["reference_id"], _moment(c["created_at"]), c["description"],
    ),
    "artifacts": lambda c: (_new_id("jobs", c["job_id"]), c["kind"], c["path"], c["size_bytes"]),
}  # fmt: skip
