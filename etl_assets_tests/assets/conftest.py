"""Where tests of more than one module begin."""

from collections.abc import Callable

import pytest

from etl_assets_tests.assets.person import migrate_with_the_person
from etl_assets_tests.assets.wealth import bring_credits, bring_sums, grow_rich
from etl_assets_tests.world import World
from etl_assets_tests.worlds import Press


@pytest.fixture
def followed(after: Callable[[Press], World]) -> World:
    """The awkward app, in which the person has rows of every kind; migrated."""
    return after(migrate_with_the_person)


@pytest.fixture
def wealthy(world: World) -> World:
    grow_rich(world)
    return world


@pytest.fixture
def credited(after: Callable[[Press], World]) -> World:
    """Whose credits were added to the profiles' by `migrate`."""
    return after(bring_credits)


@pytest.fixture
def summed(after: Callable[[Press], World]) -> World:
    """Whose transactions' sums were added to the profiles' by `migrate`."""
    return after(bring_sums)
