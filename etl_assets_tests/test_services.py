"""`etl-assets ui` as a process: it stops whole, leaves nothing behind, and a crash blocks nobody."""

import os
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_assets.access.files.whole import private_folder
from etl_assets_tests import forks
from etl_assets_tests.site import Site, environment, free_port, until
from etl_assets_tests.world import IN_FULL, SMALL_DEMO, selected
from etl_assets_tests.worlds import keep_in_memory

pytestmark = [
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for orphans"),
    pytest.mark.timeout(900),
]

PATIENCE_S = 360  # a busy machine with two cores takes its time


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tests that leave it running: a start takes ten seconds of processor time."""
    folder = tmp_path_factory.mktemp("ui")
    for name in ("gql", "graphene", "uvicorn", "starlette"):  # what only the services import
        (folder / f"{name}.py").write_text(
            "from pathlib import Path\nPath(__file__).with_suffix('.imported').touch()\nraise ImportError('not ours')\n"
        )
    running = Site.start(folder / "artifacts", folder=folder)
    yield running
    running.stop()


def start_migrate(site: Site) -> str:
    launched = site.graphql(
        'mutation {launchRun(executionParams: {mode: "default", selector: {repositoryLocationName: "etl_assets", '
        'repositoryName: "__repository__", pipelineName: "migrate"}}) {... on LaunchRunSuccess {run {runId}}}}'
    )
    return str(launched["launchRun"]["run"]["runId"])


LOADED = """{sensorsOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "etl_assets"}) {... on Sensors {results {name}}}}"""


def command_line_of(site: Site, folder: Path) -> bytes:
    try:
        is_ours = str(site.artifacts).encode() in (folder / "environ").read_bytes()
        return (folder / "cmdline").read_bytes() if is_ours else b""
    except OSError:
        return b""


def knows_our_sensors(site: Site) -> bool:
    try:
        return "new_logins" in str(site.graphql(LOADED))
    except urllib.error.HTTPError:
        return False  # the webserver's answer while nobody holds our code


def is_daemon_of(site: Site, folder: Path) -> bool:
    return command_line_of(site, folder).split(b"\0")[1:3] == [b"-m", b"dagster._daemon"]


def status(site: Site, run: str) -> str:
    return next(found["status"] for found in site.runs("migrate") if found["runId"] == run)


SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)


@pytest.mark.parametrize("number", selected(SIGNALS, [signal.SIGKILL]))
def test_the_ui_is_a_fine_first_command_nothing_outlives_it_and_a_killed_run_blocks_nobody(
    tmp_path: Path, number: signal.Signals
) -> None:
    site = Site.start(tmp_path / "not" / "yet" / "there", is_new=True)
    first = start_migrate(site)
    until(lambda: status(site, first) != "QUEUED", seconds=90)
    site.stop(number)
    assert site.process.returncode == (-9 if number == signal.SIGKILL else 0)
    until(lambda: not [line for line in site.processes() if "postgres" not in line], seconds=120)
    again = Site.start(site.artifacts)
    try:
        until(lambda: status(again, first) in ("FAILURE", "SUCCESS", "CANCELED"), seconds=90)
        second = start_migrate(again)
        until(lambda: status(again, second) == "SUCCESS", seconds=PATIENCE_S)
        assert again.execute("SELECT count(*) FROM etl.legacy_user_map") == [(244,)]
    finally:
        took = again.stop()
    assert (took < 60, again.process.returncode) == (True, 0)
    until(lambda: not again.processes(), seconds=120)


@IN_FULL
def test_a_service_that_dies_or_answers_no_more_is_started_again(lasting: Site) -> None:
    [daemon] = [folder for folder in Path("/proc").glob("[0-9]*") if is_daemon_of(lasting, folder)]
    os.kill(int(daemon.name), signal.SIGKILL)
    until(lambda: "The daemon has ended and is started again" in lasting.said, seconds=90)
    # `dagster code-server` outlives the process that holds our code, which is the one that a lack of memory would end.
    [inner] = [folder for folder in Path("/proc").glob("[0-9]*") if b"api\0grpc" in command_line_of(lasting, folder)]
    os.kill(int(inner.name), signal.SIGKILL)
    until(lambda: "The code-server has ended and is started again" in lasting.said, seconds=PATIENCE_S)
    until(lambda: knows_our_sensors(lasting), seconds=120)
    run = start_migrate(lasting)
    until(lambda: status(lasting, run) == "SUCCESS", seconds=PATIENCE_S)


def test_nothing_of_the_folder_that_it_is_started_in_is_imported(lasting: Site) -> None:
    assert lasting.runs("migrate") is not None
    assert list(lasting.artifacts.parent.glob("*.imported")) == []


def test_the_desk_is_served_beside_it(lasting: Site) -> None:
    [address] = re.findall(r"The support desk is on (http://127\.0\.0\.1:\d+/\?token=\S+)", lasting.said)
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(address, timeout=60) as found:
        assert "etl-assets desk" in found.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address.partition("?")[0], timeout=60)


def test_no_secret_stands_in_a_command_line(lasting: Site) -> None:
    assert not [line for line in lasting.processes() if "postgresql" in line]


def test_a_second_ui_and_a_taken_port_are_one_sentence(lasting: Site, tmp_path: Path) -> None:
    def ui(artifacts: Path, port: int) -> tuple[int, str]:
        said, words = tmp_path / "said", ("ui", "--port", str(port))
        code = forks.warm().run(*words, environment=environment(artifacts), output=said, patches=SMALL_DEMO)
        return code, said.with_name("said.err").read_text()

    code, second = ui(lasting.artifacts, free_port())
    assert code == 2
    assert "another `etl-assets ui` already serves" in second
    keep_in_memory(private_folder(tmp_path / "elsewhere"))
    code, taken = ui(tmp_path / "elsewhere", lasting.port)
    assert code == 2
    assert f"port {lasting.port} is taken" in taken
    assert "Traceback" not in second + taken
