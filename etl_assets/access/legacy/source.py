"""The legacy database where it lies: a file of this machine, which an app may be writing to, or one from elsewhere.

From elsewhere is one closed file behind any URL that fsspec knows (s3, gs, sftp, https, ...), packed by gzip or zstd or
not, or a dump in SQL. It is fetched where its mark is another one, and nothing is fetched to learn the mark.
https://filesystem-spec.readthedocs.io
"""

import contextlib
import errno
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]
from fsspec.utils import infer_compression  # type: ignore[import-untyped]

from etl_assets.access.files.whole import open_private, private_folder, scratch_path, sweep
from etl_assets.access.legacy.database import WAL_HEADER_BYTES, file_mark, is_settled, require_sqlite
from etl_assets.access.legacy.dump import database_of
from etl_assets.model.errors import EtlError, FileFault, LegacyFileError, SettingsError, Unavailable
from etl_assets.settings import Settings

BLOCK = 1 << 20
# What stores tell of a file that changes with its content; a size alone does not.
CHANGING = ("ETag", "etag", "e_tag", "mtime", "LastModified", "last_modified", "modified", "Content-MD5", "generation")
KNOWN = "Those of s3, gs, abfs, sftp and https are read, with pip install 'etl-assets[remote]'."
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def legacy_mark(settings: Settings) -> str:
    """A mark that changes whenever the database's content may have; of a URL it is asked for, and nothing is fetched.

    Raises:
        LegacyFileError: it is not there.
        Unavailable: its server does not answer.
    """
    if settings.legacy_url is None:
        return file_mark(settings.legacy_file())
    with _reaching(settings.legacy_url) as (there, path):
        return _mark(there, path)


def legacy_bytes(settings: Settings) -> int:
    """How large the legacy database is, its WAL included; of one that is packed, as it is there."""
    if settings.legacy_url is None:
        file = settings.legacy_file()
        names = (file, file.with_name(f"{file.name}-wal"))
        return sum(name.stat().st_size for name in names if name.exists())
    with _reaching(settings.legacy_url) as (there, path):
        return int(there.info(path).get("size") or 0)


def is_at_rest(settings: Settings) -> bool:
    """True when the mark tells of every change: nobody has written to the file for a moment, or it is a closed one."""
    return is_settled(settings.legacy_file()) if settings.legacy_url is None else True


def sees_change(settings: Settings, mark: str) -> bool | None:
    """Whether the database is another one than it was at this mark; None where it is not to be seen from here."""
    try:
        return legacy_mark(settings) != mark
    except EtlError:
        return None


def require_there(settings: Settings) -> None:
    """Raises unless the database is where the settings say.

    Raises:
        LegacyFileError, SettingsError, Unavailable: it is not, or cannot be read.
    """
    if settings.legacy_url is None:
        require_sqlite(settings.legacy_file())
    else:
        legacy_mark(settings)


@contextmanager
def brought(settings: Settings) -> Iterator[Path]:
    """The database on this machine; one that was fetched is gone afterwards, for it holds everybody and everything.

    Raises:
        LegacyFileError: it is not there, is no SQLite database, or the app may still be writing to it.
        SettingsError: nothing here can read such a URL.
        Unavailable: its server does not answer.
    """
    if settings.legacy_url is None:
        yield settings.legacy_file()
        return
    unfinished = private_folder(private_folder(settings.artifacts) / "unfinished")
    sweep(unfinished)
    folder = private_folder(scratch_path(unfinished, "legacy"))
    try:
        with _reaching(settings.legacy_url) as (there, path):
            _require_closed(there, path)
            place = folder / _unpacked(path)
            _fetch(there, path, place)
        require_sqlite(place)
        yield place
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shown(url: str) -> str:
    """The URL without what may be a secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}/.../{parts.path.rsplit('/', 1)[-1]}"


@contextmanager
def _reaching(url: str) -> Iterator[tuple[Any, str]]:
    """The file system behind a URL, and the path there; what libraries raise becomes ours, without their words."""
    try:
        there, path = fsspec.core.url_to_fs(url, skip_instance_cache=True)
        yield there, path
    except EtlError:
        raise
    except ImportError as missing:
        package = f"the package {missing.name}" if missing.name else "a package that is not installed"
        raise SettingsError(f"{shown(url)} needs {package}: pip install 'etl-assets[remote]'") from None
    except FileNotFoundError as problem:
        # fsspec says so of a web server that does not answer, too.
        if isinstance(problem.__cause__, OSError):
            raise _unreachable(url, problem.__cause__) from None
        raise LegacyFileError(f"The legacy database {shown(url)} does not exist. Check LEGACY_SQLITE.") from None
    except PermissionError:
        raise LegacyFileError(f"The legacy database {shown(url)} cannot be read: permission denied.") from None
    except EOFError:
        raise LegacyFileError(f"The legacy database {shown(url)} is cut off: it does not unpack to its end.") from None
    except ValueError as problem:
        if "rotocol" in str(problem):  # fsspec: `Protocol not known: foo`
            raise SettingsError(f"LEGACY_SQLITE={shown(url)}: nothing here reads such a URL. {KNOWN}") from None
        raise _unreachable(url, problem) from None
    except Exception as problem:  # noqa: BLE001 - each library has its own, and their words may hold a password
        if isinstance(problem, OSError) and problem.errno in DISK_FULL:
            raise FileFault(problem.strerror or "disk full") from None
        raise _unreachable(url, problem) from None


def _unreachable(url: str, problem: BaseException) -> Unavailable:
    return Unavailable(f"The legacy database {shown(url)} cannot be reached ({type(problem).__name__}).")


def _mark(there: Any, path: str) -> str:
    there.invalidate_cache()
    info = there.info(path)
    told = [str(info[key]) for key in CHANGING if info.get(key) is not None]
    # Without any it is fetched each time: nothing else tells.
    return f"{info.get('size')}:{' '.join(told)}" if told else ""


def _require_closed(there: Any, path: str) -> None:
    """Raises where a WAL lies beside the file: what it holds would be missing, or two moments would be mixed."""
    with contextlib.suppress(FileNotFoundError, NotImplementedError):
        if (there.info(f"{path}-wal").get("size") or 0) > WAL_HEADER_BYTES:
            raise LegacyFileError(
                f"The legacy database {path.rsplit('/', 1)[-1]} has a -wal beside it, so an app may be writing to it: "
                "fetch a closed copy instead, made there with `sqlite3 app.db '.backup copy.db'`."
            )


def _unpacked(path: str) -> str:
    """The name of a file, without what says how it is packed."""
    return path.rsplit("/", 1)[-1].removesuffix(".gz").removesuffix(".zst")


def _fetch(there: Any, path: str, place: Path) -> None:
    name = _unpacked(path)
    with there.open(path, "rb", compression=infer_compression(path)) as source:
        if name.lower().endswith(".sql"):
            place.touch(mode=0o600)
            with io.TextIOWrapper(source, encoding="utf-8", newline="") as lines:
                database_of(lines, place, name=name)
            return
        with open_private(place) as file:
            shutil.copyfileobj(source, file, BLOCK)
