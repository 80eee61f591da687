"""Files that the old app has written to since they were copied, found by the mark that each had then."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.access.stores.stores import Found, LeadsOut, Store, open_store
from etl_assets.core.files.copy import AT_ONCE
from etl_assets.core.files.record import STORED, Stored, note_changed, stored_objects
from etl_assets.core.memory.schema import exists
from etl_assets.model.errors import SettingsError, Unavailable
from etl_assets.spec.model import Spec


def recheck_sources(connection: Connection, spec: Spec, *, run: str) -> int:
    """Looks at every file that was copied, and notes those that are others by now; how many.

    A file that is gone is no change: its copy is what there is. Where the old server is no longer there, nothing can be
    found and nothing is.
    """
    if not spec.with_files or not exists(connection):
        return 0
    sources: dict[str, Store] = {}
    for entry, files in spec.files.items():
        with suppress(SettingsError, Unavailable):
            store = open_store(files.from_)
            store.require_root()
            sources[entry] = store
    changed: list[Stored] = []
    with ThreadPoolExecutor(AT_ONCE) as pool, reading(connection):
        for page in stored_objects(connection):
            known = [one for one in page if one.state == STORED and one.mark and one.entry in sources]
            answers = pool.map(lambda one: _is_changed(sources[one.entry], one), known)
            changed += [one for one, is_changed in zip(known, answers, strict=True) if is_changed]
    if changed:
        with writing(connection, run=run):
            note_changed(connection, changed)
    return len(changed)


def _is_changed(source: Store, stored: Stored) -> bool:
    found: Found | None = None
    with suppress(LeadsOut, Unavailable):
        found = source.find((stored.source,))
    return found is not None and found.mark != stored.mark
