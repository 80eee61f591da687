"""The operator's word that nothing more is to begin, until she takes it back."""

import json
from dataclasses import dataclass

from etl_assets.access.postgres.connection import Connection, server_facts, writing
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.facts import drop_fact, find_fact, write_fact
from etl_assets.core.memory.schema import exists
from etl_assets.model.errors import Paused

PAUSED = "paused"


@dataclass(frozen=True)
class Pause:
    """Since when (the target's clock, ISO 8601, UTC), and why, in the operator's words; they may be empty."""

    since: str
    why: str

    def __str__(self) -> str:
        """A sentence with the way out."""
        return str(Paused(self.since, self.why))


def pause(connection: Connection, why: str, *, run: str) -> Pause:
    """Nothing is staged, claimed or loaded from here on; of two pauses the first one stands.

    Waits for the transaction of a run that is writing; that run stops before its next one.
    """
    with writing(connection, run=run):
        known = find_pause(connection)
        if known is None:
            known = Pause(server_facts(connection)["now"], why)
            write_fact(connection, PAUSED, json.dumps({"since": known.since, "why": known.why}))
            audit(connection, run=run, action="paused", why=why)
    return known


def resume(connection: Connection, *, run: str) -> bool:
    """Takes the pause back; returns whether there was one."""
    with writing(connection, run=run):
        was = find_pause(connection)
        if was is not None:
            drop_fact(connection, PAUSED)
            audit(connection, run=run, action="resumed", since=was.since)
    return was is not None


def find_pause(connection: Connection) -> Pause | None:
    """The pause that this target is in, or None."""
    found = find_fact(connection, PAUSED) if exists(connection) else None
    return Pause(**json.loads(found)) if found else None


def require_running(connection: Connection) -> None:
    """Raises while the migration is paused.

    Raises:
        Paused: with the way out.
    """
    known = find_pause(connection)
    if known is not None:
        raise Paused(known.since, known.why)
