"""Files that appear whole or not at all, readable by their owner alone."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from etl_assets.access.files.process_lock import is_alive, process_name
from etl_assets.faults import fault_point

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
HASH_BLOCK_BYTES = 1 << 20


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner can enter; ours are never opened to others."""
    for folder in (*reversed(path.parents), path):
        # One by one: `parents=True` would give the folders above the process' umask instead of our mode.
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def free_bytes(path: Path) -> int:
    """Free space of the disk that holds a path."""
    return shutil.disk_usage(path).free


def scratch_path(folder: Path, name: str) -> Path:
    """A path for unfinished work of this process in a folder; what a crash leaves there is swept by the next."""
    return folder / f"{process_name(_processes(folder))}.{uuid.uuid4().hex[:8]}-{name}"


def sweep(folder: Path) -> None:
    """Removes what processes that are gone have left in the folder of unfinished work, and their locks."""
    locks = _processes(folder)
    for path in (*folder.iterdir(), *locks.iterdir()):
        if not is_alive(locks, path.name.partition(".")[0]):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _processes(folder: Path) -> Path:
    return private_folder(folder.with_name("processes"))


def open_private(path: Path) -> BinaryIO:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb")


def finish(file: BinaryIO) -> None:
    """Closes a file whose bytes are on the disk."""
    file.flush()
    os.fsync(file.fileno())
    file.close()


def copy_bytes(source: BinaryIO, target: BinaryIO, count: int) -> None:
    """Copies so many bytes from where one file stands to where the other does.

    Raises:
        EOFError: there are fewer.
    """
    while count:
        block = source.read(min(count, HASH_BLOCK_BYTES))
        if not block:
            raise EOFError(count)
        target.write(block)
        count -= len(block)


def write_whole(
    path: Path, content: Iterable[bytes], *, part: Path, place: Callable[[Path, Path], object] = Path.replace
) -> None:
    """Writes a file that appears under its name when all of it is on the disk, and not at all otherwise.

    `place` puts the finished `part` under the name.
    """
    try:
        with open_private(part) as file:
            file.writelines(content)
            finish(file)
        fault_point("file.written")
        place(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
