"""Where tests of more than one module begin."""

from collections.abc import Callable

import pytest

from etl_assets_tests.assets.person import migrate_with_the_person
from etl_assets_tests.assets.wealth import legacy
from etl_assets_tests.world import World
from etl_assets_tests.worlds import Press


@pytest.fixture
def followed(after: Callable[[Press], World]) -> World:
    """The awkward app, in which the person has rows of every kind; migrated."""
    return after(migrate_with_the_person)


@pytest.fixture
def wealthy(world: World) -> World:
    legacy(world)
    world.execute("ALTER TABLE public.profiles ADD COLUMN credits integer")
    world.sign_up("ann@example.com", "bob@example.com")
    world.execute("UPDATE public.profiles SET credits = 10 WHERE email = 'ann@example.com'")  # a sign-up bonus
    return world
