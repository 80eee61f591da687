"""The console script as a person and as CI use it."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from etl_assets_tests.scenario import BOOKS, CONFIRMED, LEGACY, USERS
from etl_assets_tests.world import IN_FULL, SMALL_DEMO, World


def test_migrate_json_prints_one_object_and_everything_else_on_standard_error(world: World) -> None:
    world.legacy(LEGACY)
    world.sign_up(*CONFIRMED, "cat@example.com")
    result = world.cli("migrate", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(found) == ["tables", "users", "waves", "closed"]
    assert found["closed"] is True
    assert list(found["tables"]["jobs"]) == ["source", "loaded", "waiting", "quarantined", "excluded"]
    assert list(found["users"]) == list(USERS)
    assert list(found["waves"][0]) == ["key", "users", "rows", "at"]
    assert "production/jobs" in result.stderr
    assert "The books close." in result.stderr
    again = world.cli("status", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == found


def test_status_before_anything_happened_prints_zeros_and_writes_nothing(world: World) -> None:
    result = world.cli("status", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["closed"] is False
    assert found["tables"] == {name: dict.fromkeys(numbers, 0) for name, numbers in BOOKS.items()}
    assert world.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'etl'") == [(0,)]


@pytest.mark.usefixtures("without_dagster")
def test_a_refused_load_exits_with_1_and_says_why(world: World) -> None:
    world.legacy(LEGACY)
    world.sign_up(*CONFIRMED)
    world.write_spec(("severity: warn", "severity: error"))
    result = world.cli("migrate")
    assert result.returncode == 1
    assert "reference_id_is_unique" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"not a database at all", "is not a plain SQLite database"),
    ],
)
def test_a_bad_legacy_file_is_one_sentence_and_exit_2(world: World, content: bytes | None, words: str) -> None:
    if content is not None:
        world.legacy_path.write_bytes(content)
    result = world.cli("migrate")
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert world.legacy_path.exists() == (content is not None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ETL_SPEC", "/nowhere/spec.yaml", "cannot be read"),
        ("TARGET_DATABASE_URL", "postgres://user:CANARY_PASSWORD@[bad", "no Postgres DSN"),
        ("ETL_ARTIFACTS", "/etc/passwd", "is a file"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_exit_2(world: World, name: str, value: str, words: str) -> None:
    world.legacy(LEGACY)
    result = world.cli("status", **{name: value})
    assert result.returncode == 2
    assert words in result.stderr
    assert "CANARY_PASSWORD" not in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unreachable_target_is_exit_3_without_its_password(world: World) -> None:
    result = world.cold_cli("status", TARGET_DATABASE_URL="postgresql://u:CANARY_PASSWORD@127.0.0.1:9/db")
    assert result.returncode == 3
    assert "does not answer" in result.stderr
    assert "CANARY_PASSWORD" not in result.stderr


def test_unknown_options_are_exit_2(world: World) -> None:
    assert world.cli("migrate", "--nonsense").returncode == 2
    assert world.cli("nonsense").returncode == 2


def test_demo_accounts_are_never_made_on_a_real_target(world: World) -> None:
    result = world.cli("migrate", "--demo")
    assert result.returncode == 2
    assert "embedded target" in result.stderr
    assert world.query("SELECT count(*) FROM auth.users") == [(0,)]


def test_check_lists_what_would_fail_and_writes_nothing(world: World) -> None:
    world.legacy(LEGACY)
    good = world.cli("check")
    assert good.returncode == 0, good.stderr
    assert "public.jobs" in good.stdout
    world.execute("ALTER TABLE public.jobs DROP COLUMN source_file")
    world.execute("ALTER TABLE public.credit_transactions ALTER COLUMN created_at TYPE timestamp")
    world.legacy("ALTER TABLE artifacts RENAME COLUMN kind TO sort")
    bad = world.cli("check")
    assert bad.returncode == 1
    for words in ("no column 'source_file'", "timestamp without time zone", "no column 'kind'"):
        assert words in " ".join(bad.stdout.split())
    assert world.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'etl'") == [(0,)]


def test_a_loop_of_links_is_one_sentence(world: World) -> None:
    world.legacy_path.symlink_to(world.legacy_path)
    found = world.cli("check")
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert "heck the path" in found.stderr


@IN_FULL
def test_the_demo_migrates_on_the_embedded_target_and_lets_users_come_back(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TARGET_DATABASE_URL", "LEGACY_SQLITE", "ETL_SPEC", "DAGSTER_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("ETL_ARTIFACTS", str(tmp_path / "a home with spaces" / "artifacts"))
    first = world.cli("migrate", "--demo", "--json", patches=SMALL_DEMO)
    assert first.returncode == 0, first.stderr
    books = json.loads(first.stdout)
    [line] = books["files"]
    assert line["files"]["stored"] > 0
    assert line["named"] == sum(line["files"].values())
    assert books["closed"] is True
    assert min(books["users"].values()) > 0
    assert all(book["loaded"] and book["waiting"] and book["quarantined"] for book in books["tables"].values())
    second = world.cli("migrate", "--demo", "--json")
    assert json.loads(second.stdout) == books
    assert world.cli("demo", "login", "5").returncode == 0
    third = json.loads(world.cli("migrate", "--json").stdout)
    assert third["users"]["resolved"] > books["users"]["resolved"]
    assert len(third["waves"]) == 2
    demo = tmp_path / "a home with spaces" / "artifacts" / "demo" / "legacy.db"
    assert stat.S_IMODE(demo.stat().st_mode) == 0o600
    with sqlite3.connect(demo) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (books["users"]["total"],)
    connection.close()
    for path in (tmp_path / "a home with spaces").rglob("*"):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700), path
