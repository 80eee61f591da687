"""The artifact folder: where snapshots, exports and reports lie, and which of them count."""

import json
import os
import shutil
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import polars as pl

from etl_assets.access.files.exports import (
    VERSION,
    Chunk,
    ExportWriter,
    Manifest,
    as_manifest,
    excluded_path,
    manifest_path,
    open_rows,
)
from etl_assets.access.files.shelf import Shelf
from etl_assets.access.files.snapshots import SnapshotInfo
from etl_assets.access.files.whole import private_folder, scratch_path, sha256_of, sweep, write_whole
from etl_assets.faults import fault_point
from etl_assets.model.errors import ArtifactError

BATCH_ROWS = 16_384
# polars reads a CSV ahead of whoever takes its batches, chunk by chunk: of its own size they held 340 MiB, of this 90
# (polars 2.1.0, a file of 315 MB).
os.environ.setdefault("POLARS_CSV_CHUNK_SIZE", str(1 << 20))
CURRENT, SEEN = "current", "seen.json"


class Artifacts:
    """The artifact folder: `snapshots/<id>/legacy.db`, `snapshots/<id>/exports/<table>.csv` and their manifests."""

    def __init__(self, root: Path, shelf: Shelf | None = None) -> None:
        """Opens, and makes if need be, the private folder `root`; finished files are kept on the shelf, if any."""
        self.root = root
        self.shelf = shelf or Shelf(private_folder(root))
        self._unfinished = private_folder(root / "unfinished")
        sweep(self._unfinished)

    def publish_snapshot(self, copied: Path, info: SnapshotInfo) -> None:
        """Makes a finished copy the current snapshot; a snapshot of that id that is there already stays."""
        folder = self._folder(info.id)
        if self.shelf.bring(folder / "snapshot.json") is None:
            self.shelf.place(copied, folder / "legacy.db")
        copied.unlink(missing_ok=True)  # an unchanged database has its copy already
        self._write(folder / "snapshot.json", [json.dumps(asdict(info), indent=1).encode()])
        fault_point("snapshot.copied")
        self._write(self.root / "snapshots" / CURRENT, [info.id.encode()])
        fault_point("snapshot.published")

    def replace_snapshot(self, clean: Path | None, info: SnapshotInfo) -> None:
        """Puts a scrubbed copy in the place of the current snapshot's; without one, only what is said of it."""
        # The words first: a copy that is not theirs is found out, and its rows are still there to be found again.
        self._write(self._folder(info.id) / "snapshot.json", [json.dumps(asdict(info), indent=1).encode()])
        fault_point("forget.described")
        if clean is not None:
            self.shelf.place(clean, self._folder(info.id) / "legacy.db")
        fault_point("forget.scrubbed")

    def current_snapshot(self) -> SnapshotInfo:
        """The snapshot that every export reads.

        Raises:
            ArtifactError: none was taken yet.
        """
        found = self.current_snapshot_or_none()
        if found is None:
            raise ArtifactError("There is no snapshot of the legacy database yet: materialize `legacy_snapshot` first.")
        return found

    def current_snapshot_or_none(self) -> SnapshotInfo | None:
        """The snapshot that every export reads, or None before the first."""
        pointer = self.shelf.bring(self.root / "snapshots" / CURRENT)
        return self._info(self._folder(pointer.read_text(encoding="ascii"))) if pointer else None

    def _info(self, folder: Path) -> SnapshotInfo | None:
        found = self.shelf.bring(folder / "snapshot.json")
        if found is None:
            return None
        raw = json.loads(found.read_bytes())
        return SnapshotInfo(**{**raw, "missing": tuple(raw["missing"])})

    def _snapshots(self) -> list[Path]:
        """The folders of all snapshots, the newest first."""
        above = self.root / "snapshots"
        return [above / name for name in sorted(self.shelf.folders(above), reverse=True)]

    def drop_snapshots(self, *, keep: int) -> list[str]:
        """Removes all but the `keep` newest snapshots, never the current one; returns the ids of those removed.

        One that holds somebody who was forgotten since is never among those that stay.
        A snapshot holds everything that the legacy database holds, password hashes included: none is kept for long.
        """
        current = self.current_snapshot_or_none()
        others = [folder for folder in self._snapshots() if current and folder.name != current.id]
        newest = others[: max(keep - 1, 0)]
        old = [folder for folder in others if folder not in newest or not self._is_cleared(folder, current)]
        for folder in old:
            for path in self.shelf.files(folder):
                self.shelf.remove(path)
            shutil.rmtree(folder, ignore_errors=True)  # another machine's is gone, and was perhaps never here
        return [folder.name for folder in old]

    def _is_cleared(self, folder: Path, current: SnapshotInfo | None) -> bool:
        if current is None or not current.suppressed:
            return True
        info = self._info(folder)
        if info is None or info.suppressed != current.suppressed:
            return False
        # A scrub that broke off has left its words, and the copy of before.
        copy = self.shelf.bring(folder / "legacy.db")
        return copy is not None and sha256_of(copy) == info.sha256

    def drop_exports(self, snapshot: str, *, but: Iterable[str]) -> None:
        """Removes the exports of a snapshot, finished or not, except for some tables."""
        folder, kept = self._folder(snapshot) / "exports", [self._export(snapshot, name) for name in but]
        names = {part for path in kept for part in (path, excluded_path(path), manifest_path(path))}
        for path in self.shelf.files(folder) - names:
            self.shelf.remove(path)

    def clear_reports(self, *, but: Iterable[str]) -> None:
        """Removes the pages and lists for people, finished or not, except for some."""
        for path in self.shelf.files(self.root / "reports"):
            if path.name not in but:
                self.shelf.remove(path)

    def publish_report(self, name: str, content: Iterable[str]) -> Path:
        """Writes the parts of a page or list for people and returns its path; the former one is replaced whole."""
        path = private_folder(self.root / "reports") / name
        self._write(path, (part.encode() for part in content))
        fault_point("report.published")
        return path

    def find_report(self, name: str) -> Path | None:
        """The path of a page or list that was written before, or None."""
        return self.shelf.bring(self.root / "reports" / name)

    def read_report(self, name: str) -> str | None:
        """A page as it was written last, or None."""
        path = self.find_report(name)
        return path.read_text(encoding="utf-8") if path else None

    def read_seen(self) -> str:
        """What was seen of the targets, as `core.restored` writes it; empty before the first time."""
        path = self.root / SEEN
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def write_seen(self, text: str) -> None:
        """Keeps what was seen of the targets, in the place of what was there; on this machine, which saw it."""
        write_whole(self.root / SEEN, [text.encode()], part=self.scratch_path(SEEN))

    def snapshot_path(self, snapshot: str) -> Path:
        """The copied database of a snapshot."""
        return self._brought(self._folder(snapshot) / "legacy.db")

    def scratch_path(self, name: str) -> Path:
        """A path for unfinished work of this process; what a crash leaves there is swept by the next."""
        return scratch_path(self._unfinished, name)

    def export_path(self, snapshot: str, table: str) -> Path:
        """The CSV of one table."""
        return self._brought(self._export(snapshot, table))

    def _export(self, snapshot: str, table: str) -> Path:
        return self._folder(snapshot) / "exports" / f"{table}.csv"

    def _brought(self, path: Path) -> Path:
        """The path, at which the file lies where there is one."""
        self.shelf.bring(path)
        return path

    @contextmanager
    def writing_export(self, snapshot: str, table: str) -> Iterator[ExportWriter]:
        """A writer whose files appear under their names when the block ends well, and not at all otherwise."""
        private_folder(self._folder(snapshot) / "exports")
        path = self._export(snapshot, table)
        finals = (path, excluded_path(path), manifest_path(path))
        writer = ExportWriter(path, [self.scratch_path(final.name) for final in finals], self.shelf)
        try:
            yield writer
        except BaseException:
            writer.discard()
            raise

    def manifest(self, table: str) -> Manifest:
        """The manifest of a table's export of the current snapshot.

        Raises:
            ArtifactError: the table was not exported from this snapshot yet.
        """
        snapshot = self.current_snapshot().id
        found = self.find_manifest(snapshot, table)
        if found is None:
            raise ArtifactError(
                f"exports/{table} was not written for snapshot {snapshot} yet: materialize `exports/{table}` first."
            )
        return found

    def find_manifest(self, snapshot: str, table: str) -> Manifest | None:
        """The manifest of a table's export of any snapshot, or None where there is none."""
        path = self.shelf.bring(manifest_path(self._export(snapshot, table)))
        return as_manifest(path.read_bytes()) if path else None

    def find_export(self, snapshot: SnapshotInfo, table: str, spec_digest: str) -> Manifest | None:
        """The manifest of an export that would be written again as it is: same snapshot, spec and program.

        Keys that were left out have a file without a digest, so such an export is none.
        """
        found = self.find_manifest(snapshot.id, table)
        if found is None or (found.spec_digest, found.version) != (spec_digest, VERSION):
            return None
        if found.excluded or found.rows != snapshot.rows.get(table, 0) - snapshot.forgotten_rows(table):
            return None
        path = self.export_path(snapshot.id, table)
        return found if path.exists() and sha256_of(path) == found.sha256 else None

    def find_former(self, snapshot: str, table: str, spec_digest: str) -> tuple[Manifest, Path] | None:
        """The newest export of a table from another snapshot of which chunks can be taken over: it is intact."""
        for folder in self._snapshots():
            found = self.find_manifest(folder.name, table) if folder.name != snapshot else None
            if found is None or (found.spec_digest, found.version) != (spec_digest, VERSION) or not found.chunks:
                continue
            path = self.export_path(found.snapshot, table)
            if path.exists() and sha256_of(path) == found.sha256:
                return found, path
        return None

    def require_intact(self, manifest: Manifest) -> None:
        """Raises unless the export is the one that the manifest describes.

        Raises:
            ArtifactError: it is not.
        """
        path = self.export_path(manifest.snapshot, manifest.table)
        if sha256_of(path) != manifest.sha256:
            raise ArtifactError(
                f"{path.name} was changed after it was written (its sha256 is not the manifest's): "
                f"materialize `exports/{manifest.table}` again."
            )

    def verified_batches(self, manifest: Manifest, only: Container[Chunk] | None = None) -> Iterator[pl.DataFrame]:
        """The export in batches, or `only` some chunks of it, all columns String; NULL and `''` stay apart.

        Raises:
            ArtifactError: the file is not the one that the manifest describes.
        """
        self.require_intact(manifest)
        path = self.export_path(manifest.snapshot, manifest.table)
        # The manifest's names: polars leaves a quote in a header doubled, as CSV writes it.
        names = ["_key", *manifest.columns, "_classes"]
        if only is not None:
            for content in _contents(path, manifest, only):
                frame = pl.read_csv(content, has_header=False, infer_schema=False, new_columns=names)
                yield from frame.iter_slices(BATCH_ROWS)
        elif manifest.rows:
            lazy = pl.scan_csv(path, infer_schema=False, new_columns=names)
            yield from lazy.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)

    def excluded_keys(self, manifest: Manifest) -> list[str]:
        """The legacy keys for which `where` was not true."""
        path = self._brought(excluded_path(self._export(manifest.snapshot, manifest.table)))
        return pl.read_csv(path, infer_schema=False)["_key"].to_list() if manifest.excluded else []

    def _folder(self, snapshot: str) -> Path:
        return self.root / "snapshots" / snapshot

    def _write(self, path: Path, content: Iterable[bytes]) -> None:
        write_whole(path, content, part=self.scratch_path(path.name), place=self.shelf.place)


def _contents(path: Path, manifest: Manifest, only: Container[Chunk]) -> Iterator[bytes]:
    with open_rows(path, manifest) as file:
        for chunk in manifest.chunks:
            if chunk in only:
                yield file.read(chunk.bytes)
            else:
                file.seek(chunk.bytes, os.SEEK_CUR)
