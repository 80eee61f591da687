"""An export is written in chunks of rowids, and what SQLite says as before is taken over from the export before.

Whether a chunk is as it was is told by a digest of its rows as SQLite gives them for the CSV: lookups, expressions and
`where` are in it, so a change in another table that shows in this one is seen. Nothing of it is decoded, typed or
written then, which is what an export costs.
"""

import hashlib
import marshal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from etl_assets.access.files.artifacts import BATCH_ROWS
from etl_assets.access.files.exports import Chunk, ExportWriter, Manifest, open_rows
from etl_assets.access.legacy.export import ExportReader, Row

CHUNK_ROWS = 6 * BATCH_ROWS
CHUNK_BYTES = 16 << 20  # of wide rows fewer are a chunk: staging holds one of them
DIGEST_BYTES = 16


def write_rows(reader: ExportReader, writer: ExportWriter, former: tuple[Manifest, Path] | None) -> tuple[Chunk, ...]:
    """Writes all rows, those of unchanged chunks from a former export's CSV; returns the chunks, in their order.

    A table without rowids has none, and is written whole.
    """
    writer.write(reader.frame([]))  # the header
    if reader.table.rowid is None:
        for rows in reader.rows():
            writer.write(reader.frame(rows))
        return ()
    chunks: list[Chunk] = []
    after = None
    if former is not None and _is_alike(former[0], reader):
        manifest, path = former
        with open_rows(path, manifest) as file:
            for chunk in _closed(manifest.chunks):
                begin = file.tell()
                if _digest(reader, after, chunk.last) == chunk.digest:
                    writer.keep(file, chunk)
                    chunks.append(chunk)
                else:
                    chunks += _write(reader, writer, after, chunk.last)
                file.seek(begin + chunk.bytes)
                after = chunk.last
    return (*chunks, *_write(reader, writer, after, None))


def classes_of(reader: ExportReader, chunks: Sequence[Chunk]) -> dict[str, dict[str, int]]:
    """How many cells of each storage class every column has, once `write_rows` has written them."""
    found = [chunk.classes for chunk in chunks] or [{label: dict(n) for label, n in reader.classes.items()}]
    total: dict[str, Counter[str]] = {label: Counter() for label in reader.labels}
    for classes in found:
        for label, counts in classes.items():
            total[label].update(counts)
    return {label: dict(counts) for label, counts in total.items()}


def _is_alike(former: Manifest, reader: ExportReader) -> bool:
    return (former.columns, former.usual) == (reader.labels, reader.usual)


def _closed(chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    """All but a last one that has room: with rows that were added it is read anew, or each addition were a chunk."""
    has_room = chunks[-1].rows < CHUNK_ROWS and chunks[-1].bytes < CHUNK_BYTES
    return chunks[:-1] if has_room else chunks


def _write(reader: ExportReader, writer: ExportWriter, after: int | None, last: int | None) -> Iterator[Chunk]:
    """Reads and writes the rows between two rowids; a chunk whenever one is full, and one of what is left."""
    rest = _Open(reader, writer)
    for rows in reader.rows(after, last):
        rest.write(rows)
        if rest.is_full:
            yield rest.close()
            rest = _Open(reader, writer)
    if rest.rows:
        yield rest.close()


class _Open:
    """A chunk that is being written."""

    def __init__(self, reader: ExportReader, writer: ExportWriter) -> None:
        self._reader, self._writer = reader, writer
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES)
        self._begin = writer.position
        self.rows = self._last = 0
        reader.classes.clear()

    def write(self, rows: list[Row]) -> None:
        self._hash.update(_as_bytes(rows))
        self._writer.write(self._reader.frame(rows))
        self.rows, self._last = self.rows + len(rows), rows[-1][-1]

    @property
    def is_full(self) -> bool:
        return self.rows >= CHUNK_ROWS or self._bytes >= CHUNK_BYTES

    def close(self) -> Chunk:
        classes = {label: dict(counts) for label, counts in self._reader.classes.items()}
        return Chunk(self._last, self.rows, self._bytes, self._hash.hexdigest(), classes)

    @property
    def _bytes(self) -> int:
        return self._writer.position - self._begin


def _digest(reader: ExportReader, after: int | None, last: int) -> str:
    found = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for rows in reader.rows(after, last):
        found.update(_as_bytes(rows))
    return found.hexdigest()


def _as_bytes(rows: list[Row]) -> bytes:
    # Version 2 knows no references between equal objects: the same rows are always the same bytes
    # (https://docs.python.org/3/library/marshal.html).
    return marshal.dumps(rows, 2)
