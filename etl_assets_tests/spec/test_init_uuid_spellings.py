"""One UUID in several spellings, as `init` sees it."""

import sqlite3
import uuid
from pathlib import Path

import pytest

from etl_assets.init.drafting import draft_spec, printed
from etl_assets.spec.loader import load_spec

PEOPLE = [uuid.uuid5(uuid.NAMESPACE_URL, str(number)) for number in range(12)]
SPELLINGS = {"hex": lambda u: u.hex, "dashed": str, "upper": lambda u: str(u).upper(), "bytes": lambda u: u.bytes}


@pytest.mark.parametrize("keys", ["hex", "dashed", "upper"])
@pytest.mark.parametrize("named", list(SPELLINGS))
def test_owner_and_reference_are_spelled_as_the_keys_that_they_name(tmp_path: Path, keys: str, named: str) -> None:
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as app:
        app.executescript(
            "CREATE TABLE users (id PRIMARY KEY, email TEXT);"
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id, reviewer_id REFERENCES users (id));"
        )
        for number, person in enumerate(PEOPLE):
            app.execute("INSERT INTO users VALUES (?, ?)", (SPELLINGS[keys](person), f"{number}@example.com"))
            who = SPELLINGS[named](person)
            app.execute("INSERT INTO jobs VALUES (?, ?, ?)", (number, who, who))
    app.close()
    spec = load_spec(printed(draft_spec(path), as_ddl=False), file="init.yaml")
    jobs = spec.tables["jobs"]
    assert (jobs.owner.from_, jobs.columns["reviewer_id"].references is None) == ("user_id", False)
    assert (jobs.owner.expr is None) == (keys == named)
    cell = jobs.owner.expr or "user_id"
    with sqlite3.connect(path) as app:
        query = f"SELECT count(*) FROM jobs WHERE {cell} IN (SELECT id FROM users)"
        assert app.execute(query).fetchone() == (len(PEOPLE),)
    app.close()
