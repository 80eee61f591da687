"""Legacy columns may be called as the columns of our own scratch tables are."""

import sqlite3
from pathlib import Path

from etl_assets.access.legacy.scrub import Scrub, find_forgotten
from etl_assets.model.corrections import Correction, Corrections, CorrectionsFile
from etl_assets.model.suppression import Person, Suppressions, keyed_id
from etl_assets.spec.loader import load_spec

SCRIPT = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);
CREATE TABLE settings (label TEXT PRIMARY KEY, user_id INTEGER);
CREATE TABLE uses (id INTEGER PRIMARY KEY, place TEXT);
INSERT INTO users VALUES (1, 'ann@example.com', 'x'), (2, 'bea@example.com', 'y');
INSERT INTO settings VALUES ('a', 2), ('b', 2), ('c', 1);
INSERT INTO uses VALUES (1, 'a'), (2, 'b'), (3, 'c');
"""
SPEC = """
source: {timezone: UTC}
namespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52
users: {}
tables:
  settings: {owner: user_id, columns: {label: text}}
  uses: {owner: {via: place}, columns: {place: {type: uuid, references: {table: settings}}}}
"""


def test_a_column_of_such_a_name_is_the_rows_own(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "legacy.db") as connection:
        connection.executescript(SCRIPT)
    connection.close()
    gone = Suppressions(b"", frozenset({Person(keyed_id(b"", "1"))}))
    said = CorrectionsFile({"settings": Corrections((Correction("a", "user_id", "1", "hers"),))})
    found = find_forgotten(tmp_path / "legacy.db", Scrub(load_spec(SPEC, file="spec.yaml"), gone, said))
    assert found == {"settings": ["a", "c"], "uses": ["1", "3"]}
