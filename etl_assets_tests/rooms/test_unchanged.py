"""A legacy file to which nobody has written: another run looks, and does nothing; each thing that counts is noticed."""

import os
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from etl_assets.access.files import exports
from etl_assets.assets import export
from etl_assets.core.memory import staged as memory
from etl_assets_tests.assets.person import PERSON, erase
from etl_assets_tests.scenario import begin
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

DONE = "SELECT count(*) FROM etl.audit_log WHERE action IN ('staged', 'users')"


def settle(world: World) -> None:
    """The file was written to a minute ago."""
    stat = world.legacy_path.stat()
    os.utime(world.legacy_path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 60 * 10**9))


def migrate_settled(world: World) -> None:
    begin(world)
    world.legacy(PERSON)
    settle(world)
    assert world.migrate().exit_code == 0


@pytest.fixture
def settled(after: Callable[..., World]) -> World:
    world = after(migrate_settled)
    assert world.migrate().exit_code == 0
    return world


def done(world: World) -> int:
    [(count,)] = world.query(DONE)
    return int(count)


def test_a_second_run_copies_nothing_and_stages_nothing(settled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    real = psycopg.Cursor.copy

    def noted(cursor: Any, statement: Any, *values: Any, **more: Any) -> Any:
        text = statement if isinstance(statement, bytes) else statement.as_bytes(cursor)
        sent.append(text.decode())
        return real(cursor, statement, *values, **more)

    monkeypatch.setattr(psycopg.Cursor, "copy", noted)
    monkeypatch.setattr(export, "copy_database", lambda *_: pytest.fail("the legacy database was copied"))
    before = done(settled)
    assert settled.migrate().exit_code == 0
    assert sent, "the lists for people are streamed"
    assert [text for text in sent if "FROM STDIN" in text] == []
    assert done(settled) == before


def the_file(world: World, _: pytest.MonkeyPatch) -> None:
    world.legacy("UPDATE jobs SET status = 'else' WHERE id = 4")


def the_corrections(world: World, _: pytest.MonkeyPatch) -> None:
    lines = "table,legacy_id,column,value,reason\njobs,4,status,else,an operator knows better\n"
    (world.folder / "artifacts" / "corrections.csv").write_text(lines, encoding="utf-8")


def the_claims(world: World, _: pytest.MonkeyPatch) -> None:
    world.claim("4,,on hold")


def the_forgotten(world: World, _: pytest.MonkeyPatch) -> None:
    erase(world)


def the_spec(world: World, _: pytest.MonkeyPatch) -> None:
    world.write_spec(("timezone: UTC", "timezone: Etc/UTC"))


def the_target(world: World, _: pytest.MonkeyPatch) -> None:
    world.execute("ALTER TABLE public.jobs ALTER COLUMN status TYPE varchar(40)")


def the_program(_: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "version", lambda _: "another")
    monkeypatch.setattr(exports, "VERSION", "another")


def the_staging(world: World, _: pytest.MonkeyPatch) -> None:
    world.execute("UPDATE etl.stg_jobs SET status = 'forged' WHERE _legacy_id = '4'")


def the_map(world: World, _: pytest.MonkeyPatch) -> None:
    world.execute("DELETE FROM etl.legacy_user_map WHERE legacy_user_id = '8'")


@pytest.mark.parametrize(
    "change",
    [the_file, the_corrections, the_claims, the_forgotten, the_spec, the_target, the_program, the_staging, the_map],
)
def test_each_thing_that_counts_is_noticed_by_itself(
    settled: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[World, pytest.MonkeyPatch], None]
) -> None:
    change(settled, monkeypatch)
    before = done(settled)
    settled.migrate()
    assert done(settled) > before
    assert settled.query("SELECT count(*) FROM etl.stg_jobs WHERE status = 'forged'") == [(0,)]


def test_a_file_that_was_written_to_just_now_is_copied(settled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[object] = []
    real = export.copy_database
    monkeypatch.setattr(export, "copy_database", lambda *paths: (copied.append(paths), real(*paths))[1])
    os.utime(settled.legacy_path)
    assert settled.migrate().exit_code == 0
    assert len(copied) == 1
