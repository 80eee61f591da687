"""Which servers: the operator's target, or the embedded one with a small Supabase in it; Dagster's own storage."""

import atexit
import functools
from pathlib import Path

from etl_assets.access.postgres.connection import connect, has_table
from etl_assets.access.postgres.embedded import EmbeddedPostgres
from etl_assets.settings import Settings

SUPABASE = Path(__file__).with_name("supabase.sql")
TARGET_DATABASE, DAGSTER_DATABASE = "app", "dagster"


@functools.cache
def embedded(settings: Settings) -> EmbeddedPostgres:
    """The embedded server, running, with its two databases; released when the process ends."""
    server = EmbeddedPostgres(settings.artifacts).acquire()
    atexit.register(server.release)
    server.ensure_database(TARGET_DATABASE)
    if server.ensure_database(DAGSTER_DATABASE):
        # After a power cut Dagster may have lost the last half second of its events; what was migrated is the target's.
        server.commit_without_waiting(DAGSTER_DATABASE)
    url = server.url(TARGET_DATABASE)
    with connect(url) as connection:
        # The script runs in one transaction: its first table is there when all of it is.
        is_empty = not has_table(connection, "public.artifacts")
    if is_empty:
        make_target(url)
    return server


def make_target(url: str) -> None:
    """A small Supabase, and the tables of the default spec, in one transaction."""
    with connect(url) as connection, connection.transaction():
        connection.execute(SUPABASE.read_bytes())


def target_url(settings: Settings) -> str:
    """The DSN of the target; starts the embedded server when there is no other."""
    return settings.target_url or embedded(settings).url(TARGET_DATABASE)


def dagster_url(settings: Settings) -> str:
    """The SQLAlchemy URL of Dagster's own storage, always on the embedded server: the target gets schema `etl` only.

    It names psycopg2, because under SQLAlchemy 2.1 a bare `postgresql://` would be psycopg 3, which dagster-postgres
    0.29 cannot use.
    """
    return embedded(settings).url(DAGSTER_DATABASE).replace("postgresql://", "postgresql+psycopg2://", 1)
