"""Who runs: ours, the floor, and the guide's procedure as it stands."""

import sqlite3
import sys
from pathlib import Path

import psycopg

from etl_assets.settings import DEFAULT_SPEC
from etl_assets_tests.bench.ground import Figures, Ground, sign_up

OURS = [sys.executable, "-m", "etl_assets.cli"]
TABLES = {
    "jobs": "id, user_id, job_type, status, created_at, updated_at, source_file, result_file, metadata",
    "credit_transactions": "id, user_id, amount, transaction_type, reference_id, created_at, description",
}
RESOLVE = """
UPDATE {table} SET supabase_user_id = (SELECT p.id FROM profiles p WHERE p.email = {table}.{email}) WHERE {email} IS NOT NULL;
"""


def environment(ground: Ground) -> dict[str, str]:
    """Of our processes."""
    return {
        "TARGET_DATABASE_URL": ground.url,
        "LEGACY_SQLITE": str(ground.legacy),
        "ETL_ARTIFACTS": str(ground.root / "artifacts"),
        "DAGSTER_HOME": str(ground.root / "artifacts" / "dagster"),
        "ETL_SPEC": str(DEFAULT_SPEC),
    }


def ours(ground: Ground) -> Figures:
    """`etl-assets migrate` into an empty target, with a new artifact folder and a new Dagster instance."""
    ground.fresh()
    ground.clear()
    return ground.measured([*OURS, "migrate"], env=environment(ground))


def join(ground: Ground) -> Figures:
    """The same with the opt-in: foreign keys are proven by one join for a batch, and not by their triggers."""
    spec = ground.root / "join.yaml"
    text = DEFAULT_SPEC.read_text(encoding="utf-8")
    spec.write_text(text.replace("\npolicy:\n", "\npolicy:\n  foreign_keys: join\n"), encoding="utf-8")
    ground.fresh()
    ground.clear()
    return ground.measured([*OURS, "migrate"], env={**environment(ground), "ETL_SPEC": str(spec)})


def prepare_floor(ground: Ground) -> None:
    """After a run of ours: its rows in the order of the legacy tables, as binary files."""
    with psycopg.connect(ground.url) as connection:
        for name, columns in TABLES.items():
            query = (
                f"COPY (SELECT {', '.join('t.' + column for column in columns.split(', '))} FROM public.{name} AS t"
                f" JOIN etl.loaded AS l ON l.\"table\" = '{name}' AND l.new_id = t.id::text"
                " ORDER BY l.legacy_id::bigint) TO STDOUT (FORMAT binary)"
            )
            with (ground.root / f"{name}.bin").open("wb") as file, connection.cursor().copy(query.encode()) as copy:
                for block in copy:
                    file.write(block)


def floor(ground: Ground) -> Figures:
    """Exactly the final rows from a prebuilt binary file, straight into production with its keys and indexes."""
    ground.fresh()
    found = Figures()
    for name, columns in TABLES.items():
        copy = f"COPY public.{name} ({columns}) FROM STDIN (FORMAT binary)"
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", ground.url, "-c", copy]
        found.add(ground.measured(command, stdin=ground.root / f"{name}.bin"))
    return found


def guide(ground: Ground) -> Figures:
    """The guide's steps 2 to 6 with `sqlite3` and `psql`; the address is joined in, since its exports lack it."""
    ground.fresh()
    found = Figures()
    script = ground.root / "guide.sqlite"
    script.write_text(exports(ground.root))
    found.add(ground.measured(["sqlite3", str(ground.legacy)], stdin=script))
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", ground.url]
    for number, text in enumerate(procedure(ground.root)):
        step = ground.root / f"guide{number}.sql"
        step.write_text(text)
        found.add(ground.measured([*psql, "-f", str(step)]))
    return found


def exports(folder: Path) -> str:
    """Step 2."""
    joined = {
        "jobs": "t.id, t.user_id, u.email, job_type, status, datetime(t.created_at, 'localtime'),"
        " datetime(t.updated_at, 'localtime'), source_file, result_file, metadata",
        "credit_transactions": "t.id, t.user_id, u.email, amount, transaction_type, reference_id,"
        " datetime(t.created_at, 'localtime'), description",
    }
    lines = [".headers on", ".mode csv"]
    for name, columns in joined.items():
        lines += [
            f".output {folder}/{name}.csv",
            f"SELECT {columns} FROM {name} t LEFT JOIN users u ON u.id = t.user_id ORDER BY t.created_at;",
        ]
    lines += [
        f".output {folder}/users.csv",
        "SELECT id, email, datetime(created_at, 'localtime') FROM users WHERE email IS NOT NULL;",
    ]
    return "\n".join([*lines, ".quit\n"])


def procedure(folder: Path) -> list[str]:
    """Steps 3 to 6: tables, copies, UPDATEs, validation, INSERTs."""
    tables = """
CREATE TABLE stg_jobs (legacy_id text, legacy_user_id text, user_email text, job_type text, status text, created_at timestamptz,
    updated_at timestamptz, source_file text, result_file text, metadata jsonb, supabase_user_id uuid,
    new_job_id uuid DEFAULT gen_random_uuid());
CREATE TABLE stg_credit_transactions (legacy_id text, legacy_user_id text, user_email text, amount integer, transaction_type text,
    reference_id text, created_at timestamptz, description text, supabase_user_id uuid,
    new_transaction_id uuid DEFAULT gen_random_uuid());
CREATE TABLE legacy_user_map (legacy_user_id text PRIMARY KEY, email text NOT NULL, supabase_user_id uuid,
    created_at timestamptz DEFAULT now(), migrated_at timestamptz);
CREATE INDEX idx_legacy_user_map_email ON legacy_user_map (email);
CREATE INDEX idx_stg_jobs_email ON stg_jobs (user_email);
CREATE INDEX idx_stg_credit_transactions_email ON stg_credit_transactions (user_email);
"""
    copies = f"""
\\copy stg_jobs (legacy_id, legacy_user_id, user_email, job_type, status, created_at, updated_at, source_file, result_file, metadata) FROM '{folder}/jobs.csv' CSV HEADER
\\copy stg_credit_transactions (legacy_id, legacy_user_id, user_email, amount, transaction_type, reference_id, created_at, description) FROM '{folder}/credit_transactions.csv' CSV HEADER
\\copy legacy_user_map (legacy_user_id, email, created_at) FROM '{folder}/users.csv' CSV HEADER
"""
    resolve = "".join(
        RESOLVE.format(table=table, email=email)
        for table, email in (
            ("stg_jobs", "user_email"),
            ("stg_credit_transactions", "user_email"),
            ("legacy_user_map", "email"),
        )
    )
    checks = """
SELECT count(*) FROM stg_jobs WHERE supabase_user_id IS NULL;
SELECT count(*) FROM stg_credit_transactions WHERE supabase_user_id IS NULL;
SELECT count(*), count(DISTINCT supabase_user_id), min(created_at), max(created_at) FROM stg_jobs WHERE supabase_user_id IS NOT NULL;
SELECT reference_id, count(*) FROM stg_credit_transactions WHERE reference_id IS NOT NULL GROUP BY reference_id HAVING count(*) > 1;
"""
    load = """
INSERT INTO jobs (id, user_id, job_type, status, created_at, updated_at, source_file, result_file, metadata)
SELECT new_job_id, supabase_user_id, job_type, status, created_at, updated_at, source_file, result_file, metadata::jsonb
FROM stg_jobs WHERE supabase_user_id IS NOT NULL ON CONFLICT (id) DO NOTHING;
INSERT INTO credit_transactions (id, user_id, amount, transaction_type, reference_id, created_at, description)
SELECT new_transaction_id, supabase_user_id, amount, transaction_type, reference_id, created_at, description
FROM stg_credit_transactions WHERE supabase_user_id IS NOT NULL ON CONFLICT (id) DO NOTHING;
UPDATE legacy_user_map SET migrated_at = now() WHERE supabase_user_id IS NOT NULL AND migrated_at IS NULL;
"""
    return [tables, copies, resolve, checks, load]


def content(ground: Ground) -> list[str]:
    """A digest of every loaded row without its id and its owner's id, which differ by design; NULL and '' as one."""
    found = []
    with psycopg.connect(ground.url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, columns in TABLES.items():
            values = ", ".join(f"coalesce(t.{column}::text, '')" for column in columns.split(", ")[2:])
            row = connection.execute(
                f"SELECT count(*) || '/' || coalesce(sum(hashtextextended(concat_ws('|', p.email, {values}), 0)), 0)"
                f" FROM public.{name} AS t JOIN public.profiles AS p ON p.id = t.user_id".encode()
            ).fetchone()
            found.append(str(row[0]) if row else "")
    return found


def again(ground: Ground) -> Figures:
    """After a run of ours: nothing changed since, a new snapshot and all the rest."""
    return ground.measured([*OURS, "migrate"], env=environment(ground))


def pressed(ground: Ground, button: str) -> Figures:
    """What pressing a button takes in a process that has started."""
    command = [sys.executable, "-m", "etl_assets_tests.bench.press", button]
    found = ground.measured(command, env=environment(ground))
    found.wall = float((ground.root / "said").read_text().splitlines()[-1])
    return found


def wave(ground: Ground) -> Figures:
    """After a run of ours: some more users have just confirmed, and the job `new_wave` is pressed."""
    sign_up(ground.url, ground.later)
    return pressed(ground, "new_wave")


def one_user(ground: Ground) -> Figures:
    """A single user has just confirmed."""
    sign_up(ground.url, ground.one_more())
    return pressed(ground, "new_wave")


def restaged(ground: Ground) -> Figures:
    """The same after one legacy row has changed and was staged; the figures are the wave's."""
    with sqlite3.connect(ground.legacy) as connection:
        connection.execute("UPDATE jobs SET status = 'else' WHERE id = (SELECT max(id) FROM jobs)")
    connection.close()
    pressed(ground, "restage")
    sign_up(ground.url, ground.one_more())
    return pressed(ground, "new_wave")


def tick(ground: Ground) -> Figures:
    """After a run of ours: what a sensor asks when nobody is new; seconds are those of its statements."""
    return pressed(ground, "tick")


def status(ground: Ground) -> Figures:
    """The books, from the command line."""
    return ground.measured([*OURS, "status"], env=environment(ground))


def cleaned(ground: Ground) -> Figures:
    """Staging is dropped, from the command line: the job asks for a word first."""
    return ground.measured([*OURS, "cleanup"], env=environment(ground))


SIZES = """
SELECT sum(pg_total_relation_size(c.oid)) FILTER (WHERE s.nspname = 'etl'),
       sum(pg_total_relation_size(c.oid)) FILTER (WHERE s.nspname = 'public' AND c.relname IN ('jobs', 'credit_transactions', 'artifacts'))
FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE c.relkind = 'r'
"""


def etl_bytes(ground: Ground) -> float:
    """How many bytes schema `etl` has for one of production."""
    with psycopg.connect(ground.url) as connection:
        row = connection.execute(SIZES.encode()).fetchone()
    return float(row[0] / row[1]) if row else 0.0


def statements(ground: Ground) -> dict[str, int]:
    """How many statements Postgres gets for each of five commands, BEGIN and COMMIT among them, by its own log."""
    log, counts = ground.server.home / "server.log", {}
    steps = {
        "first": again,
        "again": again,
        "wave": one_user,
        "tick": tick,
        "status": status,
    }
    ground.fresh()
    ground.clear()
    with psycopg.connect(ground.server.url("postgres"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE bench SET log_statement = 'all'")
    for name, step in steps.items():
        before = log.stat().st_size
        step(ground)
        with log.open("rb") as file:
            file.seek(before)
            lines = file.read().decode(errors="replace").splitlines()
        counts[name] = sum("LOG:  statement: " in line or "LOG:  execute " in line for line in lines)
    return counts
