"""Files that the old app writes to after they were copied."""

from pathlib import Path

import fsspec
import pytest

from etl_assets.faults import FILES_POINTS
from etl_assets_tests.files.uploads import FILES, NAMED, follow, touch
from etl_assets_tests.world import World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_a_file_that_the_old_app_writes_to_is_reported_and_followed_where_the_spec_says_so(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    assert moved.cli("migrate").returncode == 0
    [(first,)] = moved.query(NAMED)
    touch(uploads / "a.txt", b"jello")
    assert moved.cli("migrate").returncode == 0
    assert moved.query("SELECT legacy_id FROM etl.files WHERE state = 'changed' ORDER BY 1") == [("1",), ("5",), ("7",)]
    assert moved.query(NAMED) == [(first,)]
    follow(moved)
    assert moved.cli("migrate").returncode == 0
    [(second,)] = moved.query(NAMED)
    assert second != first
    assert store.cat_file(f"results/{second}") == b"jello"
    assert moved.query(FILES) == [(key, "stored") for key in "12567"]
    # What an undo would bring back is still there; nothing else is left over.
    assert store.cat_file(f"results/{first}") == b"hello"
    assert "0 are left over" in moved.cli("doctor").stdout
    before = moved.query("SELECT * FROM etl.files ORDER BY 1, 2, 3")
    assert moved.cli("migrate").returncode == 0
    assert moved.query("SELECT * FROM etl.files ORDER BY 1, 2, 3") == before
    assert moved.cli("verify", "--files").returncode == 0


def test_a_file_that_was_only_touched_is_not_stored_again(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    follow(moved)
    assert moved.cli("migrate").returncode == 0
    named = moved.query(NAMED)
    touch(uploads / "a.txt", b"hello")
    assert moved.cli("migrate").returncode == 0
    assert moved.query(NAMED) == named
    assert moved.query(FILES) == [(key, "stored") for key in "12567"]
    assert len(store.find("results")) == 5
    assert moved.query("SELECT count(*) FROM etl.loose_files") == [(0,)]


def test_another_path_in_a_loaded_row_brings_its_file_where_changes_are_followed(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    (uploads / "sub" / "a.txt").write_bytes(b"the other")
    follow(moved)
    assert moved.cli("migrate").returncode == 0
    [(first,)] = moved.query(NAMED)
    moved.legacy("UPDATE jobs SET result_file = 'sub/a.txt' WHERE id = 1")
    moved.legacy("UPDATE jobs SET result_file = 'a.txt' WHERE id = 3")
    assert moved.cli("migrate").returncode == 0
    [(second,)] = moved.query(NAMED)
    assert store.cat_file(f"results/{second}") == b"the other"
    assert store.cat_file(f"results/{first}") == b"hello"
    assert moved.query(NAMED.replace("'1'", "'3'")) != [(None,)]
    # An undo of the change brings the former file's name back, and the file is there.
    assert moved.cli("undo", "--wave", "last").returncode == 0
    [(third,)] = moved.query(NAMED)
    assert third == first
    assert store.cat_file(f"results/{third}") == b"hello"


def test_a_file_of_a_row_that_the_app_has_changed_stays(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    follow(moved)
    assert moved.cli("migrate").returncode == 0
    [(first,)] = moved.query(NAMED)
    moved.execute("UPDATE public.jobs SET status = 'hers' WHERE result_file LIKE '%a.txt'")
    touch(uploads / "a.txt", b"jello")
    for _ in range(2):
        moved.cli("migrate")
    assert moved.query(NAMED) == [(first,)]
    assert store.cat_file(f"results/{first}") == b"hello"


@pytest.mark.parametrize("point", selected(FILES_POINTS, ("files.stored", "files.committed")))
def test_a_kill_while_a_change_is_followed_leaves_each_row_with_a_file(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path, point: str
) -> None:
    follow(moved)
    assert moved.cli("migrate").returncode == 0
    touch(uploads / "a.txt", b"jello")
    assert moved.cli("migrate", ETL_FAULT=f"{point}:1").returncode != 0
    for _ in range(2):
        named = moved.query("SELECT result_file FROM public.jobs WHERE result_file <> ''")
        assert all(store.exists(f"results/{key}") for (key,) in named)
        assert moved.cli("migrate").returncode == 0
    [(second,)] = moved.query(NAMED)
    assert store.cat_file(f"results/{second}") == b"jello"


def test_reading_everything_back_finds_what_the_old_app_has_changed(moved: World, uploads: Path) -> None:
    assert moved.cli("migrate").returncode == 0
    touch(uploads / "empty.txt", b"no longer")
    assert moved.cli("verify").returncode == 0
    assert moved.query("SELECT legacy_id FROM etl.files WHERE state = 'changed'") == [("6",)]
