"""A UI that stays: what a newcomer presses and sees in a real browser, and what its processes keep to themselves.

Three chapters on one site, from an empty UI to the end, without a terminal: a red check and the way out, closed books
and a returning user, and an operator's decisions. Each begins where the one before has ended, and finds its own
beginning where it is run alone.
"""

import os
import re
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright import sync_api

from etl_assets.access.files.whole import private_folder
from etl_assets_tests import forks
from etl_assets_tests.site import Site, environment, free_port, until
from etl_assets_tests.world import IN_FULL, SMALL_DEMO
from etl_assets_tests.worlds import keep_in_memory

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look at processes"),
    pytest.mark.timeout(900),
]
# Without a sandbox only as root; and nothing that would call home.
FLAGS = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update".split()
PATIENCE_MS = 120_000
PATIENCE_S = 180  # a busy machine with two cores takes its time
TRIGGER = """
CREATE FUNCTION public.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER sends_mail AFTER INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.noop();
"""
HOW_MANY = "SELECT count(*) FROM public.jobs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all: a start takes ten seconds of processor time. What the first leaves is what the next begins with."""
    folder = tmp_path_factory.mktemp("ui")
    for name in ("gql", "graphene", "uvicorn", "starlette"):  # what only the services import
        (folder / f"{name}.py").write_text(
            "from pathlib import Path\nPath(__file__).with_suffix('.imported').touch()\nraise ImportError('not ours')\n"
        )
    running = Site.start(folder / "artifacts", folder=folder)
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture
def page(site: Site) -> Iterator[sync_api.Page]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 1500, "height": 950}, base_url=site.url)
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


def see(page: sync_api.Page, text: str) -> None:
    sync_api.expect(page.get_by_text(text).locator("visible=true").first).to_be_visible(timeout=PATIENCE_MS)


def launch_for_all_partitions(page: sync_api.Page) -> None:
    """In the dialog that asks which partitions: all of them, of which a newcomer has one, and no key is typed."""
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Launch 1 run").click()


def press_migrate(site: Site, page: "sync_api.Page") -> None:
    page.goto("/locations/etl_assets/jobs/migrate")
    page.get_by_role("button", name="Materialize all").click()
    until(lambda: [run["status"] for run in site.runs("migrate")] == ["SUCCESS"], seconds=PATIENCE_S)


def launch(site: Site, page: "sync_api.Page", job: str, *words: tuple[str, str]) -> None:
    """Presses *Launch Run* after changing words of what the Launchpad has written already, and opens the run's page."""
    known = len(site.runs(job))
    page.goto(f"/locations/etl_assets/jobs/{job}/playground")
    editor = page.locator(".CodeMirror-code")
    sync_api.expect(editor).to_contain_text("ops:")
    for line, word in words:
        page.get_by_text(f"{line}: ''").click()
        page.keyboard.press("End")
        for _ in "''":
            page.keyboard.press("Backspace")
        page.keyboard.type(word)
    page.get_by_role("button", name="Launch Run").click()
    until(lambda: [run["status"] for run in site.runs(job)] == ["SUCCESS"] * (known + 1), seconds=PATIENCE_S)
    page.goto(f"/runs/{site.runs(job)[0]['runId']}")


@IN_FULL
def test_browser_a_red_check_stops_the_load_and_a_load_alone_is_refused_with_the_reason(
    site: Site, page: sync_api.Page
) -> None:
    site.execute(TRIGGER)
    page.goto("/asset-groups")
    page.get_by_text("Materialize all").click()
    launch_for_all_partitions(page)
    until(lambda: [run["status"] for run in site.runs("__ASSET_JOB")] == ["FAILURE"], seconds=PATIENCE_S)
    assert site.execute(HOW_MANY) == [(0,)]
    page.goto("/assets/staging/jobs?view=checks&checkDetail=triggers_are_agreed")
    see(page, "1 found (sends_mail). Disable the triggers for the load")
    # The wave can be claimed alone, since Dagster's blocking checks hold in their own run only; the load cannot.
    page.goto("/assets/resolved_users")
    page.get_by_text("Materialize").first.click()
    launch_for_all_partitions(page)
    until(
        lambda: len(site.runs("__ASSET_JOB")) == 2 and site.runs("__ASSET_JOB")[0]["status"] == "SUCCESS",
        seconds=PATIENCE_S,
    )
    page.goto("/assets/production/jobs")
    page.get_by_text("Materialize").first.click()
    page.get_by_role("button", name="Confirm").or_(page.get_by_role("button", name="All", exact=True)).first.click()
    if page.get_by_role("button", name="Launch 1 run").count() == 0:
        page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Launch 1 run").click()
    until(
        lambda: len(site.runs("__ASSET_JOB")) == 3 and site.runs("__ASSET_JOB")[0]["status"] == "FAILURE",
        seconds=PATIENCE_S,
    )
    page.goto(f"/runs/{site.runs('__ASSET_JOB')[0]['runId']}")
    see(page, "Load refused: triggers_are_agreed fails on jobs")
    assert site.execute(HOW_MANY) == [(0,)]
    site.execute("ALTER TABLE public.jobs DISABLE TRIGGER sends_mail")  # as it says; with that the next one begins


def test_browser_one_button_leads_to_closed_books_and_users_arrive_by_themselves(
    site: Site, page: sync_api.Page
) -> None:
    page.goto("/asset-groups")
    for group in ("export", "staging", "users", "production", "verify"):
        see(page, group)
    press_migrate(site, page)
    page.goto(f"/runs/{site.runs('migrate')[0]['runId']}")
    see(page, "Success")
    # The first wave opens without a click.
    until(lambda: [run["status"] for run in site.runs("load_wave")] == ["SUCCESS"], seconds=PATIENCE_S)
    loaded = site.execute(HOW_MANY)
    assert loaded > [(0,)]
    page.goto("/assets/verification")
    see(page, "Everything that was ever loaded, read back")
    page.goto("/assets/migration_report")
    see(page, "The books close: every legacy row is accounted for")
    # Somebody confirms an account in the new app.
    site.execute("UPDATE auth.users SET email_confirmed_at = now() WHERE email_confirmed_at IS NULL")
    until(lambda: site.execute(HOW_MANY) > loaded, seconds=PATIENCE_S)
    until(lambda: [run["status"] for run in site.runs("load_wave")] == ["SUCCESS"] * 2, seconds=PATIENCE_S)
    [(first,), (second,)] = site.execute("SELECT wave FROM etl.waves ORDER BY wave")
    page.goto("/assets/resolved_users?view=partitions")
    see(page, first)
    see(page, second)
    page.goto("/locations/etl_assets/sensors/new_logins")
    see(page, "1 run requested")


LOADED = """{sensorsOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "etl_assets"}) {... on Sensors {results {name}}}}"""


@IN_FULL
def test_browser_an_operator_undoes_brings_back_freezes_and_cleans_up(site: Site, page: "sync_api.Page") -> None:
    if not site.runs("migrate"):
        press_migrate(site, page)
    until(lambda: "SUCCESS" in [run["status"] for run in site.runs("load_wave")], seconds=PATIENCE_S)
    loaded = site.execute(HOW_MANY)
    launch(site, page, "undo", ("wave", "last"))
    see(page, "removed from production: artifacts")
    assert site.execute(HOW_MANY) < loaded
    launch(site, page, "bring_back", ("wave", "last"))
    see(page, "see its own run")
    assert site.execute(HOW_MANY) == loaded
    launch(site, page, "freeze")
    see(page, "A changed legacy file is an error from now on")
    page.goto("/assets/migration_report")
    see(page, "Ready to sign. The legacy app is frozen, and every one of its rows is accounted for")
    launch(site, page, "cleanup")
    see(page, "Nothing was done. To do it, run again with")
    [word] = set(re.findall(r"confirm: ([a-z]+)", page.locator("body").inner_text()))
    assert site.execute("SELECT count(*) FROM etl.staged") > [(0,)]
    launch(site, page, "cleanup", ("confirm", word))
    see(page, "Dropped 3 staging tables")
    assert site.execute("SELECT count(*) FROM etl.staged") == [(0,)]
    assert site.execute(HOW_MANY) == loaded


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


@IN_FULL
def test_a_service_that_dies_or_answers_no_more_is_started_again(site: Site) -> None:
    [daemon] = [folder for folder in Path("/proc").glob("[0-9]*") if is_daemon_of(site, folder)]
    os.kill(int(daemon.name), signal.SIGKILL)
    until(lambda: "The daemon has ended and is started again" in site.said, seconds=90)
    # `dagster code-server` outlives the process that holds our code, which is the one that a lack of memory would end.
    [inner] = [folder for folder in Path("/proc").glob("[0-9]*") if b"api\0grpc" in command_line_of(site, folder)]
    os.kill(int(inner.name), signal.SIGKILL)
    until(lambda: "The code-server has ended and is started again" in site.said, seconds=PATIENCE_S)
    until(lambda: knows_our_sensors(site), seconds=120)
    run = site.start_migrate()
    until(lambda: site.status(run) == "SUCCESS", seconds=PATIENCE_S)


def test_nothing_of_the_folder_that_it_is_started_in_is_imported(site: Site) -> None:
    assert site.runs("migrate") is not None
    assert list(site.artifacts.parent.glob("*.imported")) == []


def test_the_desk_is_served_beside_it(site: Site) -> None:
    [address] = re.findall(r"The support desk is on (http://127\.0\.0\.1:\d+/\?token=\S+)", site.said)
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(address, timeout=60) as found:
        assert "etl-assets desk" in found.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address.partition("?")[0], timeout=60)


def test_no_secret_stands_in_a_command_line(site: Site) -> None:
    assert not [line for line in site.processes() if "postgresql" in line]


def test_a_second_ui_and_a_taken_port_are_one_sentence(site: Site, tmp_path: Path) -> None:
    def ui(artifacts: Path, port: int) -> tuple[int, str]:
        said, words = tmp_path / "said", ("ui", "--port", str(port))
        code = forks.warm().run(*words, environment=environment(artifacts), output=said, patches=SMALL_DEMO)
        return code, said.with_name("said.err").read_text()

    code, second = ui(site.artifacts, free_port())
    assert code == 2
    assert "another `etl-assets ui` already serves" in second
    keep_in_memory(private_folder(tmp_path / "elsewhere"))
    code, taken = ui(tmp_path / "elsewhere", site.port)
    assert code == 2
    assert f"port {site.port} is taken" in taken
    assert "Traceback" not in second + taken
