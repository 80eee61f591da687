"""Which rows of a table changed between the snapshot that is staged and the current one."""

from dataclasses import dataclass

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.exports import Manifest
from etl_assets.core.staging.update import FormerStaging
from etl_assets.transform.differences import NOTHING, Difference, difference

LARGEST_SHARE = 0.5  # beyond it the table is swapped whole, which then costs less


@dataclass(frozen=True)
class Change:
    """The export that is staged, and what differs from it."""

    former: Manifest
    rows: Difference


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
    found = difference(artifacts.verified_batches(former), artifacts.verified_batches(manifest))
    return Change(former, found) if found.fresh.len() <= LARGEST_SHARE * max(found.rows, 1) else None
