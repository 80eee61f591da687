"""One export on disk: its CSV, the keys that it leaves behind, and the manifest that says what it holds.

A CSV is polars' default dialect (comma, `"` doubled, LF, UTF-8): `_key`, the row's legacy key; the legacy columns under
their labels; `_classes`, the SQLite storage classes of the cells, empty where each is its column's usual one. NULL is
an empty field, `''` is `""`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from etl_assets.access.files.shelf import Shelf
from etl_assets.access.files.whole import copy_bytes, finish, open_private, sha256_of, write_whole
from etl_assets.faults import fault_point

VERSION = version("etl-assets")


@dataclass(frozen=True)
class Chunk:
    """A part of an export: the rows up to the rowid `last`, as many and so many bytes of the CSV.

    `digest` is of what SQLite said of them, and `classes` counts their cells' storage classes.
    """

    last: int
    rows: int
    bytes: int
    digest: str
    classes: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Manifest:
    """What one export holds. `usual` gives each column's storage class where `_classes` is empty.

    `version` is that of the program that wrote it. `chunks` are all of its rows, in their order, where these have
    rowids; `kept` says how many rows were taken over from the export before, and not read again.
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
    chunks: tuple[Chunk, ...] = ()
    kept: int = 0


class ExportWriter:
    """Writes one export: the CSV, the excluded keys, and at the end the manifest."""

    def __init__(self, path: Path, parts: list[Path], shelf: Shelf) -> None:
        """Opens the unfinished files; two processes that export one table at once never share one.

        `parts` are the unfinished CSV, the unfinished list of excluded keys and the unfinished manifest.
        """
        self.path, self._shelf = path, shelf
        self.rows = self.excluded = self.kept = 0
        self._has_header = False
        *self._parts, self._manifest_part = parts
        self._files = [open_private(part) for part in self._parts]
        self._files[1].write(b"_key\n")

    def write(self, batch: pl.DataFrame) -> None:
        """Appends a batch of rows; the first one, even when it is empty, brings the header."""
        batch.write_csv(self._files[0], include_header=not self._has_header)
        self._has_header = True
        self.rows += batch.height
        fault_point("export.batch")

    @property
    def position(self) -> int:
        """How many bytes of the CSV are written."""
        return self._files[0].tell()

    def keep(self, former: BinaryIO, chunk: Chunk) -> None:
        """Takes a chunk over as it stands in another export's CSV, which is read from where it is."""
        copy_bytes(former, self._files[0], chunk.bytes)
        self.rows += chunk.rows
        self.kept += chunk.rows
        fault_point("export.batch")

    def write_excluded(self, keys: pl.DataFrame) -> None:
        """Appends legacy keys (`_key`) that `where` leaves behind."""
        keys.write_csv(self._files[1], include_header=False)
        self.excluded += keys.height

    def publish(self, **facts: Any) -> Manifest:
        """Fsyncs, renames, and writes the manifest last: where there is a manifest, the export is whole."""
        self._shelf.remove(manifest_path(self.path))
        for file, part, final in zip(self._files, self._parts, (self.path, excluded_path(self.path)), strict=True):
            finish(file)
            self._shelf.place(part, final)
        fault_point("export.renamed")
        facts |= {"rows": self.rows, "excluded": self.excluded, "kept": self.kept, "version": VERSION}
        manifest = Manifest(sha256=sha256_of(self.path), **facts)
        content = json.dumps(asdict(manifest), indent=1).encode()
        write_whole(manifest_path(self.path), [content], part=self._manifest_part, place=self._shelf.place)
        fault_point("export.published")
        return manifest

    def discard(self) -> None:
        """Removes what was written so far."""
        for file, part in zip(self._files, self._parts, strict=True):
            file.close()
            part.unlink(missing_ok=True)


def as_manifest(content: bytes) -> Manifest:
    """The manifest that a file holds."""
    raw = json.loads(content)
    chunks = tuple(Chunk(**chunk) for chunk in raw.get("chunks", ()))
    return Manifest(**{**raw, "columns": tuple(raw["columns"]), "chunks": chunks})


@contextmanager
def open_rows(path: Path, manifest: Manifest) -> Iterator[BinaryIO]:
    """An export's CSV, opened where the rows of its chunks begin."""
    with path.open("rb") as file:
        file.seek(path.stat().st_size - sum(chunk.bytes for chunk in manifest.chunks))
        yield file


def manifest_path(export: Path) -> Path:
    """The manifest beside an export."""
    return export.with_suffix(".json")


def excluded_path(export: Path) -> Path:
    """The list of excluded keys beside an export."""
    return export.with_name(f"{export.stem}.excluded.csv")
