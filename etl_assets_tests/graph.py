"""What a user sees of the default spec's graph and of the command line: `python -m etl_assets_tests.graph` writes it anew."""

import json
from pathlib import Path
from typing import Any

import click
import dagster as dg

from etl_assets.automation.build import build_definitions
from etl_assets.cli import cli
from etl_assets.settings import DEFAULT_SPEC, read_spec

SNAPSHOT = Path(__file__).parent / "fixtures" / "graph.json"


def shown() -> dict[str, Any]:
    """Assets, checks, jobs, sensors, schedules and commands, as JSON would hold them."""
    definitions = build_definitions(read_spec(DEFAULT_SPEC))
    graph = definitions.resolve_asset_graph()
    found = {
        "assets": {key.to_user_string(): _asset(graph.get(key)) for key in graph.materializable_asset_keys},
        "checks": {
            f"{key.asset_key.to_user_string()}: {key.name}": _check(graph, key) for key in graph.asset_check_keys
        },
        "jobs": {job.name: job.description for job in definitions.resolve_all_job_defs()},
        "sensors": {sensor.name: sensor.description for sensor in definitions.sensors or ()},
        "schedules": {schedule.name: schedule.cron_schedule for schedule in definitions.schedules or ()},  # type: ignore[union-attr]
        "commands": {name: _command(command) for name, command in cli.commands.items()},
    }
    return json.loads(json.dumps(found, sort_keys=True))  # type: ignore[no-any-return]


def _asset(node: Any) -> dict[str, Any]:
    return {
        "deps": sorted(key.to_user_string() for key in node.parent_keys),
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "partitioned": node.partitions_def is not None,
        "description": " ".join((node.description or "").split()),
    }


def _check(graph: Any, key: dg.AssetCheckKey) -> dict[str, Any]:
    spec = graph.get_check_spec(key) if hasattr(graph, "get_check_spec") else graph.get(key)
    return {"blocking": spec.blocking, "description": spec.description}


def _command(command: click.Command) -> dict[str, Any]:
    options = {"/".join(parameter.opts): getattr(parameter, "help", None) for parameter in command.params}
    return {"help": " ".join((command.help or "").split()), "options": options}


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(shown(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
