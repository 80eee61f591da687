"""Dagster's own storage on the embedded server: connections are kept, and their end is survived."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from etl_assets.access.postgres.servers import DAGSTER_DATABASE, embedded
from etl_assets.automation.instance import keep_connections, open_instance
from etl_assets.model.errors import SettingsError
from etl_assets.settings import DEFAULT_SPEC, Settings
from etl_assets_tests.at_once import at_once
from etl_assets_tests.world import IN_FULL, World

SESSIONS = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
OPEN = """
import pathlib, sys
from etl_assets.automation.instance import open_instance
from etl_assets.settings import DEFAULT_SPEC, Settings
import alembic.command, dagster._core.storage.event_log
home = pathlib.Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with open_instance(Settings(home, DEFAULT_SPEC, None, None, home)) as instance:
    print(len(instance.get_runs()))
"""
OURS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def test_connections_are_kept_and_replaced_when_the_server_has_ended_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DAGSTER_HOME", "ETL_DAGSTER_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(tmp_path / "artifacts", DEFAULT_SPEC, None, None, tmp_path / "artifacts" / "dagster")
    with open_instance(settings) as instance:
        server = embedded(settings)
        keep_connections(instance)  # a second time, as a run does
        with psycopg.connect(server.url(DAGSTER_DATABASE), autocommit=True) as other:

            def sessions() -> int:
                return int((other.execute(SESSIONS).fetchone() or [0])[0])

            before = sessions()
            for number in range(30):
                instance.add_dynamic_partitions("waves", [f"w{number}"])
                instance.report_runless_asset_event(dg.AssetMaterialization("a"))
            assert sessions() - before <= 6
            other.execute(f"SELECT pg_terminate_backend(pid) {OURS}")
            assert len(instance.get_dynamic_partitions("waves")) == 30
            instance.report_runless_asset_event(dg.AssetMaterialization("a"))
        assert len(instance.get_runs()) == 0
    server.release()


@IN_FULL
def test_processes_that_make_dagsters_storage_at_once_all_get_it(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")  # on SQLite, as of itself
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    assert at_once(command, 3) == ["0\n"] * 3
    assert subprocess.run(command, input="\n", capture_output=True, text=True, check=True).stdout == "ready\n0\n"


def test_dagsters_storage_may_be_a_postgres_of_the_operator_s(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_DAGSTER_URL", "")  # is set from here on, and unset by the end
    file = tmp_path / "dagster_url"
    file.write_text(f"{world.url}\n")
    monkeypatch.setenv("ETL_DAGSTER_POSTGRES_FILE", str(file))
    settings = Settings(tmp_path / "artifacts", DEFAULT_SPEC, None, world.url, tmp_path / "another_home")
    with open_instance(settings) as instance:
        instance.add_dynamic_partitions("waves", ["w"])
    assert world.query("SELECT partition FROM dynamic_partitions") == [("w",)]
    assert not (tmp_path / "artifacts" / "postgres").exists()
    file.write_text("mysql://u:CANARY@127.0.0.1/dagster")
    with pytest.raises(SettingsError, match="ETL_DAGSTER_POSTGRES is not the URL of a Postgres") as found:
        open_instance(settings)
    assert "CANARY" not in str(found.value)
