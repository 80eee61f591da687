"""What happens to a claim when its account is banned, deleted, renamed or made anew after it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.assets import outcomes
from etl_assets.assets.keys import production_key
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.core.gate.user_rules import resolve_validations
from etl_assets.core.lists.support import answer
from etl_assets.core.users.holds import release
from etl_assets_tests.identities import Identities
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

PEOPLE = {"1": "ann", "2": "bob", "3": "cat", "4": "dan", "5": "eve", "6": "fay", "7": "gil"}
LATE = "INSERT INTO jobs SELECT id + 100, id, 'late', 's', created_at, NULL, NULL, NULL, NULL FROM users"


@pytest.fixture
def moved(after: Callable[[Press], World]) -> World:
    """Seven people who have claimed and have one job each in the new app."""
    return after(move)


def move(world: World) -> None:
    for user, name in PEOPLE.items():
        world.legacy(
            f"INSERT INTO users VALUES ({user}, '{name}@x.org', NULL, '{AT}');"
            f"INSERT INTO jobs VALUES ({user}, {user}, 'first', 's', '{AT}', NULL, NULL, NULL, NULL)"
        )
        world.sign_up(f"{name}@x.org")
    assert world.migrate().books.users["resolved"] == len(PEOPLE)


def change(world: World, name: str, what: str) -> None:
    world.execute(f"UPDATE auth.users SET {what} WHERE email = '{name}@x.org'")


def jobs(world: World) -> dict[str, list[str]]:
    """The kinds of jobs of each address in the new app."""
    found: dict[str, list[str]] = {}
    for email, kind in world.query(
        "SELECT a.email, j.job_type FROM public.jobs AS j JOIN auth.users AS a ON a.id = j.user_id ORDER BY 1, 2"
    ):
        found.setdefault(email.partition("@")[0], []).append(kind)
    return found


def findings(world: World) -> dict[str, tuple[str, ...]]:
    """The legacy ids that each check about claims tells."""
    links = world.links()
    with connect(world.url) as connection, reading(connection):
        found = {rule.name: rule.find(connection, links) for rule in resolve_validations(world.spec)}
    names = ("claiming_accounts_still_stand", "accounts_kept_the_claimed_address", "claimed_addresses_are_nobody_elses")
    return {name: found[name].sample for name in names}


def test_rows_go_only_to_an_account_that_may_still_hold_them(moved: World) -> None:
    change(moved, "ann", "banned_until = now() + interval '1 hour'")
    change(moved, "bob", "deleted_at = now(), email = 'gone'")
    change(moved, "cat", "email_confirmed_at = NULL")
    change(moved, "dan", "is_anonymous = true")
    change(moved, "eve", "is_sso_user = true")
    moved.execute("DELETE FROM auth.users WHERE email = 'fay@x.org'")
    change(moved, "gil", "email = 'gilbert@x.org'")
    moved.legacy(LATE)
    outcome = moved.migrate()
    assert (outcome.exit_code, outcome.books.closed) == (0, True)
    assert jobs(moved) == {
        **{name: ["first"] for name in ("ann", "gone", "cat", "dan", "eve")},
        "gilbert": ["first", "late"],
    }
    book = outcome.books.as_json()
    assert (book["users"]["held"], book["users"]["resolved"], book["tables"]["jobs"]["waiting"]) == (6, 1, 6)
    reasons = dict(moved.query("SELECT legacy_user_id, reason FROM etl.legacy_user_map WHERE state = 'held'"))
    assert reasons == {
        "1": "the account is banned",
        "2": "the account was deleted",
        "3": "the address of the account is not confirmed",
        "4": "the account is anonymous",
        "5": "the account signs in through SSO",
        "6": "the account is gone",
    }
    assert findings(moved) == {
        "claiming_accounts_still_stand": ("1", "2", "3", "4", "5", "6"),
        "accounts_kept_the_claimed_address": ("7",),
        "claimed_addresses_are_nobody_elses": (),
    }
    told = {user: answer(moved.url, moved.spec, user) for user in PEOPLE}
    assert [line.reason for line in told["1"].rows if line.state == "waiting"] == ["account_barred"]
    assert "by itself" in told["1"].remedy
    assert "undo --user" in told["6"].remedy
    assert (told["7"].state, told["7"].reason) == ("resolved", "the account has another address now")
    # A ban ends, an address is confirmed again: what waited arrives by itself.
    change(moved, "ann", "banned_until = now()")
    change(moved, "cat", "email_confirmed_at = now()")
    assert moved.migrate().books.users["held"] == 4
    assert jobs(moved)["ann"] == jobs(moved)["cat"] == ["first", "late"]


def test_who_signs_up_anew_gets_the_history_by_undo_and_migrate_and_not_before(moved: World) -> None:
    moved.execute("DELETE FROM auth.users WHERE email IN ('ann@x.org', 'bob@x.org')")
    change(moved, "cat", "email = 'gone', deleted_at = now()")
    # What a user removes by hand is not what goes with an account.
    moved.execute("DELETE FROM public.jobs AS j USING auth.users AS a WHERE a.id = j.user_id AND a.email = 'dan@x.org'")
    moved.sign_up("ann@x.org", "cat@x.org")
    moved.legacy(LATE)
    moved.migrate()
    assert "ann" not in jobs(moved)
    assert findings(moved)["claimed_addresses_are_nobody_elses"] == ("1", "3")
    for user in ("1", "2", "3", "4"):
        undo(Stores(), moved.spec, wave="", user=user, run="test")
    with connect(moved.url) as connection, writing(connection, run="test"):
        assert [release(connection, user=user) for user in ("2", "3", "4")] == [["2"], ["3"], ["4"]]
    outcome = moved.migrate(user="1")
    assert (outcome.exit_code, outcome.books.closed) == (0, True)
    assert jobs(moved)["ann"] == jobs(moved)["cat"] == ["first", "late"]
    assert jobs(moved)["dan"] == ["late"]
    states = dict(moved.query("SELECT legacy_user_id, state FROM etl.legacy_user_map"))
    assert (states["1"], states["2"], states["3"], states["4"]) == ("resolved", "waiting", "resolved", "resolved")
    lost = moved.query("SELECT detail -> 'lost' ->> 'jobs' FROM etl.audit_log WHERE action = 'undone' ORDER BY id")
    assert lost == [("1",), ("1",), ("0",), ("0",)]


def test_swapped_addresses_move_no_claim_and_a_ban_that_ends_lifts_no_undo(moved: World) -> None:
    change(moved, "dan", "banned_until = 'infinity'")
    undo(Stores(), moved.spec, wave="", user="4", run="test")
    change(moved, "dan", "banned_until = NULL")
    change(moved, "ann", "email = 'swap'")
    change(moved, "bob", "email = 'ann@x.org'")
    moved.execute("UPDATE auth.users SET email = 'bob@x.org' WHERE email = 'swap'")
    before = moved.query("SELECT legacy_user_id, supabase_user_id FROM etl.legacy_user_map ORDER BY 1")
    moved.legacy(LATE)
    assert moved.migrate().exit_code == 0
    assert moved.query("SELECT legacy_user_id, supabase_user_id FROM etl.legacy_user_map ORDER BY 1") == before
    assert jobs(moved)["bob"] == ["first", "late"]
    assert "dan" not in jobs(moved)
    assert moved.query("SELECT reason FROM etl.legacy_user_map WHERE legacy_user_id = '4'") == [("undone",)]
    found = findings(moved)
    assert found["accounts_kept_the_claimed_address"] == found["claimed_addresses_are_nobody_elses"] == ("1", "2")
    assert answer(moved.url, moved.spec, "1").reason == "another account has the claimed address now"
    assert "claims file" in answer(moved.url, moved.spec, "1").remedy


def test_an_old_project_without_the_later_columns_of_auth_users_works(world: World) -> None:
    world.execute(
        "ALTER TABLE auth.users DROP COLUMN deleted_at, DROP COLUMN banned_until, DROP COLUMN is_anonymous,"
        " DROP COLUMN is_sso_user CASCADE"
    )
    world.legacy(
        f"INSERT INTO users VALUES (1, 'ann@x.org', NULL, NULL), (2, 'bob@x.org', NULL, NULL);"
        f"INSERT INTO jobs VALUES (1, 1, 'first', 's', '{AT}', NULL, NULL, NULL, NULL)"
    )
    world.sign_up("ann@x.org")
    world.sign_up("bob@x.org", confirmed=False)
    outcome = world.migrate()
    assert (outcome.exit_code, outcome.books.users["resolved"], outcome.books.users["unconfirmed"]) == (0, 1, 1)
    assert jobs(world) == {"ann": ["first"]}


def test_the_load_sees_what_happened_since_the_claim_and_while_it_writes(
    moved: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "RETRY_WAIT_S", 0)
    moved.legacy(LATE)
    wave = moved.stage()
    change(moved, "cat", "banned_until = 'infinity'")
    change(moved, "dan", "email_confirmed_at = NULL")
    keys = [production_key(table) for table in ("jobs", "credit_transactions", "artifacts")]
    with psycopg.connect(moved.url) as other:
        # The load has taken its view when it meets the deletion, and waits for how that ends.
        other.execute("DELETE FROM auth.users WHERE email = 'ann@x.org'")
        results: list[Any] = []
        load = threading.Thread(target=lambda: results.append(moved.materialize(*keys, partition_key=wave)))
        load.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        deadline = time.monotonic() + 30
        while moved.query(waiting) == [(0,)] and time.monotonic() < deadline:
            time.sleep(0.05)
        other.commit()
        load.join()
    assert results[0].success
    assert "ann" not in jobs(moved)
    assert jobs(moved)["bob"] == ["first", "late"]
    assert jobs(moved)["cat"] == jobs(moved)["dan"] == ["first"]
    assert moved.query("SELECT count(*) FROM etl.loaded WHERE legacy_user_id = '1'") == [(1,)]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_identity_histories(world: World, seed: int) -> None:
    Identities(world.url, seed).run(30)
