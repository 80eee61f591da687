"""Logs of services that do not grow without end: two files each, of which the older is called `.1`."""

import contextlib
import os
import shutil
from pathlib import Path

MOST_LOG_BYTES = 10_000_000


def rotate(log: Path, *, above: int = 0) -> None:
    """Puts a log that is longer into `<log>.1`, in the place of the one there, and goes on with an empty one.

    The service keeps its open file, to which it appends: what it writes between the copy and the cut, a matter of
    milliseconds, is lost.
    """
    # A full disk, or a file of somebody else's, is no reason to stop what writes there.
    with contextlib.suppress(OSError):
        if log.stat().st_size > above:
            former = log.with_name(f"{log.name}.1")
            former.unlink(missing_ok=True)
            former.touch(mode=0o600)
            shutil.copyfile(log, former)
            os.truncate(log, 0)
