"""Ids of one of several tables, as Rails, Laravel and Django keep them, in what `init` proposes."""

import sqlite3
from pathlib import Path

import pytest

from etl_assets.init.drafting import draft_spec, printed
from etl_assets.spec.loader import load_spec
from etl_assets.spec.references import References

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, title TEXT);
CREATE TABLE comments (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, body TEXT);
INSERT INTO users VALUES (1, 'a@example.com');
INSERT INTO posts VALUES (1, 1, 'x'), (2, 1, 'y');
INSERT INTO comments VALUES (7, 1, 'x');
"""
LIKES = "CREATE TABLE likes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, {columns});"
RAILS, DJANGO = "likeable_type TEXT, likeable_id INTEGER", "content_type_id INTEGER, object_id INTEGER"
TYPES = "CREATE TABLE django_content_type (id INTEGER PRIMARY KEY, app_label TEXT, model TEXT);"


def _proposed(path: Path, script: str, column: str) -> References | None:
    with sqlite3.connect(path) as app:
        app.executescript(SCHEMA + script)
    app.close()
    spec = load_spec(printed(draft_spec(path), as_ddl=False), file="init.yaml")
    return spec.tables["likes"].columns[column].references


@pytest.mark.parametrize(
    ("post", "comment"), [("Post", "Comment"), ("App\\Models\\Post", "App\\Models\\Comment"), ("posts", "comments")]
)
def test_words_that_name_tables_are_read_as_tables(tmp_path: Path, post: str, comment: str) -> None:
    rows = f"INSERT INTO likes VALUES (1, 1, '{post}', 1), (2, 1, '{comment}', 7), (3, 1, '{post}', 2);"
    found = _proposed(tmp_path / "app.db", LIKES.format(columns=RAILS) + rows, "likeable_id")
    assert found is not None
    assert (found.by, found.tables) == ("likeable_type", {post: "posts", comment: "comments"})


def test_djangos_words_are_in_a_table_of_their_own(tmp_path: Path) -> None:
    rows = "INSERT INTO django_content_type VALUES (11, 'blog', 'post'), (12, 'blog', 'comment');"
    rows += "INSERT INTO likes VALUES (1, 1, 11, 1), (2, 1, 12, 7);"
    names = "ALTER TABLE posts RENAME TO blog_post; ALTER TABLE comments RENAME TO blog_comment;"
    found = _proposed(tmp_path / "app.db", names + TYPES + LIKES.format(columns=DJANGO) + rows, "object_id")
    assert found is not None
    assert (found.by, found.tables) == ("content_type_id", {"11": "blog_post", "12": "blog_comment"})


@pytest.mark.parametrize("row", ["(1, 1, 'Video', 1)", "(1, 1, 'Post', 99)"])
def test_words_or_ids_that_name_nothing_are_no_reference(tmp_path: Path, row: str) -> None:
    script = LIKES.format(columns=RAILS) + f"INSERT INTO likes VALUES {row};"
    assert _proposed(tmp_path / "app.db", script, "likeable_id") is None
