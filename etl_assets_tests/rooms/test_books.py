"""The books: pages that are carried from wave to wave say what counting everything says, and void themselves otherwise."""

import signal
from collections.abc import Callable

import psycopg
import pytest

from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.assets.keys import CLOSING, LOAD_WAVE, MIGRATE, VERIFICATION, VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.core.books.books import read_books
from etl_assets.core.books.pages import count_books, has_books
from etl_assets.core.gate.gate import gate
from etl_assets.core.gate.validation import ANYTHING, STAGING, TARGET_ROWS
from etl_assets.core.memory.counted import void_books
from etl_assets.core.users.users import read_links
from etl_assets.model.books import Books
from etl_assets_tests.scenario import begin
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

CAT_CONFIRMS = "UPDATE auth.users SET email_confirmed_at = now() WHERE email = 'cat@example.com'"


def kept(world: World) -> bool:
    """True when the books stand."""
    with connect(world.url) as connection, reading(connection):
        return has_books(connection, read_links(connection, world.spec))


def both(world: World) -> tuple[Books, Books]:
    """The books as they stand, and as they are when everything is counted."""
    links = world.links()
    with connect(world.url) as connection:
        with reading(connection):
            assert has_books(connection, links)
            standing = read_books(connection, links)
        with writing(connection, run="test"):
            void_books(connection)
            counted = read_books(connection, links)
            raise psycopg.Rollback
    return standing, counted


def drifted(world: World) -> tuple[int, tuple[str, ...]]:
    """Users whose pages are not what a whole count finds."""
    links = world.links()
    with connect(world.url) as connection, writing(connection, run="test"):
        found = count_books(connection, links, run="test")
        raise psycopg.Rollback
    return found.users, found.sample


def counted_by(world: World) -> str:
    [(run,)] = world.query("SELECT run FROM etl.counted")
    return str(run)


def press(world: World) -> None:
    """The job `load_wave` for a wave that opens now."""
    assert world.run(LOAD_WAVE, wave=world.open_wave()) == 0


def more_users(world: World) -> None:
    """So many that a wave of one is a small one."""
    rows = ", ".join(f"({100 + n}, 'u{n}@example.com', 'x', '{AT}')" for n in range(12))
    jobs = ", ".join(f"({100 + n}, {100 + n}, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL)" for n in range(12))
    world.legacy(f"INSERT INTO users VALUES {rows}; INSERT INTO jobs VALUES {jobs};")
    world.sign_up(*(f"u{n}@example.com" for n in range(12)))


@pytest.fixture
def moved(after: Callable[[Press], World]) -> World:
    """Many users have moved, and one more may."""
    return after(move)


@pytest.fixture
def carried(after: Callable[[Press], World]) -> World:
    """Many users have moved, and a wave of one more has been loaded since."""
    return after(carry)


def move(world: World) -> None:
    begin(world)
    more_users(world)
    assert world.migrate().exit_code == 0
    world.execute(CAT_CONFIRMS)


def carry(world: World) -> None:
    move(world)
    before = counted_by(world)
    press(world)
    assert counted_by(world) == before  # not counted again


def test_a_wave_carries_the_books_and_they_say_what_counting_says(carried: World) -> None:
    standing, counted = both(carried)
    assert standing == counted
    assert standing.closed
    assert drifted(carried) == (0, ())
    assert [wave.rows for wave in standing.waves] == [
        count
        for (count,) in carried.query("SELECT count(*) FROM etl.loaded WHERE wave <> '' GROUP BY wave ORDER BY wave")
    ]


def test_a_page_that_was_carried_wrong_is_named_and_written_right(carried: World) -> None:
    carried.execute(
        "UPDATE etl.book SET rows = rows + 1 WHERE \"table\" = 'jobs' AND legacy_user_id = '1' AND state = 'loaded'"
    )
    assert carried.run(VERIFY) == 1
    [check] = [c for c in carried.told[VERIFICATION].check_results if c.check_name == "the_books_close"]
    assert not check.passed
    assert check.description == "The pages of 1 user were not what counting finds (1); they are by now."
    assert carried.run(VERIFY) == 0
    assert both(carried)[0] == both(carried)[1]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM etl.loaded WHERE legacy_id = '1'",
        "UPDATE etl.loaded SET legacy_user_id = '2' WHERE legacy_id = '1'",
        "DELETE FROM etl.stg_jobs WHERE _legacy_id = '4'",
        "TRUNCATE etl.quarantine",
        "INSERT INTO etl.excluded VALUES ('jobs', '4711', 'where')",
        "UPDATE etl.legacy_user_map SET is_another = true WHERE legacy_user_id = '1'",
    ],
)
def test_whoever_writes_beside_the_books_voids_them(carried: World, statement: str) -> None:
    assert kept(carried)
    carried.execute(statement)
    assert not kept(carried)


def test_what_undo_and_staging_change_is_counted_anew(carried: World) -> None:
    undo(Stores(), carried.spec, wave="last", user="", run="test")
    assert not kept(carried)
    assert carried.run(VERIFY) == 0
    assert both(carried)[0] == both(carried)[1]
    carried.legacy(f"INSERT INTO jobs VALUES (400, 1, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL)")
    assert carried.run(MIGRATE, without=CLOSING) == 0
    assert not kept(carried)
    press(carried)
    assert both(carried)[0] == both(carried)[1]
    assert carried.query("SELECT count(*) FROM etl.loaded WHERE legacy_id = '400'") == [(1,)]


REVIEWER = (
    "      job_type: text\n",
    "      job_type: text\n      reviewer_id: {type: uuid, from: reviewer, references: {table: users}}\n",
)
FOLLOWS = (
    "      reference_id: text\n",
    '      reference_id: text\n      job_id: {type: uuid, from: reference_id, references: {table: jobs, match: "^job_(?P<id>.+)$"}}\n',
)


@pytest.mark.parametrize("named", ["a user", "a row"])
def test_a_wave_writes_the_pages_of_those_who_waited_for_its_users(awkward: World, named: str) -> None:
    """Somebody else, who moved before, gets the row that named one of this wave's users, or a row of theirs."""
    more_users(awkward)
    if named == "a user":
        awkward.write_spec(REVIEWER)
        awkward.execute("ALTER TABLE public.jobs ADD COLUMN reviewer_id uuid")
        awkward.legacy("ALTER TABLE jobs ADD COLUMN reviewer INTEGER; UPDATE jobs SET reviewer = 3 WHERE id = 100;")
    else:
        awkward.write_spec(FOLLOWS)
        awkward.execute("ALTER TABLE public.credit_transactions ADD COLUMN job_id uuid")
        awkward.legacy(
            f"UPDATE credit_transactions SET reference_id = NULL; INSERT INTO jobs VALUES (300, 3, 'export', 'x', '{AT}',"
            f" NULL, NULL, NULL, NULL); INSERT INTO credit_transactions VALUES (100, 100, 1, 'usage', 'job_300', '{AT}', 'x')"
        )
    assert awkward.migrate().exit_code == 0
    waiting = (
        "SELECT legacy_user_id, reason FROM etl.book WHERE reason = 'reference_waiting' AND legacy_user_id = '100'"
    )
    assert awkward.query(waiting) == [("100", "reference_waiting")]
    before = counted_by(awkward)
    awkward.execute(CAT_CONFIRMS)
    press(awkward)
    assert counted_by(awkward) == before
    assert awkward.query(waiting) == []
    assert awkward.query("SELECT count(*) FROM etl.loaded WHERE legacy_id = '100' AND legacy_user_id = '100'") == [
        (1 if named == "a user" else 2,)
    ]
    assert both(awkward)[0] == both(awkward)[1]
    assert drifted(awkward) == (0, ())


@pytest.mark.parametrize("fault", ["load.rows:1", "load.before_commit:1", "load.committed:1", "resolve.committed:1"])
def test_a_kill_leaves_pages_and_rows_as_they_were_together(moved: World, fault: str) -> None:
    killed = moved.cli("migrate", ETL_FAULT=fault)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if kept(moved):
        assert both(moved)[0] == both(moved)[1]
    assert moved.migrate().exit_code == 0
    assert both(moved)[0] == both(moved)[1]
    assert drifted(moved) == (0, ())


def test_every_rule_of_the_gate_says_what_it_asks_about(awkward: World) -> None:
    awkward.write_spec(("policy:", "policy:\n  max_quarantined: 9\n  foreign_keys: join"))
    found = {rule.name: rule.asks for rule in gate(awkward.links())}
    assert set(found.values()) == {STAGING, TARGET_ROWS, ANYTHING}
    assert {name for name, asks in found.items() if asks == TARGET_ROWS} == {"new_ids_are_free"}
    assert found["rows_match_the_export"] == STAGING


VERDICTS = "SELECT count(*) > 0, coalesce(max(at) = min(at), true) FROM etl.verdicts"


@pytest.mark.parametrize("by", ["hand", "staging", "the quarantine"])
def test_a_verdict_is_void_when_what_it_is_about_was_written_to(carried: World, by: str) -> None:
    assert carried.query("SELECT DISTINCT rule FROM etl.verdicts ORDER BY rule") == [
        ("new_ids_are_free",),
        ("rows_match_the_export",),
    ]
    if by == "hand":
        carried.execute("UPDATE etl.stg_jobs SET status = 'forged' WHERE _legacy_id = '4'")
    elif by == "the quarantine":
        carried.execute("DELETE FROM etl.quarantine WHERE legacy_id = '7'")
    else:
        carried.legacy("UPDATE jobs SET status = 'else' WHERE id = 4")
        assert carried.run(MIGRATE, without=CLOSING) == 0
    assert carried.query("SELECT count(*) FROM etl.verdicts WHERE rule = 'rows_match_the_export'") == [(0,)]


def test_a_rule_that_does_not_hold_stops_every_load_until_it_does(carried: World) -> None:
    [row] = carried.query("SELECT s::text FROM etl.stg_jobs AS s WHERE s._legacy_id = '4'")
    carried.execute("CREATE TABLE public.kept AS SELECT * FROM etl.stg_jobs WHERE _legacy_id = '4'")
    carried.execute("DELETE FROM etl.stg_jobs WHERE _legacy_id = '4'")
    carried.sign_up("dan@example.com")
    for _ in range(2):
        assert carried.run(LOAD_WAVE, wave=carried.open_wave()) == 1
        assert carried.query("SELECT count(*) FROM etl.loaded WHERE legacy_user_id = '4'") == [(0,)]
    carried.execute("INSERT INTO etl.stg_jobs SELECT * FROM public.kept; DROP TABLE public.kept")
    assert carried.query("SELECT s::text FROM etl.stg_jobs AS s WHERE s._legacy_id = '4'") == [row]
    assert carried.migrate().exit_code == 0
    assert carried.query("SELECT count(*) FROM etl.loaded WHERE legacy_user_id = '4'") == [(2,)]


def test_a_wave_notices_that_somebody_wrote_to_the_staging(carried: World) -> None:
    carried.execute("UPDATE etl.stg_jobs SET status = 'forged' WHERE _legacy_id = '4'")
    carried.sign_up("dan@example.com")
    assert carried.run(LOAD_WAVE, wave=carried.open_wave()) == 1
    red = {check.check_name for check in carried.told[VERIFICATION].check_results or () if not check.passed}
    assert "staging_is_as_it_was_written" in red
    assert carried.migrate().exit_code == 0
    assert carried.query("SELECT status FROM etl.stg_jobs WHERE _legacy_id = '4'") == [("done",)]
