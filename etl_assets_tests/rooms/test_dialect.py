"""Whatever the app's database, the role, the DSN or the environment set: texts arrive as the characters they are."""

import json
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import etl_assets
from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres.connection import connect, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.errors import OtherEncoding
from etl_assets.settings import Settings
from etl_assets_tests.settings_canary import TEXT, begin, found_in
from etl_assets_tests.world import World
from etl_assets_tests.worlds import a_world

pytestmark = pytest.mark.usefixtures("without_dagster")

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
    "timezone_abbreviations": "India",
    "extra_float_digits": "-15",
    "search_path": "public",
    "xmlbinary": "hex",
    "xmloption": "document",
    "lc_monetary": "C",
    "exit_on_error": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "gin_fuzzy_search_limit": "1",
    "default_text_search_config": "pg_catalog.german",
}


def _migrated(world: World, settings: dict[str, str]) -> dict[str, list[str]]:
    """Everything that two migrations leave, of which the second has nothing to do."""
    database = sql.Identifier(psycopg.conninfo.conninfo_to_dict(world.url)["dbname"] or "")
    with psycopg.connect(world.url, autocommit=True) as app:
        for name, value in settings.items():
            setting = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                database, sql.Identifier(name), sql.Literal(value)
            )
            app.execute(setting)
    world.rest()
    for _ in range(2):
        assert world.migrate().exit_code == 1, world.said  # the target refuses a row
    with psycopg.connect(world.url, autocommit=True) as app:
        app.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(database))
    world.rest()
    return found_in(world)


def test_every_cell_arrives_whole_under_every_setting_at_once(
    server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(server, tmp_path / "plain", after=begin) as world:
        right = _migrated(world, {})
    assert (len(right["things"]), len(right["refused"]), len(right["quarantine"])) == (3, 1, 2)
    assert TEXT in {json.loads(line)["words"] for line in right["things"]}
    with a_world(server, tmp_path / "odd", after=begin) as world:
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
        monkeypatch.setenv("TARGET_DATABASE_URL", world.url.replace("client_encoding=UTF8", "client_encoding=LATIN1"))
        assert _migrated(world, SETTINGS) == right


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
