"""Processes to kill, each forked from one that has everything imported: a start takes milliseconds and not seconds.

The warm process has imported polars and Dagster and used neither, so no thread of theirs is lost in a fork.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
TIMEOUT_S = 240
WITHOUT_DAGSTER = "ETL_TESTS_WITHOUT_DAGSTER"  # where it is set, the runs of a command line are calls


@functools.cache
def warm() -> "Forks":
    """The warm process of this worker."""
    found = Forks()
    atexit.register(found.close)
    return found


class Forks:
    """The warm process; `start` a child, `wait` for its exit code (negative: the signal that killed it)."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "etl_assets_tests.forks"]
        self._warm = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(
        self, *words: str, environment: dict[str, str], output: Path, patches: dict[str, Any] | None = None
    ) -> int:
        """The pid of a child that runs `core`, or the command line with these words, in the folder of this moment.

        Args:
            words: `core`, or `migrate` and its options.
            environment: beyond the warm process' own; all of it where it has a `PATH`.
            output: gets standard output; `<output>.err` standard error.
            patches: constants by full name, `etl_assets.access.postgres.connection.LOCK_WAIT_S`.
        """
        place = {"folder": str(Path.cwd()), "output": str(output)}
        return self._ask(words=words, environment=environment, patches=patches or {}, **place)

    def wait(self, pid: int) -> int:
        """The exit code."""
        return self._ask(wait=pid)

    def run(self, *words: str, environment: dict[str, str], output: Path, patches: dict[str, Any] | None = None) -> int:
        """Starts and waits."""
        return self.wait(self.start(*words, environment=environment, output=output, patches=patches))

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

    if "PATH" in request["environment"]:
        os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    signal.alarm(TIMEOUT_S)
    for name, value in request["patches"].items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    if request["words"] == ["core"]:
        return core.migrate()
    sys.argv = ["etl-assets", *request["words"]]
    return core.command_line() if WITHOUT_DAGSTER in os.environ else cli.main()


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
        atexit._run_exitfuncs()  # an embedded server is stopped by the last who used it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _keep_engines() -> None:
    """Dagster's SQLite storages make an engine for every statement, and each compiles anew: half of a `migrate`.

    (dagster 1.13.27; the storage that we ship, on Postgres, keeps its own.)
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log  # noqa: PLC0415 - Forks is cheap to import
    from dagster._core.storage.runs.sqlite import sqlite_run_storage  # noqa: PLC0415
    from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage  # noqa: PLC0415

    kept: dict[str, Any] = {}
    make = sqlite_event_log.create_engine

    def create_engine(url: str, **options: Any) -> Any:
        if url not in kept:
            kept[url] = make(url, **options)
        return kept[url]

    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        module.create_engine = create_engine  # type: ignore[attr-defined]


def _serve() -> None:
    _keep_engines()
    for name in ("etl_assets.cli", "etl_assets.commands.migration", "etl_assets_tests.core"):
        importlib.import_module(name)
    gc.freeze()  # a collection in a child would copy every page
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
