"""The report of a real migration, and pages of facts that were made up to be awkward."""

import json
import re
from dataclasses import replace

import dagster as dg
import pytest
from dagster._utils import get_run_crash_explanation

from etl_assets.assets.keys import LOAD_WAVE, REPORT, VERIFICATION
from etl_assets.automation.alarm import explain
from etl_assets.automation.attempts import DIED, OF_MEMORY
from etl_assets.automation.instance import run_job
from etl_assets.model.books import Books, Group, TableBook, WaveBook
from etl_assets.model.report import (
    LeftLine,
    MoneyLine,
    RefusalLine,
    ReportFacts,
    RoundedLine,
    RowLine,
    UserLine,
    Verified,
)
from etl_assets.report.page import html_page, markdown_page, verdict
from etl_assets.report.picture import bars_of, progress_svg
from etl_assets.report.points import open_points
from etl_assets_tests.world import AT, World

BOOKS = Books(
    (TableBook("jobs", 10, loaded=6, waiting=2, quarantined=1, excluded=1),),
    {"total": 3, "resolved": 2, "waiting": 1},
    (WaveBook("2026-11-22T153000Z", 2, 6, "2026-11-22T15:30:00Z"),),
)
FACTS = ReportFacts(
    place="PostgreSQL 18.6, database app",
    snapshot="20261122T153000Z-0123abcd",
    verified=Verified(
        "2026-11-22T15:31:00Z",
        BOOKS,
        (RowLine(table="jobs", compared=6, changed_since=1),),
        (MoneyLine("jobs.price", "100.50", "90.25", "90.25", "10.25", "0", 1, 0),),
    ),
    refusals=(RefusalLine("jobs", "quarantined", "not_json", 1), RefusalLine("jobs", "waiting", "account_waiting", 2)),
    users=(UserLine("resolved", None, 2, ("1", "2")), UserLine("waiting", None, 1, ("3",))),
)


def with_books(books: Books) -> ReportFacts:
    return replace(FACTS, verified=replace(FACTS.verified, books=books))


def page_of(world: World) -> str:
    return (world.folder / "artifacts" / "reports" / "migration_report.html").read_text(encoding="utf-8")


def cells(page: str, first: str) -> list[str]:
    """The row of a table that begins with a cell."""
    return next(row for row in all_cells(page) if row and row[0] == first)


def all_cells(page: str) -> list[list[str]]:
    """Every row of its tables."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, flags=re.S)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.S) for row in rows]


def test_the_page_says_what_the_books_say(migrated: World) -> None:
    page = page_of(migrated)
    assert cells(page, "jobs") == ["jobs", "8", "2", "3", "3", "0", "closed"]
    assert cells(page, "credit_transactions.amount")[1:7] == ["82", "77", "77", "5", "0", "equal"]
    assert cells(page, "held")[:3] == ["held", "1", "has quarantined rows"]
    assert "The books close: every legacy row is accounted for, and 11 of them have not arrived yet." in page
    assert "not iso 8601" in page
    assert "example.com" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")  # it needs nothing from anywhere


@pytest.mark.usefixtures("without_dagster")
def test_what_is_left_behind_and_what_was_rounded_is_signed_too(world: World) -> None:
    world.execute("ALTER TABLE public.credit_transactions ADD COLUMN price numeric(8,2)")
    world.write_spec(("      amount: integer", "      amount: integer\n      price: {type: numeric, round: true}"))
    world.legacy(
        "ALTER TABLE credit_transactions ADD COLUMN price TEXT; ALTER TABLE jobs ADD COLUMN mood TEXT;"
        f"CREATE TABLE diaries (id INTEGER); INSERT INTO diaries VALUES (1), (2); INSERT INTO users VALUES (1, 'ann@example.com', 'x', '{AT}');"
        f"INSERT INTO jobs (id, user_id, job_type, status, created_at, mood) VALUES (1, 1, 'e', 'done', '{AT}', 'good'), (2, 1, 'e', 'done', '{AT}', NULL);"
        "INSERT INTO credit_transactions (id, user_id, amount, transaction_type, created_at, price) VALUES"
        f" (1, 1, 5, 'buy', '{AT}', '1.004'), (2, 1, 5, 'buy', '{AT}', '1.5')"
    )
    for more in ("", f"INSERT INTO credit_transactions VALUES (3, 1, 5, 'buy', NULL, '{AT}', NULL, '2.0049')"):
        world.legacy(more)
        assert world.cli("migrate").returncode == 0
    page = page_of(world)
    assert cells(page, "credit_transactions.price") == ["credit_transactions.price", "2", "0.0049"]
    assert cells(page, "diaries") == ["diaries", "all of it", "2"]
    assert ["users", "password_hash", "1"] in all_cells(page)
    assert ["jobs", "mood", "1"] in all_cells(page)
    told = " ".join(world.cli("check").stdout.split())
    assert "2 values would be rounded, by the spec's word, and by at most 0.0049" in told


def test_the_page_is_red_when_the_books_are_open(migrated: World) -> None:
    migrated.execute("DELETE FROM etl.stg_jobs WHERE _legacy_id = '3'")
    migrated.materialize(VERIFICATION)
    assert migrated.materialize(REPORT).success
    page = page_of(migrated)
    assert "Not ready to sign" in page
    assert "jobs: +1 row is unaccounted for." in page


def test_the_report_needs_a_verification(staged: World) -> None:
    result = staged.materialize(REPORT)
    assert not result.success


def test_pictures_and_numbers_for_dagster_are_there_each_time(awkward: World) -> None:
    awkward.migrate()
    event = awkward.instance.get_latest_materialization_event(VERIFICATION)
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert "data:image/svg+xml;base64," in str(metadata["progress"].value)
    numbers = {
        name: metadata[name].value for name in ("waiting_users", "resolved_users", "waiting_rows", "loaded_rows")
    }
    assert numbers == {"waiting_users": 1, "resolved_users": 2, "waiting_rows": 5, "loaded_rows": 6}


def test_names_from_the_spec_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    facts = replace(with_books(Books((TableBook(hostile, 1, loaded=1),))), snapshot=hostile, place=hostile)
    assert "<script>" not in html_page(facts)
    assert "<script>" not in progress_svg(bars_of(facts.books))


def test_the_verdict_counts_what_is_wrong() -> None:
    assert verdict(FACTS) == "The books close: every legacy row is accounted for, and 3 of them have not arrived yet."
    done = with_books(Books((TableBook("jobs", 10, loaded=9, excluded=1),)))
    assert verdict(done) == "The books close: every legacy row has arrived, or was left behind on purpose."
    assert "nothing can be said" in verdict(with_books(Books(complete=False)))
    wrong = RowLine(table="jobs", compared=6, altered=2)
    altered = replace(FACTS, verified=replace(FACTS.verified, rows=(wrong,)))
    assert verdict(altered) == "Not ready to sign: 1 thing is wrong."
    assert open_points(altered)[0].title == "jobs: 2 rows differ from what was loaded, and nobody else wrote them."
    under_others = replace(altered, verified=replace(altered.verified, rows=(replace(wrong, altered=0, misowned=1),)))
    assert [point.title for point in open_points(under_others) if point.weight == 0] == [
        "jobs: 1 row stands under another account than the one that claimed them."
    ]
    assert 'class="n bad">1<' in html_page(under_others)
    money = replace(FACTS.verified.money[0], differing_users=3)
    both = replace(altered, verified=replace(altered.verified, money=(money,)), unfinished=("2026-11-22T153000Z",))
    assert verdict(both) == "Not ready to sign: 3 things are wrong."


def test_open_points_are_few_sorted_and_have_remedies() -> None:
    points = open_points(FACTS)
    assert [point.weight for point in points] == sorted(point.weight for point in points)
    assert [point.title for point in points] == [
        "jobs: rows set aside: not json 1.",
        "1 user has not come back yet (legacy ids 3).",
        "jobs: 1 row changed and 0 removed in the new app.",
    ]
    assert all(point.remedy for point in points)


def test_many_waves_are_summed_up() -> None:
    waves = tuple(WaveBook(f"2026-11-22T15{n:04d}Z", n, n, "2026-11-22T15:30:00Z") for n in range(100))
    assert "60 earlier waves are not shown." in html_page(with_books(replace(BOOKS, waves=waves)))


def test_what_was_verified_survives_its_file() -> None:
    group = Group("loaded", "loaded", 2, {"price": "0.10"})
    found = replace(FACTS.verified, books=replace(BOOKS, tables=(TableBook("jobs", 2, 2, groups=(group,)),)))
    assert Verified.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_markdown_has_the_same_numbers() -> None:
    left = (LeftLine("diaries", None, 2), LeftLine("jobs", "mood", 1))
    text = markdown_page(replace(FACTS, left=left, rounded=(RoundedLine("jobs.price", 2, "0.0049"),)))
    assert "| diaries | all of it | 2 |" in text
    assert "- Rounded in jobs.price: 2 values, by at most 0.0049" in text
    assert "| jobs | 10 | 6 | 2 | 1 | 1 | closed |" in text
    assert "| jobs.price | 100.50 | 90.25 | 90.25 | 10.25 | 0 | equal |" in text


def test_money_is_summed_exactly_and_by_state() -> None:
    groups = (
        Group("loaded", "loaded", 2, {"price": "0.10"}),
        Group("waiting", "account_waiting", 1, {"price": "0.20"}),
    )
    book = TableBook("jobs", groups=groups)
    assert str(book.sum_of("price")) == "0.30"
    assert str(book.sum_of("price", "loaded")) == "0.10"
    assert book.sum_of("price", "quarantined") == 0


def test_a_failed_run_is_explained_with_check_cause_and_next_step(staged: World) -> None:
    wave = staged.wave()
    staged.execute("UPDATE etl.staged SET spec_digest = 'another' WHERE \"table\" = 'jobs'")
    assert run_job(staged.definitions(), LOAD_WAVE, staged.instance, partition_key=wave) == 1
    [run] = staged.instance.get_runs(dg.RunsFilter(job_name=LOAD_WAVE))
    events = [entry.dagster_event for entry in staged.instance.all_logs(run.run_id) if entry.dagster_event]
    text = explain(staged.instance, run, [event for event in events if event.is_step_failure])
    assert text.startswith(f"Run {run.run_id[:8]} of the job `load_wave` for wave {wave} failed. production: ")
    assert "staging_is_current" in text
    assert "re-execute this run" in text


def test_a_run_that_was_killed_is_explained_without_dagsters_advice_about_memory(staged: World) -> None:
    run = staged.instance.create_run_for_job(staged.definitions().resolve_job_def(LOAD_WAVE))
    staged.instance.report_run_failed(run)  # as the code server does; the sensor is told what Dagster wrote there
    [message] = [
        entry.dagster_event.message or ""
        for entry in staged.instance.all_logs(run.run_id)
        if entry.dagster_event and entry.dagster_event.event_type == dg.DagsterEventType.RUN_FAILURE
    ]
    assert get_run_crash_explanation("The process", -9).endswith("to run fewer ops concurrently.")
    for told in (message, DIED):
        text = explain(staged.instance, run, [], otherwise=told)
        assert text == f"Run {run.run_id[:8]} of the job `load_wave` failed. {DIED} {OF_MEMORY}"
    assert "The code server did not answer" in explain(
        staged.instance, run, [], otherwise="The code server did not answer."
    )


def test_a_red_check_is_named_in_the_explanation(awkward: World) -> None:
    awkward.write_spec(("severity: warn", "severity: error"))
    awkward.migrate()
    [run] = awkward.instance.get_runs(dg.RunsFilter(job_name="migrate"))
    events = [entry.dagster_event for entry in awkward.instance.all_logs(run.run_id) if entry.dagster_event]
    text = explain(awkward.instance, run, [event for event in events if event.is_step_failure])
    assert "The check reference_id_is_unique on staging/credit_transactions is red: 2 found" in text
