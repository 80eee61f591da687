"""The audit trail: who did what, when, without a word about a person."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from etl_assets.access.postgres.connection import Connection, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.errors import Refused, Unavailable, UndoRefused

SQL = Statements(__file__)


def audit(connection: Connection, *, run: str, action: str, **detail: Any) -> None:
    """Appends to `etl.audit_log`: counts, keys of waves and digests, never personal data."""
    SQL("write_audit").exec(connection, run=run, action=action, detail=json.dumps(detail))


@contextmanager
def refusals_audited(connection: Connection, *, run: str) -> Iterator[None]:
    """Writes a refusal of the block into the audit trail, in a transaction of its own: that of the block is gone."""
    try:
        yield
    except (Refused, UndoRefused) as refusal:
        told: dict[str, Any] = {"check": "undo", "count": len(getattr(refusal, "rows", ()))}
        if isinstance(refusal, Refused):
            told = {"check": refusal.check, "table": refusal.table, "count": refusal.count}
        with suppress(Unavailable), writing(connection, run=run):  # the refusal matters more than its trace
            audit(connection, run=run, action="refused", **told)
        raise
