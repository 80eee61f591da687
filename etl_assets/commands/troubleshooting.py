"""The page *Troubleshooting*: every failure and every check that an operator can meet, taken from the code."""

import inspect
from collections.abc import Iterable, Iterator
from textwrap import fill

import dagster as dg

from etl_assets.automation.build import build_definitions
from etl_assets.model import errors, remedies
from etl_assets.model.books import USER_STATES
from etl_assets.settings import DEFAULT_SPEC, read_spec

WIDTH = 124
INTRODUCTION = """\
# Troubleshooting

`etl-assets doctor` says what is stuck, `etl-assets user ID` where a user's history is, and each sentence of ours ends
with what to do. Here is what the names mean; the page is made from the code.
"""
EXIT_CODES = """\
## Exit codes

| code | means |
|---|---|
| 0 | the books close |
| 1 | a check or the gate refused, or the books are open; nothing wrong was written |
| 2 | the configuration, the spec, a file or the command line |
| 3 | anything else: the target does not answer, or a defect |
"""


def troubleshooting() -> str:
    """The page."""
    parts = [INTRODUCTION, EXIT_CODES, *_errors(), *_checks()]
    parts += _reasons("## States of users", ((state, remedies.USER_REMEDIES[state]) for state in USER_STATES))
    parts += _reasons("## Reasons of users", remedies.REASON_REMEDIES.items())
    parts += _reasons("## Reasons of rows that have not arrived", remedies.ROW_REMEDIES.items())
    parts.append(fill(f"Any other rule of a value: {remedies.VALUE_REMEDY}", WIDTH) + "\n")
    parts += _reasons("## Changes in the legacy app after a load", remedies.CHANGE_REMEDIES.items())
    return "\n".join(parts)


def _errors() -> Iterator[str]:
    yield "## Failures\n\nThe class stands in the run's log as `error`.\n\n| class | exit | means |\n|---|---|---|"
    for name, found in inspect.getmembers(errors, inspect.isclass):
        if issubclass(found, errors.EtlError) and found is not errors.EtlError:
            told = " ".join((inspect.getdoc(found) or "").split())
            again = " It is tried again by itself." if found.transient else ""
            yield f"| `{name}` | {found.exit_code} | {told}{again} |"
    yield ""


def _checks() -> Iterator[str]:
    graph = build_definitions(read_spec(DEFAULT_SPEC)).resolve_asset_graph()
    yield "## Checks\n\nOf the default spec. One that blocks stops the load; others are news, or wait for a decision.\n"
    yield "| check | on | blocks | says, and what to do where it is red |\n|---|---|---|---|"
    seen: dict[str, dg.AssetCheckKey] = {}
    for key in sorted(graph.asset_check_keys, key=lambda key: (key.name, key.asset_key)):
        seen.setdefault(key.name, key)
    for name, key in seen.items():
        spec = graph.get(key)
        room = key.asset_key.path[0] + ("/..." if len(key.asset_key.path) > 1 else "")
        yield f"| `{name}` | {room} | {'yes' if spec.blocking else ''} | {' '.join((spec.description or '').split())} |"
    yield ""


def _reasons(title: str, told: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"{title}\n\n| reason | what to do |\n|---|---|"
    for reason, remedy in told:
        yield f"| {reason.replace('_', ' ')} | {remedy} |"
    yield ""
