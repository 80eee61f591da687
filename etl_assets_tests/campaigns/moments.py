"""The moments of a random app before a migration, and how production may look after it: what the campaigns share."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from etl_assets_tests.campaigns.apps import STORAGE, TARGET, App, Production, by_owner, production
from etl_assets_tests.campaigns.places import Grounds, Place, tell

Problems = list[str]


@dataclass(frozen=True)
class Moment:
    """A place just before a migration, what production holds before and after it, and what it passes."""

    place: Place
    before: Production
    after: Production
    passes: dict[str, int]
    patches: dict[str, int]


def differences(found: Production, expected: Production) -> Problems:
    """Rows that are lost, too many, or other than they must be."""
    problems = []
    for name, rows in expected.items():
        lost, extra = rows.keys() - found[name].keys(), found[name].keys() - rows.keys()
        other = [key for key in rows.keys() & found[name].keys() if rows[key] != found[name][key]]
        problems += (
            [f"{name}: {len(lost)} lost, {len(extra)} too many, {len(other)} differ"] if lost or extra or other else []
        )
        problems += [f"{found[name][key]} is not {rows[key]}" for key in other[:1]]
    return problems


def torn_users(found: Production, *moments: Production) -> Problems:
    """Accounts that have neither all of one moment nor all of the other."""
    states = [by_owner(moment) for moment in moments]
    return [
        f"{owner} is torn"
        for owner, rows in by_owner(found).items()
        if all(rows != state.get(owner) for state in states)
    ]


def run(ground: Grounds, place: Place, moment_patches: dict[str, int], fault: str = "") -> int:
    """The exit code of a migration; each place has a storage of its own, of which the spec knows by one name."""
    (place.folder / STORAGE).mkdir(exist_ok=True)
    (ground.root / STORAGE).unlink(missing_ok=True)
    (ground.root / STORAGE).symlink_to(place.folder / STORAGE)
    environment = place.environment(ETL_FAULT=fault)
    return ground.forks.run("core", environment=environment, output=place.folder / "out", patches=moment_patches)


def files_lacking(place: Place) -> Problems:
    """Rows that name a file of which the storage has not all."""
    with psycopg.connect(place.url) as connection:
        named = [key for (key,) in connection.execute("SELECT result_file FROM public.jobs WHERE result_file <> ''")]
    return [
        f"{key} is not there, or other"
        for key in named
        if not (there := place.folder / STORAGE / key).is_file() or there.read_text() != f"what was in {there.name}"
    ]


def files_too_many(place: Place) -> Problems:
    """Objects that no row names."""
    with psycopg.connect(place.url) as connection:
        named = {key for (key,) in connection.execute("SELECT result_file FROM public.jobs WHERE result_file <> ''")}
    there = place.folder / STORAGE
    found = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    return [f"{key} is named by no row" for key in sorted(found - named)[:3]]


@contextmanager
def moments(ground: Grounds, seed: int, *, with_files: bool = False) -> Iterator[list[Moment]]:
    """Before the first migration of the seed's app, and before its second."""
    app = App(seed, disk=ground.root if with_files else None)
    patches = {
        "etl_assets.core.load.load.USERS_PER_TRANSACTION": app.users_per_transaction,
        "etl_assets.core.load.load.USERS_FOR_LANES": 1,  # an app with balances is loaded by one connection all the same
    }
    with ExitStack() as stack:
        found: list[Moment] = []
        place = done = stack.enter_context(ground.place())
        execute(place, TARGET)
        app.write_spec(place.spec)
        for later in (False, True):
            if later:
                place = stack.enter_context(ground.place(like=done))
                app.later()
            app.write_legacy(place.legacy)
            app.write_accounts(place.url)
            before = production(place.url)
            done = stack.enter_context(ground.place(like=place))
            code = run(ground, done, patches)
            problems = [*(["it failed"] if code else []), *differences(production(done.url), app.expected())]
            if problems:
                tell(f"seed {seed}, not killed at all: {problems} {(done.folder / 'out.err').read_text()[-2000:]}")
                raise SystemExit(1)
            passes = json.loads((done.folder / "out").read_text())
            found.append(Moment(place, before, app.expected(), passes, patches))
        yield found


def execute(place: Place, statement: str) -> None:
    with psycopg.connect(place.url) as connection:
        connection.execute(statement.encode())
