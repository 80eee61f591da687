"""A real PostgreSQL for every test that touches SQL: one cluster per session, one database per test."""

import gc
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from etl_assets.assets import migration
from etl_assets.assets.instance import EVENT_BATCH
from etl_assets.cli import OBJECTS_PER_COLLECTION
from etl_assets.demo.target import TARGET_DATABASE, embedded
from etl_assets.spec.loader import load_spec
from etl_assets.stores.postgres import connect
from etl_assets.stores.schema import ensure_schema
from etl_assets.stores.settings import DEFAULT_SPEC, Settings
from etl_assets_tests import core
from etl_assets_tests.scenario import CONFIRMED, LEGACY, UNCONFIRMED
from etl_assets_tests.world import World, definitions_of

_numbers = itertools.count(1)
gc.set_threshold(OBJECTS_PER_COLLECTION)  # as in the command line


@pytest.fixture(scope="session", autouse=True)
def _no_cluster_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As root, clusters live outside of pytest's folders, which only hold links to them."""
    yield
    for link in tmp_path_factory.getbasetemp().rglob("postgres"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)


@contextmanager
def a_server(root: Path) -> Iterator[Settings]:
    """The settings of an embedded server that holds the Supabase-like template."""
    settings = Settings(root, DEFAULT_SPEC, None, None, root / "dagster")
    running = embedded(settings)
    with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
        # A power cut takes the tests' databases with it, and nobody minds.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    yield settings
    running.release()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One server for all tests."""
    with a_server(tmp_path_factory.mktemp("server")) as settings:
        yield settings


@contextmanager
def a_world(server: Settings, folder: Path) -> Iterator[World]:
    """A migration of its own, on a copy of the template database."""
    cluster, name = embedded(server), f"test_{os.getpid()}_{next(_numbers)}"
    template, database = sql.Identifier(TARGET_DATABASE), sql.Identifier(name)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, template))
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setenv("ETL_ARTIFACTS", str(folder / "artifacts"))
        patch.setenv("LEGACY_SQLITE", str(folder / "legacy.db"))
        patch.setenv("TARGET_DATABASE_URL", cluster.url(name))
        patch.setenv("ETL_SPEC", str(DEFAULT_SPEC))
        patch.setattr(migration, "build_definitions", definitions_of)
        patch.setenv("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH)  # as the command line has it
        patch.delenv("ETL_FAULT", raising=False)
        spec = load_spec(DEFAULT_SPEC.read_text(encoding="utf-8"), file="migration.yaml")
        world = World(folder, cluster.url(name), spec)
        yield world
        world.instance.dispose()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture
def world(server: Settings, tmp_path: Path) -> Iterator[World]:
    """A migration of its own, on a copy of the template database."""
    with a_world(server, tmp_path) as found:
        yield found


@pytest.fixture
def ready(world: World) -> World:
    """A migration whose target has schema `etl`, and nothing in it."""
    with connect(world.url) as connection:
        ensure_schema(connection)
    return world


@pytest.fixture
def without_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    """`World.migrate` calls what the assets call, without runs and events: for tests of what becomes of the data.

    A migration takes 0.5 s instead of 3 of processor time.
    """
    monkeypatch.setattr("etl_assets_tests.world.migrate", core.migrate_here)


@pytest.fixture
def with_dagster(without_dagster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With them after all: for a test about checks or events in such a module."""
    monkeypatch.setattr("etl_assets_tests.world.migrate", migration.migrate)


@pytest.fixture
def awkward(world: World) -> World:
    """A migration of the awkward legacy app, whose users have begun to come back."""
    world.legacy(LEGACY)
    world.sign_up(*CONFIRMED)
    world.sign_up(*UNCONFIRMED, confirmed=False)
    return world
