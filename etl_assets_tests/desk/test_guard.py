"""Who is let in, and what a page may do."""

import pytest

from etl_assets_tests.desk.conftest import TOKEN, a_desk
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_only_who_brings_the_token_is_let_in_and_it_does_not_stay_in_the_address(migrated: World) -> None:
    with a_desk(migrated) as browser:
        for path in ("/", "/person?id=1", "/desk.css", "/lists/waiting_users.csv", "/nowhere", "/?token=another"):
            assert browser.get(path).status == 401, path
        assert browser.get("/", Cookie="etl_desk=another").status == 401
        found = browser.get(f"/waiting?token={TOKEN}&state=held")
        assert (found.status, found.url) == (200, f"{browser.base}/waiting?state=held")
        cookie = found.before[0].headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
        assert browser.get("/").status == 200


def test_a_page_elsewhere_that_points_its_name_here_is_refused(migrated: World) -> None:
    with a_desk(migrated) as browser:
        for host in ("evil.example", "evil.example:3001", "127.0.0.1.evil.example", "127.0.0.1@evil.example"):
            assert browser.get(f"/?token={TOKEN}", Host=host).status == 421, host


def test_a_form_of_another_site_is_refused(migrated: World) -> None:
    with a_desk(migrated) as browser:
        browser.get(f"/?token={TOKEN}")
        for origin in ("https://evil.example", "null", browser.base.replace("http", "https")):
            assert browser.post("/search", who="1", Origin=origin).status == 403, origin
        assert browser.post("/search", who="1", Origin=browser.base).status == 200
        assert browser.post("/person", who="1").status == 405


def test_pages_may_load_nothing_from_elsewhere_and_are_kept_nowhere(migrated: World) -> None:
    with a_desk(migrated) as browser:
        browser.get(f"/?token={TOKEN}")
        for path in ("/", "/person?id=1", "/waiting", "/quarantine", "/changes", "/waves", "/report", "/nowhere"):
            found = browser.get(path)
            assert found.headers["content-security-policy"].startswith("default-src 'none'"), path
            assert "script-src" not in found.headers["content-security-policy"]
            assert found.headers["cache-control"] == "no-store"
            assert "<script" not in found.text
