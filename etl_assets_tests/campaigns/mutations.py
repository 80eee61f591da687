"""The verification verified: `python -m etl_assets_tests.campaigns.mutations [COUNT] [SEED]`.

COUNT single mutations by somebody else after the load must each be found, those of production without turning anything
red; and COUNT in the very transaction that loads must each be refused or turn the verification red.
"""

import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.core.users.users import read_links
from etl_assets_tests.mutations import (
    PRODUCTION,
    a_copy,
    begin,
    mutate_in_the_load,
    mutate_later,
    random_mutation,
    verdict,
)
from etl_assets_tests.world import World
from etl_assets_tests.worlds import a_server, a_world


def later(world: World, count: int, seed: int) -> list[str]:
    """Mutations after the load; those that were not found as they should be."""
    rng, done, wrong = random.Random(seed), Counter[str](), []
    assert world.migrate().exit_code == 0
    with connect(world.url) as connection:
        with reading(connection):
            links = read_links(connection, world.spec)
            before = verdict(connection, links)
        while done.total() < count:
            mutation = random_mutation(rng)
            found = mutate_later(connection, links, mutation, before)
            if found is None:
                continue
            is_red = bool(found.red)
            done[f"{mutation.place} {'red' if is_red else 'listed'}"] += 1
            if not (found.red or found.listed) or (mutation.place == PRODUCTION and is_red):
                wrong.append(f"later: {mutation.what}: {dict(found.red)} {dict(found.listed)}: {mutation.statement}")
    sys.stdout.write(f"later: {dict(done)}\n")
    return wrong


def within(world: World, count: int, seed: int) -> list[str]:
    """Mutations in the loading transaction; those that neither stopped it nor turned the verification red."""
    rng, done, wrong = random.Random(seed), Counter[str](), []
    wave, number = world.stage(), 0
    while done.total() < count:
        mutation, number = random_mutation(rng), number + 1
        with a_copy(world, number) as url, connect(url) as connection:
            with reading(connection):
                links = read_links(connection, world.spec)
            found = mutate_in_the_load(connection, links, mutation, wave=wave)
        if found is None:
            continue
        red = isinstance(found, str) or any(found.red.values())
        done[f"{mutation.place} {'refused' if isinstance(found, str) else 'red' if red else 'NOT FOUND'}"] += 1
        if not red:
            wrong.append(f"within: {mutation.what}: {mutation.statement}")
    sys.stdout.write(f"within: {dict(done)}\n")
    return wrong


def main() -> int:
    """Exit code 1 when one was missed."""
    words = [*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]]
    count, seed = (int(word) for word in words)
    wrong: list[str] = []
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with a_server(root) as server:
            for part in (later, within):
                began, place = time.monotonic(), root / part.__name__
                place.mkdir()
                with a_world(server, place) as world:
                    begin(world, seed)
                    wrong += part(world, count, seed)
                sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"{len(wrong)} of {2 * count} mutations were missed or misjudged\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
