"""A column that the spec gained after rows were loaded, filled in on the operator's word, and taken back."""

from collections.abc import Callable

import pytest

from etl_assets.assets.resources import Stores
from etl_assets.automation.backfill import empty
from etl_assets.model.errors import EtlError, SettingsError, UndoRefused
from etl_assets.settings import read_settings
from etl_assets_tests import core
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

NOTES = (
    "CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE TABLE n (id INTEGER PRIMARY KEY, user_id INTEGER, v TEXT, w TEXT, tag INTEGER);"
)
TARGET = (
    "CREATE TABLE public.tags (id uuid PRIMARY KEY, name text);"
    "CREATE TABLE public.n (id uuid PRIMARY KEY, user_id uuid, v text, w text, tag uuid REFERENCES public.tags)"
)
FIRST = "\n  n:\n    owner: user_id\n    columns: {v: text}\n"
WIDER = FIRST.replace("v: text", "v: text, w: text")
TAGGED = "\n  tags: {owner: none, columns: {name: text}}" + WIDER.replace(
    "w: text", "w: text, tag: {type: uuid, references: {table: tags}}"
)
DATA = f"""
INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', '{AT}'), (2, 'bob@example.com', '{AT}');
INSERT INTO tags VALUES (7, 'red');
INSERT INTO n VALUES (1, 1, 'a', 'one', 7), (2, 1, 'b', NULL, NULL), (3, 1, 'c', 'three', 7), (4, 1, 'd', 'four', 7),
    (5, 1, 'e', 'five', 7), (6, 2, 'f', 'six', 7), (7, 1, 'g', 'seven', 7);
"""
KEYS = {
    key: f"(SELECT new_id::uuid FROM etl.loaded WHERE \"table\" = 'n' AND legacy_id = '{key}')" for key in "1234567"
}


def says(world: World, section: str, *more: tuple[str, str]) -> None:
    world.write_spec(
        ("\ntables:", f"\ntables:{section}"), ("incomplete_users: hold ", "incomplete_users: load "), *more
    )


def cells(world: World, column: str = "w") -> dict[str, str | None]:
    return dict(
        world.query(
            f"SELECT l.legacy_id, t.{column}::text FROM public.n AS t"
            " JOIN etl.loaded AS l ON l.new_id = t.id::text ORDER BY 1"
        )
    )


def compared(world: World) -> dict[str, int]:
    [(found,)] = world.query("SELECT tables -> 'n' FROM etl.compared WHERE \"by\" = 'verification'")
    return {
        name: found[name]
        for name in ("equal", "altered", "changed_since", "gone_since", "changed_in_legacy")
        if found[name]
    }


@pytest.fixture
def loaded(after: Callable[[Press], World]) -> World:
    """Seven rows of which the app has touched some, one of a user who is not back yet."""
    return after(load_seven)


def load_seven(world: World) -> None:
    world.execute(TARGET)
    says(world, FIRST)
    world.legacy(DATA, schema=LEGACY_SCHEMA + NOTES)
    world.sign_up("ann@example.com")
    outcome = core.migrate_here(read_settings(), world.spec, instance=world.instance, say=world.said.append)
    assert outcome.books.closed


def test_a_column_that_the_spec_gained_is_refused_with_the_command_that_fills_it(loaded: World) -> None:
    says(loaded, WIDER)
    assert loaded.migrate().exit_code == 1
    said = " ".join(loaded.cli("check").stdout.split())
    assert (
        "n: 'w' is new in the spec, and 6 loaded rows came without. `etl-assets migrate --backfill n.w` fills" in said
    )
    assert set(cells(loaded).values()) == {None}
    loaded.execute("ALTER TABLE public.n ADD x text")
    says(loaded, FIRST.replace("v: text", "x: {type: text, from: v}"))
    said = " ".join(loaded.cli("check").stdout.split())
    assert "n: 'v' is not in the spec any more, and 'x' is new in it. 6 loaded rows would keep what is there" in said
    assert "Put it back; or take the rows out with `etl-assets undo`" in said


def test_loaded_rows_get_the_value_unless_the_app_has_one_of_its_own(loaded: World) -> None:
    loaded.execute(f"UPDATE public.n SET v = 'mine' WHERE id = {KEYS['3']}")  # another column of it: filled
    loaded.execute(f"UPDATE public.n SET w = 'own' WHERE id = {KEYS['4']}")
    loaded.execute(f"DELETE FROM public.n WHERE id = {KEYS['5']}")
    loaded.legacy("UPDATE n SET w = 'nul' || char(0) WHERE id = 7")  # cannot be loaded as it is now
    says(loaded, WIDER)
    assert loaded.migrate(backfill=("n.w",)).exit_code == 0
    assert cells(loaded) == {"1": "one", "2": None, "3": "three", "4": "own", "7": None}
    assert compared(loaded) == {"equal": 3, "changed_since": 2, "gone_since": 1, "changed_in_legacy": 1}
    told = (
        "n.w: filled in in 2 loaded rows. Of the others 1 had it already; 1 hold a value of the app's own and keep it; "
    )
    assert (
        f"{told}1 are without: their legacy rows are quarantined, wait, or are gone; 1 are not in production any more."
        in loaded.said
    )
    [(changes,)] = loaded.query("SELECT count(*) FROM etl.former WHERE filled IS NOT NULL")
    assert changes == 2

    loaded.legacy("UPDATE n SET w = 'seven' WHERE id = 7")
    loaded.sign_up("bob@example.com")
    assert loaded.migrate(backfill=("n.w",)).exit_code == 0  # what was left over, and who comes later
    assert cells(loaded) == {"1": "one", "2": None, "3": "three", "4": "own", "6": "six", "7": "seven"}
    assert compared(loaded) == {"equal": 4, "changed_since": 2, "gone_since": 1}
    assert loaded.migrate().books.closed


def test_a_reference_into_a_new_table_waits_for_its_rows(loaded: World) -> None:
    says(loaded, TAGGED)
    assert loaded.migrate(backfill=("n.w", "n.tag")).exit_code == 0
    assert cells(loaded, "tag")["2"] is None
    assert len({tag for key, tag in cells(loaded, "tag").items() if key != "2"}) == 1
    assert compared(loaded) == {"equal": 6}
    assert loaded.migrate().books.closed


def test_a_broken_filling_leaves_everything_as_it_was(loaded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded.checksum("public.n", "etl.loaded", "etl.former")
    says(loaded, WIDER)
    with monkeypatch.context() as patch:
        patch.setattr("etl_assets.core.backfill.backfill.fault_point", _break)
        with pytest.raises(OSError, match=r"backfill\.before_commit"):
            loaded.migrate(backfill=("n.w",))
    assert loaded.checksum("public.n", "etl.loaded", "etl.former") == before
    loaded.execute(
        "CREATE FUNCTION public.louder() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.w = upper(NEW.w); RETURN NEW; END$$;"
        "CREATE TRIGGER louder BEFORE UPDATE ON public.n FOR EACH ROW EXECUTE FUNCTION public.louder()"
    )
    with pytest.raises(EtlError, match="triggers_are_agreed"):
        loaded.migrate(backfill=("n.w",))
    says(loaded, WIDER, ("\npolicy:", "\npolicy:\n  triggers: {n: fire}"))
    with pytest.raises(EtlError, match="rows_arrive_unchanged"):
        loaded.migrate(backfill=("n.w",))
    assert loaded.checksum("public.n", "etl.loaded", "etl.former") == before


def _break(name: str) -> None:
    raise OSError(name)


def test_what_was_filled_in_is_taken_back(loaded: World) -> None:
    loaded.execute(f"UPDATE public.n SET v = 'mine' WHERE id = {KEYS['3']}")
    before = loaded.checksum("public.n", '(SELECT "table", legacy_id, new_id, digest FROM etl.loaded)')
    says(loaded, WIDER)
    loaded.migrate(backfill=("n.w",))
    with pytest.raises(SettingsError, match=r"v of n were not filled in"):
        empty(Stores(), loaded.spec, ["n.v"], run="test")
    loaded.execute(f"UPDATE public.n SET w = 'later' WHERE id = {KEYS['1']}")
    with pytest.raises(
        UndoRefused, match=r"1 row of n were written to since \(legacy ids 1\)|1 row of n was written to since"
    ):
        empty(Stores(), loaded.spec, ["n.w"], run="test")
    loaded.execute(f"UPDATE public.n SET w = 'one' WHERE id = {KEYS['1']}")
    assert empty(Stores(), loaded.spec, ["n.w"], run="test")[0].startswith("n.w: taken back. Rows: n 5.")
    assert loaded.checksum("public.n", '(SELECT "table", legacy_id, new_id, digest FROM etl.loaded)') == before
    assert loaded.migrate().exit_code == 1  # new again
    says(loaded, FIRST)
    assert loaded.migrate().books.closed
    says(loaded, WIDER)
    assert loaded.migrate(backfill=("n.w",)).exit_code == 0
    assert cells(loaded)["1"] == "one"


def test_an_undo_takes_filled_rows_out_and_they_come_back_whole(loaded: World) -> None:
    says(loaded, WIDER)
    loaded.migrate(backfill=("n.w",))
    take_out(loaded, user="1")
    assert loaded.query("SELECT count(*) FROM public.n") == [(0,)]
    assert loaded.query("SELECT count(*) FROM etl.former") == [(0,)]
    loaded.migrate(user="1")
    assert cells(loaded)["1"] == "one"
    assert compared(loaded) == {"equal": 6}


def test_a_wave_that_wrote_over_rows_can_be_undone_after_a_filling(loaded: World) -> None:
    update = ("\npolicy:", "\npolicy:\n  on_change: update")
    says(loaded, FIRST, update)
    loaded.legacy("UPDATE n SET v = 'changed' WHERE id = 1")
    loaded.sign_up("bob@example.com")
    loaded.migrate()
    assert cells(loaded, "v")["1"] == "changed"
    says(loaded, WIDER, update)
    assert loaded.migrate(backfill=("n.w",)).exit_code == 0
    take_out(loaded, wave="last")
    assert (cells(loaded, "v")["1"], cells(loaded)["1"]) == ("a", "one")
    assert compared(loaded) == {"equal": 7}


def test_the_button_fills_in_and_takes_back(loaded: World, with_dagster: None) -> None:
    says(loaded, WIDER)
    assert press(loaded, {"columns": ["n.w"]})
    assert cells(loaded)["1"] == "one"
    assert compared(loaded) == {"equal": 6}
    assert press(loaded, {"columns": ["n.w"], "take_back": True})
    assert set(cells(loaded).values()) == {None}
    assert not press(loaded, {"columns": ["n.nothing"]})


def press(world: World, config: dict[str, object]) -> bool:
    job = world.definitions().resolve_job_def("backfill")
    run_config = {"ops": {"fill_columns": {"config": config}}}
    return job.execute_in_process(instance=world.instance, run_config=run_config, raise_on_error=False).success
