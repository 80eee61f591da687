"""The legacy database where it lies: a file of this machine, which an app may be writing to, or one from elsewhere.

From elsewhere is one closed file behind any URL that fsspec knows (s3, gs, sftp, https, ...), packed by gzip or zstd or
not, or a dump in SQL. It is fetched where its mark is another one, and nothing is fetched to learn the mark.
https://filesystem-spec.readthedocs.io
"""

import contextlib
import io
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from fsspec.utils import infer_compression  # type: ignore[import-untyped]

from etl_assets.access.files.elsewhere import reaching
from etl_assets.access.files.whole import open_private, private_folder, scratch_path, sweep
from etl_assets.access.legacy.database import WAL_HEADER_BYTES, file_mark, is_settled, require_sqlite
from etl_assets.access.legacy.dump import database_of
from etl_assets.model.errors import EtlError, LegacyFileError
from etl_assets.settings import Settings

BLOCK = 1 << 20
# What stores tell of a file that changes with its content; a size alone does not.
CHANGING = ("ETag", "etag", "e_tag", "mtime", "LastModified", "last_modified", "modified", "Content-MD5", "generation")


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


def _reaching(url: str) -> AbstractContextManager[tuple[Any, str]]:
    return reaching(url, subject="The legacy database", setting="LEGACY_SQLITE", fault=LegacyFileError)


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
