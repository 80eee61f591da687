"""Whatever the app's database, the role, the DSN or the environment set: texts arrive as the characters they are."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import etl_assets
from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.connection import connect, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.errors import OtherEncoding
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

TEXT = "\u00e9\u20ac \U0001d11e back\\slash 'quoted'"
LEGACY = f"""
INSERT INTO users (id, email) VALUES (1, 'a@example.com'), (2, 'b@example.com');
INSERT INTO jobs (id, user_id, job_type, status, created_at, source_file) VALUES
  (1, 1, 'x', 'done', '{AT}', '{TEXT.replace("'", "''")}'), (2, 2, '{TEXT.replace("'", "''")}', 'no such', '{AT}', NULL);
"""
SETTINGS = {
    "client_encoding": "WIN1252",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "bytea_output": "escape",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "extra_float_digits": "-15",
    "search_path": "public",
    "xmlbinary": "hex",
}


def _migrated(world: World) -> None:
    world.legacy(LEGACY)
    world.sign_up("a@example.com", "b@example.com")
    world.migrate()
    assert world.query("SELECT convert_to(source_file, 'UTF8') FROM public.jobs WHERE job_type = 'x'") == [
        (TEXT.encode(),)
    ]
    assert world.migrate().exit_code == 0, world.said


def test_texts_arrive_whole_under_every_setting_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(world.url) as app:
        database = sql.Identifier(app.info.dbname)
        for name, value in SETTINGS.items():
            setting = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                database, sql.Identifier(name), sql.Literal(value)
            )
            app.execute(setting)
    monkeypatch.setenv("TARGET_DATABASE_URL", world.url.replace("client_encoding=UTF8", "client_encoding=LATIN1"))
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    _migrated(world)


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "SQL_ASCII", "GB18030", "EUC_JP"])
def test_a_writer_whose_session_speaks_another_encoding_is_stopped(
    ready: World, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    others = {name: value for name, value in postgres.DIALECT.items() if name != "client_encoding"}
    monkeypatch.setattr(postgres, "DIALECT", others)
    with connect(ready.url) as connection:
        connection.execute(f"SET client_encoding = '{encoding}'".encode())
        with pytest.raises(OtherEncoding), writing(connection, run="test"):
            pytest.fail("it may write")


def test_every_copy_says_its_encoding() -> None:
    files = [Statements(path.as_posix()) for path in Path(etl_assets.__file__).parent.rglob("*.sql")]
    copies = [text for file in files for text in file.texts.values() if text.startswith("COPY ")]
    assert len(copies) == 6
    assert all("ENCODING 'UTF8'" in text for text in copies)
