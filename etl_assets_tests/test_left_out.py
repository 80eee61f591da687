"""What a spec leaves behind, and ids that it would bring as dead numbers, in the words of `check`."""

import sqlite3
from pathlib import Path

from etl_assets.access.legacy.database import open_read_only
from etl_assets.commands.left_out import left_out
from etl_assets_tests.transform.cells import spec_of

SCRIPT = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, plan TEXT);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, parent_id INTEGER, secret_note TEXT, a INT, b INT);
CREATE TABLE pages (id INTEGER PRIMARY KEY, job_id INTEGER, user_id INTEGER, job TEXT);
CREATE TABLE old_logs (id INTEGER PRIMARY KEY);
INSERT INTO jobs VALUES (1, 1, 'x', NULL, NULL, 1, 2), (2, 1, 'y', 1, 'psst', 1, 2);
INSERT INTO pages VALUES (1, 1, 1, 'x'), (2, 1, 1, 'x'), (3, 7, 1, 'x');
"""
SPEC = """  jobs:
    owner: user_id
    columns: {title: text, parent_id: integer, sum: {type: integer, expr: a + b}}
  pages:
    owner: user_id
    columns: {job_id: integer, job: text}
"""


def _said(tmp_path: Path, spec: str) -> dict[str, str]:
    with sqlite3.connect(tmp_path / "app.db") as app:
        app.executescript(SCRIPT)
    app.close()
    with open_read_only(tmp_path / "app.db") as connection:
        return dict(left_out(connection, spec_of(spec)))


def test_tables_columns_and_dead_ids_are_said(tmp_path: Path) -> None:
    assert _said(tmp_path, SPEC) == {
        "left behind": "1 table is left in the legacy app: old_logs (0 rows)",
        "left behind users": "1 column is left there: plan (0 values)",
        "left behind jobs": "1 column is left there: secret_note (1 value)",
        "jobs.parent_id": "1 value names rows of jobs, whose ids change: say `references: {table: jobs}`",
        "pages.job_id": "2 values name rows of jobs, whose ids change: say `references: {table: jobs}`",
    }


def test_references_and_kept_ids_are_no_dead_numbers(tmp_path: Path) -> None:
    kept = SPEC.replace("  jobs:\n", "  jobs:\n    id: keep\n")
    referring = SPEC.replace("parent_id: integer", "parent_id: {type: uuid, references: {table: jobs}}").replace(
        "job_id: integer", "job_id: {type: uuid, references: {table: jobs}}"
    )
    for number, spec in enumerate((kept, referring)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert set(_said(folder, spec)) == {"left behind", "left behind users", "left behind jobs"}
