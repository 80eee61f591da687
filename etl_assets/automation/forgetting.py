"""A person who never comes back is forgotten: in the target first, for good, then in every file of ours."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.snapshots import SnapshotInfo
from etl_assets.access.files.whole import sha256_of
from etl_assets.access.legacy.scrub import Scrub, Scrubbed, find_forgotten, scrub
from etl_assets.assets.export import known_suppressions, scrub_of, write_export
from etl_assets.assets.keys import PAGE
from etl_assets.assets.report import publish_quarantine
from etl_assets.assets.resources import Stores
from etl_assets.core.files.removal import sweep_files
from etl_assets.core.forget.forget import NOTES, USERS, Removed, forget_user, refresh_contents
from etl_assets.faults import fault_point
from etl_assets.model.errors import ForgetRefused, LegacyMismatch
from etl_assets.model.suppression import Person, Suppressions, keyed_id
from etl_assets.spec.exports import exports_of
from etl_assets.spec.model import Spec


@dataclass(frozen=True)
class Forgotten:
    """What was removed, in numbers; and the operator's own lines that still name the person, by file."""

    rows: dict[str, int]
    again: bool
    snapshots: int
    lines: dict[str, tuple[int, ...]]
    others: tuple[str, ...]


def forget(stores: Stores, spec: Spec, user: str, *, run: str) -> Forgotten:
    """Forgets one legacy user; safe to repeat, and to be repeated after a crash at any moment.

    Raises:
        ForgetRefused: nobody has the id, the person's history was claimed, or the legacy tables do not allow it.
    """
    if spec.users is None:
        raise ForgetRefused("the spec has no `users:` section, so no row is anybody's.")
    artifacts = stores.artifacts()
    alone = Suppressions(b"", frozenset({Person(keyed_id(b"", user))}))
    one_person = scrub_of(stores, spec, alone)
    # Before anything is removed: a view among the sources would be found out too late otherwise.
    current = artifacts.current_snapshot_or_none()
    try:
        keys = _keys(artifacts, current.id, one_person) if current else {}
    except LegacyMismatch as problem:
        raise ForgetRefused(str(problem)) from None
    with stores.target() as connection:
        links = stores.links(connection, spec)
        links.require_whole()

        def find_keys(snapshot: str) -> dict[str, list[str]]:
            is_current = current is None or snapshot in ("", current.id)
            return keys if is_current else _keys(artifacts, snapshot, one_person)

        # What an undo has left, because it was cut off or the app had changed it: its lines go with the person.
        sweep_files(connection, links, run=run, forgotten=user)
        removed = forget_user(connection, links, user, find_keys=find_keys, run=run)
        dropped = artifacts.drop_snapshots(keep=1)
        whole = scrub_of(stores, spec, known_suppressions(stores))
        gone, info = _scrub_current(artifacts, whole)
        contents = _write_exports(artifacts, spec, info)
        fault_point("forget.exported")
        if info:
            refresh_contents(connection, info.id, contents, run=run)
        # The page quotes the reasons of corrections, which may name the person.
        artifacts.clear_reports(but=() if NOTES in removed.rows else (PAGE,))
        publish_quarantine(connection, stores, spec)
        # What another machine sends meanwhile is sent anew, from what holds the person no more.
        artifacts.shelf.sweep(older_s=0)
        stores.note(connection)
    return Forgotten(
        removed.rows, removed.again, len(dropped), _lines_that_name(stores, user, removed, info), gone.others
    )


def _keys(artifacts: Artifacts, snapshot: str, what: Scrub) -> dict[str, list[str]]:
    path = artifacts.snapshot_path(snapshot)
    return find_forgotten(path, what) if snapshot and path.exists() else {}


def _scrub_current(artifacts: Artifacts, what: Scrub) -> tuple[Scrubbed, SnapshotInfo | None]:
    """Takes everybody who is forgotten out of the current snapshot, unless that was done before."""
    info = artifacts.current_snapshot_or_none()
    if info is None:
        return Scrubbed(), None
    path = artifacts.snapshot_path(info.id)
    if info.suppressed == what.suppressions.digest and sha256_of(path) == info.sha256:
        return Scrubbed(), info
    copy, clean = artifacts.scratch_path("legacy.db"), artifacts.scratch_path("clean.db")
    copy.touch(mode=0o600)
    shutil.copyfile(path, copy)
    gone = scrub(copy, clean, what)
    copy.unlink()
    # What an earlier scrub took is in this copy no more, and its keys are known from then.
    names = sorted({*info.forgotten, *gone.rows})
    keys = {name: sorted({*info.forgotten.get(name, ()), *gone.rows.get(name, ())}) for name in names}
    told = replace(
        info,
        sha256=sha256_of(clean),
        bytes=clean.stat().st_size,
        source_sha256=info.source_sha256 or info.sha256,
        forgotten=keys,
        forgotten_users=info.rows.get(USERS, 0) - gone.users_left,
        suppressed=what.suppressions.digest,
    )
    artifacts.replace_snapshot(clean, told)
    return gone, told


def _write_exports(artifacts: Artifacts, spec: Spec, info: SnapshotInfo | None) -> dict[str, str]:
    """Writes anew what was exported with this spec, removes every other export; returns the new sha256 per table."""
    if info is None:
        return {}
    current = {}
    for name in exports_of(spec):
        manifest = artifacts.find_manifest(info.id, name)
        if manifest and manifest.spec_digest == spec.digest:
            current[name] = exports_of(spec)[name]
    artifacts.drop_exports(info.id, but=current)
    return {name: write_export(artifacts, export, spec).sha256 for name, export in current.items()}


def _lines_that_name(
    stores: Stores, user: str, removed: Removed, info: SnapshotInfo | None
) -> dict[str, tuple[int, ...]]:
    """Lines of the operator's files about the person's rows, or with the person's id in a cell."""
    known = (removed.ids, info.forgotten if info else {})
    rows = {(name, key) for ids in known for name in ids for key in ids[name]}
    settings = stores.settings()
    found = {}
    for path in (settings.corrections_path, settings.claims_path):
        lines = tuple(number for number, cells in _cells(path) if user in cells or tuple(cells[:2]) in rows)
        if lines:
            found[path.name] = lines
    return found


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    if path.exists():
        reader = csv.reader(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(keepends=True))
        start = 1
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1


def summary(done: Forgotten) -> list[str]:
    """What the operator needs to know, line by line: numbers, and no id."""
    counts = ", ".join(f"{count:,} {name}" for name, count in done.rows.items())
    first = "This person was forgotten before; what a broken-off run left has been removed now." if done.again else ""
    lines = [*([first] if first else []), f"Forgotten: {counts}. The rows count as excluded in the books."]
    lines.append(
        f"{done.snapshots:,} old snapshots went; the current one, its exports and the lists were written anew."
    )
    if done.others:
        lines.append(
            f"Kept in the snapshot, because the spec's expressions read them: {', '.join(done.others)}. Look whether "
            "these tables tell of the person."
        )
    lines.append(
        "The legacy app itself still holds the person until it deletes them; no later snapshot brings them back."
    )
    for file, numbers in done.lines.items():
        lines.append(
            f"Your own file {file} names the person in line {', '.join(map(str, numbers))}: remove what it says."
        )
    return lines
