"""`init` says which columns name files of the old server, with the count of values that do."""

import functools
import sqlite3
from pathlib import Path

import pytest

from etl_assets.init.cells.file_names import names_file, with_root
from etl_assets.init.drafting import Drafts, printed
from etl_assets.spec.loader import load_spec

NAMES = ("a.wav", "uploads/2024/a b.pdf", "C:\\\\up\\\\x.docx", "/srv/app/x.PNG", "https://old.example.com/f/x.png?v=2")
OTHERS = ("example.com", "v1.2", "hello world.", "/srv/app/uploads/x", "ann@example.com", "1.5", "12:30.txt", "")


@pytest.mark.parametrize("text", NAMES)
def test_a_name_of_a_file_is_one(text: str) -> None:
    assert names_file(text)


@pytest.mark.parametrize("text", OTHERS)
def test_another_text_is_none(text: str) -> None:
    assert not names_file(text)


@pytest.mark.parametrize(
    ("names", "roots"),
    [
        (("a.png", "b/c.png"), {""}),
        (("/srv/app/a/x.pdf", "/srv/app/b/y.pdf"), {"/srv/app/"}),
        (("/srv/app/x.pdf", "/srv/apps/y.pdf"), {"/srv/"}),
        (("/a.png", "/srv/b.png"), {"/"}),
        ((r"C:\up\x.doc", r"C:\up\sub\y.doc"), {"C:/up/"}),
        ((r"C:\up\x.doc", r"D:\up\y.doc"), {"C:/up/", "D:/up/"}),
        (("https://a.example/x.png", "http://b.example/f/y.png"), {"https://a.example/", "http://b.example/"}),
        (("/srv/x.png", "https://a.example/x.png", "z.png"), {"/srv/", "https://a.example/", ""}),
    ],
)
def test_names_have_their_roots_in_whichever_order_they_come(names: tuple[str, ...], roots: set[str]) -> None:
    for some in (names, names[::-1]):
        assert functools.reduce(with_root, some, frozenset[str]()) == roots


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    place = tmp_path / "app.db"
    with sqlite3.connect(place) as connection:
        connection.executescript(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);"
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), receipt TEXT, photo TEXT,"
            " link TEXT, body TEXT);"
            "INSERT INTO users VALUES (1, 'ann@example.com'), (2, 'bob@example.com');"
            "INSERT INTO notes VALUES"
            " (1, 1, '/var/www/app/up/a.pdf', 'https://old.example/a.png', 'https://x.example/a.pdf', 'as said in a.pdf'),"
            " (2, 2, '/var/www/app/b c.PDF', 'https://old.example/f/b.png', 'https://y.example/b.pdf', 'hello'),"
            " (3, 2, NULL, 'https://old.example/c.png', NULL, 'x');"
        )
    connection.close()
    return place


def test_columns_of_file_names_say_how_to_bring_them(legacy: Path) -> None:
    text = printed(Drafts(legacy, None).with_answers({}), as_ddl=False)
    plain = " ".join(text.replace("# ", "").split())
    assert "2 of 2 values name files, which stay behind; to bring them: `{type: text, file: uploads}`" in plain
    assert "3 of 3 values name files" in plain
    assert plain.count("values name files") == 2  # what names files on many hosts is no upload of this app
    assert "Below, 2 columns name files of the old server, which stay behind" in plain


def test_what_is_proposed_is_right_once_its_marks_are_gone(legacy: Path) -> None:
    text = printed(Drafts(legacy, None).with_answers({}), as_ddl=False)
    text = text.replace("# files:", "files:").replace("#   uploads:", "  uploads:")
    text = text.replace("      receipt: text", "      receipt: {type: text, file: uploads}")
    spec = load_spec(text, file="app.yaml")
    assert spec.files["uploads"].strip == ("/var/www/app/", "https://old.example/")
    assert spec.with_files == ("notes",)
