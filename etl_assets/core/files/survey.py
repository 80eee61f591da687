"""The files that rows would bring, counted and sized before anything is copied: for `check`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from etl_assets.access.stores.stores import LeadsOut, Store, open_store
from etl_assets.core.files.copy import AT_ONCE
from etl_assets.model.errors import SAMPLE_SIZE
from etl_assets.spec.columns import Column
from etl_assets.spec.model import Spec, Table
from etl_assets.spec.shapes import Staged
from etl_assets.transform.file_paths import read_path

THERE = "there"


@dataclass
class Surveyed:
    """Files of one column by what would become of them, bytes of those there are, a few legacy ids of the others."""

    files: Counter[str] = field(default_factory=Counter)
    size: int = 0
    sample: list[str] = field(default_factory=list)

    def add(self, legacy_id: str, state: str, size: int) -> None:
        """Counts one file."""
        self.files[state] += 1
        self.size += size
        if state != THERE and len(self.sample) < SAMPLE_SIZE:
            self.sample.append(legacy_id)


@dataclass
class Survey:
    """Looks at the files of rows as they go by, once each; `found` says per `table.column` what there was."""

    spec: Spec
    found: dict[str, Surveyed] = field(default_factory=dict)
    _sources: dict[str, Store] = field(default_factory=dict)

    def watch(self, table: Table, batches: Iterable[Staged]) -> Iterator[Staged]:
        """The batches as they are.

        Raises:
            SettingsError: the folder of the files is not there.
            Unavailable: its server does not answer.
        """
        for batch in batches:
            for name, column in table.file_columns.items():
                told = self.found.setdefault(f"{table.name}.{name}", Surveyed())
                named = batch.rows.select("_legacy_id", name).drop_nulls().rows()
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    answers = pool.map(lambda row, column=column: self._look(column, row[1]), named)
                    for (legacy_id, _), answer in zip(named, answers, strict=True):
                        if answer is not None:
                            told.add(legacy_id, *answer)
            yield batch

    def _look(self, column: Column, path: str) -> tuple[str, int] | None:
        """What would become of one file, and its size; None where no file is named."""
        entry = self.spec.files[column.file or ""]
        read = read_path(path, entry.strip)
        if read.verdict == "empty":
            return None
        if read.verdict != "inside":
            return read.verdict, 0
        try:
            found = self._source(column.file or "", entry.from_).find(read.places)
        except LeadsOut:
            return "path_outside", 0
        return ("file_missing", 0) if found is None else (THERE, found.size)

    def _source(self, entry: str, url: str) -> Store:
        if entry not in self._sources:
            store = open_store(url)
            store.require_root()
            self._sources[entry] = store
        return self._sources[entry]
