"""Objects that nothing names any more are taken away; one that somebody changed since is left, and said."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.access.stores.stores import Store, open_store
from etl_assets.core.files.copy import AT_ONCE
from etl_assets.core.files.loose import drop_objects, loose_objects
from etl_assets.core.files.record import Object, drop_lines, unloaded_objects
from etl_assets.core.links.links import Links
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.schema import exists
from etl_assets.spec.model import Spec

LOOSE = 100  # objects that are removed in one transaction


@dataclass(frozen=True)
class Swept:
    """How many objects went, and those that stay because somebody has changed them since."""

    removed: int = 0
    kept: tuple[Object, ...] = ()


def changed_objects(spec: Spec, objects: Sequence[Object]) -> list[Object]:
    """Those that are not what we stored, by their marks; one that is gone is not among them.

    Raises:
        Unavailable: a store does not answer.
    """
    stores = _stores(spec, objects)

    def is_changed(found: Object) -> bool:
        there = stores[found.entry].look(found.key or "") if found.key and found.entry in stores else None
        return there is not None and there[1] != found.etag

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [found for found, changed in zip(objects, pool.map(is_changed, objects), strict=True) if changed]


def sweep_files(connection: Connection, links: Links, *, run: str, forgotten: str | None = None) -> Swept:
    """Removes the objects of rows that were taken out again or of people who were forgotten, and what nothing names.

    Of the `forgotten` user those go too that somebody has changed since. Safe to repeat: a line goes after its object,
    so what a kill leaves is found again.

    Raises:
        Unavailable: a store does not answer.
    """
    spec = links.spec
    if not spec.with_files or not exists(connection):
        return Swept()
    with reading(connection):
        # One whose entry the spec has no longer stays known: nobody can reach it.
        found = [o for o in unloaded_objects(connection) if o.key is None or o.entry in spec.files]
    kept = changed_objects(spec, [o for o in found if o.legacy_user_id != forgotten])
    gone = [o for o in found if o not in kept]
    stores = _stores(spec, gone)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda o: stores[o.entry].remove(o.key) if o.key else None, gone))
    removed = sum(o.key is not None for o in gone)
    if gone:
        with writing(connection, run=run):
            drop_lines(connection, gone)
            audit(connection, run=run, action="files_removed", files=removed, kept=len(kept))
    return Swept(removed + sweep_loose(connection, links, run=run), tuple(kept))


def sweep_loose(connection: Connection, links: Links, *, run: str) -> int:
    """Removes objects that a run which broke off has left, or that another took the place of; how many.

    Whoever is about to name one of them waits for the writers' lock, and finds that it is no longer known.

    Raises:
        Unavailable: a store does not answer.
    """
    count = 0
    stores = {entry: open_store(files.to) for entry, files in links.spec.files.items()} if links.spec.files else {}
    while True:
        with writing(connection, run=run):
            found = [one for one in loose_objects(connection, links, most=LOOSE) if one[0] in stores]
            if not found:
                return count
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda one: stores[one[0]].remove(one[1]), found))
            drop_objects(connection, found)
            audit(connection, run=run, action="files_removed", files=len(found), kept=0)
        count += len(found)


def _stores(spec: Spec, objects: Sequence[Object]) -> dict[str, Store]:
    return {
        entry: open_store(spec.files[entry].to) for entry in {o.entry for o in objects if o.key} & spec.files.keys()
    }
