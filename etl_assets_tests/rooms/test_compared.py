"""A wave's run reads back its own rows, and those of earlier waves only where what was found of them does not stand."""

from collections.abc import Callable

import pytest

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.keys import CLOSING, LOAD_WAVE, MIGRATE, VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.core.users.users import read_links
from etl_assets.core.verify.rows import RowComparison, compare_all, compare_rows
from etl_assets.core.verify.status import status
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

EDIT = "UPDATE public.jobs SET status = 'edited' WHERE status = 'done' AND source_file = 'a.wav'"
CAT_CONFIRMS = "UPDATE auth.users SET email_confirmed_at = now() WHERE email = 'cat@example.com'"


def press(world: World) -> None:
    """The job `load_wave` for a wave that opens now."""
    assert world.run(LOAD_WAVE, wave=world.open_wave()) == 0


def told(world: World) -> dict[str, tuple[int, int]]:
    """Per table, how many rows the last verification tells of, and how many of them were changed since."""
    (tables,) = world.query("SELECT tables FROM etl.compared WHERE by = 'verification'")[0]
    return {name: (row["compared"], row["changed_since"]) for name, row in tables.items()}


def nothing(_: World) -> None:
    pass


def a_day_passes(world: World) -> None:
    world.execute("UPDATE etl.compared SET since = since - interval '25 hours'")


def a_user_is_taken_out(world: World) -> None:
    undo(Stores(), world.spec, wave="", user="2", run="test")


def a_row_is_staged_anew(world: World) -> None:
    world.legacy("UPDATE artifacts SET kind = 'else' WHERE id = 2")
    assert world.run(MIGRATE, without=CLOSING) == 0


def a_fault_was_found(world: World) -> None:
    world.execute("UPDATE etl.compared SET tables = jsonb_set(tables, '{jobs,altered}', '1')")


def nothing_is_known(world: World) -> None:
    world.execute("DELETE FROM etl.compared")


@pytest.mark.parametrize(
    ("happens", "is_read"),
    [
        (nothing, False),
        (a_day_passes, True),
        (a_user_is_taken_out, True),
        (a_row_is_staged_anew, True),
        (a_fault_was_found, True),
        (nothing_is_known, True),
    ],
)
def test_rows_of_earlier_waves_are_read_again_where_they_have_to_be(
    migrated: World, happens: Callable[[World], None], *, is_read: bool
) -> None:
    migrated.execute(EDIT)
    happens(migrated)
    migrated.execute(CAT_CONFIRMS)
    press(migrated)
    loaded = {book.table: book.loaded for book in status(migrated.url, migrated.spec).tables}
    assert told(migrated) == {name: (count, int(is_read and name == "jobs")) for name, count in loaded.items()}
    assert migrated.run(VERIFY) == 0
    assert told(migrated)["jobs"] == (loaded["jobs"], 1)


def test_a_wave_run_again_counts_no_row_twice(migrated: World) -> None:
    wave = str(migrated.query("SELECT max(wave) FROM etl.waves")[0][0])
    assert migrated.run(LOAD_WAVE, wave=wave) == 0
    assert told(migrated) == {"jobs": (2, 0), "credit_transactions": (3, 0), "artifacts": (1, 0)}


def test_with_updates_every_run_reads_everything(awkward: World) -> None:
    awkward.write_spec(("policy:", "policy:\n  on_change: update"))
    awkward.migrate()
    awkward.execute(EDIT)
    awkward.execute(CAT_CONFIRMS)
    press(awkward)
    assert told(awkward)["jobs"] == (3, 1)


def test_the_waves_together_are_the_whole(migrated: World) -> None:
    migrated.execute(CAT_CONFIRMS)
    press(migrated)
    migrated.execute(EDIT)
    migrated.execute("DELETE FROM public.credit_transactions WHERE amount = 7")
    waves = [wave for (wave,) in migrated.query("SELECT wave FROM etl.waves ORDER BY wave")]
    assert len(waves) == 2
    with connect(migrated.url) as connection, reading(connection):
        links = read_links(connection, migrated.spec)
        for name in links.tables:
            first, second = (compare_rows(connection, links, name, wave=wave) for wave in waves)
            whole = compare_all(connection, links, name)
            assert plain(first.plus(second)) == plain(whole)


def plain(found: RowComparison) -> object:
    counts = (found.compared, found.equal, found.changed_since, found.gone_since, found.changed_in_legacy)
    samples = (sorted(found.changed_sample), sorted(found.gone_sample), found.faults)
    return counts, samples, [(money.before, money.after, money.explained, money.differing) for money in found.sums]
