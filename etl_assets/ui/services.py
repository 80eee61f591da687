"""`etl-assets ui`: code server, webserver and daemon as children of one process, which all end with it."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from etl_assets.access.files.whole import private_folder
from etl_assets.access.postgres.connection import connect, with_absolute_files
from etl_assets.access.postgres.servers import target_url
from etl_assets.assets.outcomes import DESK_URL
from etl_assets.automation.attempts import START_GRACE_S, end_dead_runs
from etl_assets.automation.instance import open_instance, prepare_first_visit
from etl_assets.core.presence.presence import UI, at_work, hold, keep
from etl_assets.desk.address import GIVEN, address, new_token
from etl_assets.model.errors import SettingsError, Unavailable
from etl_assets.model.words import counted
from etl_assets.settings import Settings, absolute_settings
from etl_assets.spec.model import Spec
from etl_assets.ui.logs import MOST_LOG_BYTES, rotate

HOST = "127.0.0.1"  # Dagster's UI has no log-in: never another address
READY_TIMEOUT_S, STOP_TIMEOUT_S, LOOK_EVERY_S = 120, 20, 0.25
RESTARTS_PER_SERVICE, RESTART_WINDOW_S = 5, 300
HEALTH_EVERY_S, MISSES = 4.0, 2
UNREACHABLE = "DagsterUserCodeUnreachableError"
SOCKET = "code.sock"
IS_LOADED = (
    "{workspaceOrError {... on Workspace "
    "{locationEntries {locationOrLoadError {__typename ... on PythonError {message}}}}}}"
)
LIFELINE = [sys.executable, "-m", "etl_assets.ui.lifeline"]
WORKSPACE = "load_from:\n  - grpc_server: {{host: localhost, socket: {socket}, location_name: etl_assets}}\n"


@dataclass
class Service:
    """One child: what it runs, its log, and when it was started.

    It runs in `home`, a private folder: Python and Dagster import what lies in the working folder first, and that where
    an operator starts us is anybody's.
    """

    name: str
    command: list[str]
    log: Path
    home: Path
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Starts it in a process group of its own, which ends with us: see `lifeline`."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own arguments
                [*LIFELINE, *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Its fork handlers crash children between fork and exec; none of ours goes on without exec.
                env={**os.environ, **_from_anywhere(), "GRPC_ENABLE_FORK_SUPPORT": "0"},
                cwd=self.home,
            )
        self.starts = [at for at in self.starts if at > time.monotonic() - RESTART_WINDOW_S] + [time.monotonic()]

    @property
    def is_alive(self) -> bool:
        """True while it runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Sends a signal to the child and everything below it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def _from_anywhere() -> dict[str, str]:
    """Our settings, as a process in another folder reads them."""
    url = os.environ.get("TARGET_DATABASE_URL")
    return {**absolute_settings(), **({"TARGET_DATABASE_URL": with_absolute_files(url)} if url else {})}


def serve(
    settings: Settings, spec: Spec, *, port: int, say: Callable[[str], None], desk_port: int | None = None
) -> None:
    """Runs the UI until Ctrl-C or SIGTERM; leaves no process behind.

    Raises:
        SettingsError: the port is taken, or another `etl-assets ui` uses this artifact folder.
        Unavailable: the services do not come up.
    """
    _require_free(port)
    desk_port, token = _desk_port(port, desk_port), new_token()
    os.environ |= {GIVEN: token, DESK_URL: f"http://{HOST}:{desk_port}"}
    private_folder(settings.artifacts)
    with _only_one(settings), _stop_signals(), tempfile.TemporaryDirectory(prefix="etl-assets-") as folder:
        others_at_work = _begin(settings)
        if others_at_work:
            say(f"Another `etl-assets ui` works on this target: {others_at_work}. Both open waves; one is enough.")
        ended = _end_lost_runs(settings)
        with open_instance(settings) as instance:
            if spec.owned:
                prepare_first_visit(instance)
        if ended:
            say(f"A crash had left {counted(len(ended), 'run')} behind, marked as failed. Run again what is missing.")
        services = _services(settings, Path(folder), port, desk_port)
        code_server, *others = services
        try:
            code_server.start()
            # The others look for it once at their start, and then again only after seconds.
            _wait_for((Path(folder) / SOCKET).exists, services[:1])
            for service in others:
                service.start()
            _wait_for(lambda: _is_loaded(port), services)
            say(f"The Dagster UI is on http://{HOST}:{port} (Ctrl-C stops it). Logs: {services[0].log.parent}")
            say(f"The support desk is on {address(desk_port, token)}")
            logs = [*(service.log for service in services), settings.artifacts / "postgres" / "server.log"]
            _watch(services, say, logs, health=lambda: _look(port), restarted=lambda: _end_lost_runs(settings))
        except KeyboardInterrupt:
            say("Stopping.")
        finally:
            _stop(services)


def _desk_port(port: int, wanted: int | None) -> int:
    if wanted is not None:
        _require_free(wanted, option="--desk-port")
        return wanted
    # The next that is free, never one that the kernel picks: those it gives to clients too, before the desk is up.
    free = next((other for other in range(port + 1, port + 100) if is_free(other)), None)
    if free is None:
        raise SettingsError(f"no port from {port + 1} to {port + 99} is free; name one with --desk-port")
    return free


def _services(settings: Settings, folder: Path, port: int, desk_port: int) -> list[Service]:
    logs = private_folder(settings.dagster_home / "service-logs")  # Dagster empties a folder named logs
    workspace, code = folder / "workspace.yaml", folder / SOCKET
    workspace.write_text(WORKSPACE.format(socket=code), encoding="utf-8")
    python = [sys.executable, "-m"]
    commands = {
        # One code server for both; it can be reloaded from the UI after the spec was edited.
        "code-server": [*python, "dagster", "code-server", "start", "-m", "etl_assets.definitions", "-s", str(code)],
        "daemon": [*python, "dagster._daemon", "run", "-w", str(workspace)],
        "webserver": [*python, "dagster_webserver", "-h", HOST, "-p", str(port), "-w", str(workspace)],
        "desk": [*python, "etl_assets.desk.serving", str(desk_port)],
    }
    for name in commands:
        rotate(logs / f"{name}.log")
    return [Service(name, command, logs / f"{name}.log", folder) for name, command in commands.items()]


def _wait_for(condition: Callable[[], bool], services: list[Service]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not condition():
        dead = next((service for service in services if not service.is_alive), None)
        if dead:
            raise Unavailable(f"The {dead.name} did not start; its log says why: {dead.log}")
        if time.monotonic() > deadline:
            raise Unavailable(f"The Dagster UI did not come up in {READY_TIMEOUT_S} s; logs: {services[0].log.parent}")
        time.sleep(LOOK_EVERY_S)


def _begin(settings: Settings) -> str:
    """Says that this process serves the UI until it ends; returns who else does, or nothing."""
    url = target_url(settings)
    hold(url, UI)
    with contextlib.suppress(Unavailable), connect(url) as connection:
        return at_work(connection, [UI], elsewhere=True).get(UI, "")
    return ""


def _end_lost_runs(settings: Settings) -> list[str]:
    """Runs that ended with their code server; none where the target does not answer."""
    with (
        contextlib.suppress(Unavailable),
        connect(target_url(settings)) as connection,
        open_instance(settings) as instance,
    ):
        return end_dead_runs(instance, connection, unnoted_after_s=START_GRACE_S)
    return []


def _look(port: int) -> str:
    keep()
    return _health(port)


def _is_loaded(port: int) -> bool:
    """True when the webserver answers and knows our definitions."""
    return '"RepositoryLocation"' in _health(port)


def _health(port: int) -> str:
    """What the webserver says of the code location; empty when it does not answer."""
    body = json.dumps({"query": IS_LOADED}).encode()
    request = urllib.request.Request(f"http://{HOST}:{port}/graphql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own, on the loopback
            return str(answer.read().decode())
    except OSError:
        return ""


def _watch(
    services: list[Service],
    say: Callable[[str], None],
    logs: list[Path],
    *,
    health: Callable[[], str],
    restarted: Callable[[], object],
) -> None:
    """Restarts what dies, until it dies too often, and rotates the logs.

    `dagster code-server` is a proxy that outlives the process behind it, which holds our code; only the webserver
    knows that nobody answers any more (dagster 1.13.27).
    """
    # One that was just started is loading, which takes a busy machine longer than three looks (20 s were met).
    misses, next_look, loading_until = 0, time.monotonic() + HEALTH_EVERY_S, 0.0
    while True:
        time.sleep(LOOK_EVERY_S)
        if time.monotonic() > next_look:
            misses = misses + 1 if UNREACHABLE in health() and time.monotonic() > loading_until else 0
            next_look = time.monotonic() + HEALTH_EVERY_S
            if misses > MISSES:
                services[0].signal(signal.SIGKILL)
                misses = 0
        for log in logs:
            rotate(log, above=MOST_LOG_BYTES)
        for service in services:
            if service.is_alive:
                continue
            if len(service.starts) > RESTARTS_PER_SERVICE:
                raise Unavailable(f"The {service.name} keeps ending; its log says why: {service.log}")
            say(f"The {service.name} has ended and is started again; its log: {service.log}")
            service.signal(signal.SIGKILL)  # what the dead one had started, its half of a run included
            service.start()
            if service is services[0]:
                loading_until = time.monotonic() + READY_TIMEOUT_S
                restarted()


def _stop(services: list[Service]) -> None:
    """The daemon first, so that no new run begins; a run under way rolls back and is marked as failed."""
    for service in reversed(services):
        service.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while any(_has_group(service) for service in services) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    for service in services:
        service.signal(signal.SIGKILL)
        if service.process is not None:
            service.process.wait()


def _has_group(service: Service) -> bool:
    """True while the child or anything that it started runs."""
    if service.process is None:
        return False
    service.process.poll()
    try:
        os.killpg(service.process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


@contextmanager
def _stop_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM both end the block; also where a shell started us with SIGINT ignored."""

    def stop(_number: int, _frame: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # once is enough: stopping must not be interrupted
        raise KeyboardInterrupt

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """One UI per artifact folder; the kernel drops the lock with the process."""
    file: IO[bytes] = os.fdopen(os.open(settings.artifacts / "ui.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"another `etl-assets ui` already serves {settings.artifacts}; stop it first") from None
        yield


def _require_free(port: int, option: str = "--port") -> None:
    if not is_free(port):
        raise SettingsError(f"port {port} is taken; choose another with {option}")


def is_free(port: int) -> bool:
    """True when nobody listens on a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
