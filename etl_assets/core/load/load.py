"""From staging to production: whole users, under the writers' lock, behind the gate, each row read back."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg

from etl_assets.access.postgres.catalog import regclass
from etl_assets.access.postgres.connection import Connection, analyze, reading, writing
from etl_assets.access.postgres.lanes import Lane, in_lanes, make_lanes
from etl_assets.access.postgres.refusals import DatabaseFault
from etl_assets.access.postgres.statements import Statements, identifier
from etl_assets.core.balances.profiles import note_profiles, write_profiles
from etl_assets.core.books.pages import can_be_carried, carry, require_books
from etl_assets.core.files.record import refused_users
from etl_assets.core.gate.gate import require_gate
from etl_assets.core.gate.target_rules import require_target
from etl_assets.core.links.circle import units
from etl_assets.core.links.links import Links
from etl_assets.core.load.insert import adopt, insert_ready, insert_unit, raise_sequence
from etl_assets.core.load.late import is_large, late_users
from etl_assets.core.load.loader import Loaded, Loader, Progress
from etl_assets.core.load.read_back import can_be_altered, follow_target, require_as_written, take_versions
from etl_assets.core.load.refusing import fault_of_rows, narrow, note_refused, note_refused_balance
from etl_assets.core.load.update import write_changes
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.columns import COLUMNS_OF
from etl_assets.core.memory.counted import void_books
from etl_assets.core.memory.facts import keep_content
from etl_assets.core.memory.pause import require_running
from etl_assets.core.memory.schema import meta_facts, remember
from etl_assets.core.users import waves
from etl_assets.core.users.holds import let_go, stamp_migrated, unclaim, without_history
from etl_assets.core.users.users import marked
from etl_assets.core.users.waves import finish_wave
from etl_assets.faults import fault_point
from etl_assets.model.errors import EtlError, Refused

SQL = Statements(__file__)

USERS_PER_TRANSACTION = 10_000  # half a minute in two lanes at 60 rows a user; others wait a minute for their turn
USERS_FOR_LANES = 200  # for fewer, a connection costs more than it saves


def load_wave(loader: Loader, *, wave: str, progress: Progress) -> Loaded:
    """Loads every row that is ready, of users claimed in this wave or in an earlier one.

    One transaction holds whole users: all tables of a batch of users, in the order of their references, with ledger
    and `migrated_at`. A kill between two of them leaves whole users, and the next run goes on.

    Raises:
        Refused: a blocking validation fails, or a row was changed on its way in.
        EtlError: the wave was not sealed.
    """
    connection, links = loader.connection, loader.links
    if links.accounts is None:
        raise ValueError("who may hold rows is not known: these links are only to look at")
    owned = [name for name in links.tables if not links.spec.tables[name].owner.is_none]
    loaded = Loaded(dict.fromkeys(owned, 0))
    with reading(connection):
        _require_standing(connection, wave)
        own = waves.users_of_wave(connection, wave)
        is_small = not is_large(connection, wave)
        is_worth_it = bool(loader.connect) and loader.lanes > 1 and len(own) >= USERS_FOR_LANES and not is_small
        with_lanes = is_worth_it and _are_apart(connection, links, owned)
    with writing(connection, run=loader.run):
        # Of many users the pages are counted together, when all of them have been loaded.
        loader = replace(loader, is_small=is_small, carries=is_small and can_be_carried(links))
        if loader.carries:
            require_books(connection, links, run=loader.run)
        else:
            void_books(connection)
        own = _without_incomplete(connection, links, own, wave=wave)
    load_own = _load_in_lanes if with_lanes else _load_in_turn
    load_own(loader, owned, own, wave=wave, loaded=loaded, progress=progress)
    staging = _load_late(loader, owned, wave=wave, loaded=loaded)
    with writing(connection, run=loader.run):
        _require_standing(connection, wave)
        if not loaded.transactions:
            # Nobody to load is still a moment to say what is wrong: a red gate must not turn green by being empty.
            _open_gate(loader, users=[])
        for name in owned:
            raise_sequence(connection, links, links.spec.tables[name])
        finish_wave(connection, wave, staging=staging)
        if not is_small:
            # The reconciliation joins the ledger next; without statistics Postgres takes it for empty and loops.
            analyze(connection, identifier("etl", "loaded"))
        fault_point("load.finished")
    if loaded.refused:
        raise _refusal(loaded, owned)
    return loaded


def _without_incomplete(connection: Connection, links: Links, users: list[str], *, wave: str) -> list[str]:
    """The users of a wave without those whose claim was taken back, because a file of theirs is not there."""
    if not links.spec.with_files or links.spec.policy.incomplete_users == "load":
        return users
    refused = refused_users(connection, users)
    gone = set(let_go(connection, links, refused, wave=wave)) if refused else set()
    return [user for user in users if user not in gone]


def _load_late(loader: Loader, owned: list[str], *, wave: str, loaded: Loaded) -> str:
    """Loads rows that were not there, not right or not referable when their owner's wave came, users by users.

    Each pass can free further rows, through references between users; it ends when one brings nothing.

    Returns:
        The mark of the staging that was looked through.
    """
    with reading(loader.connection):
        links = marked(loader.connection, loader.links)
    loader = replace(loader, links=links, is_small=False, carries=can_be_carried(links))
    late, staging = late_users(loader.connection, links, run=loader.run)
    brought = True
    while brought:
        before = loaded.written
        for batch in _batches([user for user in late if user not in {*loaded.refused, *loaded.narrowed}]):
            _load_or_divide(loader, owned, batch, wave=wave, loaded=loaded)
        brought = loaded.written > before
        if brought:
            late, _ = late_users(loader.connection, links, run=loader.run)
    return staging


def _refusal(loaded: Loaded, owned: list[str]) -> Refused:
    rules = "; ".join(sorted(set(loaded.refused.values())))
    return Refused(
        "the_target_takes_every_user",
        table=", ".join(owned),
        count=len(loaded.refused),
        sample=[f"user {user}" for user in loaded.refused],
        remedy=f"Everybody else was loaded. Of these users' rows: {rules}. Correct their legacy rows or the "
        "constraint, then run again.",
    )


def load_unowned(loader: Loader, name: str) -> int:
    """Loads a lookup table's rows that are ready and not in the ledger, in one transaction; returns how many.

    With `id: keep`, rows that the target has already and that are equal in every column are adopted, not written.

    Raises:
        Refused: a blocking validation fails, or a row was changed on its way in.
    """
    try:
        return _load_lookup(loader, name, is_narrowed=False)
    except DatabaseFault as fault:
        if not fault.is_about_rows:
            raise
        return _load_lookup(loader, name, is_narrowed=True)


def _load_lookup(loader: Loader, name: str, *, is_narrowed: bool) -> int:
    connection, links = loader.connection, loader.links
    table, [unit] = links.spec.tables[name], units(links, links.spec.circle_of(name) or [name])
    with writing(connection, run=loader.run):
        require_running(connection)
        _open_gate(loader, users=None)
        adopted = adopt(connection, links, table) if table.id.rule == "keep" else 0
        told: dict[str, Any] = {"adopted": adopted}
        if is_narrowed:
            done = narrow(connection, links, list(unit), users=None, wave=None, run=loader.run)
            count = done.rows[name]
            note_refused(connection, links, done, run=loader.run)
            told |= {"rows": {name: count}, "updated": done.updated[name], "refused": len(done.refused)}
        else:
            found = insert_ready(connection, replace(links, in_full=True), unit, users=None, wave=None)
            updated = write_changes(connection, links, name, users=None, wave=None, run=loader.run)
            count = found[name][0]
            rows = {other: inserted for other, (inserted, _) in found.items()}
            digests = {other: digest for other, (_, digest) in found.items()}
            told |= {"rows": rows, "digests": digests, "updated": updated}
        raise_sequence(connection, links, table)
        require_as_written(connection, links, list(unit), users=None)
        if is_narrowed:
            take_versions(connection, links, list(unit), users=None)
        analyze(connection, identifier("etl", "loaded"))
        audit(connection, run=loader.run, action="loaded", **told)
        fault_point("load.before_commit")
    fault_point("load.committed")
    return count + adopted


def _are_apart(connection: Connection, links: Links, owned: list[str]) -> bool:
    """True when no transaction that writes for some users can be in the way of another's.

    Two rows under one unique rule, an account that takes the balances of two users, and a trigger can be. A table
    without a key counts as loaded from the first gate on, and that shall not be committed before its rows.
    """
    has_keyless = any(links.spec.tables[name].is_keyless for name in links.tables)
    if has_keyless or links.spec.writes_profiles or can_be_altered(connection, links):
        return False
    tables = [regclass(links.targets[name].schema, links.targets[name].name) for name in owned]
    ids = [links.spec.tables[name].id.to for name in owned]
    return not SQL("can_collide").one(connection, tables=tables, ids=ids)[0]


def _load_in_turn(
    loader: Loader, owned: list[str], users: list[str], *, wave: str, loaded: Loaded, progress: Progress
) -> None:
    done = 0
    for batch in _batches(users):
        _load_or_divide(loader, owned, batch, wave=wave, loaded=loaded)
        done += len(batch)
        progress(done, len(users))


def _load_in_lanes(
    loader: Loader, owned: list[str], users: list[str], *, wave: str, loaded: Loaded, progress: Progress
) -> None:
    assert loader.connect is not None  # noqa: S101 - asked by the caller
    with writing(loader.connection, run=loader.run):
        _require_standing(loader.connection, wave)
        _open_gate(loader, users=[])
        make_lanes(loader.connection, loader.lanes)

    def load(lane: Lane, batch: list[str]) -> Loaded:
        part = Loaded(dict.fromkeys(owned, 0))
        _load_or_divide(replace(loader, connection=lane.connection, lane=lane), owned, batch, wave=wave, loaded=part)
        return part

    # Dealt out one by one, because the oldest users, whose ids come first, have the most rows.
    count = loader.lanes * math.ceil(len(users) / (USERS_PER_TRANSACTION * loader.lanes))
    batches = [users[number::count] for number in range(min(count, len(users)))]
    sizes = iter([len(batch) for batch in batches])
    done = 0
    for parts in in_lanes(loader.connection, loader.connect, batches, load, run=loader.run, count=loader.lanes):
        for part in parts:
            loaded.include(part)
            done += next(sizes)
        progress(done, len(users))


def _load_or_divide(loader: Loader, owned: list[str], users: list[str], *, wave: str, loaded: Loaded) -> None:
    """Loads a batch; where the target refuses a row that no validation foresaw, finds its user and loads the others.

    Raises:
        Refused: one did foresee it; what it looks for has come since the gate was opened.
    """
    try:
        _load_users(loader, owned, users, wave=wave, loaded=loaded)
    except DatabaseFault as fault:
        if not fault.is_about_rows:
            raise
        with reading(loader.connection):
            require_gate(loader.connection, loader.links, users=users, is_refused=True)
        if len(users) == 1:
            try:
                _load_narrowed(loader, owned, users[0], wave=wave, loaded=loaded)
            except DatabaseFault as last:
                loaded.refused[users[0]] = str(last)
            return
        half = len(users) // 2
        for part in (users[:half], users[half:]):
            _load_or_divide(loader, owned, part, wave=wave, loaded=loaded)


def _load_users(loader: Loader, owned: list[str], users: list[str], *, wave: str, loaded: Loaded) -> None:
    connection, links = loader.connection, loader.links
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    updated: dict[str, int] = {}
    with loader.writing():
        _require_standing(connection, wave)
        _open_gate(loader, users=users)
        note_profiles(connection, links, users)
        ready = links.for_users(connection, users)
        for unit in units(links, owned):
            started = time.monotonic()
            for name, (count, digest) in insert_unit(connection, ready, unit, users=users, wave=wave).items():
                counts[name], digests[name] = count, digest
            fault_point("load.rows")
            for name in unit:
                updated[name] = write_changes(connection, links, name, users=users, wave=wave, run=loader.run)
            took = (time.monotonic() - started) / len(unit)
            loaded.seconds |= {name: loaded.seconds.get(name, 0.0) + took for name in unit}
            fault_point("load.table")
        for name in owned:
            raise_sequence(connection, links, links.spec.tables[name])
        profiles = write_profiles(connection, links, wave=wave, run=loader.run)
        fault_point("load.balances")
        stamp_migrated(connection, users)
        require_as_written(connection, links, owned, users=users)
        if loader.carries:
            carry(connection, links, users=users, wave=wave, loaded=counts)
        audit(
            connection,
            run=loader.run,
            action="loaded",
            wave=wave,
            users=len(users),
            rows=counts,
            digests=digests,
            updated=updated,
            **profiles,
        )
        fault_point("load.before_commit")
    fault_point("load.committed")
    loaded.transactions += 1
    loaded.balances += sum(profiles.values())
    for name, count in counts.items():
        loaded.add(name, count, updated[name])


def _load_narrowed(loader: Loader, owned: list[str], user: str, *, wave: str, loaded: Loaded) -> None:
    """Loads what the target takes of one user's rows, and notes the others.

    A user of whom nothing arrived yet waits whole where the spec holds users with quarantined rows, and where the
    profile does not take what it is given; the claim is taken back then.
    """
    connection, links = loader.connection, loader.links
    loaded.narrowed.add(user)
    with loader.writing():
        _require_standing(connection, wave)
        _open_gate(loader, users=[user])
        is_new, balances, balance = bool(without_history(connection, [user])), 0, None
        with connection.transaction() as attempt:
            note_profiles(connection, links, [user])
            done = narrow(connection, links, owned, users=[user], wave=wave, run=loader.run)
            try:
                with connection.transaction():
                    balances = sum(write_profiles(connection, links, wave=wave, run=loader.run).values())
            except psycopg.Error as error:
                balance = fault_of_rows(error)
            holds = bool(done.refused) and links.spec.policy.incomplete_users == "hold"
            waits = is_new and (holds or balance is not None)
            if waits:
                raise psycopg.Rollback(attempt)
            stamp_migrated(connection, [user])
            require_as_written(connection, links, owned, users=[user])
            take_versions(connection, links, owned, users=[user])
        # What refers to a refused row is in another state too, however far.
        void_books(connection)
        note_refused(connection, links, done, run=loader.run)
        if balance is not None:
            note_refused_balance(connection, links, user, balance, run=loader.run)
        if waits:
            unclaim(connection, [user])
        counts = {"rows": done.rows, "updated": done.updated} if not waits else {}
        refused = len(done.refused) + (balance is not None)
        audit(connection, run=loader.run, action="loaded", wave=wave, users=int(not waits), refused=refused, **counts)
        fault_point("load.before_commit")
    fault_point("load.committed")
    loaded.transactions += 1
    if not waits:
        loaded.balances += balances
        for name in owned:
            loaded.add(name, done.rows[name], done.updated[name])


def _require_standing(connection: Connection, wave: str) -> None:
    """Raises unless the wave is sealed, was not undone, also not while it is loaded, and nobody has paused us."""
    require_running(connection)
    sealed = waves.find_wave(connection, wave)
    if sealed is None or sealed.is_undone:
        what = "was undone" if sealed else "was not resolved yet"
        raise EtlError(f"Wave {wave} {what}: materialize `resolved_users` for it first.")


def _open_gate(loader: Loader, *, users: list[str] | None) -> None:
    require_target(loader.connection, loader.links)
    require_gate(loader.connection, loader.links, users=users)
    follow_target(loader.connection, loader.links)
    facts = meta_facts(loader.links.spec, loader.keys)
    remember(loader.connection, {fact: facts[fact] for fact in facts if fact not in _of_stopped(loader.links)})
    for name in loader.links.tables:
        if loader.links.spec.tables[name].is_keyless:
            keep_content(loader.connection, name)
    fault_point("load.gated")


def _of_stopped(links: Links) -> set[str]:
    """Facts about tables that stop: what was loaded stays remembered as it was."""
    return {f"{COLUMNS_OF}{name}" for name in links.stopped}


def _batches(users: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(users), USERS_PER_TRANSACTION):
        yield users[start : start + USERS_PER_TRANSACTION]
