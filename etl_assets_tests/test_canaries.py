"""Marked secrets and personal data go through two runs, one of which fails, and then stand only where they may."""

import re
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from etl_assets.access.files.whole import private_folder
from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets.access.postgres.servers import DAGSTER_DATABASE
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import keep_in_memory

# password hash, address, name and DSN password; the last is ignored by a server that trusts its socket.
HASH, EMAIL, NAME, PASSWORD = "CANARY_HASH", "canary.address@example.com", "CANARY_NAME", "CANARY_PASSWORD"
LEGACY = f"""
INSERT INTO users VALUES (1, '{EMAIL}', '{HASH}', '{AT}'), (2, 'second.{EMAIL}', '{HASH}', '{AT}'), (3, 'x', '{HASH}', '{AT}');
INSERT INTO jobs VALUES (1, 1, 'export', '{NAME}', '{AT}', NULL, '{EMAIL}', NULL, '{{"name": "{NAME}"}}'),
                        (2, 2, 'export', '{NAME}', '{NAME}', NULL, '{EMAIL}', NULL, NULL);
INSERT INTO credit_transactions VALUES (1, 1, 100, 'purchase', '{EMAIL}', '{AT}', '{NAME}');
"""
# An app that refuses a row and says whose it is, in message, DETAIL and HINT.
REFUSING = """
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'no % for %', NEW.status, NEW.source_file USING DETAIL = NEW.source_file, HINT = NEW.status, ERRCODE = '23514'; END$$;
CREATE TRIGGER refuse BEFORE INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.refuse();
"""
# Where what may stand, below the artifact folder: the snapshot is the legacy database itself.
MAY_STAND = {
    HASH: r"snapshots/[^/]+/legacy\.db",
    PASSWORD: r"nowhere",
    EMAIL: r"snapshots/[^/]+/(legacy\.db|exports/.*\.csv)|reports/waiting_users\.csv",
    NAME: r"snapshots/[^/]+/(legacy\.db|exports/.*\.csv)|reports/quarantine\.csv",
}


@pytest.fixture
def watched(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Dagster's storage is where a user has it: in the private PostgreSQL, with its home below the artifacts."""
    monkeypatch.delenv("DAGSTER_HOME")
    keep_in_memory(private_folder(world.folder / "artifacts"))
    monkeypatch.setenv("TARGET_DATABASE_URL", make_conninfo(world.url, password=PASSWORD))
    world.legacy(LEGACY)
    world.sign_up(EMAIL, f"second.{EMAIL}")
    return world


def run(world: World, code: int) -> str:
    """Everything that `migrate` prints, and every command line of it and its children."""
    log = world.folder / "said.log"
    lines = set()
    with log.open("w") as file:
        command = [sys.executable, "-m", "etl_assets.cli", "migrate", "--json"]
        process = subprocess.Popen(command, stdout=file, stderr=file)
        while process.poll() is None:
            time.sleep(0.05)
            lines |= {_command_line(world, path) for path in Path("/proc").glob("[0-9]*")}
    assert process.returncode == code, log.read_text()
    assert any("etl_assets.cli" in line for line in lines)
    return log.read_text() + "\n".join(lines)


def _command_line(world: World, process: Path) -> str:
    try:
        is_ours = str(world.folder).encode() in (process / "environ").read_bytes()
        return (process / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ") if is_ours else ""
    except OSError:
        return ""


def dagsters_memory(world: World) -> str:
    """Every row of every table of Dagster's database, as text."""
    server = EmbeddedPostgres(world.folder / "artifacts").acquire()
    try:
        with psycopg.connect(server.url(DAGSTER_DATABASE)) as connection:
            tables = connection.execute(
                "SELECT c.oid::regclass::text FROM pg_class AS c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            return "\n".join(
                str(row)
                for (table,) in tables.fetchall()
                for row in connection.execute(f"SELECT t::text FROM {table} AS t")
            )
    finally:
        server.release()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look at command lines")
def test_canaries_stand_only_where_they_may(watched: World) -> None:
    told = run(watched, 0)
    watched.execute(
        f"DELETE FROM etl.loaded; DELETE FROM public.jobs; DELETE FROM public.credit_transactions; {REFUSING}"
    )
    watched.write_spec(("policy:\n", "policy:\n  triggers: fire\n"))
    told += run(watched, 1)
    assert "The target refused" in told, told
    memory = dagsters_memory(watched)
    assert "the_target_takes_every_row" in memory
    audit = repr(watched.query("SELECT * FROM etl.audit_log")) + repr(watched.query("SELECT * FROM etl.meta"))
    for canary, places in MAY_STAND.items():
        for where, text in (("what was printed", told), ("Dagster's database", memory), ("the audit trail", audit)):
            assert canary not in text, f"{canary} in {where}: {text[max(0, text.find(canary) - 300) :][:600]}"
        for path in artifacts(watched):
            if canary.encode() in path.read_bytes():
                where = path.relative_to(watched.folder / "artifacts").as_posix()
                assert re.fullmatch(places, where), f"{canary} in {where}"
    assert HASH not in repr(
        watched.query("SELECT t::text FROM public.jobs AS t UNION ALL SELECT t::text FROM etl.legacy_user_map AS t")
    )


def artifacts(world: World) -> list[Path]:
    """All files but the private PostgreSQL's own, whose server log is among them."""
    root = world.folder / "artifacts"
    log = (root / "postgres").resolve() / "server.log"
    found = [path for path in root.rglob("*") if path.is_file() and "postgres" not in path.relative_to(root).parts]
    assert len(found) > 20
    for path in found:
        assert path.stat().st_mode & 0o077 == 0, path
    for folder in {path.parent for path in found}:
        assert folder.stat().st_mode & 0o077 == 0, folder
    return [*found, *([log] if log.exists() else [])]
