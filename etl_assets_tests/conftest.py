"""A real PostgreSQL for every test that touches SQL: one cluster per session, one database per test."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from etl_assets.demo.target import TARGET_DATABASE, embedded
from etl_assets.spec.loader import load_spec
from etl_assets.stores.settings import DEFAULT_SPEC, Settings
from etl_assets_tests.scenario import CONFIRMED, LEGACY, UNCONFIRMED
from etl_assets_tests.world import World

_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _no_cluster_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As root, clusters live outside of pytest's folders, which only hold links to them."""
    yield
    for link in tmp_path_factory.getbasetemp().rglob("postgres"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of an embedded server that holds the Supabase-like template."""
    root = tmp_path_factory.mktemp("server")
    settings = Settings(root, DEFAULT_SPEC, None, None, root / "dagster")
    running = embedded(settings)
    yield settings
    running.release()


@pytest.fixture
def world(server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A migration of its own, on a copy of the template database."""
    cluster, name = embedded(server), f"test_{os.getpid()}_{next(_numbers)}"
    template, database = sql.Identifier(TARGET_DATABASE), sql.Identifier(name)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, template))
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("ETL_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("LEGACY_SQLITE", str(tmp_path / "legacy.db"))
    monkeypatch.setenv("TARGET_DATABASE_URL", cluster.url(name))
    monkeypatch.setenv("ETL_SPEC", str(DEFAULT_SPEC))
    monkeypatch.delenv("ETL_FAULT", raising=False)
    world = World(
        tmp_path, cluster.url(name), load_spec(DEFAULT_SPEC.read_text(encoding="utf-8"), file="migration.yaml")
    )
    yield world
    world.instance.dispose()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture
def awkward(world: World) -> World:
    """A migration of the awkward legacy app, whose users have begun to come back."""
    world.legacy(LEGACY)
    world.sign_up(*CONFIRMED)
    world.sign_up(*UNCONFIRMED, confirmed=False)
    return world
