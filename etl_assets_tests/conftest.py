"""A real PostgreSQL for every test that touches SQL: one cluster for all workers, one database per test."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from etl_assets.access.postgres.connection import connect
from etl_assets.assets.keys import MIGRATE
from etl_assets.automation.instance import run_job
from etl_assets.cli import OBJECTS_PER_COLLECTION
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.settings import Settings, read_settings
from etl_assets_tests import core
from etl_assets_tests import world as world_module
from etl_assets_tests.forks import WITHOUT_DAGSTER
from etl_assets_tests.scenario import begin
from etl_assets_tests.world import World
from etl_assets_tests.worlds import MEMORY, Press, a_server, a_world, has_memory, remove_clusters

DAGSTERS_WAYS = {name: getattr(world_module, name) for name in core.WAYS}
gc.set_threshold(OBJECTS_PER_COLLECTION)  # as in the command line
# A machine with something else to do is slow, and nothing is wrong with the rule.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")
if has_memory():
    # A migration waits twenty times until a file of it is on the disk.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


# Half a minute and more each: begun last, one of them would keep a worker busy when the others have nothing left.
# What starts a site is on one worker, because two sites at once leave each other no processor.
LONG = (
    ("test_ui.py", "test_services.py", "test_topology.py"),
    ("test_tour.py", "test_histories.py", "test_canaries.py"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones first, dealt out: each worker gets an equal piece of the list, and begins with its beginning."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    short = [item for item in items if not any(item.path.name in names for names in LONG)]
    pieces: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, names in enumerate(LONG):
        pieces[number % workers] += [item for item in items if item.path.name in names]
    ends = [len(items) * (number + 1) // workers for number in range(workers)]
    items[:] = []
    for piece, end in zip(pieces, ends, strict=True):
        room = max(0, end - len(items) - len(piece))
        items += piece + short[:room]
        short = short[room:]


def pytest_collection_finish() -> None:
    """What is there by now stays, so that no search for garbage looks through Dagster's modules again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """When the last worker has ended, no cluster is left behind."""
    if not hasattr(session.config, "workerinput"):
        remove_clusters(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One server for all tests of all workers; the last of them stops it."""
    base = tmp_path_factory.getbasetemp()
    with a_server((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "server") as settings:
        yield settings


@pytest.fixture
def world(server: Settings, tmp_path: Path) -> Iterator[World]:
    """A migration of its own, on a copy of the template database."""
    with a_world(server, tmp_path) as found:
        yield found


@pytest.fixture
def after(server: Settings, tmp_path: Path) -> Iterator[Callable[[Press], World]]:
    """Gives a migration on which something was done already, once for all tests that begin there."""
    with ExitStack() as stack:
        yield lambda press: stack.enter_context(a_world(server, tmp_path, after=press))


@pytest.fixture
def ready(after: Callable[[Press], World]) -> World:
    """A migration whose target has schema `etl`, and nothing in it."""
    return after(prepare)


def prepare(world: World) -> None:
    with connect(world.url) as connection:
        ensure_schema(connection)


@pytest.fixture
def without_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    """`World.migrate`, `stage`, `run` and `cli` call what the assets call, without runs and events: for tests of the data.

    A migration takes 0.5 s instead of 3 of processor time, and one by `cli` 1 instead of 7.
    """
    monkeypatch.setenv(WITHOUT_DAGSTER, "1")
    for name, here in core.WAYS.items():
        monkeypatch.setattr(world_module, name, here)


@pytest.fixture
def with_dagster(without_dagster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With them after all: for a test about checks or events in such a module."""
    monkeypatch.delenv(WITHOUT_DAGSTER)
    for name, way in DAGSTERS_WAYS.items():
        monkeypatch.setattr(world_module, name, way)


@pytest.fixture
def awkward(after: Callable[[Press], World]) -> World:
    """A migration of the awkward legacy app, whose users have begun to come back."""
    return after(begin)


@pytest.fixture
def migrated(after: Callable[[Press], World]) -> World:
    """The awkward app after `migrate`: one wave, of two users and six rows."""
    return after(migrate_awkward)


def migrate_awkward(world: World) -> None:
    begin(world)
    outcome = core.migrate_here(read_settings(), world.spec, instance=world.instance, say=world.said.append)
    assert outcome.exit_code == 0
    assert outcome.books.closed


@pytest.fixture
def staged(after: Callable[[Press], World]) -> World:
    """The awkward app up to the load: staged, mapped, and the users of one wave resolved."""
    return after(stage_awkward)


def stage_awkward(world: World) -> None:
    begin(world)
    world.stage()


@pytest.fixture
def pressed(after: Callable[[Press], World]) -> World:
    """The awkward app after the job `migrate` was run in Dagster, whose sensors may open waves from here on."""
    return after(press_migrate)


def press_migrate(world: World) -> None:
    begin(world)
    assert run_job(world.definitions(), MIGRATE, world.instance) == 0
