"""Random schemas with references of every shape, in two waves, with a kill, an undo and a return.

`python -m etl_assets_tests.campaigns.shapes` plays thousands of seeds.
"""

import os
import random
import signal

import pytest

from etl_assets.model.errors import UndoRefused
from etl_assets_tests import forks
from etl_assets_tests.assets.undoing import take_out
from etl_assets_tests.shapes import USERS, Model, Row, legacy_of, make, new_id, spec_of, target_of
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

# One that names rows by code and within JSON and cannot be undone, one by pairs, one by one of several tables, three tables.
CHOSEN = (1, 2, 4, 5)
FIRST, COUNT = int(os.environ.get("SHAPES_FROM", "1")), int(os.environ.get("SHAPES", "0"))
PEOPLE = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT);" + "".join(
    f"INSERT INTO users VALUES ({user}, 'u{user}@example.com', '{AT}');" for user in USERS
)
SPEC = """
source: {{timezone: UTC}}
namespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52
users: {{}}
policy: {{incomplete_users: load}}
tables:
{tables}"""


# One of them kills the second wave of each schema.
KILLS = "staging.copied users.written resolve.claimed load.rows load.table load.before_commit load.committed".split()


def _production(world: World, model: Model) -> dict[Row, tuple[str | None, ...]]:
    found: dict[Row, tuple[str | None, ...]] = {}
    for name, table in model.tables.items():
        named = [
            f"CASE WHEN t.{r.column} IS NOT NULL THEN concat_ws('/', t.{r.column}, coalesce(t.{r.column}_nr::text, '')) END"
            if r.by == "pair"
            else f"t.{r.column}::text"
            for r in table.references
        ]
        columns = ", ".join(["format('%s', t.v)", "t.code", *named])
        owner = "t.user_id::text" if table.owner == "column" else "NULL"
        for id_, account, *cells in world.query(f"SELECT t.id::text, {owner}, {columns} FROM public.{name} AS t"):
            [row] = [(name, key) for key in table.rows if new_id((name, key)) == id_]
            found[row] = tuple(cells)
            if account:
                assert account == world.account(f"u{model.owner(row)}@example.com"), row
    return found


def _holds(world: World, model: Model, arrived: set[Row]) -> None:
    assert _production(world, model) == {row: model.cells(row) for row in arrived}
    books = {
        (table, state): rows
        for table, state, rows in world.query('SELECT "table", state, sum(rows)::int FROM etl.book GROUP BY 1, 2')
    }
    for name in model.tables:
        mine = {row for row in model.rows if row[0] == name}
        assert books.get((name, "loaded"), 0) == len(mine & arrived), name
        assert books.get((name, "quarantined"), 0) == len(mine & model.bad), name


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT) if COUNT else CHOSEN)
def test_what_arrives_is_what_the_model_says(world: World, seed: int) -> None:
    tables = make(seed)
    model = Model(tables)
    world.execute(target_of(tables))
    path = world.folder / "shapes.yaml"
    path.write_text(SPEC.format(tables=spec_of(tables)), encoding="utf-8")
    world.use_spec(path)
    world.legacy(legacy_of(tables), schema=PEOPLE)
    world.sign_up("u1@example.com", "u2@example.com")
    world.migrate()
    _holds(world, model, model.arrived({"1", "2"}))
    world.sign_up("u3@example.com")
    killed = {**os.environ, "ETL_FAULT": f"{random.Random(seed).choice(KILLS)}:1"}
    # A point that this schema does not pass kills nobody: nothing is staged anew, or nobody owns anything.
    assert forks.warm().run("core", environment=killed, output=world.folder / "said") in (-signal.SIGKILL, 0)
    world.migrate()
    everything = model.arrived(set(USERS))
    _holds(world, model, everything)
    if all(table.owner == "none" for table in tables):
        return  # nobody claims anything
    hers = {row for row in everything if model.owner(row) == "2"}
    held = any(hers.intersection(model.named(row)) for row in everything - hers)
    try:
        take_out(world, user="2")
    except UndoRefused:
        assert held
    else:
        assert not held
        assert set(_production(world, model)) == everything - hers
        world.migrate(user="2")
        _holds(world, model, everything)
