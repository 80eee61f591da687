"""Users with a balance, and what is asked of it."""

from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets_tests.scenario import LEGACY, PRODUCTION
from etl_assets_tests.world import AT, LEGACY_SCHEMA, World

WITH_PROFILES = (*PRODUCTION, "public.profiles")


SCHEMA = LEGACY_SCHEMA.replace(
    "password_hash TEXT, created_at TEXT);", "password_hash TEXT, created_at TEXT, credits);"
)


USERS = LEGACY.replace(f"'{AT}')", f"'{AT}', 70)", 1).replace(f"'{AT}')", f"'{AT}', 7)", 1)


def spec_with(world: World, balance: str, *more: tuple[str, str]) -> None:
    world.write_spec(("tables:\n  jobs:", f"balances:\n  profiles.credits: {balance}\n\ntables:\n  jobs:"), *more)


def legacy(world: World) -> None:
    """The awkward app, whose users have a balance: 70 and 7 for the two who come, nothing for the rest."""
    world.legacy("", schema=SCHEMA)
    rows = LEGACY.replace("INSERT INTO users VALUES", "INSERT INTO users (id, email, password_hash, created_at) VALUES")
    world.legacy(rows + "UPDATE users SET credits = 70 WHERE id = 1; UPDATE users SET credits = 7 WHERE id = 2;")


def grow_rich(world: World) -> None:
    legacy(world)
    world.execute("ALTER TABLE public.profiles ADD COLUMN credits integer")
    world.sign_up("ann@example.com", "bob@example.com")
    world.execute("UPDATE public.profiles SET credits = 10 WHERE email = 'ann@example.com'")  # a sign-up bonus


def bring_credits(world: World) -> None:
    grow_rich(world)
    spec_with(world, "{from: users.credits, apply: add}")
    assert world.migrate().exit_code == 0


def bring_sums(world: World) -> None:
    grow_rich(world)
    spec_with(world, "{from: sum(credit_transactions.amount), apply: add}")
    assert world.migrate().exit_code == 0


def balances(world: World) -> dict[str, int | None]:
    return dict(world.query("SELECT split_part(email, '@', 1), credits FROM public.profiles"))


def last_wave(world: World) -> str:
    return str(world.query("SELECT max(wave) FROM etl.waves")[0][0])


def notes(world: World) -> list[tuple[object, ...]]:
    return world.query(
        "SELECT legacy_user_id, before::int, amount::int, after::int FROM etl.balances ORDER BY legacy_user_id, id"
    )


MERGED = ("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true")


UPDATE = ("policy:", "policy:\n  on_change: update")


BOOKING = (
    "CREATE FUNCTION public.book() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
    " UPDATE public.profiles SET credits = coalesce(credits, 0) + {amount} WHERE id = {row}.user_id; RETURN NULL; END $$;"
    "CREATE {kind} TRIGGER book AFTER {event} ON public.credit_transactions {when}"
    " FOR EACH ROW EXECUTE FUNCTION public.book()"
)


def take_out(world: World, *, wave: str = "", user: str = "") -> None:
    undo(Stores(), world.spec, wave=wave, user=user, run="test")


def again(world: World, **options: str) -> int:
    return world.migrate(**options).exit_code
