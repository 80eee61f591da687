"""People who were forgotten are put on the list again, where a restore has taken them off it."""

from etl_assets.access.postgres.connection import Connection, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.suppressions import restore_key
from etl_assets.model.suppression import Suppressions

SQL = Statements(__file__)


def suppress_again(connection: Connection, missing: Suppressions, *, run: str) -> None:
    """Puts them on the list; from here on no snapshot brings them back.

    Raises:
        ForgetRefused: the list has another key by now, under which their digests say nothing.
    """
    with writing(connection, run=run):
        restore_key(connection, missing.key)
        for person in missing.people:
            SQL("write_again").exec(connection, **person._asdict(), run=run)
        audit(connection, run=run, action="suppressed again", people=len(missing.people))
