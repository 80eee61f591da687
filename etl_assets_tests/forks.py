"""Processes to kill, each forked from one that has everything imported: a start takes milliseconds and not seconds.

The warm process has imported polars and Dagster and used neither, so no thread of theirs is lost in a fork.
"""

import importlib
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]


class Forks:
    """The warm process; `start` a child, `wait` for its exit code (negative: the signal that killed it)."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "etl_assets_tests.forks"]
        self._warm = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(
        self, what: str, *, environment: dict[str, str], output: Path, patches: dict[str, Any] | None = None
    ) -> int:
        """The pid of a child that runs `core`, or the command line with these words.

        Args:
            what: `core`, or `migrate ...`.
            environment: beyond the warm process' own.
            output: gets standard output; `<output>.err` standard error.
            patches: constants by full name, `etl_assets.stores.postgres.LOCK_WAIT_S`.
        """
        return self._ask(what=what, environment=environment, output=str(output), patches=patches or {})

    def wait(self, pid: int) -> int:
        """The exit code."""
        return self._ask(wait=pid)

    def run(
        self, what: str, *, environment: dict[str, str], output: Path, patches: dict[str, Any] | None = None
    ) -> int:
        """Starts and waits."""
        return self.wait(self.start(what, environment=environment, output=output, patches=patches))

    def close(self) -> None:
        self._warm.communicate()

    def _ask(self, **request: Any) -> int:
        assert self._warm.stdin
        assert self._warm.stdout
        self._warm.stdin.write(json.dumps(request) + "\n")
        return int(self._warm.stdout.readline())


def _child(request: dict[str, Any]) -> int:
    from etl_assets import cli  # noqa: PLC0415 - Forks is cheap to import
    from etl_assets_tests import core  # noqa: PLC0415

    os.environ.update(request["environment"])
    for name, value in request["patches"].items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    if request["what"] == "core":
        return core.migrate()
    sys.argv = ["etl-assets", *request["what"].split()]
    return cli.main()


def _become(request: dict[str, Any]) -> None:
    """This process, just forked, is the child; it never returns."""
    code = 70
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for descriptor, path in ((1, request["output"]), (2, f"{request['output']}.err")):
        os.dup2(os.open(path, flags, 0o600), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        code = _child(request)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it was, this process ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    for name in ("etl_assets.cli", "etl_assets.assets.migration", "etl_assets_tests.core"):
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            found = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            found = os.fork()
            if found == 0:
                _become(request)
        sys.stdout.write(f"{found}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
