"""The app goes on while people migrate: what its migrations change between two waves, and how it goes on."""

import pytest

from etl_assets.assets.keys import VERIFY
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import freeze_now
from etl_assets.automation.forgetting import forget
from etl_assets.model.errors import TargetMismatch, UndoRefused
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.world import AT, World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")

SPEC = """
source: {timezone: UTC}
namespace: 11111111-2222-5333-8444-555555555555
users: {table: users, id: id, email: email}
tables:
  works:
    owner: user_id
    columns: {title: text, n: bigint, code: text, at: timestamptz, price: numeric}
  parts:
    owner: {via: work_id}
    columns: {work_id: {type: uuid, references: {table: works}}, name: text}
  notes:
    owner: user_id
    columns: {body: text}
"""
TARGET = """
CREATE TABLE public.works (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, title text, n bigint,
    code text, at timestamptz, price numeric(10,2));
CREATE TABLE public.parts (id uuid PRIMARY KEY, work_id uuid NOT NULL REFERENCES public.works, name text);
CREATE TABLE public.notes (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES public.profiles, body text);
"""
LEGACY = f"""
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);
CREATE TABLE works (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, n INTEGER, code TEXT, at TEXT, price TEXT);
CREATE TABLE parts (id INTEGER PRIMARY KEY, work_id INTEGER, name TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER, body TEXT);
INSERT INTO users VALUES (1, 'ann@example.com', '{AT}'), (2, 'bea@example.com', '{AT}'), (3, 'cid@example.com', '{AT}');
INSERT INTO works VALUES (1, 1, 'a', 1, '7', '{AT}', '1.25'), (2, 2, 'b', 2, '8', '{AT}', '2.50');
INSERT INTO parts VALUES (1, 1, 'pa'), (2, 2, 'pb');
INSERT INTO notes VALUES (1, 1, 'na'), (2, 2, 'nb');
"""
LATER = f"INSERT INTO works VALUES (3, 1, NULL, 1, '9', '{AT}', '3.75'); INSERT INTO notes VALUES (3, 1, 'nc');"
WORKS = "ALTER TABLE public.works "
# What the app does, what is said of it, and how the operator goes on: by the spec (old, new), or on the target.
STOPS: dict[str, tuple[str, str, tuple[str, str] | str]] = {
    "a column is renamed": (
        WORKS + "RENAME COLUMN title TO name",
        "no column 'title' (the spec does not name 'name': was it renamed?)",
        ("title: text", "name: {type: text, from: title}"),
    ),
    "a column is dropped": (WORKS + "DROP COLUMN title", "no column 'title'", ("title: text, ", "")),
    "a number becomes text": (WORKS + "ALTER COLUMN n TYPE text", "'n' is text", ("n: bigint", "n: text")),
    "text becomes a number": (
        WORKS + "ALTER COLUMN code TYPE integer USING code::integer", "'code' is integer", ("code: text", "code: integer"),
    ),
    "a moment loses its zone": (
        WORKS + "ALTER COLUMN at TYPE timestamp", "'at' is timestamp without", ("at: timestamptz", "at: timestamp"),
    ),
    "a column comes that wants a value": (
        WORKS + "ADD COLUMN extra text NOT NULL DEFAULT 'x';" + WORKS + "ALTER COLUMN extra DROP DEFAULT",
        "'extra' is NOT NULL without a default",
        WORKS + "ALTER COLUMN extra SET DEFAULT 'x'",
    ),
    "a column becomes generated": (
        WORKS + "DROP COLUMN n, ADD COLUMN n bigint GENERATED ALWAYS AS (length(code)) STORED",
        "'n' is a generated column",
        (" n: bigint,", ""),
    ),
    "the table is renamed": (WORKS + "RENAME TO tasks", "public.works does not exist", ("  works:", "  works:\n    target: public.tasks")),
    "the table becomes a view": (
        WORKS + "RENAME TO tasks; CREATE VIEW public.works AS SELECT * FROM public.tasks",
        "public.works is not a table",
        "DROP VIEW public.works; ALTER TABLE public.tasks RENAME TO works",
    ),
    "the owner's column is renamed": (
        WORKS + "RENAME COLUMN user_id TO owner_id",
        "no column 'user_id' for the owner's account id",
        ("owner: user_id\n    columns: {title", "owner: {from: user_id, to: owner_id}\n    columns: {title"),
    ),
}  # fmt: skip
# What a new rule does, to which row of Ann's new ones.
RULES = {
    "a column becomes NOT NULL": WORKS + "ALTER COLUMN title SET NOT NULL",
    "a scale is narrowed": WORKS + "ALTER COLUMN price TYPE numeric(10,1)",
    "a CHECK comes": WORKS + "ADD CHECK (price < 2.6)",
    "a unique rule comes": WORKS + "ADD UNIQUE (n)",
    "a foreign key comes": "CREATE TABLE public.codes (code text PRIMARY KEY); INSERT INTO public.codes VALUES ('7'), ('8');"
    + WORKS + "ADD FOREIGN KEY (code) REFERENCES public.codes",
}  # fmt: skip
# Postgres writes the whole table anew, and with it whatever tells that a user has worked with a row.
REWRITES = ("a number becomes text", "text becomes a number", "a column becomes generated")


def begin(world: World) -> None:
    world.legacy(LEGACY, schema="")
    world.execute(TARGET)
    path = world.folder / "changing.yaml"
    path.write_text(SPEC, encoding="utf-8")
    world.use_spec(path)
    world.sign_up("ann@example.com")
    assert world.migrate().exit_code == 0, world.said


def count(world: World, table: str) -> int:
    return int(world.query(f"SELECT count(*) FROM public.{table}")[0][0])


def go_on(world: World, remedy: tuple[str, str] | str) -> None:
    if isinstance(remedy, str):
        world.execute(remedy)
    else:
        world.write_spec(remedy, base=world.folder / "changing.yaml")


@pytest.mark.parametrize(
    "change", selected([*STOPS], ["a column is renamed", "a number becomes text", "the table is renamed"])
)
def test_what_does_not_fit_any_more_stops_alone_and_goes_on_when_it_does(after, change: str) -> None:  # type: ignore[no-untyped-def]
    world: World = after(begin)
    alter, says, remedy = STOPS[change]
    world.execute(alter)
    world.legacy(LATER, schema="")
    world.sign_up("bea@example.com")
    outcome = world.migrate()
    assert outcome.exit_code == 1
    assert says in outcome.books.stopped["works"]
    assert "it refers to works" in outcome.books.stopped["parts"]
    assert outcome.books.as_json()["tables"]["notes"] == {
        "source": 3, "loaded": 2, "waiting": 1, "quarantined": 0, "excluded": 0,
    }  # fmt: skip
    assert (count(world, "notes"), count(world, "parts")) == (2, 1)
    with pytest.raises(UndoRefused, match="works stops"):
        take_out(world, user="1")
    go_on(world, remedy)
    outcome = world.migrate()
    assert outcome.exit_code == 0, world.said
    assert outcome.books.closed
    assert [book.loaded for book in outcome.books.tables] == [3, 2, 3]
    assert world.run(VERIFY) == 0
    told = [line.check_name for result in world.told.values() for line in result.check_results or () if not line.passed]
    rewritten = change in REWRITES
    assert told == []
    take_out(world, user="2")
    if rewritten:
        with pytest.raises(UndoRefused, match="1 row of works was changed in production"):
            take_out(world, user="1")
    else:
        take_out(world, user="1")
        assert count(world, "parts") == 0


@pytest.mark.parametrize("change", selected([*RULES], ["a column becomes NOT NULL", "a CHECK comes"]))
def test_a_new_rule_keeps_back_the_rows_that_break_it(after, change: str) -> None:  # type: ignore[no-untyped-def]
    world: World = after(begin)
    world.execute(RULES[change])
    world.legacy(LATER, schema="")
    world.sign_up("bea@example.com")
    outcome = world.migrate()
    assert outcome.exit_code == 0, world.said
    assert outcome.books.closed
    assert [(book.loaded, book.quarantined) for book in outcome.books.tables] == [(2, 1), (2, 0), (3, 0)]


def test_what_leaves_no_table_out_waits_for_all(after) -> None:  # type: ignore[no-untyped-def]
    world: World = after(begin)
    world.execute("ALTER TABLE public.notes DROP COLUMN body")
    assert world.migrate().exit_code == 1
    with pytest.raises(TargetMismatch, match="no column 'body'"):
        forget(Stores(), world.spec, "3", run="test")
    with pytest.raises(TargetMismatch, match="no column 'body'"):
        freeze_now(Stores(), world.spec, run="test")
    assert "notes stops" in world.cli("user", "1").stdout
    page = (world.folder / "artifacts" / "reports" / "migration_report.html").read_text(encoding="utf-8")
    assert '<tr><td>notes</td><td colspan="5"></td><td class="bad">stopped</td></tr>' in page
    assert '<li class="bad">notes stops' in page
    with pytest.raises(UndoRefused, match="notes stops"):
        take_out(world, user="1")


def test_a_column_that_came_beside_is_no_column_that_was_renamed(after) -> None:  # type: ignore[no-untyped-def]
    world: World = after(begin)
    world.execute("ALTER TABLE public.works DROP COLUMN title, ADD COLUMN label text")
    world.legacy("ALTER TABLE works ADD COLUMN label TEXT DEFAULT 'l'", schema="")
    world.sign_up("bea@example.com")
    go_on(world, ("title: text", "label: text"))
    assert world.migrate().exit_code == 1
    assert count(world, "works") == 1
    go_on(world, ("title: text, ", ""))
    assert world.migrate().exit_code == 0
    assert count(world, "works") == 2


def test_an_edited_row_stays_edited_when_its_column_is_renamed(after) -> None:  # type: ignore[no-untyped-def]
    world: World = after(begin)
    world.execute("UPDATE public.works SET title = 'mine'; ALTER TABLE public.works RENAME COLUMN title TO name")
    go_on(world, ("title: text", "name: {type: text, from: title}"))
    assert world.migrate().exit_code == 0
    assert world.query("SELECT name FROM public.works") == [("mine",)]
    with pytest.raises(UndoRefused, match="1 row of works was changed"):
        take_out(world, user="1")
