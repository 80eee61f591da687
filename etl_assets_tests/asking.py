"""The function that the new app asks, made, and asked with the roles of the Data API."""

import json
from typing import Any

import psycopg

from etl_assets.access.postgres.connection import connect
from etl_assets.commands.check import examine
from etl_assets.core.lists.app_status import create_app_status, drop_app_status
from etl_assets.settings import read_settings
from etl_assets_tests.conftest import migrate_awkward
from etl_assets_tests.world import World

NAMED = ("accounts:\n", "app_status: migration_status\n\naccounts:\n")
PLACE = "public.migration_status"
ARRIVED, COMING, TALK = "arrived", "on its way", "we need to talk"


def create(world: World) -> None:
    with connect(world.url) as connection:
        create_app_status(connection, world.spec, run="test")


def drop(world: World) -> list[str]:
    with connect(world.url) as connection:
        return drop_app_status(connection, run="test")


def said(world: World) -> str:
    """What `check` says of it, with a word in front where it warns."""
    found = [line for line in examine(read_settings(), world.spec) if line.subject == "app status"]
    return "".join(f"{'! ' if line.warns else ''}{line.words}" for line in found)


def as_role(world: World, role: str, statement: str, *, account: str = "", before: str = "") -> Any:
    """One cell, as PostgREST asks for it: a login of its own, the role taken on, the claims as a setting."""
    claims = json.dumps({"sub": account, "role": role} if account else {"role": role})
    with psycopg.connect(world.url) as connection:
        if before:
            connection.execute(before.encode())
        connection.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
        connection.execute(f"SET LOCAL ROLE {role}".encode())
        found = connection.execute(statement.encode()).fetchone()
        connection.rollback()
    assert found is not None
    return found[0]


def ask(world: World, email: str, *, before: str = "") -> Any:
    return as_role(world, "authenticated", f"SELECT {PLACE}()", account=world.account(email), before=before)


def counts(answer: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    tables = answer["tables"]
    return {name: (found["arrived"], found["on_its_way"], found["we_need_to_talk"]) for name, found in tables.items()}


def begin_with_a_function(world: World) -> None:
    world.write_spec(NAMED)
    migrate_awkward(world)
    create(world)
