"""Hostile text arrives bit for bit; the slow comparison is SQLite's cell against Postgres' cell."""

import json
import random
import sqlite3
import uuid

import pytest

from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

ROWS = 2_000
PIECES = [
    "", "\\.", "\\N", "\\", '"', '""', "'", ",", "\n", "\r", "\r\n", "\t", "\x01", "\x1f", "\x7f", "\u0085", "\u2028",
    "\U0001f600", "e\u0301", "\ufeff", "null", "NULL", "=cmd()", "{", "}", "%s", "$1", " ", "\u00a0", "a", "Z", "0",
]  # fmt: skip


def test_hostile_text_arrives_bit_for_bit(world: World) -> None:
    rng = random.Random(7)
    texts = ["".join(rng.choices(PIECES, k=rng.randrange(6))) for _ in range(ROWS)] + PIECES
    world.legacy(f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}')")
    connection = sqlite3.connect(world.legacy_path)
    connection.executemany(
        "INSERT INTO jobs VALUES (?, 1, ?, ?, ?, NULL, ?, NULL, ?)",
        [(n, text, text[::-1], AT, text or None, json.dumps({"t": text})) for n, text in enumerate(texts)],
    )
    connection.commit()
    connection.close()
    world.sign_up("ann@example.com")
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.as_json()["tables"]["jobs"]["loaded"] == len(texts)
    found = {
        row[0]: row[1:] for row in world.query("SELECT id, job_type, status, source_file, metadata FROM public.jobs")
    }
    for number, text in enumerate(texts):
        key = uuid.uuid5(world.spec.namespace, f"jobs/{number}")
        assert found[key] == (text, text[::-1], text or None, {"t": text})
