"""A spec may be corrected for as long as no row hangs on what it said before."""

import pytest

from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

NOTES = "CREATE TABLE n (id INTEGER PRIMARY KEY, user_id INTEGER, v TEXT, w TEXT);"
TARGET = "CREATE TABLE public.n (id uuid PRIMARY KEY, user_id uuid, v text, w date)"
FIRST = "\n  n:\n    owner: user_id\n    columns: {v: text, w: date}\n"
SECOND = FIRST.replace(", w: date", "")
NOBODYS = "\n  n:\n    owner: none\n    columns: {v: text}\n"


def _says(world: World, section: str) -> None:
    world.write_spec(("\ntables:", f"\ntables:{section}"), ("incomplete_users: hold ", "incomplete_users: load "))


@pytest.fixture
def noted(world: World) -> World:
    world.execute(TARGET)
    _says(world, FIRST)
    row = f"INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', '{AT}'); INSERT INTO n VALUES (1, 1, 'a', "
    world.legacy(row + "'bad');", schema=LEGACY_SCHEMA + NOTES)
    world.sign_up("ann@example.com")
    world.migrate()
    assert world.query("SELECT count(*) FROM public.n") == [(0,)]
    return world


@pytest.mark.parametrize("section", [SECOND, NOBODYS, SECOND.replace("owner", "id: {rule: uuid5}\n    owner")])
def test_what_was_only_looked_at_may_be_corrected(noted: World, section: str) -> None:
    _says(noted, section)
    noted.migrate()
    assert noted.query("SELECT v FROM public.n") == [("a",)]


def test_what_was_loaded_stays_until_it_is_taken_out(noted: World) -> None:
    _says(noted, SECOND)
    noted.migrate()
    _says(noted, FIRST)
    assert noted.migrate().exit_code == 1
    _says(noted, SECOND)
    take_out(noted, user="1")
    _says(noted, FIRST.replace("w: date", "w: {type: date, map: {bad: '2024-01-01'}}"))
    noted.migrate(user="1")
    assert noted.query("SELECT v, w::text FROM public.n") == [("a", "2024-01-01")]
