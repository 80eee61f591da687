"""Objects in the new app's storage, compared with what was stored: size and mark of each, the bytes of some or all."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.access.stores.stores import Store, open_store
from etl_assets.core.files.copy import AT_ONCE
from etl_assets.core.files.record import Stored, stored_objects
from etl_assets.model.errors import SAMPLE_SIZE
from etl_assets.spec.model import Spec

State = Literal["as_stored", "changed", "gone", "unknown"]
EVERY = 50  # so many objects to one whose bytes are read


@dataclass
class Compared:
    """Objects by what they are now, how many were read whole, and a few that differ: table and legacy id."""

    objects: Counter[str] = field(default_factory=Counter)
    read: int = 0
    sample: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """True when everything is what was stored."""
        return set(self.objects) <= {"as_stored"}


def compare_files(connection: Connection, spec: Spec, *, whole: bool) -> Compared:
    """Compares each object's size and mark, and the sha256 of every one with `whole`, else of one in fifty.

    Raises:
        Unavailable: a store does not answer.
    """
    stores = {entry: open_store(files.to) for entry, files in spec.files.items()}
    found, number = Compared(), 0
    with ThreadPoolExecutor(AT_ONCE) as pool, reading(connection):
        for page in stored_objects(connection):
            reads = [whole or (number + place) % EVERY == 0 for place in range(len(page))]
            number += len(page)
            states = pool.map(lambda pair: _state(stores.get(pair[0].entry), *pair), zip(page, reads, strict=True))
            for stored, state in zip(page, states, strict=True):
                found.objects[state] += 1
                if state != "as_stored" and len(found.sample) < SAMPLE_SIZE:
                    found.sample.append(f"{stored.table} {stored.legacy_id}")
            found.read += sum(reads)
    return found


def _state(store: Store | None, stored: Stored, reads: bool) -> State:  # noqa: FBT001 - one of a pair
    if store is None:
        return "unknown"
    there = store.look(stored.key)
    if there is None:
        return "gone"
    if there != (stored.size, stored.etag) or (reads and store.sha256(stored.key) != stored.sha256):
        return "changed"
    return "as_stored"
