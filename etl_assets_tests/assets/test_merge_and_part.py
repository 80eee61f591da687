"""After a load: two legacy users turn out to be one person, or a history went to the wrong account."""

import pytest

from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

BALANCE = (
    "tables:\n  jobs",
    "balances:\n  profiles.credits: {from: sum(credit_transactions.amount), apply: add}\n\ntables:\n  jobs",
)
ONE_PERSON = ("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true")


def begin(world: World, *changes: tuple[str, str]) -> None:
    """Ann is legacy user 1 and, under another address, 2; Bob is 3. Everybody has signed up under each address."""
    users = ", ".join(f"({n}, '{name}@example.com', NULL, '{AT}')" for n, name in ((1, "ann"), (2, "ann2"), (3, "bob")))
    jobs = ", ".join(f"({n}, {n}, 'of {n}', 's', '{AT}', NULL, NULL, NULL, NULL)" for n in (1, 2, 3))
    money = ", ".join(f"({n}, {n}, {n * 10}, 'p', 'r{n}', '{AT}', NULL)" for n in (1, 2, 3))
    world.legacy(
        f"INSERT INTO users VALUES {users}; INSERT INTO jobs VALUES {jobs}; INSERT INTO credit_transactions VALUES {money}"
    )
    world.execute("ALTER TABLE public.profiles ADD COLUMN IF NOT EXISTS credits integer NOT NULL DEFAULT 0")
    world.write_spec(BALANCE, *changes)
    world.sign_up("ann@example.com", "ann2@example.com", "bob@example.com")
    assert world.migrate().exit_code == 0


def found(world: World) -> dict[str, tuple[set[str], int, int]]:
    """Per account: its jobs, the sum of its transactions, and its balance."""
    rows = world.query(
        "SELECT split_part(a.email, '@', 1), array_remove(array_agg(j.job_type), NULL), p.credits,"
        " (SELECT coalesce(sum(c.amount), 0) FROM public.credit_transactions AS c WHERE c.user_id = a.id)"
        " FROM auth.users AS a JOIN public.profiles AS p ON p.id = a.id LEFT JOIN public.jobs AS j ON j.user_id = a.id"
        " GROUP BY a.id, a.email, p.credits"
    )
    return {name: (set(jobs), int(total), int(balance)) for name, jobs, balance, total in rows}


def ran(world: World, *words: str) -> str:
    done = world.cli(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def take_out(world: World, user: str, *, in_use: bool = False) -> None:
    undo(Stores(), world.spec, wave="", user=user, run="test", in_use=in_use)


APART = {"ann": ({"of 1"}, 10, 10), "ann2": ({"of 2"}, 20, 20), "bob": ({"of 3"}, 30, 30)}


def test_two_legacy_users_of_one_person_are_merged_under_one_account(world: World) -> None:
    begin(world)
    assert found(world) == APART
    world.write_spec(BALANCE, ONE_PERSON)
    ran(world, "undo", "--user", "2")
    world.claim(f"2,{world.account('ann@example.com')},she is user 1 as well")
    assert world.migrate(user="2").exit_code == 0
    assert found(world) == {**APART, "ann": ({"of 1", "of 2"}, 30, 30), "ann2": (set(), 0, 0)}
    outcome = world.migrate()  # and nothing of it comes undone by itself
    assert (outcome.exit_code, outcome.books.closed) == (0, True)
    assert found(world)["ann"] == ({"of 1", "of 2"}, 30, 30)


def test_a_merge_that_the_spec_does_not_allow_is_refused_with_a_sentence(world: World) -> None:
    begin(world)
    take_out(world, "2")
    world.claim(f"2,{world.account('ann@example.com')},she is user 1 as well")
    world.migrate(user="2")
    assert "merge_duplicates" in ran(world, "user", "2")
    assert found(world) == {**APART, "ann2": (set(), 0, 0)}


def test_a_history_that_went_to_the_wrong_account_on_an_operator_s_word_is_given_to_the_right_one(world: World) -> None:
    world.legacy(f"INSERT INTO users VALUES (4, 'dora@old.example.com', NULL, '{AT}');"
                 f"INSERT INTO jobs VALUES (4, 4, 'of 4', 's', '{AT}', NULL, NULL, NULL, NULL);"
                 f"INSERT INTO credit_transactions VALUES (4, 4, 40, 'p', 'r4', '{AT}', NULL)")  # fmt: skip
    world.sign_up("dora@example.com", "eve@example.com")
    world.claim(f"4,{world.account('eve@example.com')},a slip of the pen")
    begin(world)
    assert found(world)["eve"] == ({"of 4"}, 40, 40)
    world.claim(f"4,{world.account('dora@example.com')},the ticket names her")
    told = world.migrate()  # a claim that was made is never moved by the file alone
    assert told.exit_code == 0
    assert found(world)["eve"] == ({"of 4"}, 40, 40)
    take_out(world, "4")
    assert world.migrate(user="4").exit_code == 0
    assert found(world) == {**APART, "eve": (set(), 0, 0), "dora": ({"of 4"}, 40, 40)}


def test_a_merged_person_is_parted_again(world: World) -> None:
    begin(world)
    world.write_spec(BALANCE, ONE_PERSON)
    take_out(world, "2")
    world.claim(f"2,{world.account('ann@example.com')},she is user 1 as well")
    assert world.migrate(user="2").exit_code == 0
    take_out(world, "2")
    world.claim()
    assert world.migrate(user="2").exit_code == 0
    assert found(world) == APART


def test_what_the_wrong_account_has_made_of_it_is_named_and_kept(world: World) -> None:
    begin(world)
    world.execute("UPDATE public.jobs SET status = 'mine' WHERE job_type = 'of 2'")
    world.write_spec(BALANCE, ONE_PERSON)
    refused = world.cli("undo", "--user", "2")
    assert refused.returncode == 1
    assert "jobs 2" in refused.stderr
    assert "--in-use" in refused.stderr
    take_out(world, "2", in_use=True)
    world.claim(f"2,{world.account('ann@example.com')},she is user 1 as well")
    assert world.migrate(user="2").exit_code == 0
    assert found(world)["ann"] == ({"of 1", "of 2"}, 30, 30)
    assert world.query("SELECT count(*) FROM etl.taken_out") == [(1,)]
