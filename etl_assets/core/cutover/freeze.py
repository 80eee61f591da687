"""The cut-over: one snapshot of the legacy app that counts for good."""

import json
from typing import Any

from etl_assets.access.files.snapshots import SnapshotInfo
from etl_assets.access.postgres.connection import Connection, server_facts, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.load.due import staged_snapshots
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.facts import drop_fact, write_fact
from etl_assets.core.memory.schema import exists
from etl_assets.core.users.users import read_links
from etl_assets.model.errors import FreezeRefused, LegacyThawed, sample_of
from etl_assets.model.report import Freeze
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

FROZEN = "frozen snapshot"
MIGRATE_FIRST = "Run `etl-assets migrate`, then freeze again."


def freeze(connection: Connection, spec: Spec, *, info: SnapshotInfo, mark: str, run: str) -> Freeze:
    """Makes the last snapshot the one that counts; done twice, the first freeze stays.

    Args:
        connection: to the target.
        spec: what is migrated.
        info: the last snapshot.
        mark: of the legacy file as it is now (`access.legacy.database.file_mark`).
        run: for the audit trail.

    Raises:
        FreezeRefused: the legacy app has changed since that snapshot, or something else is staged.
        LegacyThawed: it was frozen before, with another content.
    """
    with writing(connection, run=run):
        read_links(connection, spec).require_whole()
        known = find_freeze(connection)
        if known is not None and known.sha256 != info.copied:
            raise LegacyThawed(known.snapshot)
        if info.source != mark:
            raise FreezeRefused(f"The legacy database has changed since snapshot {info.id}. {MIGRATE_FIRST}")
        staged = staged_snapshots(connection, spec)
        if staged != {info.id}:
            what = sample_of(sorted(staged)) or "nothing"
            raise FreezeRefused(f"What is staged ({what}) is not the last snapshot, {info.id}. {MIGRATE_FIRST}")
        if known is None:
            fact = {"snapshot": info.id, "sha256": info.copied}
            fact["role"] = server_facts(connection)["role"]
            write_fact(connection, FROZEN, json.dumps(fact))
            audit(connection, run=run, action="frozen", snapshot=info.id, sha256=info.sha256)
        found = find_freeze(connection)
    assert found is not None  # noqa: S101 - it was written above
    return found


def lift(connection: Connection, *, run: str) -> bool:
    """Takes the freeze back; returns whether there was one."""
    with writing(connection, run=run):
        was = find_freeze(connection)
        if was is not None:
            drop_fact(connection, FROZEN)
            audit(connection, run=run, action="thawed", snapshot=was.snapshot)
    return was is not None


def find_freeze(connection: Connection) -> Freeze | None:
    """The freeze of this target, or None."""
    found = _fact(connection)
    return Freeze(found[0]["snapshot"], found[1], found[0]["role"], found[0]["sha256"]) if found else None


def require_unchanged(connection: Connection, sha256: str) -> None:
    """Raises when the legacy app is frozen and this is the digest of a copy of another content.

    Raises:
        LegacyThawed: it is.
    """
    found = _fact(connection)
    if found and found[0]["sha256"] != sha256:
        raise LegacyThawed(found[0]["snapshot"])


def _fact(connection: Connection) -> tuple[dict[str, Any], str] | None:
    found = SQL("find_freeze").first(connection, key=FROZEN) if exists(connection) else None
    return (found[0], found[1]) if found else None
