"""Named points at which the crash tests kill the process."""

import os
import signal
from collections import Counter

# Those of `migrate`, about in their order; `file` and `writing` are passed again and again.
POINTS = (
    "schema.made",
    "snapshot.taken",
    "snapshot.copied",
    "snapshot.published",
    "export.batch",
    "export.renamed",
    "export.published",
    "staging.batch",
    "staging.copied",
    "staging.noted",
    "staging.committed",
    "users.balances",
    "users.written",
    "users.committed",
    "resolve.claimed",
    "resolve.committed",
    "load.gated",
    "load.rows",
    "load.table",
    "load.balances",
    "load.before_commit",
    "load.committed",
    "load.finished",
    "verify.counted",
    "report.published",
    "file.written",
    "writing.begun",
    "writing.committed",
)
# Those of files, between `resolve` and `load`; passed only where columns name files.
FILES_POINTS = ("files.begun", "files.fetched", "files.stored", "files.before_commit", "files.committed")
UPGRADE_POINTS = ("schema.upgraded",)
UNDO_POINTS = ("undo.removed", "undo.before_commit", "undo.committed")
BACKFILL_POINTS = ("backfill.before_commit", "backfill.committed")
# Those of `forget`, in their order.
FORGET_POINTS = ("forget.written", "forget.committed", "forget.described", "forget.scrubbed", "forget.exported")
SIGNAL = signal.SIGKILL  # a campaign that wants a process to stand still sets another
passed: Counter[str] = Counter()


def fault_point(name: str) -> None:
    """Kills the process when `ETL_FAULT=name:n` and this is the n-th pass; otherwise nothing.

    SIGKILL, so that no `finally` and no `atexit` tidies up: what a crash leaves is what the rerun must cope with.
    Passes are counted in any case: a campaign chooses one of those that there are.
    """
    passed[name] += 1
    wanted, _, count = os.environ.get("ETL_FAULT", "").partition(":")
    if wanted == name and passed[name] == int(count or 1):
        os.kill(os.getpid(), SIGNAL)
