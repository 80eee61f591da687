"""Another machine, with a Dagster home and an artifact folder of its own and without the legacy file, goes on."""

from pathlib import Path

import dagster as dg
import pytest

from etl_assets.assets.keys import NEW_WAVE, PAGE, VERIFY
from etl_assets.core.verify.status import status
from etl_assets.settings import read_settings
from etl_assets_tests import dagster_memory
from etl_assets_tests.world import World, failure_of


def test_a_machine_without_any_file_runs_a_wave_verifies_and_reports(
    pressed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine of ten runs need nothing but Postgres; so any machine, or a pod that has just come up, can run them."""
    elsewhere = tmp_path / "machine-2"
    monkeypatch.setenv("ETL_ARTIFACTS", str(elsewhere / "artifacts"))
    monkeypatch.setenv("LEGACY_SQLITE", str(elsewhere / "not-here.db"))
    with dagster_memory.an_instance() as instance:

        def press(job: str) -> dg.ExecuteInProcessResult:
            definition = pressed.definitions().resolve_job_def(job)
            return definition.execute_in_process(instance=instance, raise_on_error=False)

        for job in (NEW_WAVE, VERIFY):
            done = press(job)
            assert done.success, failure_of(done)
    after = status(pressed.url, pressed.spec)
    assert after.closed
    assert pressed.query("SELECT count(*) FROM etl.loaded") == [(6,)]
    artifacts = read_settings().artifacts
    page = (artifacts / "reports" / PAGE).read_text(encoding="utf-8")
    [(snapshot,)] = pressed.query("SELECT DISTINCT snapshot FROM etl.staged")
    assert str(snapshot) in page
    assert not (artifacts / "snapshots").exists()
    assert not (elsewhere / "not-here.db").exists()
