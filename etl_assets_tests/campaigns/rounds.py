"""Ten rounds of small changes to a large legacy app: `python -m etl_assets_tests.campaigns.rounds LEGACY.db [--rounds N]`.

Each round changes one job in a hundred (a new status, or a new job, or a deleted one), stages the change, loads it
with `on_change: update` and reads everything back. The seconds of each round stand beside those of the first run.
"""

import argparse
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import dagster as dg

from etl_assets.access.postgres.servers import embedded, target_url
from etl_assets.commands.migration import migrate
from etl_assets.demo.accounts import first_day, legacy_addresses
from etl_assets.settings import DEFAULT_SPEC, read_settings, read_spec

STAGES = ("legacy_snapshot", "exports", "staging", "legacy_user_map", "check_", "resolved_users", "production")


def change(legacy: Path, number: int) -> int:
    """Every hundredth job, another one in each round: most get a new status, some go, some come."""
    with sqlite3.connect(legacy) as connection:
        [(top,)] = connection.execute("SELECT max(id) FROM jobs").fetchall()
        edited = connection.execute(
            "UPDATE jobs SET status = 'round ' || ? WHERE id % 100 = ? AND id % 1000 >= 200", [number, number]
        ).rowcount
        gone = connection.execute("DELETE FROM jobs WHERE id % 1000 = ?", [100 + number]).rowcount
        new = connection.execute(
            "INSERT INTO jobs (user_id, job_type, status, created_at) "
            "SELECT user_id, job_type, 'new', created_at FROM jobs WHERE id % 1000 = ? AND id <= ?",
            [200 + number, top],
        ).rowcount
    connection.close()
    return int(edited + gone + new)


def steps(instance: dg.DagsterInstance, began: float) -> dict[str, float]:
    """Seconds per stage of the runs since then."""
    found: dict[str, float] = defaultdict(float)
    for record in instance.get_run_records():
        if record.create_timestamp.timestamp() < began:
            continue
        for stats in instance.get_run_step_stats(record.dagster_run.run_id):
            stage = next((name for name in STAGES if stats.step_key.startswith(name)), stats.step_key)
            if "_is_" in stats.step_key or "match" in stats.step_key or stats.step_key.startswith("check"):
                stage = "checks"
            found[stage] += (stats.end_time or 0) - (stats.start_time or 0)
    return dict(found)


def run(settings: Any, spec: Any, instance: dg.DagsterInstance) -> tuple[float, dict[str, float]]:
    """One migration: seconds, and seconds per stage."""
    stamp, began = time.time(), time.monotonic()
    outcome = migrate(settings, spec, instance=instance, say=lambda _: None)
    assert outcome.exit_code == 0
    assert outcome.books.closed
    return time.monotonic() - began, steps(instance, stamp)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("legacy", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(asked.legacy, root / "legacy.db")
        text = DEFAULT_SPEC.read_text().replace("policy:", "policy:\n  on_change: update", 1)
        (root / "spec.yaml").write_text(text)
        names = {
            "ETL_ARTIFACTS": root / "artifacts",
            "LEGACY_SQLITE": root / "legacy.db",
            "ETL_SPEC": root / "spec.yaml",
        }
        os.environ.update({name: str(path) for name, path in names.items()}, DAGSTER_HOME=str(root))
        os.environ.pop("TARGET_DATABASE_URL", None)
        settings = read_settings()
        spec, instance = read_spec(settings.spec_path), dg.DagsterInstance.ephemeral()
        first_day(target_url(settings), legacy_addresses(settings.legacy_file(), spec.users))
        first, stages = run(settings, spec, instance)
        tell("first run", first, first, stages)
        for number in range(asked.rounds):
            changed = change(root / "legacy.db", number)
            seconds, stages = run(settings, spec, instance)
            tell(f"round {number + 1}: {changed} changes", seconds, first, stages)
        embedded(settings).release()


def tell(what: str, seconds: float, first: float, stages: dict[str, float]) -> None:
    parts = ", ".join(f"{stage} {took:.1f}" for stage, took in sorted(stages.items(), key=lambda item: -item[1])[:7])
    sys.stdout.write(f"{what}: {seconds:.1f} s, {100 * seconds / first:.0f}% of the first run ({parts})\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
