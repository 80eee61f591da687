"""Whether the books still are what the tables say, and what was found of them: the only writer of `etl.counted`.

Whoever writes to a table that the books are counted from voids them, by a trigger of `schema.sql`; a load says
beforehand that it carries them, and counts what it changes.
"""

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


def is_counted(connection: Connection, mark: str) -> bool:
    """True when nobody has written beside the books since they were counted from what `mark` stands for."""
    return SQL("find_counted").first(connection, mark=mark) is not None


def was_counted_by(connection: Connection, run: str) -> bool:
    """True when it was in this run that the books were counted whole last."""
    return SQL("find_counted_by").first(connection, run=run) is not None


def write_counted(connection: Connection, mark: str, *, run: str) -> None:
    """The books are whole from here on; inside `writing`."""
    SQL("write_counted").exec(connection, mark=mark, run=run)


def note_carried(connection: Connection) -> None:
    """A load has changed the pages; inside `writing`."""
    SQL("note_carried").exec(connection)


def is_fresh(connection: Connection, mark: str, *, run: str) -> bool:
    """True when the books were counted whole in this run, and no load has changed them since."""
    return SQL("find_fresh").first(connection, mark=mark, run=run) is not None


def void_books(connection: Connection) -> None:
    """Whoever needs the books next counts them anew; inside `writing`."""
    SQL("void_counted").exec(connection)


def carry_books(connection: Connection) -> None:
    """What this transaction writes from here on voids nothing: it carries the books itself, or they are void."""
    SQL("carry").one(connection)
