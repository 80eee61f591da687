"""Jobs as an operator presses them: one that asks for a word is run twice."""

import re
from typing import Any

import dagster as dg

from etl_assets.assets.keys import CLEANUP
from etl_assets_tests.world import World


def press(world: World, job: str, op: str = "", **config: Any) -> dg.ExecuteInProcessResult:
    """Runs a job in this process, with what is typed into the Launchpad for its op."""
    definition = world.definitions().resolve_job_def(job)
    typed = {"ops": {op: {"config": config}}} if config else {}
    return definition.execute_in_process(typed, instance=world.instance, raise_on_error=False)


def said(world: World, result: dg.ExecuteInProcessResult) -> str:
    """The run's log."""
    return "\n".join(entry.user_message for entry in world.instance.all_logs(result.run_id))


def press_twice(world: World, job: str, op: str, **config: Any) -> dg.ExecuteInProcessResult:
    """Runs a job for its word, and with the word; the first run's result where that fails."""
    first = press(world, job, op, **config)
    found = re.search(r"confirm: ([a-s]{8})", said(world, first))
    return press(world, job, op, **config, confirm=found[1]) if first.success and found else first


def clean_up(world: World) -> dg.ExecuteInProcessResult:
    """Runs the job `cleanup` to its end."""
    return press_twice(world, CLEANUP, "drop_staging_tables")
