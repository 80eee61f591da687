"""A person who never comes back is taken out of the target; the books keep counts, and nobody can bring them back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from etl_assets.access.postgres.connection import Connection, has_table, writing
from etl_assets.access.postgres.statements import Statements, identifier, staging_table
from etl_assets.core.links.links import Links
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.facts import refresh_content
from etl_assets.core.memory.staged import refresh_source, shrink_staged, snapshots_by_table, staged_tables
from etl_assets.core.memory.suppressions import read_suppressions, suppression_key
from etl_assets.core.staging.table import is_altered, write_digest
from etl_assets.core.users.users import label_users
from etl_assets.faults import fault_point
from etl_assets.model.errors import ForgetRefused
from etl_assets.model.ids import ROWID_PREFIX
from etl_assets.model.suppression import keyed_id, person_of
from etl_assets.model.words import said

SQL = Statements(__file__)

KEPT_BY_ROW = ("excluded", "loaded")  # ids alone: the books count them
USERS, NOTES = "users", "corrections"
FindKeys = Callable[[str], dict[str, list[str]]]


@dataclass(frozen=True)
class Removed:
    """What went from the target: rows per table, the user among `users`; `again` when it had gone before.

    `ids` are the legacy ids of the rows, where they are still known.
    """

    rows: dict[str, int] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    again: bool = False


def forget_user(connection: Connection, links: Links, user: str, *, find_keys: FindKeys, run: str) -> Removed:
    """Removes one legacy user from staging, quarantine, map and notes, in one transaction.

    Args:
        connection: from `connect`, on a target whose schema `etl` is there.
        links: of the spec against the target.
        user: the legacy id.
        find_keys: the person's rows in the snapshot of this id as the exports name them; it knows rows that the
            target does not tie to the person, such as children of a row that stays behind.
        run: for the audit trail.

    Raises:
        ForgetRefused: nobody has the id, or the person's history was claimed.
    """
    with writing(connection, run=run):
        key = suppression_key(connection)
        if read_suppressions(connection).names(user) and SQL("find_person").first(connection, user=user) is None:
            counts = SQL("find_forgotten").one(connection, keyed=keyed_id(key, user))[0]
            return Removed(counts, again=True)
        is_in_snapshot, *known = _require_unclaimed(connection, user)
        ids = _rows_of(connection, links, user, find_keys)
        counts = {name: len(keys) for name, keys in ids.items() if keys}
        notes = sum(_remove_rows(connection, name, keys) for name, keys in ids.items())
        notes += _remove_notes(connection, USERS, [user])
        for (store,) in SQL("list_stores_with").many(connection, columns=["legacy_user_id"]):
            if store == "loaded":
                # After an undo: rows that their user removed, kept so that they never come back.
                SQL("disown_rows").exec(connection, user=user)
            elif store not in KEPT_BY_ROW:
                removal = SQL("delete_noted_user", store=identifier("etl", store))
                removal.exec(connection, user=user)
        gone = int(is_in_snapshot)
        shrink_staged(connection, USERS, source=gone, staged=gone)
        counts |= {USERS: 1, **({NOTES: notes} if notes else {})}
        values = {**person_of(key, user, *known)._asdict(), "run": run, "rows": json.dumps(counts)}
        SQL("write_forgotten").exec(connection, **values)
        audit(connection, run=run, action="forgotten", rows=counts)
        if {USERS, *links.tables} <= staged_tables(connection):
            label_users(connection, links)
        fault_point("forget.written")
    fault_point("forget.committed")
    return Removed(counts, ids)


def _require_unclaimed(connection: Connection, user: str) -> tuple[bool, str | None, str | None]:
    """Whether the staged snapshot has the user; the address, and the sign-up as the legacy app writes it."""
    found = SQL("find_person").first(connection, user=user)
    if found is None:
        raise ForgetRefused(
            "no legacy user has this id. It is the users table's own id; after a first `migrate`, "
            "`etl.legacy_user_map` lists them all."
        )
    if user.startswith(ROWID_PREFIX):
        raise ForgetRefused(
            f"the user {user} has no id of its own in the legacy database, or shares it, so nobody can say which rows "
            "are meant. Correct the id in the legacy app, run `migrate`, then forget the user by that id."
        )
    is_claimed, loaded, is_in_snapshot, email, created = found
    if is_claimed:
        raise ForgetRefused(
            f"the user {user} has claimed an account, and {said(loaded, 'row', 'are')} in the new app, which "
            "erases people itself. Take the history out of it with undo first, if that is what is wanted."
        )
    return bool(is_in_snapshot), email, created


def _rows_of(connection: Connection, links: Links, user: str, find_keys: FindKeys) -> dict[str, list[str]]:
    spec, staged = links.spec, staged_tables(connection)
    snapshots = snapshots_by_table(connection)
    found = {}
    on_disk: dict[str, dict[str, list[str]]] = {}
    for name in (name for name in spec.load_order if not spec.tables[name].owner.is_none):
        snapshot = snapshots.get(name, "")
        if snapshot not in on_disk:
            on_disk[snapshot] = find_keys(snapshot)
        ids = set(on_disk[snapshot].get(name, ()))
        ids |= {i for (i,) in SQL("list_quarantined_of").many(connection, table=name, user=user)}
        if _line(links, name) <= staged & set(links.tables):
            query = SQL("list_user_rows", owners=links.owners(name))
            ids |= {i for (i,) in query.many(connection, user=user)}
        found[name] = sorted(ids)
    return found


def _line(links: Links, name: str) -> set[str]:
    """The table and those through which its rows are owned."""
    table = links.spec.tables[name]
    parent = table.references[table.owner.via].table if table.owner.via else None
    return {name, *(_line(links, parent) if parent else ())}


def _remove_rows(connection: Connection, name: str, ids: list[str]) -> int:
    """Removes rows wherever schema etl keeps something of them, and counts them as excluded; returns notes removed."""
    values, notes = {"table": name, "ids": ids}, _remove_notes(connection, name, ids)
    if has_table(connection, f"etl.stg_{name}"):
        was_altered = is_altered(connection, name)
        removal = SQL("delete_staged_rows", staging=staging_table(name))
        removed = removal.exec(connection, **values)
        shrink_staged(connection, name, source=0, staged=removed)
        if not was_altered:  # what somebody wrote by hand stays a difference
            write_digest(connection, name)
    SQL("exclude_forgotten").exec(connection, **values)
    return notes


def _remove_notes(connection: Connection, name: str, ids: list[str]) -> int:
    """Removes what is noted of rows, or of users, under their legacy ids; returns how many corrections that were."""
    notes = 0
    stores = SQL("list_stores_with").many(connection, columns=["table", "legacy_id"])
    for store in (store for (store,) in stores if store not in KEPT_BY_ROW):
        removal = SQL("delete_noted_rows", store=identifier("etl", store))
        removed = removal.exec(connection, table=name, ids=ids)
        notes += removed if store == NOTES else 0
    return notes


def refresh_contents(connection: Connection, snapshot: str, contents: dict[str, str], *, run: str) -> None:
    """What the staging tables of a snapshot were made from: the exports' sha256, after these were written again."""
    with writing(connection, run=run):
        for table, content in contents.items():
            refresh_content(connection, table, snapshot=snapshot, content=content)
            refresh_source(connection, table, snapshot=snapshot, content=content)
