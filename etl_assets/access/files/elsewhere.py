"""What lies behind a URL that fsspec knows; what its libraries raise becomes ours, without their words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]

from etl_assets.model.errors import EtlError, FileFault, SettingsError, Unavailable

KNOWN = "Those of s3, gs, abfs, sftp and https are read, with pip install 'etl-assets[remote]'."
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def shown(url: str) -> str:
    """The URL without what may be a secret: user, password, query; a folder of this machine as it is."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    return f"{parts.scheme}://{parts.hostname or ''}/.../{parts.path.rsplit('/', 1)[-1]}"


@contextmanager
def reaching(
    url: str, *, subject: str, setting: str, fault: type[EtlError], **options: Any
) -> Iterator[tuple[Any, str]]:
    """The file system behind a URL, and the path there.

    Args:
        url: what fsspec opens.
        subject: what lies there, as a sentence begins with it.
        setting: the variable that names it.
        fault: what is raised where it is not there or may not be read.
        options: of the file system.

    Raises:
        SettingsError: nothing here can read such a URL.
        Unavailable: its server does not answer.
    """
    try:
        there, path = fsspec.core.url_to_fs(url, **{"skip_instance_cache": True, **options})
        yield there, path
    except EtlError:
        raise
    except ImportError as missing:
        package = f"the package {missing.name}" if missing.name else "a package that is not installed"
        raise SettingsError(f"{shown(url)} needs {package}: pip install 'etl-assets[remote]'") from None
    except FileNotFoundError as problem:
        # fsspec says so of a web server that does not answer, too.
        if isinstance(problem.__cause__, OSError):
            raise _unreachable(subject, url, problem.__cause__) from None
        raise fault(f"{subject} {shown(url)} does not exist. Check {setting}.") from None
    except PermissionError:
        raise fault(f"{subject} {shown(url)} cannot be reached: permission denied. Check the credentials.") from None
    except EOFError:
        raise fault(f"{subject} {shown(url)} is cut off: it does not unpack to its end.") from None
    except ValueError as problem:
        if "rotocol" in str(problem):  # fsspec: `Protocol not known: foo`
            raise SettingsError(f"{setting}={shown(url)}: nothing here reads such a URL. {KNOWN}") from None
        raise _unreachable(subject, url, problem) from None
    except Exception as problem:  # noqa: BLE001 - each library has its own, and their words may hold a password
        if isinstance(problem, OSError) and problem.errno in DISK_FULL:
            raise FileFault(problem.strerror or "disk full") from None
        raise _unreachable(subject, url, problem) from None


def _unreachable(subject: str, url: str, problem: BaseException) -> Unavailable:
    return Unavailable(f"{subject} {shown(url)} cannot be reached ({type(problem).__name__}).")
