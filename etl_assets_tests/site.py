"""A running `etl-assets ui` on the embedded demo target, as a newcomer has it."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from etl_assets.access.files.whole import private_folder
from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets.access.postgres.servers import TARGET_DATABASE
from etl_assets.ui import services
from etl_assets_tests.worlds import keep_in_memory

START_TIMEOUT_S = 300
NOT_OURS = ("TARGET_DATABASE_URL", "LEGACY_SQLITE", "ETL_SPEC", "DAGSTER_HOME", "ETL_FAULT", "ETL_DAGSTER_URL")
NOT_OURS += ("ETL_DAGSTER_POSTGRES", "ETL_ALERTS", "ETL_HEARTBEAT", "ETL_DESK_URL", "ETL_DESK_TOKEN")


def free_port() -> int:
    """A port that nobody listens on, nor on the next one, which the desk takes.

    Below the ports that the kernel hands out to clients: one of these was taken by somebody's connection between
    the look and the desk's start, once in some twenty runs of CI.
    """
    return next(
        port
        for port in random.SystemRandom().sample(range(20_000, 32_000), 1_000)
        if services.is_free(port) and services.is_free(port + 1)
    )


def environment(artifacts: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return {**kept, "ETL_ARTIFACTS": str(artifacts)}


@dataclass
class Site:
    """The process, where it listens, and what it said."""

    artifacts: Path
    port: int
    process: subprocess.Popen[str]
    log: Path

    @classmethod
    def start(cls, artifacts: Path, *, folder: Path | None = None, is_new: bool = False) -> "Site":
        """Starts it, in some folder, and waits until it says that the UI is there; its data lie in memory.

        Where `is_new`, nothing is there beforehand, and its data lie where it puts them.
        """
        if not is_new:
            keep_in_memory(private_folder(artifacts))
        port, log = free_port(), Path(tempfile.mkstemp(suffix=".log")[1])
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "etl_assets.cli", "ui", "--port", str(port)],
                env=environment(artifacts),
                stdout=file,
                stderr=file,
                text=True,
                start_new_session=True,
                cwd=folder,
            )
        site = cls(artifacts, port, process, log)
        until(lambda: "The Dagster UI is on" in site.said or process.poll() is not None, seconds=START_TIMEOUT_S)
        assert process.poll() is None, site.said
        return site

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Sends a signal and returns how long the process took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=120)
        return time.monotonic() - began

    def graphql(self, query: str) -> Any:
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.loads(answer.read())["data"]

    def runs(self, job: str) -> list[dict[str, Any]]:
        """The runs of a job, newest first: `runId`, `status`."""
        found = self.graphql("{runsOrError{... on Runs{results{runId jobName status}}}}")["runsOrError"]["results"]
        return [run for run in found if run["jobName"] == job]

    def start_migrate(self) -> str:
        """Launches the job `migrate`; returns its run."""
        launched = self.graphql(
            'mutation {launchRun(executionParams: {mode: "default", selector: {repositoryLocationName: "etl_assets", '
            'repositoryName: "__repository__", pipelineName: "migrate"}}) {... on LaunchRunSuccess {run {runId}}}}'
        )
        return str(launched["launchRun"]["run"]["runId"])

    def status(self, run: str) -> str:
        """Of a run of `migrate`."""
        return next(found["status"] for found in self.runs("migrate") if found["runId"] == run)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs a statement on the target, as the app would."""
        with psycopg.connect(EmbeddedPostgres(self.artifacts).url(TARGET_DATABASE)) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def processes(self) -> list[str]:
        """Command lines of living processes that carry this site's folder in their environment."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.artifacts).encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return [line for line in found if line and not re.search(r"pytest", line)]


def until(condition: Callable[[], Any], *, seconds: float) -> float:
    """Waits for a condition; returns how long it took. Asked often, a site would answer instead of working."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds} s"
        time.sleep(min(1.0, 0.2 + waited / 20))
    return time.monotonic() - began
