"""Which runs are still alive: a lock that the kernel drops when a process ends, however it ends."""

import fcntl
import os
import uuid
from pathlib import Path

from etl_assets.access.files.whole import private_folder

_held: dict[tuple[Path, int], tuple[str, int]] = {}


class RunLocks:
    """`<artifacts>/runs`: one locked file per process, and per run the name of its process' file.

    Dagster leaves the run of a process that died with its code server as STARTED for ever (dagster#4319). A recorded
    pid could be another process by now; a lock cannot.
    """

    def __init__(self, artifacts: Path) -> None:
        """Names the folder; it is made at first use."""
        self._folder = artifacts / "runs"

    def hold(self, run: str) -> None:
        """Says that this process executes the run, until it ends."""
        private_folder(self._folder)
        _write(self._folder / run, _process_lock(self._folder).encode())

    def is_noted(self, run: str) -> bool:
        """True when a process has said that it executes the run."""
        return (self._folder / run).exists()

    def has_died(self, run: str) -> bool:
        """True when the process that executed the run is gone; False when it lives or was never noted."""
        note = self._folder / run
        if not note.exists():
            return False
        path = self._folder / note.read_text(encoding="ascii")
        return not path.exists() or _is_unlocked(path)

    def forget(self, keep: set[str]) -> None:
        """Removes the notes of all runs but these, and the files of processes that are gone."""
        if not self._folder.exists():
            return
        for path in self._folder.iterdir():
            is_process = path.name.startswith("process-")
            # The process of another Dagster home may hold a note whose run we do not know.
            if (is_process and _is_unlocked(path)) or (
                not is_process and path.name not in keep and self.has_died(path.name)
            ):
                path.unlink(missing_ok=True)


def _process_lock(folder: Path) -> str:
    """The name of this process' locked file in a folder; the lock is held until the process ends."""
    # By pid, because a forked child shares its parent's lock and would outlive it.
    owner = (folder, os.getpid())
    if _held.get(owner) is None:
        for _, descriptor in _held.values():
            os.close(descriptor)  # of another folder, which only tests have
        _held.clear()
        _held[owner] = _new_lock(folder)
    return _held[owner][0]


def _new_lock(folder: Path) -> tuple[str, int]:
    while True:
        path = folder / f"process-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists():  # another process may have swept it away before it was locked
            return path.name, descriptor
        os.close(descriptor)


def _is_unlocked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        pass
    return True


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
