"""Named points at which the crash tests kill the process."""

import os
import signal
from collections import Counter

POINTS = (
    "snapshot.copied",
    "snapshot.published",
    "export.batch",
    "export.published",
    "staging.batch",
    "staging.copied",
    "staging.committed",
    "users.written",
    "users.committed",
    "resolve.claimed",
    "resolve.committed",
    "load.gated",
    "load.table",
    "load.before_commit",
    "load.committed",
    "verify.counted",
)
UNDO_POINTS = ("undo.removed", "undo.before_commit", "undo.committed")
# Those of `forget`, in their order.
FORGET_POINTS = ("forget.written", "forget.committed", "forget.described", "forget.scrubbed", "forget.exported")
_passed: Counter[str] = Counter()


def fault_point(name: str) -> None:
    """Kills the process when `ETL_FAULT=name:n` and this is the n-th pass; otherwise nothing.

    SIGKILL, so that no `finally` and no `atexit` tidies up: what a crash leaves is what the rerun must cope with.
    """
    wanted, _, count = os.environ.get("ETL_FAULT", "").partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
