"""Any single mutation is found: by the load's read-back, by the verification, or in its lists."""

import random

import pytest

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.keys import VERIFICATION
from etl_assets.core.users.users import read_links
from etl_assets_tests.mutations import (
    PRODUCTION,
    Mutation,
    a_copy,
    begin,
    mutate_in_the_load,
    mutate_later,
    random_mutation,
    verdict,
)
from etl_assets_tests.world import World, failed_checks

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_what_others_change_is_listed_and_what_the_load_changes_is_red(world: World) -> None:
    begin(world, seed=5)
    wave, rng = world.stage(), random.Random(5)
    mutations = [random_mutation(rng) for _ in range(20)]
    for number, mutation in enumerate(mutations[:3]):
        with a_copy(world, number) as url, connect(url) as connection:
            with reading(connection):
                links = read_links(connection, world.spec)
            found = mutate_in_the_load(connection, links, mutation, wave=wave)
        assert found is None or isinstance(found, str) or any(found.red.values()), mutation
    assert world.migrate().exit_code == 0
    with connect(world.url) as connection:
        with reading(connection):
            links = read_links(connection, world.spec)
            before = verdict(connection, links)
        for mutation in mutations:
            later = mutate_later(connection, links, mutation, before)
            assert later is None or later.red or later.listed, mutation
            assert later is None or not (later.red and mutation.place == PRODUCTION), mutation


def test_a_row_that_the_loading_transaction_itself_takes_out_again_is_missed(world: World) -> None:
    begin(world, seed=7)
    wave = world.stage()
    gone = (
        "DELETE FROM public.credit_transactions WHERE id = (SELECT min(id::text)::uuid FROM public.credit_transactions)"
    )
    with connect(world.url) as connection:
        with reading(connection):
            links = read_links(connection, world.spec)
        found = mutate_in_the_load(connection, links, Mutation(PRODUCTION, "one row", gone), wave=wave)
    assert isinstance(found, str)
    assert "rows_arrive_unchanged fails on credit_transactions for 1 " in found
    assert world.query("SELECT count(*) FROM public.credit_transactions") == [(0,)]


def test_copies_are_listed_and_a_staging_that_was_written_to_is_made_anew(world: World) -> None:
    begin(world, seed=6)
    world.migrate()
    doubled = (
        "INSERT INTO public.jobs SELECT (jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid()))).*"
        " FROM public.jobs AS j ORDER BY j.id LIMIT 1"
    )
    native = "INSERT INTO public.jobs (user_id, job_type, status) SELECT id, 'native', 's' FROM public.profiles"
    world.execute(f"{doubled}; {native}; UPDATE etl.stg_jobs SET status = 'x' WHERE _legacy_id = '1'")
    result = world.materialize(VERIFICATION)
    assert {"no_row_was_doubled_since", "staging_is_as_it_was_written"} <= failed_checks(result)
    found = next(e for e in result.get_asset_check_evaluations() if e.check_name == "no_row_was_doubled_since")
    assert (found.metadata["doubled_since"].value, found.metadata["count"].value) == (1, 1)
    assert world.migrate().exit_code == 0
    assert world.query("SELECT count(*) FROM etl.stg_jobs WHERE status = 'x'") == [(0,)]
