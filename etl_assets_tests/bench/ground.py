"""Where the contenders of a benchmark run: one embedded server as it is shipped, a fresh database each time."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets.access.postgres.servers import TARGET_DATABASE, embedded
from etl_assets.settings import DEFAULT_SPEC, Settings

REPOSITORY = Path(__file__).parents[2]
GENERATOR = REPOSITORY.parent / "shared" / "bench" / "gen_legacy.py"
DATABASE, TEMPLATE = "bench", "bench_template"
TICKS = os.sysconf("SC_CLK_TCK")
# As a new server has it; ours allows more between two checkpoints, from which every contender would gain.
AS_SHIPPED = "ALTER SYSTEM SET max_wal_size = '1GB'"
USERS_PER_JOB, TRANSACTIONS_PER_JOB = 1 / 20, 2
SPARE = 20  # users at least who come one by one


@dataclass
class Figures:
    """What one contender took: seconds by the clock and of both sides' processors, WAL and peak memory in MiB."""

    wall: float = 0.0
    client_cpu: float = 0.0
    server_cpu: float = 0.0
    wal: float = 0.0
    peak: float = 0.0

    def add(self, other: "Figures") -> None:
        """Counts a further step of the same contender."""
        self.wall += other.wall
        self.client_cpu += other.client_cpu
        self.server_cpu += other.server_cpu
        self.wal += other.wal
        self.peak = max(self.peak, other.peak)


@dataclass
class Ground:
    """The server, the legacy database and the folder of one size."""

    root: Path
    jobs: int
    server: EmbeddedPostgres
    legacy: Path
    profiles: Path
    later: Path
    spare: Path
    _taken: int = 0

    @property
    def url(self) -> str:
        """The contenders' database."""
        return self.server.url(DATABASE)

    def fresh(self) -> None:
        """A new copy of the template, and nothing of the last contender left to be written."""
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            names = sql.Identifier(DATABASE), sql.Identifier(TEMPLATE)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
            connection.execute("CHECKPOINT")

    def one_more(self) -> Path:
        """A file with one further user, who has no account yet."""
        known = {line.split(",")[0] for line in self.later.read_text().splitlines()}
        further = [line for line in self.spare.read_text().splitlines() if line.split(",")[0] not in known]
        self._taken += 1
        path = self.root / "one.csv"
        path.write_text(f"id,email,created_at\n{further[-self._taken]}\n")
        return path

    def clear(self) -> None:
        """Without the artifacts of the last run."""
        shutil.rmtree(self.root / "artifacts", ignore_errors=True)

    def measured(self, command: list[str], *, stdin: Path | None = None, env: dict[str, str] | None = None) -> Figures:
        """Runs a process and what it makes Postgres do.

        Raises:
            SystemExit: it fails; what it said is shown.
        """
        log = self.root / "said"
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            before, cpu = _lsn(connection), self._server_cpu()
            began = time.monotonic()
            with log.open("wb") as out, (stdin or Path(os.devnull)).open("rb") as given:
                environment = {**os.environ, **(env or {})}
                process = subprocess.Popen(
                    command, stdin=given, stdout=out, stderr=out, env=environment, cwd=REPOSITORY
                )
                _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit(f"{command[:4]} ended with {process.returncode}: {log.read_text()[-3000:]}")
            return Figures(
                wall,
                usage.ru_utime + usage.ru_stime,
                self._server_cpu() - cpu,
                (_lsn(connection) - before) / 2**20,
                usage.ru_maxrss / 1024,
            )

    def _server_cpu(self) -> float:
        postmaster = int((self.server.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        total = 0
        for pid in (str(postmaster), *children):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except FileNotFoundError:  # ended since it was listed
                continue
            # Of the postmaster also what its ended children took.
            total += sum(int(value) for value in fields[11 : 15 if pid == str(postmaster) else 13])
        return total / TICKS


def _lsn(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    row = connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
    return int(str(row[0])) if row else 0


@contextmanager
def ground(jobs: int, *, users: int = 0, resolved: float = 0.9, later_share: float = 0.01) -> Iterator[Ground]:
    """A server with the template, and a generated legacy database of so many jobs.

    A share of the users has a confirmed account in the template; `later` names those of them and a further share, and
    `spare` some more.
    """
    if not GENERATOR.exists():
        raise SystemExit(f"{GENERATOR} is not here: the benchmark's databases are made by it")
    with tempfile.TemporaryDirectory(prefix="etl-bench-") as folder:
        root = Path(folder)
        legacy, profiles = root / "legacy.db", root / "profiles.csv"
        later, spare = root / "later.csv", root / "spare.csv"
        users = users or max(int(jobs * USERS_PER_JOB), 5)
        size = ["--users", str(users), "--jobs", str(jobs), "--tx", str(jobs * TRANSACTIONS_PER_JOB)]
        generate(legacy, size, profiles, resolved)
        generate(root / "again.db", size, later, resolved + later_share)
        generate(root / "again.db", size, spare, min(resolved + later_share + max(SPARE / users, 0.01), 1.0))
        (root / "again.db").unlink()
        settings = Settings(root / "server", DEFAULT_SPEC, None, None, root / "dagster")
        server = embedded(settings)
        found = Ground(root, jobs, server, legacy, profiles, later, spare)
        try:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(AS_SHIPPED)
                connection.execute("SELECT pg_reload_conf()")
                names = sql.Identifier(TEMPLATE), sql.Identifier(TARGET_DATABASE)
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
            with psycopg.connect(server.url(TEMPLATE)) as connection:
                # Without it the guide looks through all profiles for each row: 100 s instead of 10 for 100,000 jobs.
                connection.execute("CREATE UNIQUE INDEX ON public.profiles (email)")
            sign_up(server.url(TEMPLATE), profiles)
            yield found
        finally:
            home = server.home
            server.release()
            shutil.rmtree(home, ignore_errors=True)


def generate(legacy: Path, size: list[str], profiles: Path, resolved: float) -> None:
    """The shared generator; its `--profiles` are who has logged in."""
    command = [sys.executable, str(GENERATOR), str(legacy), *size]
    command += ["--profiles", str(profiles), "--resolved", str(resolved)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def sign_up(url: str, profiles: Path) -> None:
    """Confirmed accounts for everybody in the file who has none yet; the demo's trigger makes their profiles."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TEMP TABLE signed (id uuid, email text, created_at timestamptz)")
        with connection.cursor().copy("COPY signed FROM STDIN") as copy, profiles.open() as file:
            for row in list(csv.reader(file))[1:]:
                copy.write_row(row)
        connection.execute(
            "INSERT INTO auth.users (id, email, created_at, email_confirmed_at)"
            " SELECT id, email, created_at, created_at + interval '1 hour' FROM signed ON CONFLICT DO NOTHING"
        )
        connection.execute("ANALYZE auth.users, public.profiles")


Contender = Callable[[Ground], Figures]
