"""Whom ETL_ALERTS names hears of it once, without anybody's data; nothing waits for it, and nothing fails by it."""

import json
import shutil
from collections.abc import Iterator

import dagster as dg
import pytest

from etl_assets.access.alerts import messages
from etl_assets.assets.keys import VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation import attempts
from etl_assets.automation.attempts import MOST_ATTEMPTS
from etl_assets.automation.decisions import freeze_now, pause_now
from etl_assets.automation.watch import states
from etl_assets.automation.watch.memory import SAY_AGAIN_S, Letter, Memory, Notice
from etl_assets.automation.watch.sensor import NOBODY, watch
from etl_assets.model.errors import SettingsError
from etl_assets.upkeep import read_upkeep, require_upkeep
from etl_assets_tests.assets.ticks import accept, fail, loaded, run_wave, tick
from etl_assets_tests.people import Mailbox, Page, a_mail_server, a_web_server
from etl_assets_tests.site import free_port
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

CANARY = "CANARY_TOKEN"
HOUR_S = 3_600


@pytest.fixture
def mail() -> Iterator[Mailbox]:
    with a_mail_server() as found:
        yield found


@pytest.fixture
def page() -> Iterator[Page]:
    with a_web_server() as found:
        yield found


def tell(monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    monkeypatch.setenv("ETL_ALERTS", " ".join(urls))
    monkeypatch.setenv("ETL_QUIET_HOURS", "24")


def alert(world: World, cursor: str | None = None) -> tuple[str, str]:
    """One tick: what it says, and its cursor."""
    result = tick(world, "alerts", cursor)
    assert not result.run_requests
    return (result.skip_reason.skip_message or "") if result.skip_reason else "", result.cursor or ""


def look(world: World, memory: Memory) -> list[str]:
    return watch(world.instance, Stores(), world.spec, read_upkeep(), memory)


def titles(memory: Memory) -> list[str]:
    return [letter.notice.title for letter in memory.letters]


def break_staging(world: World) -> None:
    world.execute("UPDATE etl.staged SET spec_digest = 'another' WHERE \"table\" = 'jobs'")


def require_nothing_of_anybody(world: World, *texts: str) -> None:
    addresses = {address for (address,) in world.query("SELECT email FROM auth.users") if address}
    for text in texts:
        assert CANARY not in text
        assert not {address for address in addresses if address in text}
        assert "legacy ids" not in text


@pytest.mark.usefixtures("with_dagster")
def test_a_refused_load_is_told_once_by_mail_and_by_json(
    pressed: World, mail: Mailbox, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, mail.url, f"json://u:{CANARY}@127.0.0.1:{page.port}/{CANARY}")
    _, cursor = alert(pressed)
    break_staging(pressed)
    request = accept(pressed, tick(pressed))
    assert run_wave(pressed, request) == 1
    said, cursor = alert(pressed, cursor)
    assert said == "Told: A load was refused (load_wave)."
    [(subject, text)] = mail.mails
    [post] = page.posts
    assert "A load was refused (load_wave)" in subject
    assert f"of the job load_wave for wave {request.partition_key} has failed." in text
    assert "Cause: Refused (staging_is_current fails on jobs for 1)." in text.splitlines()
    assert text.strip().replace("\r\n", "\n") == post["message"]
    assert post["title"] == subject
    again, cursor = alert(pressed, cursor)
    assert again == "There is nothing to tell."
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0)
    assert run_wave(pressed, accept(pressed, tick(pressed))) == 1  # the same, once more
    assert alert(pressed, cursor)[0] == "There is nothing to tell."
    assert (len(mail.mails), len(page.posts)) == (1, 1)
    require_nothing_of_anybody(pressed, subject, text, json.dumps(post), cursor, said)


@pytest.mark.usefixtures("with_dagster")
def test_a_row_that_is_not_what_was_loaded_is_told_as_red_books(
    migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    cursor = alert(migrated)[1]
    migrated.execute("DELETE FROM etl.loaded WHERE \"table\" = 'jobs'")
    assert migrated.run(VERIFY) == 1
    assert alert(migrated, cursor)[0] == "Told: The books are red (verify)."
    [post] = page.posts
    assert "of verification" in post["message"]
    require_nothing_of_anybody(migrated, json.dumps(post))


def test_a_wave_that_gave_up_is_told_once_and_what_failed_too(
    pressed: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0)
    cursor = alert(pressed)[1]
    for _ in range(MOST_ATTEMPTS):
        request = accept(pressed, tick(pressed))
        fail(pressed, request)
        cursor = alert(pressed, cursor)[1]
    assert [post["title"].partition(": ")[2] for post in page.posts] == [
        "A run failed (load_wave)",
        f"Wave {request.partition_key} gave up",
    ]


@pytest.mark.usefixtures("with_dagster")
def test_a_run_that_stopped_by_an_operator_s_word_is_no_news(
    pressed: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    cursor, request = alert(pressed)[1], accept(pressed, tick(pressed))
    pause_now(Stores(), "", run="test")
    assert run_wave(pressed, request) == 1
    assert alert(pressed, cursor)[0] == "There is nothing to tell."


@pytest.mark.usefixtures("with_dagster")
def test_a_dead_port_and_a_500_hold_nothing_and_are_tried_again_for_themselves(
    pressed: World, page: Page, mail: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tell(monkeypatch, f"json://u:{CANARY}@127.0.0.1:{free_port()}/{CANARY}", f"json://127.0.0.1:{page.port}", mail.url)
    page.status = 500
    cursor = alert(pressed)[1]
    request = accept(pressed, tick(pressed))
    fail(pressed, request)
    said, cursor = alert(pressed, cursor)
    assert said.startswith("Not told: A run failed (load_wave) (JSON, number 1 of ETL_ALERTS; JSON, number 2")
    assert len(mail.mails) == 1
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0)
    assert run_wave(pressed, accept(pressed, tick(pressed))) == 0  # no run waits for it, and none fails by it
    assert loaded(pressed) == 6
    assert alert(pressed, cursor)[0] == "1 message will be tried again."
    page.status = 200
    memory, before = Memory.read(cursor), len(page.posts)
    memory.letters[0].next_at = 0
    look(pressed, memory)
    assert (memory.letters[0].services, len(page.posts), len(mail.mails)) == ([0], before + 1, 1)
    require_nothing_of_anybody(pressed, said, memory.written(), caplog.text)


def test_a_source_that_does_not_change_and_one_that_cannot_be_read(
    migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    memory = Memory()
    look(migrated, memory)
    memory.since[states.QUIET] -= 23.5 * HOUR_S
    assert look(migrated, memory) == ["There is nothing to tell."]
    memory.since[states.QUIET] -= HOUR_S
    assert look(migrated, memory) == ["Told: The legacy database does not change."]
    assert look(migrated, memory) == ["There is nothing to tell."]
    migrated.legacy("UPDATE jobs SET status = 'other'")
    assert look(migrated, memory) == ["There is nothing to tell."]
    memory.since[states.QUIET] -= 25 * HOUR_S
    assert look(migrated, memory) == ["Told: The legacy database does not change."]  # begun anew, told anew
    migrated.legacy_path.rename(migrated.folder / "elsewhere.db")
    look(migrated, memory)
    memory.since[states.UNREAD] -= 25 * HOUR_S
    assert look(migrated, memory) == ["Told: The legacy database cannot be read."]
    assert len(page.posts) == 3
    monkeypatch.setenv("ETL_QUIET_HOURS", "0")
    memory.said.clear()
    assert look(migrated, memory) == ["There is nothing to tell."]


def test_a_frozen_source_may_be_quiet(migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    memory = Memory()
    look(migrated, memory)
    memory.since[states.QUIET] -= 25 * HOUR_S
    freeze_now(Stores(), migrated.spec, run="test")
    assert look(migrated, memory) == ["There is nothing to tell."]


def test_a_target_that_does_not_answer_is_told_after_a_while(
    migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    monkeypatch.setenv("TARGET_DATABASE_URL", f"postgresql://u:{CANARY}@127.0.0.1:9/db")
    memory = Memory()
    look(migrated, memory)
    memory.since[states.UNREACHED] -= 25 * HOUR_S
    assert look(migrated, memory) == ["Told: The target cannot be used."]
    require_nothing_of_anybody(migrated, json.dumps(page.posts), memory.written())


def test_little_room_on_either_disk_and_a_read_only_target(
    migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    usage = shutil._ntuple_diskusage(100 << 30, 91 << 30, 9 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setenv("ETL_TARGET_DISK_GB", "1")
    monkeypatch.setattr(states, "FILLED", 0)
    [(name,)] = migrated.query("SELECT current_database()")
    migrated.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    memory = Memory()
    assert look(migrated, memory) == [
        "Told: Little room on the disk of the runner.",
        "Told: Little room on the disk of the target.",
        "Told: The target is read-only.",
    ]
    assert "9.0 GiB are free for" in page.posts[0]["message"]
    assert "GiB of 1 are taken" in page.posts[1]["message"]
    assert look(migrated, memory) == ["There is nothing to tell."]


def test_the_day_s_numbers_come_once_a_day_if_asked_for(
    migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, f"json://127.0.0.1:{page.port}")
    memory = Memory()
    assert look(migrated, memory) == ["There is nothing to tell."]
    monkeypatch.setenv("ETL_DIGEST", "00:00")
    [said] = look(migrated, memory)
    assert said.startswith("Told: The migration on 20")
    assert look(migrated, memory) == ["There is nothing to tell."]
    [post] = page.posts
    [(users,)] = migrated.query("SELECT count(*)::int FROM etl.legacy_user_map")
    assert f"Arrived: 2 of {users} users, 6 rows." in post["message"]
    assert "Waves: 1. The books close." in post["message"]
    for word in ("Waiting: ", "Held: "):
        assert word in post["message"]
    require_nothing_of_anybody(migrated, json.dumps(post))


def test_the_heartbeat_is_fetched_while_all_is_well(
    migrated: World, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_HEARTBEAT", f"http://127.0.0.1:{page.port}/{CANARY}")
    said, cursor = alert(migrated)
    assert (said, page.gets) == ("Heartbeat: fetched.", 1)
    failed = migrated.instance.create_run_for_job(
        migrated.definitions().resolve_job_def(VERIFY), status=dg.DagsterRunStatus.FAILURE
    )
    assert alert(migrated, cursor)[0] == "Heartbeat: not fetched, because something is wrong."
    migrated.instance.delete_run(failed.run_id)
    away = migrated.folder / "elsewhere.db"
    migrated.legacy_path.rename(away)
    assert "something is wrong" in alert(migrated, cursor)[0]
    assert page.gets == 1
    away.rename(migrated.legacy_path)
    page.status = 500
    assert alert(migrated, cursor)[0] == "Heartbeat: its server answers 500."
    monkeypatch.setenv("ETL_HEARTBEAT", f"http://127.0.0.1:{free_port()}/{CANARY}")
    assert alert(migrated, cursor)[0] == "Heartbeat: it cannot be fetched (URLError)."


def test_an_operator_tries_whether_they_arrive(
    world: World, mail: Mailbox, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "neither ETL_ALERTS nor ETL_HEARTBEAT is set" in world.cli("alerts").stderr
    tell(monkeypatch, mail.url, f"json://u:{CANARY}@127.0.0.1:{free_port()}")
    monkeypatch.setenv("ETL_HEARTBEAT", f"http://127.0.0.1:{page.port}/{CANARY}")
    said = world.cli("alerts")
    assert (said.returncode, len(mail.mails), page.gets) == (1, 1, 1)
    lines = [" ".join(line.split()[1:]) for line in said.stdout.splitlines()]
    assert lines == [
        "E-Mail, number 1 of ETL_ALERTS has it",
        "JSON, number 2 of ETL_ALERTS did not take it",
        "ETL_HEARTBEAT was fetched",
    ]
    assert CANARY not in said.stdout + said.stderr


def test_nobody_who_is_to_be_told_is_no_work(world: World) -> None:
    assert alert(world) == (NOBODY, "")


MALFORMED = (
    ("ETL_ALERTS", f"nonsense-{CANARY}"),
    ("ETL_ALERTS", f"json://127.0.0.1 foo://{CANARY}"),
    ("ETL_HEARTBEAT", f"ftp://example.com/{CANARY}"),
    ("ETL_HEARTBEAT", f"http://example.com:port/{CANARY}"),
    ("ETL_DIGEST", "7:30"),
    ("ETL_QUIET_HOURS", "a day"),
    ("ETL_DISK_PERCENT", "100"),
)


def test_a_malformed_value_is_one_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_HEARTBEAT", "http://127.0.0.1:9/")
    for name, value in MALFORMED:
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            with pytest.raises(SettingsError, match=f"^{name}") as found:
                require_upkeep()
            assert CANARY not in str(found.value)
            assert alert(world)[0].startswith(name)


def test_check_and_doctor_say_it_with_exit_code_2(migrated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_ALERTS", f"foo://{CANARY}")
    for command in ("check", "doctor"):
        said = migrated.cli(command)
        assert (said.returncode, len(said.stderr.strip().splitlines())) == (2, 1), said.stderr
        assert said.stderr.startswith("etl-assets: ETL_ALERTS: apprise cannot read number 1 of 1 (foo)")
        assert CANARY not in said.stderr


def test_a_secret_may_stand_in_a_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world.folder / "alerts"
    file.write_text("json://127.0.0.1:9\n")
    monkeypatch.setenv("ETL_ALERTS_FILE", str(file))
    assert read_upkeep().alerts == "json://127.0.0.1:9"
    monkeypatch.setenv("ETL_ALERTS", "json://127.0.0.1:8")
    with pytest.raises(SettingsError, match="ETL_ALERTS and ETL_ALERTS_FILE are both set"):
        read_upkeep()
    monkeypatch.delenv("ETL_ALERTS")
    file.unlink()
    with pytest.raises(SettingsError, match=r"cannot be read \(No such file"):
        read_upkeep()


def test_several_urls_with_commas_of_their_own() -> None:
    found = messages.services(
        "json://127.0.0.1:1/a, mailto://127.0.0.1?from=a@example.com&to=b@example.com,c@example.com"
    )
    assert [place.name for place in found] == ["JSON, number 1 of ETL_ALERTS", "E-Mail, number 2 of ETL_ALERTS"]
    assert len(found[1].place[0].targets) == 2


@pytest.mark.parametrize("cursor", ["nonsense", "[]", "3", '{"letters": [{"notice": 3}]}', '{"said": 3, "x": 1}'])
def test_an_edited_cursor_is_forgotten(cursor: str) -> None:
    assert Memory.read(cursor) == Memory()


def test_a_message_that_nobody_takes_is_given_up_and_one_that_lasts_is_said_each_day() -> None:
    memory, notice = Memory(), Notice("a", "b", "c")
    memory.post([notice], 0.0 + SAY_AGAIN_S + 1)
    tries, now = 0, SAY_AGAIN_S + 1.0
    while memory.letters:
        [letter] = memory.due(now)
        memory.sent(letter, [0], now)
        tries, now = tries + 1, letter.next_at
        assert Memory.read(memory.written()) == memory
    assert (tries, now > HOUR_S * 12) == (9, True)
    memory.post([notice], 2 * SAY_AGAIN_S)
    assert memory.letters == []
    memory.post([notice], 2 * SAY_AGAIN_S + 2.0)
    assert memory.letters == [Letter(notice)]
