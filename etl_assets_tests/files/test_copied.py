"""The files that rows name: there before their rows, under the owner's account, proven, once."""

import hashlib
import json
from pathlib import Path

import fsspec
import pytest

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.load.load import load_wave
from etl_assets.core.load.loader import Loader
from etl_assets.core.memory.staged import staged_keys
from etl_assets.core.users.users import read_links
from etl_assets.faults import FILES_POINTS
from etl_assets_tests.files.uploads import BIG, FILES, held, jobs, with_files
from etl_assets_tests.world import World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_a_file_is_there_before_its_row_and_the_row_names_it(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem
) -> None:
    assert moved.cli("migrate").returncode == 0
    assert moved.query(FILES) == [(key, "stored") for key in "12567"]
    found = dict(
        moved.query(
            "SELECT l.legacy_id, j.result_file FROM public.jobs AS j JOIN etl.loaded AS l ON l.new_id = j.id::text"
        )
    )
    assert (found["3"], found["4"]) == (None, "")
    content = {"1": b"hello", "2": BIG, "5": b"hello", "6": b"", "7": b"hello"}
    accounts = dict(moved.query("SELECT legacy_user_id, supabase_user_id::text FROM etl.legacy_user_map"))
    for key, expected in content.items():
        assert store.cat_file(f"results/{found[key]}") == expected
        assert found[key].startswith(accounts["1" if key in "12" else "2"] + "/jobs/")
    kept = moved.query("SELECT legacy_id, sha256, size FROM etl.files")
    assert {(key, hashlib.sha256(content[key]).hexdigest(), len(content[key])) for key in content} == set(kept)
    assert len(store.find("results")) == 5
    assert store.info(f"results/{found['1']}")["ContentType"] == "text/plain"


def test_a_second_run_copies_nothing(moved: World) -> None:
    assert moved.cli("migrate").returncode == 0
    before = moved.query("SELECT * FROM etl.files ORDER BY 1, 2, 3")
    assert moved.cli("migrate").returncode == 0
    assert moved.query("SELECT * FROM etl.files ORDER BY 1, 2, 3") == before


@pytest.mark.parametrize(
    ("path", "state"), [("link.txt", "path_outside"), ("../secret.txt", "path_outside"), ("no.txt", "file_missing")]
)
def test_a_row_whose_file_may_not_come_is_quarantined_with_the_reason(
    moved: World, store: fsspec.AbstractFileSystem, path: str, state: str
) -> None:
    jobs(moved, (8, 2, path))
    moved.cli("migrate")
    assert ("8", state) in moved.query(FILES)
    assert moved.query("SELECT state, reason FROM etl.book WHERE reason LIKE '%path%' OR reason LIKE '%file%'") == [
        ("quarantined", state)
    ]
    assert moved.query("SELECT count(*) FROM etl.loaded WHERE \"table\" = 'jobs' AND legacy_id = '8'") == [(0,)]
    assert all(b"secret" not in store.cat_file(key) for key in store.find("results"))


def test_a_file_that_is_put_there_lets_its_row_through(moved: World, uploads: Path) -> None:
    jobs(moved, (8, 2, "late.txt"))
    moved.cli("migrate")
    assert ("8", "file_missing") in moved.query(FILES)
    (uploads / "late.txt").write_bytes(b"late")
    assert moved.cli("migrate").returncode == 0
    assert ("8", "stored") in moved.query(FILES)
    assert moved.query("SELECT count(*) FROM etl.loaded WHERE \"table\" = 'jobs' AND legacy_id = '8'") == [(1,)]


def test_a_late_row_brings_its_file(moved: World) -> None:
    assert moved.cli("migrate").returncode == 0
    jobs(moved, (8, 1, "a.txt"))
    assert moved.cli("migrate").returncode == 0
    assert ("8", "stored") in moved.query(FILES)
    assert moved.query("SELECT count(*) FROM etl.loaded WHERE \"table\" = 'jobs' AND legacy_id = '8'") == [(1,)]


def test_a_row_whose_file_is_not_stored_does_not_load(moved: World) -> None:
    moved.cli("migrate", ETL_FAULT="files.before_commit:1")
    assert moved.query("SELECT count(*) FROM etl.files") == [(0,)]
    assert moved.query("SELECT count(*) FROM etl.loaded WHERE \"table\" = 'jobs'") == [(0,)]
    # The load alone, as somebody would run it in the UI.
    wave = moved.query("SELECT max(wave) FROM etl.waves")[0][0]
    with connect(moved.url) as connection:
        with reading(connection):
            links = read_links(connection, moved.spec)
            staged = staged_keys(connection)
        load_wave(Loader(connection, links, staged, "test"), wave=wave, progress=lambda *_: None)
    assert moved.query("SELECT legacy_id FROM etl.loaded WHERE \"table\" = 'jobs' ORDER BY 1") == [("3",), ("4",)]


def test_a_folder_that_is_not_there_is_no_missing_file(moved: World) -> None:
    with_files(moved, "/nowhere/at/all", more=', missing: "null"')
    assert moved.cli("migrate").returncode != 0
    assert moved.query("SELECT count(*) FROM etl.loaded") == [(0,)]


@pytest.mark.parametrize(("word", "expected"), [("null", None), ("keep", "no.txt")])
def test_a_missing_file_does_what_the_spec_says(moved: World, uploads: Path, word: str, expected: str | None) -> None:
    with_files(moved, str(uploads), more=f', missing: "{word}"')
    jobs(moved, (8, 2, "no.txt"))
    assert moved.cli("migrate").returncode == 0
    query = (
        "SELECT j.result_file FROM public.jobs AS j JOIN etl.loaded AS l ON l.new_id = j.id::text AND l.legacy_id = '8'"
    )
    assert moved.query(query) == [(expected,)]


KILLS = list(zip(FILES_POINTS, (1, 2, 2, 1, 1), strict=True))


@pytest.mark.parametrize(("point", "number"), selected(KILLS, [KILLS[2], KILLS[3]]))
def test_a_kill_leaves_no_row_without_its_file_and_nothing_twice(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem, point: str, number: int
) -> None:
    assert moved.cli("migrate", ETL_FAULT=f"{point}:{number}").returncode != 0
    named = moved.query("SELECT result_file FROM public.jobs WHERE result_file <> ''")
    assert all(store.exists(f"results/{key}") for (key,) in named)
    assert moved.cli("migrate").returncode == 0
    assert len(store.find("results")) == 5
    assert moved.query(FILES) == [(key, "stored") for key in "12567"]


def arrived(world: World) -> list[str]:
    return [key for (key,) in world.query("SELECT legacy_id FROM etl.loaded WHERE \"table\" = 'jobs' ORDER BY 1")]


def test_who_lacks_a_file_waits_whole_and_arrives_when_it_is_there(moved: World, uploads: Path) -> None:
    jobs(moved, (8, 2, "late.txt"))
    first = json.loads(moved.cli("migrate", "--json").stdout)
    assert arrived(moved) == ["1", "2", "3", "4"]
    assert moved.query(
        "SELECT state, reason, supabase_user_id FROM etl.legacy_user_map WHERE legacy_user_id = '2'"
    ) == [("held", "has quarantined rows", None)]
    assert (first["closed"], first["users"]["held"], [wave["users"] for wave in first["waves"]]) == (True, 1, [1])
    again = json.loads(moved.cli("migrate", "--json").stdout)
    assert again == first  # nobody is taken into a wave to be let go once more
    (uploads / "late.txt").write_bytes(b"late")
    assert moved.cli("migrate").returncode == 0
    assert arrived(moved) == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert moved.query(FILES) == [(key, "stored") for key in "125678"]


def test_who_lacks_a_file_arrives_without_that_row_where_the_spec_says_so(moved: World) -> None:
    held(moved, "load")
    jobs(moved, (8, 2, "late.txt"))
    assert moved.cli("migrate").returncode == 0
    assert arrived(moved) == ["1", "2", "3", "4", "5", "6", "7"]


def test_who_has_arrived_stays_when_a_later_row_lacks_its_file(moved: World) -> None:
    assert moved.cli("migrate").returncode == 0
    jobs(moved, (8, 2, "late.txt"), (9, 2, "a.txt"))
    assert moved.cli("migrate").returncode == 0
    assert arrived(moved) == ["1", "2", "3", "4", "5", "6", "7", "9"]


def test_reading_everything_back_finds_a_file_that_is_there_by_now(moved: World, uploads: Path) -> None:
    jobs(moved, (8, 2, "late.txt"), (9, 2, "../x"))
    moved.cli("migrate")
    (uploads / "late.txt").write_bytes(b"late")
    assert moved.cli("verify").returncode == 0
    assert {key for key in "89" if (key, "file_missing") in moved.query(FILES)} == set()
    assert ("9", "path_outside") in moved.query(FILES)
