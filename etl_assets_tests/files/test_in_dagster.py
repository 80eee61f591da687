"""The asset `files/<table>` in a run of Dagster: before the rows, with its check, and shown by wave."""

from pathlib import Path

import dagster as dg

from etl_assets.assets.keys import files_key, production_key
from etl_assets_tests.world import AT, World


def test_a_wave_brings_files_before_rows_and_the_check_counts_them(world: World, tmp_path: Path) -> None:
    uploads, results = tmp_path / "uploads", tmp_path / "results"
    uploads.mkdir()
    results.mkdir()
    (uploads / "a.txt").write_bytes(b"hello")
    world.write_spec(
        ("tables:\n", f'files:\n  results: {{from: "{uploads}", to: "{results}"}}\ntables:\n'),
        ("      result_file: text\n", "      result_file: {type: text, file: results}\n"),
    )
    world.legacy(f"INSERT INTO users VALUES (1, 'a@example.com', 'x', '{AT}'), (2, 'b@example.com', 'x', '{AT}')")
    world.legacy(
        "INSERT INTO jobs (id, user_id, job_type, status, created_at, result_file) VALUES "
        f"(1, 1, 'x', 'done', '{AT}', 'a.txt'), (2, 2, 'x', 'done', '{AT}', 'not-there.txt')"
    )
    world.sign_up("a@example.com", "b@example.com")
    outcome = world.migrate()
    assert [book.quarantined for book in outcome.books.tables if book.table == "jobs"] == [1]
    [(key,)] = world.query("SELECT result_file FROM public.jobs")
    assert key.startswith(world.account("a@example.com"))
    assert (results / key).read_bytes() == b"hello"
    instance = world.instance
    found = instance.get_latest_materialization_event(files_key("jobs"))
    loaded = instance.get_latest_materialization_event(production_key("jobs"))
    assert found is not None
    assert loaded is not None
    assert found.timestamp < loaded.timestamp
    told = {name: value.value for name, value in found.asset_materialization.metadata.items()}  # type: ignore[union-attr]
    assert (told["stored"], told["file_missing"], told["bytes"]) == (1, 1, 5)
    check = dg.AssetCheckKey(files_key("jobs"), "every_file_was_there")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
    assert record.status.value == "FAILED"
    # What is put there arrives with the next `migrate`, and the check is green.
    (uploads / "not-there.txt").write_bytes(b"here")
    outcome = world.migrate()
    assert (outcome.exit_code, outcome.books.closed) == (0, True)
    assert world.query("SELECT count(*) FROM public.jobs") == [(2,)]
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
    assert record.status.value == "SUCCEEDED"
