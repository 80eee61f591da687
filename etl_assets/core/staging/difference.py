"""Which rows of a table changed between the snapshot that is staged and the current one."""

from dataclasses import dataclass

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.exports import Chunk, Manifest
from etl_assets.core.staging.update import FormerStaging
from etl_assets.transform.differences import NOTHING, Difference, difference

LARGEST_SHARE = 0.5  # beyond it the table is swapped whole, which then costs less


@dataclass(frozen=True)
class Change:
    """The export that is staged, and what differs from it.

    `rows` are numbered within the chunks `was` of that export and `now` of the new one, which are those that differ;
    within all rows where these are None.
    """

    former: Manifest
    rows: Difference
    was: tuple[Chunk, ...] | None = None
    now: tuple[Chunk, ...] | None = None


def find_change(artifacts: Artifacts, staged: FormerStaging | None, manifest: Manifest) -> Change | None:
    """What changed since a table was staged; None where that cannot be told, or is most of it.

    The former export must still be there and be the one that was staged, and must have been written in the same way:
    the same columns, and the same usual storage class of each.
    """
    former = artifacts.find_manifest(staged.snapshot, manifest.table) if staged else None
    if staged is None or former is None or former.sha256 != staged.content:
        return None
    if not artifacts.export_path(former.snapshot, former.table).exists():
        return None
    if (former.columns, former.usual) != (manifest.columns, manifest.usual):
        return None
    if former.sha256 == manifest.sha256:
        artifacts.require_intact(manifest)
        return Change(former, NOTHING)
    was, now = _unlike(former, manifest), _unlike(manifest, former)
    found = difference(artifacts.verified_batches(former, was), artifacts.verified_batches(manifest, now))
    return Change(former, found, was, now) if found.fresh.len() <= LARGEST_SHARE * max(manifest.rows, 1) else None


def _unlike(export: Manifest, other: Manifest) -> tuple[Chunk, ...] | None:
    """The chunks of an export that the other has not; None where they cannot be compared.

    No two chunks of a table hold the same rows, as keys are part of these.
    """
    if not (export.chunks and other.chunks) or export.version != other.version:
        return None
    known = {chunk.digest for chunk in other.chunks}
    return tuple(chunk for chunk in export.chunks if chunk.digest not in known)
