"""Who may claim: nobody gets what is not theirs."""

from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from psycopg import sql

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.keys import RESOLVED
from etl_assets.core.users.users import read_links
from etl_assets.transform.users import folded_text
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")


def state_of(world: World, legacy_user_id: str = "1") -> str:
    world.migrate()
    [(state,)] = world.query("SELECT state FROM etl.legacy_user_map WHERE legacy_user_id = %s", legacy_user_id)
    return state


@pytest.fixture
def ann(world: World) -> World:
    world.legacy(
        f"INSERT INTO users VALUES (1, 'ann@example.com', NULL, '{AT}');"
        f"INSERT INTO jobs VALUES (1, 1, 'e', 's', '{AT}', NULL, NULL, NULL, NULL)"
    )
    return world


ADDRESS = "ann{n}@example.com"
ACCOUNTS = (
    ({}, "resolved"),
    ({"confirmed": False}, "unconfirmed"),
    ({"deleted_at": AT}, "unconfirmed"),
    ({"banned_until": "2999-01-01"}, "unconfirmed"),
    ({"banned_until": "2001-01-01"}, "resolved"),
    ({"is_anonymous": True}, "unconfirmed"),
    ({"is_sso_user": True}, "unconfirmed"),
)
SAME = ("ANN{n}@Example.COM", " ann{n}@example.com\t", "ann{n}@example.com\n")
OTHER = (
    "ann{n}+x@example.com",
    "a.nn{n}@example.com",
    "ann{n}@example.com.",
    "\u00a0ann{n}@example.com",
    "\u200bann{n}@example.com",
    "\uff41nn{n}@example.com",
)
# Each signs up once, for a legacy user of her own: by address, with what, to become what.
CASES = [
    *((ADDRESS, account, state) for account, state in ACCOUNTS),
    *((address, {}, "resolved") for address in SAME),
    *((address, {}, "waiting") for address in OTHER),
]


def let_all_sign_up(world: World) -> None:
    for n, (address, account, _) in enumerate(CASES, start=1):
        email = ADDRESS.format(n=n)
        world.legacy(
            f"INSERT INTO users VALUES ({n}, '{email}', NULL, '{AT}');"
            f"INSERT INTO jobs VALUES ({n}, {n}, 'e{n}', 's', '{AT}', NULL, NULL, NULL, NULL)"
        )
        world.sign_up(address.format(n=n), **account)
    assert world.migrate().exit_code == 0


@pytest.mark.parametrize("number", range(1, len(CASES) + 1), ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_only_an_account_with_just_this_and_a_confirmed_address_may_claim(
    after: Callable[[Press], World], number: int
) -> None:
    """Blanks around it and ASCII case do not matter; another address is another person."""
    world, state = after(let_all_sign_up), CASES[number - 1][2]
    assert world.query("SELECT state FROM etl.legacy_user_map WHERE legacy_user_id = %s", str(number)) == [(state,)]
    arrived = world.query("SELECT count(*) FROM public.jobs WHERE job_type = %s", f"e{number}")
    assert arrived == [(int(state == "resolved"),)]


def test_a_look_alike_legacy_address_is_never_matched(world: World) -> None:
    world.legacy(
        "INSERT INTO users VALUES (1, char(8490) || 'ate@example.com', NULL, NULL), (2, 'kate@example.com', NULL, NULL)"
    )
    world.sign_up("kate@example.com")
    assert state_of(world, "1") == "invalid_email"
    assert state_of(world, "2") == "resolved"


def test_two_accounts_with_one_address_stay_ambiguous(ann: World) -> None:
    ann.write_spec(("profiles: public.profiles", "profiles: public.profiles\n  sso_domains: [example.com]"))
    ann.sign_up("ann@example.com")
    ann.sign_up("ann@example.com", is_sso_user=True)
    assert state_of(ann) == "ambiguous"


def test_two_legacy_users_with_one_address_stay_ambiguous_unless_merged(ann: World) -> None:
    ann.legacy("INSERT INTO users VALUES (2, 'ANN@example.com', NULL, NULL)")
    ann.sign_up("ann@example.com")
    assert state_of(ann, "1") == state_of(ann, "2") == "ambiguous"
    ann.write_spec(("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true"))
    assert state_of(ann, "1") == state_of(ann, "2") == "resolved"
    assert ann.query("SELECT count(DISTINCT supabase_user_id) FROM etl.legacy_user_map") == [(1,)]


def test_a_later_legacy_twin_does_not_get_a_claimed_account(ann: World) -> None:
    ann.sign_up("ann@example.com")
    assert state_of(ann) == "resolved"
    ann.legacy("INSERT INTO users VALUES (2, 'ann@example.com', NULL, NULL)")
    assert state_of(ann, "2") == "ambiguous"
    assert state_of(ann, "1") == "resolved"


def test_a_claim_does_not_move_when_addresses_change(ann: World) -> None:
    ann.sign_up("ann@example.com")
    assert state_of(ann) == "resolved"
    [(claimed,)] = ann.query("SELECT supabase_user_id FROM etl.legacy_user_map")
    ann.execute("UPDATE auth.users SET email = 'other@example.com'")
    ann.sign_up("ann@example.com")
    ann.legacy("UPDATE users SET email = 'new@example.com'")
    ann.sign_up("new@example.com")
    assert state_of(ann) == "resolved"
    assert ann.query("SELECT supabase_user_id, email FROM etl.legacy_user_map") == [(claimed, "ann@example.com")]
    assert ann.query("SELECT DISTINCT user_id FROM public.jobs") == [(claimed,)]


def test_the_address_of_an_unclaimed_user_follows_the_legacy_app(ann: World) -> None:
    assert state_of(ann) == "waiting"
    ann.legacy("UPDATE users SET email = 'new@example.com'")
    ann.sign_up("new@example.com")
    assert state_of(ann) == "resolved"


def test_an_attacker_who_edits_a_profile_gets_nothing(ann: World) -> None:
    ann.sign_up("mallory@example.com")
    ann.execute("UPDATE public.profiles SET email = 'ann@example.com'")
    assert state_of(ann) == "waiting"
    assert ann.query("SELECT count(*) FROM public.jobs") == [(0,)]


def test_an_account_without_a_profile_may_not_claim(ann: World) -> None:
    ann.sign_up("ann@example.com")
    ann.execute("DELETE FROM public.profiles")
    assert state_of(ann) == "unconfirmed"


def test_an_unverified_legacy_address_is_not_claimable(ann: World) -> None:
    ann.legacy(
        "ALTER TABLE users ADD COLUMN email_verified INTEGER; INSERT INTO users VALUES (2, 'bob@example.com', NULL, NULL, 1)"
    )
    ann.write_spec(("email: email}", "email: email, verified: email_verified}"))
    ann.sign_up("ann@example.com", "bob@example.com")
    assert state_of(ann, "1") == "unconfirmed"
    assert state_of(ann, "2") == "resolved"


def test_a_sealed_wave_takes_nobody_else_when_it_runs_again(ann: World) -> None:
    ann.legacy("INSERT INTO users VALUES (2, 'bob@example.com', NULL, NULL)")
    ann.sign_up("ann@example.com")
    wave = ann.stage()
    ann.sign_up("bob@example.com")
    assert ann.materialize(RESOLVED, partition_key=wave).success
    assert ann.query("SELECT legacy_user_id FROM etl.legacy_user_map WHERE wave = %s", wave) == [("1",)]
    assert ann.query("SELECT users FROM etl.waves") == [(1,)]


@pytest.mark.usefixtures("with_dagster")
def test_a_claim_keeps_its_evidence(ann: World) -> None:
    ann.sign_up("ann@example.com")
    ann.migrate()
    [(confirmed, claimed, run, wave)] = ann.query(
        "SELECT confirmed_at, claimed_at, claimed_by_run, wave FROM etl.legacy_user_map"
    )
    assert confirmed == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert claimed
    assert ann.instance.get_run_by_id(run) is not None
    assert wave.endswith("Z")


def test_waves_within_one_second_get_keys_of_their_own(ann: World) -> None:
    ann.sign_up("ann@example.com")
    first = ann.stage()
    second = ann.stage()
    assert first < second


def test_a_reused_legacy_user_id_gives_nothing_to_the_former_person(ann: World) -> None:
    ann.sign_up("ann@example.com")
    ann.migrate()
    ann.legacy(
        "DELETE FROM users; INSERT INTO users VALUES (1, 'mallory@example.com', NULL, '2026-01-01 00:00:00');"
        f"INSERT INTO jobs VALUES (2, 1, 'secret', 's', '{AT}', NULL, NULL, NULL, NULL)"
    )
    ann.sign_up("mallory@example.com")
    outcome = ann.migrate()
    assert outcome.exit_code == 0
    assert ann.query("SELECT job_type FROM public.jobs") == [("e",)]
    assert outcome.books.as_json()["tables"]["jobs"]["waiting"] == 1


def test_whoever_left_the_legacy_app_unclaimed_stands_in_nobodys_way(ann: World) -> None:
    ann.migrate()
    ann.legacy(
        "UPDATE jobs SET user_id = 2; DELETE FROM users; INSERT INTO users VALUES (2, 'ann@example.com', NULL, NULL)"
    )
    ann.sign_up("ann@example.com")
    assert state_of(ann, "2") == "resolved"
    assert ann.query("SELECT count(*) FROM public.jobs") == [(1,)]


def test_an_accounts_address_is_folded_as_a_legacy_one_is(world: World) -> None:
    """In ASCII alone, whatever the locale of the database: no letter becomes one of another address."""
    texts = [chr(code) for code in (*range(1, 0x2FFF), 0x1E900, 0x10400)]
    for n, start in enumerate(range(0, len(texts), 240)):
        world.sign_up(f"{n} {''.join(texts[start : start + 240])} z")
    with connect(world.url) as connection, reading(connection):
        accounts = read_links(connection, world.spec).claimants
        query = sql.SQL("SELECT u.email, a.email_key FROM ({}) AS a JOIN auth.users AS u USING (id)").format(accounts)
        found = connection.execute(query).fetchall()
    assert len(found) == -(-len(texts) // 240)
    assert all(folded_text(email) == key for email, key in found)
