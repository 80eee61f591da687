"""Taking out, and what is left."""

from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets_tests.world import World


def take_out(world: World, *, wave: str = "", user: str = "") -> object:
    return undo(Stores(), world.spec, wave=wave, user=user, run="test")


def last_wave(world: World) -> str:
    return str(world.query("SELECT max(wave) FROM etl.waves")[0][0])


def states(world: World) -> dict[str, str]:
    return dict(world.query("SELECT legacy_user_id, state FROM etl.legacy_user_map"))
