"""Ticks of the sensors, and what the daemon makes of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from etl_assets.assets.keys import (
    LOAD_WAVE,
    LOGIN_WAVES,
    MIGRATE,
)
from etl_assets.assets.resources import Stores
from etl_assets_tests.world import World

HOLD_AND_DIE = """
import os, sys
from etl_assets.core.presence.presence import hold
assert hold(sys.argv[1], sys.argv[2])
os.kill(os.getpid(), 9)
"""


HOLD = """
import sys
from etl_assets.core.presence.presence import hold
assert hold(sys.argv[1], sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""
WAVES = str(LOGIN_WAVES.name)


@contextmanager
def another_process(url: str, what: str) -> Iterator[None]:
    """Within it another process is at work on something."""
    command = [sys.executable, "-c", HOLD, url, what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("")


def tick(world: World, sensor: str = "new_logins", cursor: str | None = None) -> dg.SensorResult:
    """One evaluation, in the form that all of them have in common."""
    definition = world.definitions().resolve_sensor_def(sensor)
    with dg.build_sensor_context(instance=world.instance, cursor=cursor, resources={"stores": Stores()}) as context:
        result = definition(context)
    if isinstance(result, dg.SkipReason):
        return dg.SensorResult(skip_reason=result)
    return dg.SensorResult(run_requests=[result]) if isinstance(result, dg.RunRequest) else result


def reason(result: dg.SensorResult) -> str:
    assert not result.run_requests
    assert result.skip_reason is not None
    return result.skip_reason.skip_message or ""


def accept(world: World, result: dg.SensorResult) -> dg.RunRequest:
    """What the daemon does before the run: the partition is there."""
    [request] = result.run_requests or []
    for asked in result.dynamic_partitions_requests or []:
        world.instance.add_dynamic_partitions(WAVES, list(asked.partition_keys))
    return request


def run_wave(world: World, request: dg.RunRequest) -> int:
    """Runs what was requested, as the daemon would."""
    tags = {**request.tags, "dagster/sensor_name": "new_logins"}
    return world.run(LOAD_WAVE, wave=request.partition_key or "", tags=tags)


def fail(world: World, request: dg.RunRequest) -> None:
    """What Dagster remembers of a run of what was requested, and that failed."""
    tags = {**request.tags, "dagster/partition": request.partition_key or ""}
    job = world.definitions().resolve_job_def(LOAD_WAVE)
    world.instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE, tags=tags)


def press_migrate(world: World) -> int:
    return world.run(MIGRATE)


def loaded(world: World) -> int:
    [(count,)] = world.query("SELECT count(*) FROM etl.loaded")
    return int(count)


def artifacts(world: World) -> Path:
    return world.folder / "artifacts"
