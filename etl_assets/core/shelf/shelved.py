"""The artifact folder of a machine, of which every finished file is kept on a shelf that all machines share.

Which object an artifact is stands in etl.shelf, written after the object is whole; so a machine with an empty folder
finds what another one made, and two that write at once leave one of the two, whole. A file of this folder counts only
while it is the one that the target names: what another machine replaced or removed is brought anew, or goes.
"""

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from etl_assets.access.files.file_lock import alone
from etl_assets.access.files.shelf import Shelf
from etl_assets.access.files.store import Store
from etl_assets.access.files.whole import private_folder, scratch_path, sha256_of, write_whole
from etl_assets.access.postgres.connection import Connection, has_table, reading, transaction
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.faults import fault_point
from etl_assets.model.errors import ArtifactError, EtlError, ShelfRefused, Unavailable

SQL = Statements(__file__)

INDEX = "shelf.json"  # which file of this folder is which content, so that none is read to know
TRIES = 5
PACKED_FOLDER, READABLE_DIGEST = "snapshots", 32


class Shelved(Shelf):
    """A folder whose files are brought from, and sent to, the objects below a URL."""

    def __init__(self, url: str, root: Path, connect: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Opens nothing yet.

        Args:
            url: of the shelf.
            root: this machine's artifact folder.
            connect: opens the target.
        """
        super().__init__(root)
        self._unfinished = private_folder(root / "unfinished")
        self._store, self._connect = Store(url, self._scratch), connect

    def place(self, part: Path, path: Path) -> None:
        """Sends a finished file, says that it is the artifact, and keeps it here too.

        Raises:
            ShelfRefused: the shelf does not take it.
            Unavailable: its server or the target does not answer, or somebody was forgotten meanwhile.
        """
        name, digest = self._name(path), sha256_of(part)
        with self._connect() as connection:
            ensure_schema(connection)
            former = _pointer(connection, name)
            if former is None or former[1] != digest:
                self._send(connection, part, name, digest, former=former[0] if former else None)
        super().place(part, path)
        self._note(name, digest)

    def _send(self, connection: Connection, part: Path, name: str, digest: str, *, former: str | None) -> None:
        key = _key(name, digest)
        with transaction(connection, read_only=False):
            SQL("begin_object").exec(connection, key=key, name=name)
        self._store.put(part, key)
        fault_point("shelf.sent")
        facts = {"name": name, "key": key, "sha256": digest, "bytes": part.stat().st_size}
        if not _until_written(connection, facts):
            self._store.delete(key)
            raise Unavailable(f"{name} was taken off the shelf while it was sent, because somebody was forgotten.")
        fault_point("shelf.pointed")
        if former is not None:
            self._drop(connection, former)

    def bring(self, path: Path) -> Path | None:
        """The artifact on this machine; what is here already is not brought again.

        Raises:
            ArtifactError: the object is not what was sent.
            Unavailable: the shelf or the target does not answer.
        """
        name = self._name(path)
        problem: EtlError | None = None
        for _ in range(TRIES):
            with self._connect() as connection:
                found = _pointer(connection, name)
            if found is None:
                self._leave(path)
                return None
            key, digest = found
            if path.exists() and self._index().get(name) == digest:
                return path
            try:
                self._fetch(key, digest, path)
            except (ArtifactError, ShelfRefused) as error:  # another machine may have replaced it just now
                problem = error
                continue
            self._note(name, digest)
            return path
        raise problem or ArtifactError(f"{name} changes on the shelf all the time: try again.")

    def _fetch(self, key: str, digest: str, path: Path) -> None:
        part = self._scratch(path.name)
        try:
            self._store.get(key, part)
            if sha256_of(part) != digest:
                raise ArtifactError(
                    f"The object {key} on the shelf is not what was put there (its sha256 is another): "
                    "materialize `legacy_snapshot` and what follows from it again."
                )
            super().place(part, path)
        finally:
            part.unlink(missing_ok=True)

    def remove(self, path: Path) -> None:
        """Takes an artifact away, here and from the shelf."""
        name = self._name(path)
        with self._connect() as connection:
            found = _pointer(connection, name)
            if found is not None:
                with transaction(connection, read_only=False):
                    SQL("drop_pointer").exec(connection, name=name)
                self._drop(connection, found[0])
        self._leave(path)

    def files(self, folder: Path) -> set[Path]:
        """What the target names below a folder, and what lies there."""
        return self._named(folder) | super().files(folder)

    def folders(self, above: Path) -> set[str]:
        """The folders in which the target names something, and those that lie there."""
        parts = [path.relative_to(above).parts for path in self._named(above)]
        return {names[0] for names in parts if len(names) > 1} | super().folders(above)

    def _named(self, folder: Path) -> set[Path]:
        with self._connect() as connection:
            return {self.root / name for name in _names(connection, f"{self._name(folder)}/")}

    def tidy(self) -> None:
        """Removes from this machine what another has replaced or removed: it may hold somebody who was forgotten."""
        with self._connect() as connection:
            named = _names(connection, "")
        for name, digest in self._index().items():
            if named.get(name) != digest:
                self._leave(self.root / name)

    def sweep(self, *, older_s: int) -> int:
        """Removes objects that no artifact is, and uploads that were left open."""
        with self._connect() as connection:
            if not has_table(connection, "etl.shelf_objects"):
                return 0
            with reading(connection):
                loose = [key for (key,) in SQL("list_loose").many(connection, name=None, older=older_s)]
            for key in loose:
                self._drop(connection, key)
        return len(loose) + self._store.end_uploads(older_s=older_s)

    def _drop(self, connection: Connection, key: str) -> None:
        """The object first off the shelf and then off the list: broken off in between, it is dropped once more."""
        self._store.delete(key)
        fault_point("shelf.deleted")
        with transaction(connection, read_only=False):
            SQL("drop_object").many(connection, key=key)

    def _leave(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._note(self._name(path), None)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _scratch(self, name: str) -> Path:
        return scratch_path(self._unfinished, name)

    def _index(self) -> dict[str, str]:
        index = self.root / INDEX
        return dict(json.loads(index.read_bytes())) if index.exists() else {}

    def _note(self, name: str, digest: str | None) -> None:
        with alone(self.root / "shelf.lock"):
            known = self._index()
            if known.get(name) == digest:
                return
            known.pop(name, None)
            if digest is not None:
                known[name] = digest
            write_whole(self.root / INDEX, [json.dumps(known, indent=1).encode()], part=self._scratch(INDEX))


def _pointer(connection: Connection, name: str) -> tuple[str, str] | None:
    if not has_table(connection, "etl.shelf"):
        return None
    with reading(connection):
        found = SQL("find_pointer").first(connection, name=name)
    return (found[0], found[1]) if found else None


def _names(connection: Connection, prefix: str) -> dict[str, str]:
    if not has_table(connection, "etl.shelf"):
        return {}
    with reading(connection):
        return dict(SQL("list_names").many(connection, prefix=prefix))


def _until_written(connection: Connection, facts: dict[str, object]) -> bool:
    """Writes a pointer; two machines that name the same artifact at once write one after the other."""
    for attempt in range(TRIES):
        try:
            with transaction(connection, read_only=False):
                return bool(SQL("point").many(connection, **facts))
        except Unavailable:
            if attempt == TRIES - 1:
                raise
    return False


def _key(name: str, digest: str) -> str:
    """A key that is never used again: where the artifact belongs, its content's hash, a token, its suffix."""
    folder, suffix = name.split("/", maxsplit=1)[0], Path(name).suffix
    packed = ".zst" if folder == PACKED_FOLDER and suffix in (".db", ".csv") else ""
    return f"{folder}/{digest[:READABLE_DIGEST]}-{uuid.uuid4().hex[:8]}{suffix}{packed}"
