"""One migration of its own for a test: a database, an artifact folder, a legacy file, and ways to play with them."""

import functools
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.keys import CLOSING, LOGIN_WAVES, MIGRATE, RESOLVED
from etl_assets.assets.resources import Access, Borrowed
from etl_assets.automation.build import build_definitions
from etl_assets.automation.instance import run_job
from etl_assets.commands.migration import MigrateOptions, Outcome, migrate
from etl_assets.core.links.links import Links
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.core.presence.presence import release
from etl_assets.core.users.users import next_wave_key, read_links
from etl_assets.settings import DEFAULT_SPEC, read_settings
from etl_assets.spec.loader import load_spec
from etl_assets.spec.model import Spec
from etl_assets_tests import dagster_memory, forks, sessions

EVERYTHING = "ETL_EVERYTHING"  # set by the campaign `everything`
IN_FULL = pytest.mark.skipif(EVERYTHING not in os.environ, reason="long: the campaign `everything` runs it")
SMALL_DEMO = {"etl_assets.demo.legacy.USERS": 40}  # of 240, in front of the rows that are of every kind of mess
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
LEGACY_SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT, created_at TEXT);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT,
                   updated_at TEXT, source_file TEXT, result_file TEXT, metadata TEXT);
CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER, transaction_type TEXT,
                                  reference_id TEXT, created_at TEXT, description TEXT);
CREATE TABLE artifacts (id INTEGER PRIMARY KEY, job_id INTEGER, kind TEXT, path TEXT, size_bytes INTEGER, created_at TEXT);
"""
AT = "2024-05-06 07:08:09"


@functools.cache
def spec_in(path: Path) -> Spec:
    """The spec in a file that no test changes, read once."""
    return load_spec(path.read_text(encoding="utf-8"), file=path.name)


def selected(cases: Sequence[Any], chosen: Sequence[Any]) -> Sequence[Any]:
    """The chosen cases, each of which must be there; in the campaign `everything` all of them."""
    assert set(chosen) <= set(cases), set(chosen) - set(cases)
    return cases if EVERYTHING in os.environ else chosen


_built: dict[str, dg.Definitions] = {}


def definitions_of(spec: Spec, stores: Access | None = None) -> dg.Definitions:
    """The definitions of a spec, made once: they are the same for every test, and a quarter of a second each."""
    if isinstance(stores, Borrowed):
        return build_definitions(spec, stores)
    if spec.digest not in _built:
        _built[spec.digest] = build_definitions(spec)
    return _built[spec.digest]


@dataclass
class World:
    """Where everything of one test is; see `worlds.a_world`."""

    folder: Path
    url: str
    spec: Spec
    spec_path: Path = DEFAULT_SPEC
    said: list[str] = field(default_factory=list)
    told: dict[dg.AssetKey, dg.MaterializeResult] = field(default_factory=dict)  # by the assets of the last `run`

    @functools.cached_property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's memory, made at first use."""
        return dagster_memory.an_instance()

    @functools.cached_property
    def _session(self) -> psycopg.Connection[tuple[Any, ...]]:
        """What the test itself says to the target; a new session for each statement would cost 5 ms."""
        return psycopg.connect(self.url, autocommit=True, prepare_threshold=None)

    def rest(self) -> None:
        """Ends the sessions, which the next statement opens again: a database that is copied must have none."""
        release()
        sessions.rest()
        if "_session" in self.__dict__:
            self._session.close()
            del self._session

    def close(self) -> None:
        """Closes what was opened."""
        self.rest()
        if "instance" in self.__dict__:
            self.instance.dispose()

    @property
    def legacy_path(self) -> Path:
        """The legacy file."""
        return Path(os.environ["LEGACY_SQLITE"])

    def use_spec(self, path: Path) -> None:
        """Another spec from here on."""
        os.environ["ETL_SPEC"] = str(path)
        self.spec_path, self.spec = path, load_spec(path.read_text(encoding="utf-8"), file=path.name)

    def write_spec(self, *changes: tuple[str, str], base: Path = DEFAULT_SPEC) -> None:
        """The base spec with some text replaced."""
        text = base.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / "changed.yaml"
        path.write_text(text, encoding="utf-8")
        self.use_spec(path)

    def legacy(self, script: str, *, schema: str = LEGACY_SCHEMA) -> None:
        """Runs a script on the legacy file, made with the guide's tables when it is new."""
        is_new = not self.legacy_path.exists()
        with sqlite3.connect(self.legacy_path) as connection:
            connection.executescript((schema if is_new else "") + script)
        connection.close()

    def sign_up(self, *emails: str, confirmed: bool = True, **more: Any) -> None:
        """Accounts on the target."""
        columns = {"email_confirmed_at": "2026-01-01T00:00:00Z" if confirmed else None, **more}
        names = [sql.Identifier(name) for name in ("email", *columns)]
        insert = sql.SQL("INSERT INTO auth.users ({}) VALUES ({})").format(
            sql.SQL(", ").join(names), sql.SQL(", ").join([sql.Placeholder()] * len(names))
        )
        with self._session.transaction():
            for email in emails:
                self._session.execute(insert, [email, *columns.values()])

    def migrate(self, **options: str) -> Outcome:
        """`etl-assets migrate` in this process, with an operator's options."""
        wished = MigrateOptions(**options)  # type: ignore[arg-type]
        return migrate(read_settings(), self.spec, instance=self.instance, say=self.said.append, options=wished)

    def account(self, email: str) -> str:
        """The id of the account that has an address."""
        [(found,)] = self.query("SELECT id::text FROM auth.users WHERE email = %s", email)
        return str(found)

    def claim(self, *lines: str) -> None:
        """Writes the operator's claims file."""
        folder = self.folder / "artifacts"
        folder.mkdir(exist_ok=True)
        content = "".join(f"{line}\n" for line in ("legacy_user_id,supabase_user_id,reason", *lines))
        (folder / "claims.csv").write_text(content, encoding="utf-8")

    def definitions(self) -> dg.Definitions:
        """The definitions of the spec."""
        return definitions_of(self.spec)

    def materialize(self, *keys: dg.AssetKey, partition_key: str | None = None) -> dg.ExecuteInProcessResult:
        """What pressing Materialize on these assets does, checks included."""
        job = self.definitions().resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance, asset_selection=list(keys), partition_key=partition_key, raise_on_error=False
        )

    def run(
        self,
        job: str,
        *,
        wave: str = "",
        without: Sequence[dg.AssetKey] = (),
        tags: dict[str, str] | None = None,
    ) -> int:
        """Runs a job of assets; returns its exit code."""
        return run(self, job, wave=wave, without=without, tags=tags)

    def open_wave(self) -> str:
        """A wave that opens now: its key, which Dagster knows too."""
        with connect(self.url) as connection, reading(connection):
            wave = next_wave_key(connection)
        self.instance.add_dynamic_partitions(str(LOGIN_WAVES.name), [wave])
        return wave

    def stage(self) -> str:
        """Everything up to the load: staged, mapped, one wave resolved; returns the wave's key."""
        assert self.run(MIGRATE, without=CLOSING) == 0
        wave = self.open_wave()
        resolve(self, wave)
        return wave

    def wave(self) -> str:
        """The last wave's key."""
        [(key,)] = self.query("SELECT max(wave) FROM etl.waves")
        return str(key)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the target."""
        return self._session.execute(statement.encode(), values or None).fetchall()

    def execute(self, statement: str) -> None:
        """Changes the target."""
        self._session.execute(statement.encode())
        if "ALTER DATABASE" in statement:
            sessions.rest()  # only a new session has the setting

    def checksum(self, *tables: str) -> str:
        """A digest of all rows of some tables of the target, in no particular order."""
        parts = [
            self.query(f"SELECT count(*) || '/' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} AS t")
            for table in tables
        ]
        return repr(parts)

    def links(self) -> Links:
        """The link statements of the spec."""
        with connect(self.url) as connection:
            ensure_schema(connection)
            with reading(connection):
                return read_links(connection, self.spec)

    def cli(
        self, *arguments: str, patches: dict[str, Any] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The console script in a process of its own, forked from one that has imported everything."""
        output = self.folder / "home" / "cli.out"  # what a test lists does not show it
        code = forks.warm().run(*arguments, environment={**os.environ, **environment}, output=output, patches=patches)
        said = [path.read_text(encoding="utf-8") for path in (output, Path(f"{output}.err"))]
        return subprocess.CompletedProcess(["etl-assets", *arguments], code, *said)

    def cold_cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The console script as the shell starts it."""
        return subprocess.run(
            [sys.executable, "-m", "etl_assets.cli", *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def run(world: World, job: str, *, wave: str, without: Sequence[dg.AssetKey], tags: dict[str, str] | None) -> int:
    """A run of a job of assets, in Dagster."""
    more = {"partition_key": wave or None, "without": tuple(without), "tags": tags}
    return run_job(world.definitions(), job, world.instance, **more)  # type: ignore[arg-type]


def resolve(world: World, wave: str) -> None:
    """A run of `resolved_users`, in Dagster."""
    assert world.materialize(RESOLVED, partition_key=wave).success


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    """Names of the checks of a run that did not pass."""
    return {evaluation.check_name for evaluation in result.get_asset_check_evaluations() if not evaluation.passed}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """The first step failure's sentence."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            failure = data.user_failure_data
            return failure.description if failure and failure.description else data.error.to_string()
    return ""
