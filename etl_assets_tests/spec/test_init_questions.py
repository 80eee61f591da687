"""What `init` asks, lists and prints for tools, and how a terminal answers it."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from etl_assets.cli import cli
from etl_assets.spec.loader import load_spec
from etl_assets.spec.model import Spec

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, is_verified INTEGER);
CREATE TABLE docs (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users, owner_id INTEGER REFERENCES users,
                   creator_id INTEGER REFERENCES users, title TEXT);
CREATE TABLE pages (id INTEGER PRIMARY KEY, doc_id INTEGER NOT NULL REFERENCES docs, body TEXT);
CREATE TABLE trips (id INTEGER PRIMARY KEY, traveller_id INTEGER REFERENCES users, sponsor_id INTEGER REFERENCES users);
CREATE TABLE stops (id INTEGER PRIMARY KEY, trip_id INTEGER NOT NULL REFERENCES trips, place TEXT, day TEXT);
CREATE TABLE remarks (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, words TEXT);
CREATE TABLE things (name TEXT PRIMARY KEY, value TEXT);
"""
TOKEN = "sk_live_0123456789abcdefgh"  # noqa: S105 - of nobody


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A database that leaves something of every kind to the operator."""
    path = tmp_path / "app.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    for i in range(1, 13):
        connection.execute("INSERT INTO users VALUES (?, ?, 0)", [i, f"user{i}@example.com"])
        connection.execute("INSERT INTO docs VALUES (?, ?, ?, ?, 'T')", [i, i, 13 - i, i])
        connection.execute("INSERT INTO pages VALUES (?, ?, 'B')", [i, i])
        connection.execute("INSERT INTO trips VALUES (?, ?, ?)", [i, i, 1 if i < 12 else 99])
        connection.execute("INSERT INTO stops VALUES (?, ?, 'P', ?)", [i, i, f"0{1 + i % 9}/05/2024"])
        connection.execute("INSERT INTO remarks VALUES (?, ?, ?)", [i, i, TOKEN if i == 3 else f"fine {i}"])
        connection.execute("INSERT INTO things VALUES (?, 'x')", [f"thing {i}"])
    connection.commit()
    connection.close()
    return path


def init(legacy: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["init", str(legacy), *more])


def spec_of(text: str) -> Spec:
    return load_spec(text, file="init.yaml")


def test_what_matters_is_listed_with_its_line_evidence_and_the_closed_default(legacy: Path) -> None:
    result = init(legacy)
    spec, lines = spec_of(result.stdout), result.stdout.splitlines()
    asked = json.loads(init(legacy, "--json").stdout)["questions"]
    assert {ask["subject"]: ask["default"] for ask in asked} == {
        "users.verified": "is_verified",
        "tables.trips.owner": "none",
        "tables.stops.types.day": "text",
        "tables.remarks.secret.words": "leave",
        "tables.things": "leave",
    }
    for ask in asked:
        assert f"Decide {ask['number']}:" in lines[ask["line"] - 1]
        assert f"{ask['number']}. line {ask['line']}: {ask['question']}" in result.stderr
    assert "     sponsor_id: 11 of 12 values are ids of users, 1 are not" in result.stderr
    assert "     1 of 12 values are credentials" in result.stderr
    assert "     Now: none; else traveller_id or sponsor_id" in result.stderr
    assert "things" not in spec.tables
    assert "words" not in spec.tables["remarks"].columns
    assert spec.tables["trips"].owner.is_none
    assert spec.tables["docs"].owner.from_ == "owner_id"


def test_answers_are_followed_and_stand_in_the_file(legacy: Path) -> None:
    answers = {
        "users.verified": "none",
        "tables.trips.owner": "traveller_id",
        "tables.stops.types.day": "%d/%m/%Y",
        "tables.remarks.secret.words": "bring",
        "tables.things": "bring",
    }
    result = init(legacy, *(part for pair in answers.items() for part in ("--answer", "=".join(pair))))
    assert (result.exit_code, result.stderr) == (0, "")
    spec = spec_of(result.stdout)
    assert spec.users is not None
    assert spec.users.verified is None
    assert (spec.tables["trips"].owner.from_, spec.tables["stops"].owner.via) == ("traveller_id", "trip_id")
    assert spec.tables["stops"].columns["day"].format == ("%d/%m/%Y",)
    assert {"words"} <= set(spec.tables["remarks"].columns)
    assert "things" in spec.tables
    for subject, choice in answers.items():
        assert f"# Your word: {subject}: {choice}\n" in result.stdout
    assert json.loads(init(legacy, "--json", "--answer", "tables.things=bring").stdout)["answers"] == {
        "tables.things": "bring"
    }


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("tables.trips.owner", "is no SUBJECT=CHOICE"),
        ("tables.docs.owner=author_id", "is no open question; these are: users.verified, tables.trips.owner"),
        ("tables.trips.owner=id", "is one of none, traveller_id, sponsor_id"),
    ],
)
def test_an_answer_to_no_question_is_refused(legacy: Path, answer: str, words: str) -> None:
    result = init(legacy, "--answer", answer)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.split())


def test_json_holds_every_judgement_with_its_counts_and_line(legacy: Path) -> None:
    text = init(legacy).stdout.splitlines()
    said = json.loads(init(legacy, "--json").stdout)
    judged: dict[str, dict[str, Any]] = {each["subject"]: each for each in said["judgements"]}
    email, owner = judged["users.email"], judged["tables.remarks.owner"]
    assert (email["says"], email["fit"], email["unfit"]) == ("email", 12, 0)
    assert text[email["line"] - 1].startswith("users: ")
    assert (owner["says"], owner["fit"], owner["unfit"]) == ("user_id", 12, 0)
    assert text[owner["line"] - 1].strip().startswith("owner: user_id")
    reference = judged["tables.pages.columns.doc_id"]
    assert reference["says"] == {"type": "uuid", "references": "docs"}
    assert text[reference["line"] - 1].strip().startswith("doc_id: ")
    assert [each["table"] for each in said["left_behind"]] == ["things"]
    assert TOKEN not in json.dumps(said)


def test_a_terminal_is_asked_one_by_one_and_the_spec_holds_its_answers(legacy: Path, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    out = tmp_path / "app.yaml"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "etl_assets.cli", "init", str(legacy), "--interactive"],
            stdin=slave,
            stdout=file,
            stderr=slave,
        )
    os.close(slave)
    seen = ""
    # Enter keeps what is there; 7 is none of the choices and is asked again.
    for keys in ("", "7", "2", "3", "2", "2"):
        seen = _until_asked(master, seen)
        os.write(master, f"{keys}\n".encode())
    _until_asked(master, seen)
    assert process.wait(timeout=30) == 0
    spec = spec_of(out.read_text(encoding="utf-8"))
    assert spec.users is not None
    assert spec.users.verified == "is_verified"
    assert (spec.tables["trips"].owner.from_, spec.tables["stops"].owner.via) == ("traveller_id", "trip_id")
    assert spec.tables["stops"].columns["day"].type == "date"
    assert "words" in spec.tables["remarks"].columns
    assert "things" in spec.tables


def _until_asked(master: int, before: str) -> str:
    """What the terminal shows up to the next prompt, or until the process has gone."""
    text = ""
    while not text.rstrip().endswith("[1]:"):
        try:
            read = os.read(master, 4096)
        except OSError:  # Linux says so when the other side has closed
            break
        if not read:
            break
        text += read.decode(errors="replace")
    return before + text


def test_without_a_terminal_interactive_is_refused(legacy: Path) -> None:
    result = init(legacy, "--interactive")
    assert result.stdout == ""
    assert "there is none" in str(result.exception)
