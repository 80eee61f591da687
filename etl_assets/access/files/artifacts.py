"""Snapshots and exports on disk: published whole or not at all, readable by their owner alone."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from etl_assets.faults import fault_point
from etl_assets.model.errors import ArtifactError

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
BATCH_ROWS = 16_384
# polars reads a CSV ahead of whoever takes its batches, chunk by chunk: of its own size they held 340 MiB, of this 90
# (polars 2.1.0, a file of 315 MB).
os.environ.setdefault("POLARS_CSV_CHUNK_SIZE", str(1 << 20))
HASH_BLOCK_BYTES = 1 << 20
CURRENT = "current"
VERSION = version("etl-assets")


@dataclass(frozen=True)
class SnapshotInfo:
    """One consistent copy of the legacy database.

    `rows` counts every exported table's rows before any `where`; `source` is the mark of the legacy file just before
    the copy (see `legacy.database.file_mark`). `sha256` is that of the file as it is kept, `source_sha256` that of the
    whole copy, before forgotten people were taken out of it: `forgotten` has the keys of their rows per table,
    `forgotten_users` says how many they are, and `suppressed` is `Suppressions.digest` of that moment.
    """

    id: str
    sha256: str
    bytes: int
    rows: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    source: str = ""
    source_sha256: str = ""
    forgotten: dict[str, list[str]] = field(default_factory=dict)
    forgotten_users: int = 0
    suppressed: str = ""

    def forgotten_rows(self, export: str) -> int:
        """How many of an export's rows were taken out of the copy."""
        return self.forgotten_users if export == "users" else len(self.forgotten.get(export, ()))


@dataclass(frozen=True)
class Manifest:
    """What one export holds. `usual` gives each column's storage class where `_classes` is empty.

    `version` is that of the program that wrote it.
    """

    table: str
    snapshot: str
    rows: int
    excluded: int
    sha256: str
    columns: tuple[str, ...]
    declared: dict[str, str]
    usual: dict[str, str]
    classes: dict[str, dict[str, int]]
    spec_digest: str
    version: str = ""


class Artifacts:
    """The artifact folder: `snapshots/<id>/legacy.db`, `snapshots/<id>/exports/<table>.csv` and their manifests."""

    def __init__(self, root: Path) -> None:
        """Opens, and makes if need be, the private folder `root`."""
        self.root = root
        private_folder(root)
        self._unfinished = private_folder(root / "unfinished")
        _sweep(self._unfinished)

    def publish_snapshot(self, copied: Path, info: SnapshotInfo) -> None:
        """Makes a finished copy the current snapshot; a snapshot of that id that is there already stays."""
        folder = self._folder(info.id)
        if not (folder / "snapshot.json").exists():
            private_folder(folder)
            copied.replace(folder / "legacy.db")
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
            clean.replace(self._folder(info.id) / "legacy.db")
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
        pointer = self.root / "snapshots" / CURRENT
        if not pointer.exists():
            return None
        return self._info(self._folder(pointer.read_text(encoding="ascii")))

    def _info(self, folder: Path) -> SnapshotInfo:
        raw = json.loads((folder / "snapshot.json").read_bytes())
        return SnapshotInfo(**{**raw, "missing": tuple(raw["missing"])})

    def drop_snapshots(self, *, keep: int) -> list[str]:
        """Removes all but the `keep` newest snapshots, never the current one; returns the ids of those removed.

        One that holds somebody who was forgotten since is never among those that stay.
        A snapshot holds everything that the legacy database holds, password hashes included: none is kept for long.
        """
        current = self.current_snapshot_or_none()
        others = [folder for folder in (self.root / "snapshots").glob("*/") if current and folder.name != current.id]
        newest = sorted(others, key=lambda folder: folder.name, reverse=True)[: max(keep - 1, 0)]
        old = [folder for folder in others if folder not in newest or not self._is_cleared(folder, current)]
        for folder in old:
            shutil.rmtree(folder)
        return [folder.name for folder in old]

    def _is_cleared(self, folder: Path, current: SnapshotInfo | None) -> bool:
        if current is None or not current.suppressed:
            return True
        if not (folder / "snapshot.json").exists():
            return False
        info, copy = self._info(folder), folder / "legacy.db"
        # A scrub that broke off has left its words, and the copy of before.
        return info.suppressed == current.suppressed and copy.exists() and sha256_of(copy) == info.sha256

    def drop_exports(self, snapshot: str, *, but: Iterable[str]) -> None:
        """Removes the exports of a snapshot, finished or not, except for some tables."""
        folder, kept = self._folder(snapshot) / "exports", [self.export_path(snapshot, name) for name in but]
        names = {part for path in kept for part in (path, excluded_path(path), manifest_path(path))}
        for path in folder.glob("*") if folder.exists() else ():
            if path not in names:
                path.unlink()

    def clear_reports(self, *, but: Iterable[str]) -> None:
        """Removes the pages and lists for people, finished or not, except for some."""
        for path in (self.root / "reports").glob("*"):
            if path.name not in but:
                path.unlink()

    def publish_report(self, name: str, content: Iterable[str]) -> Path:
        """Writes the parts of a page or list for people and returns its path; the former one is replaced whole."""
        path = private_folder(self.root / "reports") / name
        self._write(path, (part.encode() for part in content))
        fault_point("report.published")
        return path

    def read_report(self, name: str) -> str | None:
        """A page as it was written last, or None."""
        path = self.root / "reports" / name
        return path.read_text(encoding="utf-8") if path.exists() else None

    def snapshot_path(self, snapshot: str) -> Path:
        """The copied database of a snapshot."""
        return self._folder(snapshot) / "legacy.db"

    def scratch_path(self, name: str) -> Path:
        """A path for unfinished work of this process; what a crash leaves there is swept by the next."""
        return self._unfinished / f"{os.getpid()}-{uuid.uuid4().hex[:8]}-{name}"

    def export_path(self, snapshot: str, table: str) -> Path:
        """The CSV of one table."""
        return self._folder(snapshot) / "exports" / f"{table}.csv"

    @contextmanager
    def writing_export(self, snapshot: str, table: str) -> Iterator["ExportWriter"]:
        """A writer whose files appear under their names when the block ends well, and not at all otherwise."""
        private_folder(self._folder(snapshot) / "exports")
        path = self.export_path(snapshot, table)
        finals = (path, excluded_path(path), manifest_path(path))
        writer = ExportWriter(path, [self.scratch_path(final.name) for final in finals])
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
        path = manifest_path(self.export_path(snapshot, table))
        if not path.exists():
            return None
        raw = json.loads(path.read_bytes())
        return Manifest(**{**raw, "columns": tuple(raw["columns"])})

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

    def verified_batches(self, manifest: Manifest) -> Iterator[pl.DataFrame]:
        """The export in batches, all columns String; NULL and `''` stay apart.

        Raises:
            ArtifactError: the file is not the one that the manifest describes.
        """
        self.require_intact(manifest)
        path = self.export_path(manifest.snapshot, manifest.table)
        if manifest.rows:
            yield from pl.scan_csv(path, infer_schema=False).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)

    def excluded_keys(self, manifest: Manifest) -> list[str]:
        """The legacy keys for which `where` was not true."""
        path = excluded_path(self.export_path(manifest.snapshot, manifest.table))
        return pl.read_csv(path, infer_schema=False)["_key"].to_list() if manifest.excluded else []

    def _folder(self, snapshot: str) -> Path:
        return self.root / "snapshots" / snapshot

    def _write(self, path: Path, content: Iterable[bytes]) -> None:
        _write_whole(path, content, part=self.scratch_path(path.name))


class ExportWriter:
    """Writes one export: the CSV, the excluded keys, and at the end the manifest."""

    def __init__(self, path: Path, parts: list[Path]) -> None:
        """Opens the unfinished files; two processes that export one table at once never share one.

        `parts` are the unfinished CSV, the unfinished list of excluded keys and the unfinished manifest.
        """
        self.path = path
        self.rows = self.excluded = 0
        self._has_header = False
        *self._parts, self._manifest_part = parts
        self._files = [_open_private(part) for part in self._parts]
        self._files[1].write(b"_key\n")

    def write(self, batch: pl.DataFrame) -> None:
        """Appends a batch of rows; the first one, even when it is empty, brings the header."""
        batch.write_csv(self._files[0], include_header=not self._has_header)
        self._has_header = True
        self.rows += batch.height
        fault_point("export.batch")

    def write_excluded(self, keys: pl.DataFrame) -> None:
        """Appends legacy keys (`_key`) that `where` leaves behind."""
        keys.write_csv(self._files[1], include_header=False)
        self.excluded += keys.height

    def publish(self, **facts: Any) -> Manifest:
        """Fsyncs, renames, and writes the manifest last: where there is a manifest, the export is whole."""
        manifest_path(self.path).unlink(missing_ok=True)
        for file, part, final in zip(self._files, self._parts, (self.path, excluded_path(self.path)), strict=True):
            _finish(file)
            part.replace(final)
        fault_point("export.renamed")
        facts |= {"rows": self.rows, "excluded": self.excluded, "version": VERSION}
        manifest = Manifest(sha256=sha256_of(self.path), **facts)
        content = json.dumps(asdict(manifest), indent=1).encode()
        _write_whole(manifest_path(self.path), [content], part=self._manifest_part)
        fault_point("export.published")
        return manifest

    def discard(self) -> None:
        """Removes what was written so far."""
        for file, part in zip(self._files, self._parts, strict=True):
            file.close()
            part.unlink(missing_ok=True)


def manifest_path(export: Path) -> Path:
    """The manifest beside an export."""
    return export.with_suffix(".json")


def excluded_path(export: Path) -> Path:
    """The list of excluded keys beside an export."""
    return export.with_name(f"{export.stem}.excluded.csv")


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner can enter; ours are never opened to others."""
    for folder in (*reversed(path.parents), path):
        # One by one: `parents=True` would give the folders above the process' umask instead of our mode.
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def free_bytes(path: Path) -> int:
    """Free space of the disk that holds a path."""
    return shutil.disk_usage(path).free


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        owner = path.name.partition("-")[0]
        if not (owner.isdigit() and _is_alive(int(owner))):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _open_private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb")


def _finish(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _write_whole(path: Path, content: Iterable[bytes], *, part: Path) -> None:
    try:
        with _open_private(part) as file:
            file.writelines(content)
            _finish(file)
        fault_point("file.written")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
