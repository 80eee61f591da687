"""The recipes of the spec's page, as they stand there: what they say that arrives does."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from etl_assets.spec.page.page import cookbook
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
APART = "24. Addresses in a table of their own"


@dataclass(frozen=True)
class Recipe:
    """What stands under one heading; the first of all is what the others share."""

    title: str
    legacy: str
    target: str
    spec: str
    query: str
    arrives: list[tuple[str, ...]]


def read(text: str) -> Recipe:
    found = FENCE.findall(text)
    statements = [body for language, body in found if language == "sql"]
    legacy, _, target = statements[0].partition("-- target\n")
    table = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if line.startswith("|")
    ]
    return Recipe(
        text.partition("\n")[0],
        legacy.removeprefix("-- legacy\n"),
        target,
        next(body for language, body in found if language == "yaml"),
        statements[1] if len(statements) > 1 else "",
        [table[0], *table[2:]] if table else [],
    )


SHARED, *RECIPES = [read(text) for text in cookbook().split("\n### ")]


def merged(recipes: list[Recipe]) -> dict[str, Any]:
    """One spec of the specs of several recipes."""
    whole: dict[str, Any] = {}
    for recipe in recipes:
        for section, content in yaml.load(recipe.spec, Loader=yaml.BaseLoader).items():  # noqa: S506 - strings alone
            assert section not in whole or not whole[section].keys() & content.keys(), recipe.title
            whole[section] = {**whole.get(section, {}), **content} if isinstance(content, dict) else content
    return whole


def cook(world: World, recipes: list[Recipe]) -> dict[str, list[tuple[str, ...]]]:
    """What arrives, by recipe."""
    world.execute("DROP TABLE public.artifacts, public.credit_transactions, public.jobs CASCADE")
    world.execute("".join(recipe.target for recipe in recipes))
    world.legacy("".join(recipe.legacy for recipe in recipes), schema="")
    path = world.folder / "cookbook.yaml"
    path.write_text(yaml.safe_dump(merged(recipes), sort_keys=False), encoding="utf-8")
    world.use_spec(path)
    world.sign_up("ann@example.com", "bea@example.com")
    assert world.migrate().books.closed
    return {recipe.title: told(world, recipe.query) for recipe in recipes if recipe.query}


def told(world: World, query: str) -> list[tuple[str, ...]]:
    rows = world._session.execute(query.encode())
    names = tuple(column.name for column in rows.description or ())
    as_text = world.query(f"SELECT * FROM ({query}) AS t")
    shown = world.query(f"SELECT {', '.join(f'{name}::text' for name in names)} FROM ({query}) AS t") if as_text else []
    return [names, *(tuple("NULL" if cell is None else cell for cell in row) for row in shown)]


def test_what_the_recipes_say_that_arrives_arrives(world: World) -> None:
    together = [recipe for recipe in RECIPES if recipe.title != APART]
    assert len(together) >= 20
    assert cook(world, [SHARED, *together]) == {recipe.title: recipe.arrives for recipe in together}


def test_the_recipe_with_a_database_of_its_own(world: World) -> None:
    [apart] = [recipe for recipe in RECIPES if recipe.title == APART]
    assert cook(world, [apart]) == {APART: apart.arrives}
