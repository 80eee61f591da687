"""Where the tests' databases come from: one cluster for all workers, and copies of what others begin with too."""

import itertools
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from etl_assets.access.files.file_lock import alone
from etl_assets.access.files.whole import free_bytes
from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres import embedded as embedding
from etl_assets.access.postgres.servers import TARGET_DATABASE, embedded
from etl_assets.assets.keys import LOGIN_WAVES
from etl_assets.automation.instance import EVENT_BATCH
from etl_assets.commands import migration
from etl_assets.settings import DEFAULT_SPEC, Settings
from etl_assets_tests import sessions
from etl_assets_tests.dagster_memory import an_instance
from etl_assets_tests.world import World, definitions_of, spec_in

BARE = "bare"  # the small Supabase of the embedded target, to which nobody is connected
MEMORY, NEEDED_BYTES = Path("/dev/shm"), 2_000_000_000  # noqa: S108 - a container has 64 MB there by default
PREFIX, ABANDONED_S = "etl-assets-tests-", 600
# A power cut takes the tests' databases with it, and nobody minds. What kills a process of ours does not kill Postgres.
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "'512MB'",
    "autovacuum": "off",
    "io_method": "sync",
    "track_counts": "off",
    "update_process_title": "off",
    "log_checkpoints": "off",
}
Press = Callable[[World], object]
_numbers = itertools.count(1)
_probe = postgres._require_one_session


@contextmanager
def a_server(root: Path) -> Iterator[Settings]:
    """The settings of an embedded server that holds the Supabase-like template; all who name one root share it."""
    settings = Settings(root, DEFAULT_SPEC, None, None, root / "dagster")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(root / "tests.lock"), mock.patch.dict(embedding.SETTINGS, CARELESS):
        keep_in_memory(root)
        running = embedded(settings)
        if running.ensure_database("made"):
            with _administrating(settings) as connection:
                _copy(connection, TARGET_DATABASE, BARE)
    try:
        yield settings
    finally:
        running.release()


def remove_clusters(folder: Path) -> None:
    """Removes what lies outside of pytest's folders, which only hold links to it."""
    for link in folder.rglob("postgres"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)


def has_memory() -> bool:
    """True where files can lie in memory."""
    return MEMORY.is_dir() and free_bytes(MEMORY) >= NEEDED_BYTES


def keep_in_memory(root: Path) -> None:
    """Puts the cluster of an artifact folder where a file costs no disk: a database takes a fifth of the processor time there."""
    link = root / "postgres"
    if link.is_symlink() or not has_memory():
        return
    for place in MEMORY.glob(f"{PREFIX}*"):
        if _is_of_a_killed_session(place):
            shutil.rmtree(place, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
    if os.geteuid() == 0:
        os.chown(place, *embedding._system_user())
    link.symlink_to(place)


def _is_of_a_killed_session(place: Path) -> bool:
    """True when its server has ended and nobody took it away; one that is being made is young."""
    try:
        if place.stat().st_mtime > time.time() - ABANDONED_S:
            return False
        server = (place / "data" / "postmaster.pid").read_text().split()[0]
    except FileNotFoundError:
        return True
    except OSError:
        return False  # somebody else's
    return not Path("/proc", server).exists()


@contextmanager
def _administrating(server: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(embedded(server).url("postgres"), autocommit=True) as connection:
        yield connection


def _copy(connection: psycopg.Connection, template: str, name: str) -> None:
    # Copied file by file: block by block through the log, which is the default, costs three times as much here.
    copying = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    connection.execute(copying.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _probe_the_cluster(url: str) -> None:
    """Asks whether there is a pooler once for all databases of a cluster, and not for each."""
    _probe(re.sub(r"@/(test|after)_\w+\?", "@/postgres?", url))


@contextmanager
def _environment(folder: Path, url: str) -> Iterator[None]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setenv("ETL_ARTIFACTS", str(folder / "artifacts"))
        patch.setenv("LEGACY_SQLITE", str(folder / "legacy.db"))
        patch.setenv("TARGET_DATABASE_URL", url)
        patch.setenv("ETL_SPEC", str(DEFAULT_SPEC))
        patch.setattr(migration, "build_definitions", definitions_of)
        patch.setattr(dg.DagsterInstance, "ephemeral", an_instance)  # a dry run makes one
        patch.setattr(postgres, "_require_one_session", _probe_the_cluster)
        patch.setenv("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH)  # as the command line has it
        patch.delenv("ETL_FAULT", raising=False)
        yield


@contextmanager
def _begun(server: Settings, folder: Path, name: str) -> Iterator[World]:
    url = embedded(server).url(name)
    with _environment(folder, url), sessions.taken_again():
        world = World(folder, url, spec_in(DEFAULT_SPEC))
        yield world
        world.close()


@contextmanager
def a_world(server: Settings, folder: Path, *, after: Press | None = None) -> Iterator[World]:
    """A migration of its own, on a copy of the bare target, or of what there was after something.

    Args:
        server: from `a_server`.
        folder: for its files.
        after: what was done before. It is done once for all who begin there: its database and its folder are copied.
            Dagster's events of that time are not.
    """
    template = _made(server, after) if after else None
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with _administrating(server) as connection:
        _copy(connection, template.name if template else BARE, name)
    if template:
        shutil.copytree(template, folder, dirs_exist_ok=True)  # with its times, by which a change is noticed
    with _begun(server, folder, name) as world:
        if template:
            _recall(world, json.loads(template.with_suffix(".json").read_text()))
        yield world
    with _administrating(server) as connection:
        _drop(connection, name)


def _made(server: Settings, press: Press) -> Path:
    """The folder of a template, which bears the name of its database; made by the first who asks."""
    name = f"after_{press.__module__.rpartition('.')[2]}_{press.__qualname__}"[: postgres.NAME_LENGTH]
    templates = server.artifacts / "templates"
    templates.mkdir(exist_ok=True)
    folder = templates / name
    with alone(templates / f"{name}.lock"):
        if not folder.with_suffix(".json").exists():
            _make(server, press, folder)
    return folder


def _make(server: Settings, press: Press, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ExitStack() as stack:
        connection = stack.enter_context(_administrating(server))
        _drop(connection, folder.name)
        _copy(connection, BARE, folder.name)
        world = stack.enter_context(_begun(server, folder, folder.name))
        press(world)
        spec = str(world.spec_path.relative_to(folder)) if world.spec_path.is_relative_to(folder) else ""
        waves = list(world.instance.get_dynamic_partitions(str(LOGIN_WAVES.name)))
    folder.with_suffix(".json").write_text(json.dumps({"spec": spec, "waves": waves}))


def _recall(world: World, kept: dict) -> None:
    """What a world knows besides its database and its files."""
    if kept["spec"]:
        world.use_spec(world.folder / kept["spec"])
    if kept["waves"]:
        world.instance.add_dynamic_partitions(str(LOGIN_WAVES.name), kept["waves"])
