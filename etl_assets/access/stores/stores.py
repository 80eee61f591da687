"""Files where they lie and objects where they go, behind any URL that fsspec knows.

What is read stays below the root, whatever links are on the way. What is written appears whole or not at all, and is
proven: by the store's own digest where it gives one, else by reading it back.
https://filesystem-spec.readthedocs.io, https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html (ETag)
"""

import hashlib
import mimetypes
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
from fsspec.asyn import sync  # type: ignore[import-untyped]

from etl_assets.access.files.elsewhere import DISK_FULL, shown
from etl_assets.access.files.whole import open_private
from etl_assets.model.errors import EtlError, FileFault, SettingsError, Unavailable

BLOCK = 1 << 20
PART_BYTES = 5 << 20  # the least that S3 takes, so that eight copies at a time stay in bounded memory
PARTS_AT_ONCE = 2
ANY_TYPE = "application/octet-stream"
# What stores tell of a file that changes with its content.
CHANGING = ("ETag", "etag", "e_tag", "mtime", "LastModified", "modified", "created")
GONE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
NAME_BYTES = 255
TOO_LONG = 36  # ENAMETOOLONG: no such name can be there


@dataclass(frozen=True)
class Found:
    """A file below the root: the place at which it was looked for, its real path, its size in bytes, and its mark.

    The mark is another one when somebody has written to the file: its size with the store's ETag, or time of change.
    """

    place: str
    path: str
    size: int
    mark: str


@dataclass(frozen=True)
class Copied:
    """A file as it was read: size in bytes, sha256 in hex, and the ETag that S3 gives to it."""

    size: int
    sha256: str
    s3_etag: str


class LeadsOut(Exception):
    """A link on the way leads out of the root."""


@dataclass(frozen=True)
class Store:
    """A folder or bucket behind a URL."""

    url: str
    there: Any
    root: str

    @property
    def kind(self) -> str:
        """`s3`, `file`, `sftp` and so on."""
        protocol = self.there.protocol
        return str(protocol if isinstance(protocol, str) else protocol[0])

    def require_root(self) -> None:
        """Raises where the root is not there: a disk that is not mounted must not look like files that are missing.

        Raises:
            SettingsError: it is not.
            Unavailable: its server does not answer.
        """
        with self._reaching():
            if self.kind.startswith("s3") or self.kind == "memory" or self.there.isdir(self.root):
                return
        raise SettingsError(f"There is no folder {shown(self.url)}; check `from` in the spec's `files`.")

    def find(self, places: tuple[str, ...]) -> Found | None:
        """The first of these places at which a file is; None where there is none.

        Raises:
            LeadsOut: a link leads out of the root.
            Unavailable: the store does not answer, or may not be read.
        """
        with self._reaching():
            root = self._real(self.root)
            for place in places:
                # An sftp server says of a name that is too long that something failed, and not what.
                if max(len(step.encode("utf-8", "surrogatepass")) for step in place.split("/")) > NAME_BYTES:
                    continue
                with suppress(*GONE):
                    path = self._real(posixpath.join(root, place))
                    if path != root and not path.startswith(root.rstrip("/") + "/"):
                        raise LeadsOut
                    info = self._info(path)
                    if info is not None and info.get("type") == "file" and _is_regular(info):
                        size = int(info.get("size") or 0)
                        return Found(place, path, size, f"{size} {_mark(info)}")
        return None

    def fetch(self, found: Found, place: Path) -> Copied:
        """Streams a file to a private place of this machine; returns what was read.

        Raises:
            FileNotFoundError: it has gone meanwhile.
            Unavailable: the store does not answer.
        """
        whole, sha256, parts, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), b"", 0
        with self._reaching(), self._open(found.path) as source, open_private(place) as target:
            part = hashlib.md5(usedforsecurity=False)
            while block := source.read(BLOCK):  # five to a part, and fewer only at the end
                target.write(block)
                sha256.update(block)
                whole.update(block)
                for piece in _pieces(block, size):
                    part.update(piece)
                    size += len(piece)
                    if size % PART_BYTES == 0:
                        parts, part = parts + part.digest(), hashlib.md5(usedforsecurity=False)
            parts += part.digest() if size % PART_BYTES else b""
        if size < 2 * PART_BYTES:  # s3fs sends it as one
            return Copied(size, sha256.hexdigest(), whole.hexdigest())
        mark = hashlib.md5(parts, usedforsecurity=False).hexdigest()
        return Copied(size, sha256.hexdigest(), f"{mark}-{len(parts) // 16}")

    def put(self, place: Path, key: str, copied: Copied, *, name: str) -> str:
        """Writes an object under its key, whole; returns its mark once it is proven to be what was read.

        Raises:
            Unavailable: the store does not answer, or keeps something else.
        """
        path = posixpath.join(self.root, key)
        with self._reaching():
            if self.kind.startswith("s3"):
                content = mimetypes.guess_type(name)[0] or ANY_TYPE
                how = {"chunksize": PART_BYTES, "max_concurrency": PARTS_AT_ONCE, "ContentType": content}
                self.there.put_file(str(place), path, **how)
            else:
                self.there.makedirs(posixpath.dirname(path), exist_ok=True)
                part = f"{path}.part"
                self.there.put_file(str(place), part)
                self.there.mv(part, path)
        size, mark = self.look(key) or (-1, "")
        if size != copied.size or (mark != copied.s3_etag and self.sha256(key) != copied.sha256):
            raise Unavailable(f"{shown(self.url)} keeps another file than the one that was sent. Nothing names it.")
        return mark

    def look(self, key: str) -> tuple[int, str] | None:
        """Size in bytes and mark of an object; None where it is not there."""
        with self._reaching():
            self.there.invalidate_cache()
            info = self._info(posixpath.join(self.root, key))
            if info is None or info.get("type") != "file":
                return None
            return int(info.get("size") or 0), _mark(info)

    def sha256(self, key: str) -> str:
        """The sha256 of an object in hex, read whole."""
        digest = hashlib.sha256()
        with self._reaching(), self._open(posixpath.join(self.root, key)) as source:
            while block := source.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def remove(self, key: str) -> None:
        """Takes an object away; one that is gone already is no fault."""
        with self._reaching(), suppress(FileNotFoundError):
            self.there.rm_file(posixpath.join(self.root, key))

    def _open(self, path: str) -> Any:
        return self.there.open(path, "rb", block_size=PART_BYTES)

    def _info(self, path: str) -> dict[str, Any] | None:
        try:
            return dict(self.there.info(path))
        except GONE:
            return None
        except OSError as problem:
            if problem.errno == TOO_LONG:
                return None
            raise

    def _real(self, path: str) -> str:
        """The path with its links followed, where the store has links."""
        if self.kind in ("file", "local"):
            try:
                return str(Path(path).resolve())
            except OSError as problem:
                if problem.errno == TOO_LONG:
                    raise FileNotFoundError(path) from None
                raise
        if self.kind in ("ssh", "sftp"):
            return str(sync(self.there.loop, _real_path, self.there, path))
        return path

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """What libraries raise becomes ours, without their words, which may hold a password."""
        try:
            yield
        except (EtlError, LeadsOut, *GONE):
            raise
        except Exception as problem:  # noqa: BLE001 - each library has its own
            if isinstance(problem, OSError) and problem.errno in DISK_FULL:
                raise FileFault(problem.strerror or "disk full") from None
            raise Unavailable(f"{shown(self.url)} cannot be used{_cause(problem)}.") from None


def open_store(url: str) -> Store:
    """The store behind a URL or a path of this machine; credentials are the environment's.

    Raises:
        SettingsError: nothing here knows such a URL.
        Unavailable: its server does not answer.
    """
    try:
        # sshfs hands what it does not know on to asyncssh, which refuses it (sshfs 2026.3).
        options = {"use_listings_cache": False} if url.startswith("s3") else {}
        there, root = fsspec.core.url_to_fs(url, **options)
    except ImportError:
        raise SettingsError(f"{shown(url)} needs more packages: pip install 'etl-assets[remote]'") from None
    except Exception as problem:  # noqa: BLE001 - each library has its own
        if "rotocol" in str(problem):
            raise SettingsError(f"`files` names {shown(url)}: nothing here reads such a URL.") from None
        raise Unavailable(f"{shown(url)} cannot be reached{_cause(problem)}.") from None
    return Store(url, there, root.rstrip("/") or "/")


def _cause(problem: Exception) -> str:
    if isinstance(problem, PermissionError):
        return ": permission denied. Check the credentials"
    return f" ({type(problem).__name__})"


def _pieces(block: bytes, size: int) -> Iterator[bytes]:
    """A block, cut where a part ends."""
    left = PART_BYTES - size % PART_BYTES
    yield block[:left]
    if block[left:]:
        yield block[left:]


def _mark(info: dict[str, Any]) -> str:
    return next((str(info[word]) for word in CHANGING if info.get(word) is not None), "").strip('"')


def _is_regular(info: dict[str, Any]) -> bool:
    mode = info.get("mode")
    return not isinstance(mode, int) or stat.S_IFMT(mode) in (0, stat.S_IFREG)


async def _real_path(there: Any, path: str) -> str:
    # sshfs follows links and says nothing of them (sshfs 2026.3); the session below it knows where they lead.
    async with there._pool.get() as channel:
        return str(await channel.realpath(path))
