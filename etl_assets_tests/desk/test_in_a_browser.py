"""The desk as a support person uses it: with the keyboard alone, on a phone, in the dark, by a screen reader."""

import os
import shutil
from collections.abc import Iterator

import pytest

from etl_assets_tests.desk.conftest import TOKEN, a_desk
from etl_assets_tests.world import World

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
    pytest.mark.usefixtures("without_dagster"),
]
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
PAGES = ("/", "/person", "/person?id=1", "/person?id=7", "/waiting", "/quarantine", "/changes", "/waves", "/report")
ROWS = "/quarantine/rows?table=jobs&column=created_at&rule=not_iso_8601"
PHONE = {"width": 390, "height": 844}
MOST_TABS = 20


@pytest.fixture
def browser() -> Iterator["sync_api.Browser"]:
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


def test_pages_read_well_for_everybody_and_load_nothing_but_themselves(
    migrated: World, browser: "sync_api.Browser"
) -> None:
    with a_desk(migrated) as desk:
        for scheme, size in (("light", None), ("dark", None), ("light", PHONE)):
            context = browser.new_context(color_scheme=scheme, base_url=desk.base, java_script_enabled=True)
            page = context.new_page()
            if size:
                page.set_viewport_size(size)
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto(f"/?token={TOKEN}")
            for path in ("/", "/person?id=7", "/report") if size else (*PAGES, ROWS, "/nowhere"):
                page.goto(path)
                grave = [
                    (found["id"], found["nodes"][0]["html"])
                    for found in axe.Axe().run(page).response["violations"]
                    if found["impact"] in ("serious", "critical", "moderate")
                ]
                assert grave == [], (scheme, path)
                if size and path != "/report":
                    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            assert [url for url in asked if not url.startswith((desk.base, "data:"))] == []
            assert [text for text in said if "404" not in text] == []
            context.close()


def test_where_are_my_credits_with_the_keyboard_alone_and_without_javascript(
    migrated: World, browser: "sync_api.Browser"
) -> None:
    with a_desk(migrated) as desk:
        page = browser.new_context(java_script_enabled=False, base_url=desk.base).new_page()
        page.goto(f"/?token={TOKEN}")
        for _ in range(MOST_TABS):
            page.keyboard.press("Tab")
            if page.locator("input:focus").count():
                break
        page.keyboard.type("Ann@Example.com")
        page.keyboard.press("Enter")
        sync_api.expect(page.get_by_role("heading", level=1)).to_have_text("Legacy user 1: resolved")
        row = page.get_by_role("row").filter(has_text="credit_transactions")
        sync_api.expect(row).to_contain_text("amount 70")
        page.goto("/person")
        page.keyboard.type("8")  # the field has the focus here
        page.keyboard.press("Enter")
        sync_api.expect(page.get_by_role("heading", level=1)).to_have_text("Legacy user 8: no email")


def test_from_the_overview_to_a_value_that_was_refused_in_two_clicks(
    migrated: World, browser: "sync_api.Browser"
) -> None:
    with a_desk(migrated) as desk:
        page = browser.new_page(base_url=desk.base)
        page.goto(f"/?token={TOKEN}")
        page.get_by_role("link", name="1 held").click()
        page.get_by_role("link", name="7", exact=True).click()
        sync_api.expect(page.get_by_text("last tuesday")).to_be_visible()
        page.goto("/")
        page.get_by_role("link", name="The page of what is set aside").first.click()
        page.get_by_role("link", name="not iso 8601").click()
        sync_api.expect(page.get_by_text('"jobs","7","created_at","NEW VALUE"')).to_be_visible()
        with page.expect_download() as taken:
            page.goto("/waiting?state=unconfirmed")
            page.get_by_role("link", name="Invite list").click()
        assert taken.value.suggested_filename == "invite_unconfirmed.csv"
