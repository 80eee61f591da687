"""A file that a process keeps locked until it ends, however it ends: is the owner of unfinished work alive?

A pid does not tell: in another container it is another process, and later it may be one here. The kernel's lock is seen
by every process of the machine, in whichever namespace.
"""

import atexit
import fcntl
import os
import uuid
from pathlib import Path

PREFIX = "process-"
_held: dict[tuple[Path, int], tuple[str, int]] = {}


def process_name(folder: Path) -> str:
    """The name of this process' file in a folder, which stays locked until the process ends."""
    # By pid, because a forked child shares its parent's lock and would outlive it.
    owner = (folder, os.getpid())
    if owner in _held and not (folder / _held[owner][0]).exists():
        os.close(_held.pop(owner)[1])  # somebody has emptied the folder
    if owner not in _held:
        _held[owner] = _new_lock(folder)
        atexit.register(_end, owner)
    return _held[owner][0]


def is_alive(folder: Path, process: str) -> bool:
    """True while the process of this name runs."""
    try:
        with (folder / process).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _end(owner: tuple[Path, int]) -> None:
    """Tidies up; after a crash the next sweep does."""
    folder, process = owner
    if process == os.getpid():
        (folder / _held[owner][0]).unlink(missing_ok=True)


def _new_lock(folder: Path) -> tuple[str, int]:
    while True:
        path = folder / f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:8]}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists():  # another process may have swept it away before it was locked
            return path.name, descriptor
        os.close(descriptor)
