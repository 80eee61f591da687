"""A believable legacy app: 240 users, their jobs, credits and files, and a few rows of every kind of mess."""

import json
import os
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from etl_assets.access.legacy.database import write_new_database
from etl_assets.demo.uploads import demo_spec, write_uploads

Row = tuple[object, ...]
SEED = 20_231
USERS = 240
START = datetime(2021, 3, 1, 8, 0, 0)
DAYS = 1_500
KEPT_SINCE = START + timedelta(days=DAYS - 100)  # the old server deletes what is older, and empties its path
FIRST = (
    "Ada Ben Chloe Dmitri Elif Farid Grace Hiro Ines Jonas Kofi Lena Mia Noor Olga Pedro Quinn Rosa Sven Tara".split()
)
LAST = "Abe Baker Costa Diaz Evans Fischer Garcia Haddad Ito Jensen Kaya Larsen Moreau Novak Okafor Patel Rossi".split()
DOMAINS = ("example.com", "example.org", "mail.example.net", "studio.example")
JOB_TYPES = ("transcribe", "translate", "thumbnail", "export")
KINDS = (("source", "wav"), ("transcript", "json"), ("preview", "png"))
SCHEMA = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT, name TEXT, created_at TEXT)",
    "CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), job_type TEXT, status TEXT, "
    "created_at TEXT, updated_at TEXT, source_file TEXT, result_file TEXT, metadata TEXT)",
    "CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), amount INTEGER, "
    "transaction_type TEXT, reference_id TEXT, created_at TEXT, description TEXT)",
    "CREATE TABLE artifacts (id INTEGER PRIMARY KEY, job_id INTEGER REFERENCES jobs(id), kind TEXT, path TEXT, "
    "size_bytes INTEGER, created_at TEXT)",
    "CREATE INDEX artifacts_job ON artifacts (job_id)",
]


@dataclass
class _App:
    """The legacy app as it grows."""

    rng: random.Random = field(default_factory=lambda: random.Random(SEED))
    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {"users": [], "jobs": [], "credit_transactions": [], "artifacts": []}
    )
    files: list[tuple[str, int]] = field(default_factory=list)

    def add(self, table: str, *values: object) -> int:
        """Appends a row under the next id and returns the id."""
        number = len(self.rows[table]) + 1
        self.rows[table].append((number, *values))
        return number

    def moment(self, earliest: datetime) -> datetime:
        """A time within two months of another."""
        return earliest + timedelta(seconds=self.rng.randrange(60, 60 * 86_400))


def write_demo(path: Path, *, spec: Path | None = None) -> None:
    """Writes the demo's legacy database; the same rows on every machine.

    With `spec`, the files that its rows name are written beside it, and there the spec that brings them.
    """
    app = _App()
    for number in range(1, USERS + 1):
        _sign_up(app, number)
    _add_mess(app)
    if spec is not None:
        write_uploads(path.parent, app.files)
        spec.write_text(demo_spec(path.parent), encoding="utf-8")
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    write_new_database(part, SCHEMA, app.rows)
    part.replace(path)


def _sign_up(app: _App, number: int) -> None:
    rng = app.rng
    first, last = rng.choice(FIRST), rng.choice(LAST)
    joined = START + timedelta(minutes=rng.randrange(DAYS * 24 * 60))
    email = f"{first}.{last}{number}@{rng.choice(DOMAINS)}".lower()
    if number % 17 == 0:
        email = f" {email.title()} "  # as people typed it: the new account has it trimmed and in lower case
    hashed = "$2b$12$" + "".join(rng.choices("./ABCabc0123", k=53))
    user = app.add("users", email, hashed, f"{first} {last}", _text(joined))
    app.add(
        "credit_transactions",
        user,
        100,
        "purchase",
        f"pi_{rng.randrange(16**10):010x}",
        _text(joined),
        "Credit pack, 100 credits",
    )
    for _ in range(min(int(rng.expovariate(1 / 9)), 60)):
        _run_job(app, user, joined)


def _run_job(app: _App, user: int, joined: datetime) -> None:
    rng = app.rng
    started = app.moment(joined)
    ended = started + timedelta(seconds=rng.randrange(5, 4_000))
    status = rng.choices(("completed", "failed", "cancelled"), weights=(90, 7, 3))[0]
    metadata = {
        "duration_ms": rng.randrange(900_000),
        "language": rng.choice(("en", "de", "fr", "ja")),
        "tags": ["batch"],
    }
    done = status == "completed"
    number = len(app.rows["jobs"]) + 1
    result = f"results/{user}/{number}.json" if done else None
    job = app.add(
        "jobs",
        user,
        rng.choice(JOB_TYPES),
        status,
        _text(started),
        _text(ended),
        f"uploads/{user}/{number}.wav",
        result,
        json.dumps(metadata),
    )
    cost = -rng.randrange(1, 12)
    app.add("credit_transactions", user, cost, "usage", f"job_{job}", _text(ended), "Processing")
    for kind, suffix in KINDS[: rng.randrange(4)] if done else ():
        size, path = rng.randrange(1_000, 90_000_000), f"files/{user}/{job}.{suffix}"
        if ended >= KEPT_SINCE:
            size %= 20_000  # of what is still there: a demo need not fill a disk
            app.files.append((path, size))
        app.add("artifacts", job, kind, path if ended >= KEPT_SINCE else "", size, _text(ended))


def _text(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")


def _add_mess(app: _App) -> None:
    """One of everything that SQLite let the app write; each line names what it shows."""
    at = _text(START + timedelta(days=DAYS))
    nobody, unreadable, twin, spelling = 9_999, "not an address", app.rows["users"][4][1], "kate\u212a@example.com"
    quiet = app.add("users", None, None, "No Address", at)  # no_email: waits for a corrected address
    app.add("users", unreadable, None, "Bad Address", at)  # invalid_email
    app.add("users", spelling, None, "Kelvin Sign", at)  # invalid_email: would fold to another person's address
    app.add("users", f"{twin}".upper(), None, "Second Account", at)  # ambiguous, together with user 5
    app.add("jobs", quiet, "export", "completed", at, at, None, None, None)  # waits: its owner has no address
    lost = app.add("jobs", nobody, "export", "completed", at, at, None, None, "{}")  # owner_unknown
    app.add("jobs", None, "export", "completed", at, at, None, None, "{}")  # owner_missing
    bad = app.add("jobs", 11, "export", "completed", at, at, None, None, "{not json")  # not_json: user 11 is held
    app.add("jobs", 12, "export", "completed", "1678588200", at, None, None, "{}")  # an epoch without a unit
    app.add("jobs", 13, "export", "completed", "2023-02-30 10:00:00", at, None, None, "{}")  # no_such_date
    app.add("jobs", 14, "export", None, at, at, None, None, "{}")  # required: the target wants a status
    app.add("artifacts", lost, "preview", "files/lost.png", 10, at)  # reference_quarantined, by its links
    app.add("artifacts", bad, "preview", "files/bad.png", 10, at)  # reference_quarantined, by its values
    app.add("artifacts", nobody, "preview", "files/none.png", 10, at)  # reference_unknown
    app.add("credit_transactions", 15, "1,000", "purchase", "pi_comma", at, "An amount with a comma")  # not_an_integer
    app.add("credit_transactions", 16, 10.5, "refund", None, at, "Half a credit")  # not_an_integer: never rounded
    app.add("credit_transactions", 18, 3_000_000_000, "purchase", "pi_large", at, "Beyond int4")  # out_of_range
    app.add("credit_transactions", 19, 50, "purchase", "pi_twice", at, "Booked twice")  # a repeated reference: loads,
    app.add("credit_transactions", 19, 50, "purchase", "pi_twice", at, "Booked twice")  # and a check shows it
    app.add("credit_transactions", 20, 5, "bonus", "", at, "")  # '' is not NULL, and stays ''
