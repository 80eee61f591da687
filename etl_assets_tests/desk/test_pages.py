"""What a support person finds on the desk, and what is written down of her look."""

import csv
import re
from collections.abc import Callable
from hashlib import sha256
from html import unescape

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.cutover.cleanup import drop_staging
from etl_assets.core.memory.pause import pause
from etl_assets.core.users.users import read_links
from etl_assets.desk.serving import desk_grants
from etl_assets.settings import read_settings
from etl_assets_tests.desk.conftest import TOKEN, Browser, a_desk
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")
Visit = Callable[..., Browser]
PAGES = ("/", "/person?id=1", "/waiting", "/quarantine", "/changes", "/waves", "/report")


def text_of(page: str) -> str:
    """What a reader sees, on one line."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", page)).split())


def test_before_the_first_migrate_each_page_says_what_to_do(ready: World, world: World, visit: Visit) -> None:
    for place in (world, ready):
        client = visit(place)
        for path in PAGES:
            found = client.get(path)
            if place is ready and path in ("/", "/waiting", "/quarantine", "/waves"):
                assert found.status == 200, path
            elif "person" in path and place is ready:
                assert "no legacy user has the id '1'" in text_of(found.text)
            else:
                assert "run the job migrate in Dagster" in text_of(found.text), path


def test_the_overview_has_books_users_and_open_points(migrated: World, visit: Visit) -> None:
    seen = text_of(visit(migrated).get("/").text)
    assert "The books close: every legacy row is accounted for, and 11 of them have not arrived yet." in seen
    assert "jobs 8 2 3 3 0 closed" in seen
    assert "2 arrived 1 waiting 1 unconfirmed 2 ambiguous 1 held 1 invalid email 1 no email" in seen
    assert "To decide 2 users share an address (legacy ids 5, 6)." in seen
    assert "nothing writes" in seen


def test_a_pause_and_a_run_at_work_are_said_first(migrated: World, visit: Visit) -> None:
    with connect(migrated.url) as connection:
        pause(connection, "payment provider is down", run="test")
    with psycopg.connect(migrated.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(6020115112097884)")
        seen = text_of(visit(migrated).get("/").text)
    assert "payment provider is down" in seen
    assert "a run writes to the target" in seen


@pytest.mark.parametrize("who", ["1", " 1 ", "ANN@example.com", "account"])
def test_a_person_is_found_by_id_address_or_account(migrated: World, visit: Visit, who: str) -> None:
    [(account,)] = migrated.query("SELECT supabase_user_id::text FROM etl.legacy_user_map WHERE legacy_user_id = '1'")
    client = visit(migrated)
    found = client.post("/search", who=account if who == "account" else who)
    assert found.url.endswith("/person?id=1")
    seen = text_of(found.text)
    assert "Legacy user 1: resolved" in seen
    assert account in seen
    assert "credit_transactions arrived 2 amount 70 1, 2" in seen
    assert "ann@example.com" not in seen.lower()


def test_nobody_and_several_are_one_sentence(migrated: World, visit: Visit) -> None:
    client = visit(migrated)
    for who, words in (
        ("99", "no legacy user has the id '99'"),
        ("nobody@example.com", "no legacy user has this address"),
        ("<b>x</b>", "no legacy user has the id '<b>x</b>'"),
        ("00000000-0000-4000-8000-000000000000", "no legacy user has the id '00000000"),
    ):
        found = client.post("/search", who=who)
        assert found.status == 404
        assert words in text_of(found.text), who
        assert "<b>x" not in found.text


def test_a_held_person_shows_the_value_and_the_lines_that_settle_it(migrated: World, visit: Visit) -> None:
    seen = text_of(visit(migrated).get("/person?id=7").text)
    assert "Legacy user 7: held" in seen
    assert "jobs 7, column created_at: not iso 8601 last tuesday text" in seen
    assert '"jobs","7","created_at","NEW VALUE","who said so, and why"' in seen
    assert '"jobs","7","","drop","who said so, and why"' in seen
    assert '"7","ACCOUNT-ID","who said so, and why"' in seen


def test_the_lines_are_what_the_next_migrate_takes(migrated: World, visit: Visit) -> None:
    client = visit(migrated)
    lines = [unescape(line) for line in re.findall("<code>(&#34;.*?)</code>", client.get("/person?id=7").text)]
    value = next(line for line in lines if "NEW VALUE" in line).replace("NEW VALUE", "2024-05-06 07:08:09")
    settings = read_settings()
    settings.corrections_path.write_text(f"table,legacy_id,column,value,reason\n{value}\n")
    [(account,)] = migrated.query("SELECT id::text FROM auth.users WHERE email = 'eve@example.com'")
    page = client.get("/person?id=5").text
    claim = next(unescape(line) for line in re.findall("<code>(&#34;.*?)</code>", page) if "ACCOUNT-ID" in line)
    claim = claim.replace("ACCOUNT-ID", account)
    settings.claims_path.write_text(f"legacy_user_id,supabase_user_id,reason\n{claim}\n")
    assert migrated.migrate().exit_code == 0
    for user in ("5", "7"):
        assert f"Legacy user {user}: resolved" in text_of(client.get(f"/person?id={user}").text)


def test_the_waiting_list_is_filtered_sorted_and_taken_away(migrated: World, visit: Visit) -> None:
    client = visit(migrated)
    seen = text_of(client.get("/waiting?state=ambiguous&order=id").text)
    assert "5 eve@example.com" in seen
    assert seen.index("5 eve@example.com") < seen.index("6 EVE@example.com")
    assert "dan@example.com" in text_of(client.get("/waiting").text)  # waits; anything unknown is the first
    assert "dan@example.com" in text_of(client.get("/waiting?state=x&order=x&page=x").text)
    assert "Nobody." in text_of(client.get("/waiting?page=7").text)
    found = client.get("/invite.csv?state=ambiguous")
    assert found.headers["content-disposition"] == 'attachment; filename="invite_ambiguous.csv"'
    assert list(csv.reader(found.text.splitlines())) == [["email"], ["eve@example.com"]]
    rows = list(csv.DictReader(client.get("/lists/waiting_users.csv").text.splitlines()))
    assert {row["legacy_user_id"] for row in rows} == {"3", "4", "5", "6", "7", "8", "9"}


def test_what_is_set_aside_leads_to_its_rows(migrated: World, visit: Visit) -> None:
    client = visit(migrated)
    page = client.get("/quarantine").text
    seen = text_of(page)
    for line in ("jobs created_at not iso 8601 1", "jobs owner unknown 1", "artifacts reference quarantined 2"):
        assert line in seen, line
    links = [unescape(link) for link in re.findall('href="(/quarantine/rows[^"]+)"', page)]
    told = {link: text_of(client.get(link).text) for link in links}
    assert len(told) == 5
    assert any("jobs 7, of user 7" in words and "last tuesday" in words for words in told.values())
    assert any("jobs 5" in words and "user_id 99" in words for words in told.values())
    assert "there is no list 'x'" in text_of(client.get("/lists/x.csv").text)
    assert "the spec has no table 'x'" in text_of(client.get("/quarantine/rows?table=x&rule=owner_unknown").text)
    found = list(csv.DictReader(client.get("/lists/quarantine.csv").text.splitlines()))
    assert len(found) == 6


def test_waves_changes_and_the_report_need_no_file(migrated: World, visit: Visit) -> None:
    client = visit(migrated)
    [(key,)] = migrated.query("SELECT wave FROM etl.waves")
    assert f"{key} " in text_of(client.get("/waves").text)
    migrated.legacy("UPDATE jobs SET status = 'later' WHERE id = 1")
    migrated.migrate()
    seen = text_of(client.get("/changes").text)
    assert "jobs 2 0 0 0 0 1 0" in seen
    assert "changed_in_legacy" in client.get("/lists/legacy_changes.csv").text
    assert "balance" in client.get("/lists/balances.csv").text
    assert "Migration report" in client.get("/report").text


def test_after_a_cleanup_the_lists_are_what_the_files_are(migrated: World, visit: Visit) -> None:
    with connect(migrated.url) as connection:
        with reading(connection):
            links = read_links(connection, migrated.spec)
        drop_staging(connection, links, run="test")
    client = visit(migrated)
    reasons = [unescape(link) for link in re.findall('href="(/quarantine/rows[^"]+)"', client.get("/quarantine").text)]
    assert len(reasons) == 5
    for path in ("/", "/waiting", "/quarantine", *reasons, "/person?id=7", "/waves", "/report"):
        assert client.get(path).status == 200, path
    rows = list(csv.DictReader(client.get("/lists/waiting_users.csv").text.splitlines()))
    assert {(row["legacy_user_id"], row["rows_waiting"]) for row in rows} >= {("4", ""), ("7", "")}
    assert len(client.get("/lists/quarantine.csv").text.splitlines()) == 2  # the refused value alone
    assert len(client.get("/lists/legacy_changes.csv").text.splitlines()) == 1
    assert client.get("/lists/balances.csv").text == ""


def test_each_look_at_a_person_is_in_the_audit_trail_without_her_name(migrated: World, visit: Visit) -> None:
    client = visit(migrated)
    client.post("/search", who="dan@example.com")
    client.get("/person?id=99")
    client.get("/invite.csv?state=waiting")
    client.get("/")
    looked = migrated.query("SELECT run, action, detail::text FROM etl.audit_log WHERE run = 'desk' ORDER BY id")
    person = sha256(b"4").hexdigest()
    assert looked == [
        ("desk", "looked", f'{{"person": "{person}"}}'),
        ("desk", "listed", '{"list": "invite waiting"}'),
    ]


def test_a_role_that_only_reads_serves_every_page_and_writes_nothing(migrated: World, visit: Visit) -> None:
    script = desk_grants(read_settings(), migrated.spec, role="desk_of_tests")
    with psycopg.connect(migrated.url, autocommit=True) as connection:
        connection.execute(script)
        connection.execute(script)  # safe to run again
        connection.execute("ALTER ROLE desk_of_tests PASSWORD 'desk'")
    url = make_conninfo(migrated.url, user="desk_of_tests", password="desk")  # noqa: S106 - of the tests
    migrated.migrate()  # staging tables are made anew
    client = visit(migrated, url)
    for path in (*PAGES, "/person?id=7", "/quarantine/rows?table=jobs&rule=owner_unknown", "/lists/balances.csv"):
        found = client.get(path)
        assert found.status == 200, (path, text_of(found.text))
    for name in ("waiting_users", "quarantine", "legacy_changes"):
        assert client.get(f"/lists/{name}.csv").text
    [(written,)] = migrated.query("SELECT count(*) FROM etl.audit_log WHERE role = 'desk_of_tests'")
    assert written == 6
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "DELETE FROM etl.audit_log",
            "UPDATE etl.legacy_user_map SET state = 'x'",
            "DELETE FROM public.jobs",
            "INSERT INTO public.jobs DEFAULT VALUES",
            "CREATE TABLE etl.x ()",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        connection.execute("SELECT 1")


def test_a_target_that_does_not_answer_is_said(migrated: World) -> None:
    with a_desk(migrated, make_conninfo(migrated.url, port="1", host="127.0.0.1", connect_timeout="2")) as browser:
        found = browser.get(f"/?token={TOKEN}")
    assert found.status == 503
    assert "does not answer" in text_of(found.text)
