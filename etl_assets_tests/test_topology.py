"""The compose file's three Dagster processes, as plain processes: each with a home of its own, and one storage."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl_assets.deploy.kit import print_kit
from etl_assets_tests.people import Page, a_web_server
from etl_assets_tests.scenario import CONFIRMED, LEGACY
from etl_assets_tests.site import Site, free_port, until
from etl_assets_tests.world import IN_FULL, World

pytestmark = [
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for orphans"),
    pytest.mark.timeout(900),
]
START = [sys.executable, "-m", "etl_assets.deploy.start"]
WAVE_S, PATIENCE_S = 60, 300
OF_AN_OPERATOR = ("ETL_", "DAGSTER_", "LEGACY_", "TARGET_")
LAUNCH = """mutation {launchRun(executionParams: {mode: "default", selector: {
    repositoryLocationName: "etl_assets", repositoryName: "__repository__", pipelineName: "migrate"}}) {
    __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"""
LOADED = """{repositoryOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "etl_assets"}) {__typename}}"""


@dataclass
class Topology:
    """What the containers would have, on this machine."""

    folder: Path
    world: World
    compose: dict[str, Any]
    ports: dict[str, int] = field(default_factory=lambda: {"4000": free_port(), "3000": free_port()})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def here(self, text: str, service: str) -> str:
        """A path or an address of a container, where it is on this machine."""
        places = {
            "/run/secrets": self.folder / "secrets",
            "/var/lib/etl/dagster": self.home(service),
            "/var/lib/etl/artifacts": self.world.folder / "artifacts",
            "/var/lib/etl/logs": self.folder / "logs",
            "/etc/etl/spec.yaml": self.world.spec_path,
            "/etc/etl": self.folder,
            "/legacy/": f"{self.world.legacy_path.parent}/",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - what a container says
            "host: code, port: 4000": f"host: localhost, port: {self.ports['4000']}",
        }
        if text in self.ports:
            return str(self.ports[text])
        for there, place in places.items():
            text = text.replace(there, str(place))
        return text

    def home(self, service: str) -> Path:
        return self.folder / service / "dagster"

    def start(self, service: str) -> None:
        found = self.compose["services"][service]
        self.home(service).mkdir(parents=True)
        for config in found["configs"]:
            text = (self.folder / Path(self.compose["configs"][config["source"]]["file"])).read_text()
            if config["source"] != "spec":
                Path(self.here(config["target"], service)).write_text(self.here(text, service))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_AN_OPERATOR)}
        lines = [line for file in found.get("env_file", ()) for line in (self.folder / file).read_text().splitlines()]
        settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        environment = {name: self.here(value, service) for name, value in {**settings, **found["environment"]}.items()}
        with (self.folder / f"{service}.log").open("wb") as log:
            self.processes[service] = subprocess.Popen(
                [*START, *(self.here(word, service) for word in found["command"])],
                env={**kept, **environment},
                cwd=self.folder / service,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """As Docker does: a signal to all, and nothing is left."""
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for name, process in self.processes.items():
            try:
                process.wait(timeout=60)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            sys.stderr.write(f"{name}: {(self.folder / f'{name}.log').read_text()[-2000:]}\n")

    @property
    def site(self) -> Site:
        """The webserver."""
        return Site(self.folder, self.ports["3000"], None, self.folder / "webserver.log")  # type: ignore[arg-type]

    def has_loaded(self) -> bool:
        try:
            return self.site.graphql(LOADED)["repositoryOrError"]["__typename"] == "Repository"
        except OSError:
            return False


@pytest.fixture
def page() -> Iterator[Page]:
    with a_web_server() as found:
        yield found


@pytest.fixture
def topology(world: World, page: Page, tmp_path: Path) -> Iterator[Topology]:
    world.legacy(LEGACY)
    folder = tmp_path / "compose"
    print_kit("compose", folder)
    (folder / "spec.yaml").write_text(world.spec_path.read_text())
    secrets, storage = folder / "secrets", f"dagster_{os.getpid()}"
    secrets.mkdir()
    world.execute(f"CREATE DATABASE {storage}")
    database = world.query("SELECT current_database()")[0][0]
    (secrets / "dagster_url").write_text(world.url.replace(f"/{database}?", f"/{storage}?") + "\n")
    (secrets / "target_url").write_text(f"{world.url}\n")
    (secrets / "alerts").write_text("\n")
    (secrets / "heartbeat").write_text(f"http://127.0.0.1:{page.port}/beat\n")
    found = Topology(folder, world, yaml.safe_load((folder / "docker-compose.yml").read_text()))
    try:
        yield found
    finally:
        found.stop()
        world.execute(f"DROP DATABASE {storage} WITH (FORCE)")


def statuses(topology: Topology, job: str) -> list[str]:
    """Of the runs of a job, the newest first."""
    return [run["status"] for run in topology.site.runs(job)]


def waves(world: World) -> int:
    """Waves that were read back."""
    if world.query("SELECT to_regclass('etl.waves')") == [(None,)]:
        return 0
    [(count,)] = world.query("SELECT count(*) FROM etl.waves WHERE verified_at IS NOT NULL")
    return int(count)


def is_one(folder: Path, home: Path) -> bool:
    try:
        return str(home).encode() in (folder / "environ").read_bytes()
    except OSError:
        return False


def kill_the_code_server(topology: Topology) -> None:
    """With the runs, which are its children; then there is another, as after a container's end."""
    for folder in Path("/proc").glob("[0-9]*"):
        if is_one(folder, topology.home("code")):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(folder.name), signal.SIGKILL)
    topology.processes["code"].wait()
    shutil.rmtree(topology.home("code"))
    topology.start("code")


@IN_FULL
@pytest.mark.parametrize("crashes", [False, True])
def test_a_confirmed_account_has_its_history_within_a_minute(topology: Topology, page: Page, *, crashes: bool) -> None:
    for service in ("code", "daemon", "webserver"):
        topology.start(service)
    until(topology.has_loaded, seconds=PATIENCE_S)
    launched = topology.site.graphql(LAUNCH)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    world = topology.world
    if crashes:
        until(lambda: statuses(topology, "migrate") == ["STARTED"], seconds=PATIENCE_S)
        kill_the_code_server(topology)
    # Dagster itself starts a run again that has crashed, once; what a run refuses is not asked again.
    done = ["SUCCESS", "FAILURE"] if crashes else ["SUCCESS"]
    until(lambda: statuses(topology, "migrate") == done, seconds=PATIENCE_S)
    world.sign_up(*CONFIRMED[:1])
    took = until(lambda: waves(world) == 1, seconds=WAVE_S)
    sys.stderr.write(f"A confirmed account: its history was there and read back after {took:.1f} s.\n")
    until(lambda: statuses(topology, "load_wave") == ["SUCCESS"], seconds=WAVE_S)
    until(lambda: page.gets > 0, seconds=2 * WAVE_S)
    run = launched["run"]["runId"]
    assert (topology.folder / "logs" / run).is_dir()  # what it printed lies where every service looks
    homes = [topology.home(service) for service in topology.processes]
    assert all((home / "dagster.yaml").exists() for home in homes)
    assert not [line for line in topology.site.processes() if "postgresql" in line]
