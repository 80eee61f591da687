"""The files that rows name: there before their rows, under the owner's account, proven, once."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.dirfs import DirFileSystem

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.load.load import load_wave
from etl_assets.core.load.loader import Loader
from etl_assets.core.memory.staged import staged_keys
from etl_assets.core.users.users import read_links
from etl_assets.faults import FILES_POINTS
from etl_assets_tests.s3 import s3_server
from etl_assets_tests.world import AT, World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")
BIG = os.urandom(1 << 20) * 12  # three parts


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """A bucket `results` on a real S3 server, reached by the environment's credentials."""
    fsspec.filesystem("s3").clear_instance_cache()
    with s3_server(monkeypatch, "results") as there:
        yield there
    fsspec.filesystem("s3").clear_instance_cache()


@pytest.fixture
def store(world: World, request: pytest.FixtureRequest) -> fsspec.AbstractFileSystem:
    """What has the folder `results`: this disk, or where a test takes `s3` beside it, that server."""
    if "s3" in request.fixturenames:
        return request.getfixturevalue("s3")
    (world.folder / "results").mkdir()
    return DirFileSystem(str(world.folder), fsspec.filesystem("file"))


def with_files(world: World, source: str, *, more: str = "") -> None:
    here = world.folder / "results"
    to = here if here.exists() else "s3://results"
    world.write_spec(
        ("tables:\n", f'files:\n  results: {{from: "{source}", to: "{to}", strip: /var/www/app/}}\ntables:\n'),
        ("      result_file: text\n", f"      result_file: {{type: text, file: results{more}}}\n"),
    )


def jobs(world: World, *named: tuple[int, int, str | None]) -> None:
    values = ", ".join(
        f"({number}, {user}, 'x', 'done', '{AT}', {'NULL' if path is None else repr(path)})"
        for number, user, path in named
    )
    world.legacy(f"INSERT INTO jobs (id, user_id, job_type, status, created_at, result_file) VALUES {values}")


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"hello")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "sub" / "big.bin").write_bytes(BIG)
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inner.txt").symlink_to(folder / "a.txt")
    return folder


@pytest.fixture
def moved(world: World, store: fsspec.AbstractFileSystem, uploads: Path) -> World:
    """Two users with files of every kind, not migrated yet."""
    with_files(world, str(uploads))
    world.legacy(f"INSERT INTO users VALUES (1, 'a@example.com', 'x', '{AT}'), (2, 'b@example.com', 'x', '{AT}')")
    jobs(
        world,
        (1, 1, "a.txt"),
        (2, 1, "/var/www/app/sub/big.bin"),
        (3, 1, None),
        (4, 1, ""),
        (5, 2, "a.txt"),
        (6, 2, "empty.txt"),
        (7, 2, "inner.txt"),
    )
    world.sign_up("a@example.com", "b@example.com")
    return world


FILES = "SELECT legacy_id, state FROM etl.files ORDER BY legacy_id::int"


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


def test_a_dry_run_copies_nothing(moved: World, store: fsspec.AbstractFileSystem) -> None:
    assert moved.cli("migrate", "--dry-run").returncode == 0
    assert store.find("results") == []


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


def test_an_undo_removes_what_it_had_stored_and_a_new_run_brings_it_again(
    moved: World, store: fsspec.AbstractFileSystem
) -> None:
    assert moved.cli("migrate").returncode == 0
    assert moved.cli("undo", "--wave", "last").returncode == 0
    assert store.find("results") == []
    assert moved.query("SELECT count(*) FROM etl.files") == [(0,)]
    wave = moved.query("SELECT max(wave) FROM etl.waves")[0][0]
    assert moved.cli("migrate", "--wave", wave).returncode == 0
    assert len(store.find("results")) == 5


def test_an_undo_is_refused_where_the_app_has_changed_a_file(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem
) -> None:
    assert moved.cli("migrate").returncode == 0
    [(key,)] = moved.query("SELECT key FROM etl.files WHERE legacy_id = '1'")
    store.pipe_file(f"results/{key}", b"another")
    done = moved.cli("undo", "--wave", "last")
    assert done.returncode == 1
    assert "another file" in done.stderr
    assert len(store.find("results")) == 5
    assert moved.cli("undo", "--wave", "last", "--in-use").returncode == 0
    assert store.find("results") == [f"results/{key}"]


def test_doctor_removes_what_an_undo_that_was_killed_has_left(moved: World, store: fsspec.AbstractFileSystem) -> None:
    assert moved.cli("migrate").returncode == 0
    assert moved.cli("undo", "--wave", "last", ETL_FAULT="undo.committed:1").returncode != 0
    assert len(store.find("results")) == 5
    assert "5 are left over" in moved.cli("doctor").stdout
    moved.cli("doctor", "--clear")
    assert store.find("results") == []
    assert "0 are left over" in moved.cli("doctor").stdout


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


NAMED = (
    "SELECT j.result_file FROM public.jobs AS j JOIN etl.loaded AS l ON l.new_id = j.id::text WHERE l.legacy_id = '1'"
)


def follow(world: World) -> None:
    world.write_spec(("policy:\n", "policy:\n  on_change: update\n"), base=world.folder / "changed.yaml")


def touch(path: Path, content: bytes) -> None:
    before = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(before + 10**9, before + 10**9))


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


def test_doctor_removes_what_a_copy_that_was_killed_has_left(
    moved: World, s3: fsspec.AbstractFileSystem, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    assert moved.cli("migrate", ETL_FAULT="files.before_commit:1").returncode != 0
    assert len(store.find("results")) == 5
    assert "5 are left over" in moved.cli("doctor").stdout
    moved.cli("doctor", "--clear")
    assert store.find("results") == []
    assert "0 are left over" in moved.cli("doctor").stdout
    assert moved.cli("migrate").returncode == 0
    assert len(store.find("results")) == 5


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


def test_who_is_forgotten_leaves_no_file_and_no_path(
    moved: World, store: fsspec.AbstractFileSystem, uploads: Path
) -> None:
    (uploads / "canary.txt").write_bytes(b"canary")
    jobs(moved, (8, 2, "canary.txt"), (9, 2, "canary-gone.txt"))
    moved.cli("migrate")
    account = moved.account("b@example.com")
    [(hers,)] = moved.query("SELECT key FROM etl.files WHERE legacy_id = '8'")
    store.pipe_file(f"results/{hers}", b"changed by the app")
    assert moved.cli("undo", "--user", "2", "--in-use").returncode == 0
    moved.execute("DELETE FROM auth.users WHERE email = 'b@example.com'")
    done = moved.cli("forget", "--user", "2")
    assert done.returncode == 0, done.stderr
    assert [key for key in store.find("results") if key.startswith(f"results/{account}")] == []
    assert moved.query("SELECT count(*) FROM etl.files WHERE legacy_user_id = '2'") == [(0,)]
    assert moved.query("SELECT count(*) FROM etl.loose_files") == [(0,)]


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
    assert equation in moved.cli("verify").stderr
    page = (moved.folder / "artifacts" / "reports" / "migration_report.html").read_text(encoding="utf-8")
    cells = re.sub(r"<[^>]+>", " ", page[page.index("jobs.result_file") :])
    assert " ".join(cells.split()).startswith(f"jobs.result_file 9 2 3 1 2 1 0 {3 * 5 + len(BIG):,} closed")


def test_check_says_where_the_folder_of_the_files_is_not(moved: World) -> None:
    with_files(moved, "/nowhere/at/all")
    done = moved.cli("check")
    assert done.returncode != 0
    assert "There is no folder /nowhere/at/all" in " ".join((done.stdout + done.stderr).split())
