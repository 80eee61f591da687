"""What was found last, whole, for the report on whichever machine: by the verification, and of what the spec leaves."""

import json
from dataclasses import asdict
from typing import Any

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.report import LeftLine, Verified

SQL = Statements(__file__)

VERIFICATION, LEFT_BEHIND = "verification", "left behind"


def keep_verified(connection: Connection, found: Verified) -> None:
    """Keeps what a verification has found, in the place of what the last one did; runs inside `writing`."""
    _keep(connection, VERIFICATION, found.as_json())


def last_verified(connection: Connection) -> Verified | None:
    """What the last verification found, or None before the first."""
    found = _find(connection, VERIFICATION)
    return None if found is None else Verified.from_json(found)


def keep_left(connection: Connection, lines: tuple[LeftLine, ...], *, of: list[str]) -> None:
    """Keeps what the spec leaves in the legacy app, as it was counted `of` a snapshot; runs inside `writing`."""
    _keep(connection, LEFT_BEHIND, {"of": of, "left": [asdict(line) for line in lines]})


def last_left(connection: Connection) -> tuple[list[str], tuple[LeftLine, ...]]:
    """What was counted last of what the spec leaves, after what it was counted of; both empty before the first time."""
    found = _find(connection, LEFT_BEHIND) or {"of": [], "left": []}
    return found["of"], tuple(LeftLine(**line) for line in found["left"])


def _keep(connection: Connection, what: str, found: dict[str, Any]) -> None:
    SQL("keep_found").exec(connection, what=what, found=json.dumps(found))


def _find(connection: Connection, what: str) -> dict[str, Any] | None:
    found = SQL("find_found").first(connection, what=what)
    return found[0] if found else None
