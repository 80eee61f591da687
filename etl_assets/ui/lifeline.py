"""`python -m etl_assets.ui.lifeline COMMAND...`: runs a command that must not outlive whoever started it.

Standard input is a pipe whose other end the starter holds. It closes when the starter ends, however it ends, and then
this process ends its whole group: `kill -9` of `dagster dev` leaves webserver, daemon and code server behind
(dagster#1871), and ours does not.
"""

import os
import select
import signal
import subprocess
import sys
import time

LOOK_EVERY_S, PATIENCE_S = 0.25, 15


def main() -> int:
    """Runs the command to its end or to the starter's, and returns its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)  # the group gets these too: the command ends, then we do
    # A handler of ours is reset in the child; one that is ignored would be ignored there too.
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603 - what our own process asked for
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin], [], [], LOOK_EVERY_S)
        if ready and not os.read(sys.stdin.fileno(), 1):
            _end_group(child)
            break
    return child.wait()


def _end_group(child: subprocess.Popen[bytes]) -> None:
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    os.killpg(0, signal.SIGKILL)  # this process too


if __name__ == "__main__":
    sys.exit(main())
