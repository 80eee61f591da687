"""Files of the old app looked at once more: written to since they were copied, or there by now."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.access.stores.stores import LeadsOut, Store, open_store
from etl_assets.core.files.copy import AT_ONCE
from etl_assets.core.files.record import (
    STORED,
    Refused,
    Stored,
    drop_lines,
    note_changed,
    refused_files,
    stored_objects,
)
from etl_assets.core.memory.counted import void_books
from etl_assets.core.memory.schema import exists
from etl_assets.model.errors import SettingsError, Unavailable
from etl_assets.spec.model import Spec
from etl_assets.transform.file_paths import read_path

T = TypeVar("T", Stored, Refused)


def recheck_sources(connection: Connection, spec: Spec, *, run: str) -> int:
    """Looks at every file that was copied, or for which a row is quarantined; how many were changed.

    Those that are others by now are noted; for those that are there by now, or that the spec judges otherwise, the next
    wave looks. A file that is gone is no change: its copy is what there is. Where the old server is no longer there,
    nothing can be found and nothing is.
    """
    if not spec.with_files or not exists(connection):
        return 0
    sources = _sources(spec)
    with ThreadPoolExecutor(AT_ONCE) as pool, reading(connection):

        def found(pages: Iterable[list[T]], holds: Callable[[T], bool]) -> list[T]:
            kept: list[T] = []
            for page in pages:
                known = [one for one in page if one.entry in sources]
                kept += [one for one, does in zip(known, pool.map(holds, known), strict=True) if does]
            return kept

        changed = found(stored_objects(connection), lambda one: _is_changed(sources[one.entry], one))
        freed = found(refused_files(connection), lambda one: _is_otherwise(spec, sources[one.entry], one))
    if changed or freed:
        with writing(connection, run=run):
            if changed:
                note_changed(connection, changed)
            if freed:
                drop_lines(connection, freed)
                void_books(connection)  # those rows could arrive now
    return len(changed)


def _sources(spec: Spec) -> dict[str, Store]:
    found: dict[str, Store] = {}
    for entry, files in spec.files.items():
        with suppress(SettingsError, Unavailable):
            store = open_store(files.from_)
            store.require_root()
            found[entry] = store
    return found


def _is_changed(source: Store, stored: Stored) -> bool:
    if stored.state != STORED or not stored.mark:
        return False
    with suppress(LeadsOut, Unavailable):
        found = source.find((stored.source,))
        return found is not None and found.mark != stored.mark
    return False


def _is_otherwise(spec: Spec, source: Store, refused: Refused) -> bool:
    """True where a look now would not say again why the row is quarantined."""
    table = spec.tables.get(refused.table)
    column = table.file_columns.get(refused.column) if table else None
    if column is None:
        return False
    read = read_path(refused.named, spec.files[refused.entry].strip)
    if read.verdict != "inside":
        return read.verdict != refused.state
    try:
        lacks = source.find(read.places) is None
    except (LeadsOut, Unavailable):
        return False
    return not lacks or column.missing != "quarantine" or refused.state != "file_missing"
