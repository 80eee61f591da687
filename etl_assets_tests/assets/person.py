"""One person who is to be forgotten, with rows of every kind, and where traces of it would be."""

import pytest

from etl_assets.assets.resources import Stores
from etl_assets.automation.forgetting import forget
from etl_assets.core.verify.status import status
from etl_assets.model.errors import ForgetRefused
from etl_assets.settings import read_settings
from etl_assets_tests.scenario import begin
from etl_assets_tests.world import AT, World

CANARIES = ("canary@example.com", "CANARY_PASSWORD", "CANARY_JOB", "CANARY_WRONG", "CANARY_CHILD", "CANARY_ELSEWHERE")


PERSON = f"""
CREATE TABLE IF NOT EXISTS sessions (token TEXT, user_id INTEGER, agent TEXT);
CREATE TABLE IF NOT EXISTS removed (was TEXT);
CREATE TRIGGER IF NOT EXISTS keeps_all AFTER DELETE ON jobs BEGIN INSERT INTO removed VALUES (old.status); END;
CREATE INDEX IF NOT EXISTS by_email ON users (email);
INSERT INTO users VALUES (50, 'canary@example.com', 'CANARY_PASSWORD', '{AT}');
INSERT INTO jobs VALUES
    (500, 50, 'export', 'CANARY_JOB', '{AT}', NULL, NULL, NULL, NULL),
    (501, 50.0, 'export', 'x', 'CANARY_WRONG', NULL, NULL, NULL, NULL);
INSERT INTO credit_transactions VALUES (500, '50', 3, 'purchase', NULL, '{AT}', 'CANARY_JOB');
INSERT INTO artifacts VALUES
    (500, 500, 'preview', 'CANARY_CHILD', 1, '{AT}'), (501, 501, 'preview', 'CANARY_CHILD', 1, '{AT}');
INSERT INTO sessions VALUES ('CANARY_ELSEWHERE', 50, 'x');
"""


OTHERS = "etl.stg_jobs WHERE _legacy_id NOT IN ('500', '501')"


def migrate_with_the_person(world: World) -> None:
    begin(world)
    world.legacy(PERSON)
    assert world.migrate().exit_code == 0


def traces(world: World) -> list[str]:
    """Where any canary is still to be found: files below the artifact folder, rows of schema etl."""
    found = []
    for path in (world.folder / "artifacts").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        found += [f"{path}: {canary}" for canary in CANARIES if canary.encode() in content]
    for (table,) in world.query("SELECT tablename FROM pg_tables WHERE schemaname = 'etl'"):
        rows = "\n".join(text for (text,) in world.query(f"SELECT t::text FROM etl.{table} AS t"))
        found += [f"{table}: {canary}" for canary in CANARIES if canary in rows]
    return found


def erase(world: World, user: str = "50") -> dict[str, int]:
    return forget(Stores(), world.spec, user, run="test").rows


def books(world: World) -> dict:
    found = status(read_settings().target_url or "", world.spec)
    assert found.closed, found.as_json()
    return found.as_json()


def refused(world: World, user: str) -> str:
    with pytest.raises(ForgetRefused) as caught:
        erase(world, user)
    return str(caught.value)
