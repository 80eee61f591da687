"""Where the trials of a campaign happen: an embedded server, and per trial a database and a folder of its own."""

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets.access.postgres.servers import TARGET_DATABASE, embedded
from etl_assets.automation.instance import EVENT_BATCH
from etl_assets.settings import DEFAULT_SPEC, Settings
from etl_assets_tests.forks import Forks

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """One trial's folder and database."""

    folder: Path
    url: str

    @property
    def legacy(self) -> Path:
        return self.folder / "legacy.db"

    @property
    def spec(self) -> Path:
        return self.folder / "spec.yaml"

    def environment(self, **more: str) -> dict[str, str]:
        """What a process needs to work here."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
        paths = {
            "ETL_ARTIFACTS": self.folder / "artifacts",
            "LEGACY_SQLITE": self.legacy,
            "ETL_SPEC": self.spec,
            "DAGSTER_HOME": home,
        }
        found = {name: str(path) for name, path in paths.items()}
        return {
            **found,
            "TARGET_DATABASE_URL": self.url,
            "DAGSTER_EVENT_BATCH_SIZE": EVENT_BATCH,
            "ETL_FAULT": "",
            **more,
        }

    def files_left(self) -> list[Path]:
        """Unfinished files, of which a good run leaves none."""
        artifacts = self.folder / "artifacts"
        return [*(artifacts / "unfinished").glob("*"), *artifacts.rglob("*.part")]


class Grounds:
    """The server, and the warm process from which runs are forked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = Settings(root, DEFAULT_SPEC, None, None, root / "dagster")
        self.server: EmbeddedPostgres = embedded(self.settings)
        self.forks = Forks()

    @contextmanager
    def place(self, *, like: Place | None = None) -> Iterator[Place]:
        """A new place, or a copy of one."""
        name = f"trial_{os.getpid()}_{next(_numbers)}"
        folder = self.root / name
        if like is None:
            folder.mkdir()
            shutil.copy(DEFAULT_SPEC, folder / "spec.yaml")
        else:
            shutil.copytree(like.folder, folder)
        template = like.url.partition("@/")[2].partition("?")[0] if like else TARGET_DATABASE
        # Not the usual strategy: after a crash of the server a sequence in such a copy goes back and repeats itself
        # (PostgreSQL 18.6: the copy takes over numbers that the original has logged and the copy has not).
        self._administer("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        try:
            yield Place(folder, self.server.url(name))
        finally:
            self._administer("DROP DATABASE {} WITH (FORCE)", name)
            shutil.rmtree(folder)

    def _administer(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))  # type: ignore[arg-type]


@contextmanager
def grounds(*, careless: bool = True) -> Iterator[Grounds]:
    """The grounds of one campaign; `careless`: the server survives a kill of ours, but no power cut."""
    with tempfile.TemporaryDirectory() as folder:
        found = Grounds(Path(folder))
        if careless:
            with psycopg.connect(found.server.url("postgres"), autocommit=True) as connection:
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
                connection.execute("SELECT pg_reload_conf()")
        try:
            yield found
        finally:
            found.forks.close()
            found.server.release()
            shutil.rmtree(found.server.home, ignore_errors=True)


@dataclass
class Tally:
    """Trials, and what deviated."""

    name: str
    began: float
    trials: int = 0
    deviations: int = 0

    def note(self, what: str, problems: list[str]) -> None:
        """Counts a trial, and tells of it where something was not as it must be."""
        self.trials += 1
        if problems:
            self.deviations += 1
            tell(f"{self.name}, {what}: {'; '.join(problems)}")

    def close(self, more: str = "") -> int:
        """Prints the line of figures; the exit code."""
        seconds = time.monotonic() - self.began
        tell(f"{self.name}: {self.trials} trials, {self.deviations} deviations, {seconds:.0f} s{more}")
        return 1 if self.deviations or not self.trials else 0


def tally(name: str) -> Tally:
    """A tally that begins now."""
    return Tally(name, time.monotonic())


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
