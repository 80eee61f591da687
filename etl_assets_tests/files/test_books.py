"""Files are counted and sized: before, in the books, in the report, for one user, and in the store itself."""

import csv
import json
import re
from pathlib import Path

import fsspec
import pytest

from etl_assets_tests.files.uploads import BIG, jobs, touch, with_files
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_a_dry_run_copies_nothing(moved: World, store: fsspec.AbstractFileSystem) -> None:
    done = moved.cli("migrate", "--dry-run", "--json")
    assert store.find("results") == []
    told = json.loads(done.stdout)
    assert [(line["named"], line["files"], line["size"]) for line in told["files"]] == [
        (5, {"stored": 5}, 3 * 5 + len(BIG))
    ]
    assert told["tables"]["jobs"]["loaded"] == 7  # as the real run will have it
    assert moved.query("SELECT to_regclass('etl.files') IS NULL OR NOT EXISTS (SELECT FROM public.jobs)") == [(True,)]


def test_verify_finds_an_object_that_is_another_by_now_or_gone(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem
) -> None:
    assert moved.cli("migrate").returncode == 0
    assert moved.cli("verify", "--files").returncode == 0
    keys = dict(moved.query("SELECT legacy_id, key FROM etl.files"))
    store.pipe_file(f"results/{keys['1']}", b"jello")
    store.rm_file(f"results/{keys['5']}")
    done = moved.cli("verify")
    assert done.returncode == 1
    assert "3 as stored, 1 changed, 1 gone (jobs 1, jobs 5)" in done.stdout + done.stderr


def test_the_support_answer_says_what_became_of_files(moved: World) -> None:
    jobs(moved, (8, 1, "../x"))
    moved.cli("migrate")
    said = moved.cli("user", "1").stdout
    assert "1 path outside" in said
    assert f"2 stored ({len(BIG) + 5:,} bytes)" in said


def test_check_counts_and_sizes_what_would_be_copied(moved: World, store: fsspec.AbstractFileSystem) -> None:
    jobs(moved, (8, 1, "../x"), (9, 2, "no.txt"))
    said = moved.cli("check").stdout
    size = f"{(3 * 5 + len(BIG)) / 1e6:.1f} MB"
    line = next(line for line in said.splitlines() if "files jobs.result_file" in line)
    assert f"5 files of {size} would be copied; 1 path outside; 1 file missing (ids 8, 9)" in " ".join(said.split())
    assert line
    assert store.find("results") == []


def test_the_books_of_files_close_and_the_report_and_verify_say_them(moved: World, uploads: Path) -> None:
    moved.legacy(f"INSERT INTO users VALUES (3, 'c@example.com', 'x', '{AT}')")
    jobs(moved, (8, 1, "../x"), (9, 2, "no.txt"), (10, 3, "a.txt"), (11, 99, "a.txt"))
    moved.cli("migrate")
    touch(uploads / "a.txt", b"jello")
    moved.cli("migrate")
    equation = "jobs.result_file 9 = 2 stored + 3 changed + 1 waiting + 2 missing + 1 quarantined"
    assert equation in " ".join(moved.cli("verify").stdout.split())
    page = (moved.folder / "artifacts" / "reports" / "migration_report.html").read_text(encoding="utf-8")
    cells = re.sub(r"<[^>]+>", " ", page[page.index("jobs.result_file") :])
    assert " ".join(cells.split()).startswith(f"jobs.result_file 9 2 3 1 2 1 0 {3 * 5 + len(BIG):,} closed")


def test_check_says_where_the_folder_of_the_files_is_not(moved: World) -> None:
    with_files(moved, "/nowhere/at/all")
    done = moved.cli("check")
    assert done.returncode != 0
    assert "There is no folder /nowhere/at/all" in " ".join((done.stdout + done.stderr).split())


def test_the_waiting_list_counts_the_files_that_are_still_to_come(moved: World) -> None:
    moved.legacy(f"INSERT INTO users VALUES (3, 'c@example.com', 'x', '{AT}')")
    jobs(moved, (8, 3, "a.txt"), (9, 3, "no.txt"), (10, 3, ""), (11, 2, "no.txt"))
    assert moved.cli("migrate").returncode == 0
    text = (moved.folder / "artifacts" / "reports" / "waiting_users.csv").read_text(encoding="utf-8")
    found = {line["legacy_user_id"]: line["files_waiting"] for line in csv.DictReader(text.splitlines())}
    assert found == {"3": "2", "2": "1"}
