"""`init` says which columns name files of the old server, with the count of values that do."""

import sqlite3
from pathlib import Path

import pytest

from etl_assets.init.cells.value_shapes import names_file
from etl_assets.init.drafting import Drafts, printed

NAMES = ("a.wav", "uploads/2024/a b.pdf", "C:\\\\up\\\\x.docx", "/srv/app/x.PNG", "https://old.example.com/f/x.png?v=2")
OTHERS = ("example.com", "v1.2", "hello world.", "/srv/app/uploads/x", "ann@example.com", "1.5", "12:30.txt", "")


@pytest.mark.parametrize("text", NAMES)
def test_a_name_of_a_file_is_one(text: str) -> None:
    assert names_file(text)


@pytest.mark.parametrize("text", OTHERS)
def test_another_text_is_none(text: str) -> None:
    assert not names_file(text)


def test_a_column_of_file_names_says_how_to_bring_them(tmp_path: Path) -> None:
    legacy = tmp_path / "app.db"
    with sqlite3.connect(legacy) as connection:
        connection.executescript(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);"
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), receipt TEXT, body TEXT);"
            "INSERT INTO users VALUES (1, 'ann@example.com'), (2, 'bob@example.com');"
            "INSERT INTO notes VALUES (1, 1, 'up/a.pdf', 'as said in a.pdf'), (2, 2, 'up/b c.PDF', 'hello'), (3, 2, NULL, 'x');"
        )
    connection.close()
    text = " ".join(printed(Drafts(legacy, None).with_answers({}), as_ddl=False).split())
    assert "2 of 2 values name files, which stay behind" in text.replace(" # ", " ")
    assert text.count("name files") == 1
