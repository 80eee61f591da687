"""`python -m etl_assets_tests.campaigns.hostile [--rows 10000]`: hostile text through the whole migration, bit for bit.

On the embedded PostgreSQL 18 and on Debian's PostgreSQL 15. Every row has five texts of its own, one of them inside
JSON, and a digest says that production holds the very bytes.
"""

import argparse
import json
import random
import sqlite3
import sys
import time
import uuid
from typing import Any

import psycopg

from etl_assets.access.postgres.servers import make_target
from etl_assets_tests.campaigns.apps import NAMESPACE
from etl_assets_tests.campaigns.debian import debian_cluster
from etl_assets_tests.campaigns.places import Grounds, Place, grounds, tell
from etl_assets_tests.world import AT, LEGACY_SCHEMA

PIECES = [
    "", "\\.", "\n\\.\n", "\\N", "\\", '"', '""', "'", "''", ",", ";", "|", "\n", "\r", "\r\n", "\t", "\x01", "\x0b",
    "\x1b[31m", "\x1f", "\x7f", "\u0080", "\u0085", "\u2028", "\u2029", "\ufeff", "\ufffd", "\uffff", "\U0001f600",
    "\U0010ffff", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301", "\u00e9", "\u202e", "\u200b", "\u212a",
    "null", "NULL", "nan", "=cmd()", "+1", "-1", "@x", "{", "}", "%s", "%(a)s", "$1", "$$", ":name", "?", "--", "/*", " ",
    "\u00a0", "a", "Z", "0", "1e999", "<script>", "\\x00", "\\u0000",
]  # fmt: skip
LONG = (5_000, 100_000, 1_000_000)  # characters
Texts = tuple[str, str, str | None, str | None, str | None]


def hostile(rng: random.Random) -> str:
    """A text of pieces; now and then only one, often none."""
    return "".join(rng.choices(PIECES, k=rng.choice((0, 1, 1, 2, 3, 8, 40))))


def hostile_rows(count: int) -> list[Texts]:
    """Every piece alone, some very long texts, and random mixtures."""
    rng = random.Random(15)
    rows: list[Texts] = [(piece, piece, piece, piece, piece) for piece in PIECES]
    for length in LONG:
        text = "".join(rng.choices(PIECES, k=length))[:length]
        rows.append((text, text[::-1], text, None, text))
    while len(rows) < count:
        maybe = [None if rng.random() < 0.1 else hostile(rng) for _ in range(3)]
        rows.append((hostile(rng), hostile(rng), maybe[0], maybe[1], maybe[2]))
    return rows


def write_legacy(place: Place, rows: list[Texts]) -> None:
    with sqlite3.connect(place.legacy) as legacy:
        legacy.executescript(f"{LEGACY_SCHEMA} INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');")
        legacy.executemany(
            "INSERT INTO jobs VALUES (?, 1, ?, ?, ?, NULL, ?, ?, ?)",
            [
                (n, row[0], row[1], AT, row[2], row[3], None if row[4] is None else json.dumps({"t": row[4]}))
                for n, row in enumerate(rows)
            ],
        )
    legacy.close()


def differences(place: Place, rows: list[Texts]) -> list[int]:
    """Numbers of the rows that production does not hold as they were."""
    query = "SELECT id, job_type, status, source_file, result_file, metadata FROM public.jobs"
    with psycopg.connect(place.url) as connection:
        found: dict[Any, tuple[Any, ...]] = {row[0]: row[1:] for row in connection.execute(query)}
    wanted = {
        uuid.uuid5(NAMESPACE, f"jobs/{n}"): (*row[:4], None if row[4] is None else {"t": row[4]})
        for n, row in enumerate(rows)
    }
    extra = [-1] * len(found.keys() - wanted.keys())
    return extra + [n for n, key in enumerate(wanted) if found.get(key) != wanted[key]]


def migrate(ground: Grounds, place: Place, rows: list[Texts], name: str) -> bool:
    """Migrates once and once more; True when every row is what it was."""
    began = time.monotonic()
    write_legacy(place, rows)
    with psycopg.connect(place.url) as connection:
        connection.execute(
            "INSERT INTO auth.users (email, email_confirmed_at) VALUES ('ann@example.com', '2026-01-01T00:00:00Z')"
        )
        version = connection.info.server_version // 10_000
    codes = [
        ground.forks.run("migrate", environment=place.environment(), output=place.folder / "out") for _ in range(2)
    ]
    wrong = differences(place, rows)
    if any(codes):
        tell((place.folder / "out.err").read_text()[-3000:])
    tell(
        f"hostile: {len(rows):,} rows, {5 * len(rows):,} cells on {name} PostgreSQL {version}: {len(wrong)} differ "
        f"{wrong[:3] or ''}, exit codes {codes}, {time.monotonic() - began:.0f} s"
    )
    return not wrong and not any(codes)


def main() -> int:
    """Both servers; exit code 1 when a row differs on either."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    asked = parser.parse_args()
    rows = hostile_rows(asked.rows)
    with grounds() as ground, ground.place() as place:
        fine = migrate(ground, place, rows, "the embedded")
        with debian_cluster() as url:
            make_target(url)
            elsewhere = Place(ground.root / "debian", url)
            elsewhere.folder.mkdir()
            elsewhere.spec.write_bytes(place.spec.read_bytes())
            fine = migrate(ground, elsewhere, rows, "Debian's") and fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
