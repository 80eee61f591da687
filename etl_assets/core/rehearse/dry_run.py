"""One transaction around everything, which is rolled back: also sequences stay where they were."""

from collections.abc import Iterator
from contextlib import contextmanager

from etl_assets.access.postgres.catalog import fitting_targets, regclass
from etl_assets.access.postgres.connection import Connection, connect
from etl_assets.access.postgres.statements import Statements, qualified
from etl_assets.core.memory.schema import rolled_back
from etl_assets.model.errors import SettingsError
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

RUN = "dry run"


@contextmanager
def dry(url: str, spec: Spec) -> Iterator[Connection]:
    """A connection in a transaction of which nothing stays, whatever happens in the block.

    It holds the writers' lock, so every other run of ours waits; and while it lasts, the app's own inserts into
    tables with serial or identity columns wait, because such a column's sequence is held too.

    Raises:
        SettingsError: a sequence would move for good, because it belongs to another role.
        Unavailable: another run is writing.
    """
    with connect(url) as connection, rolled_back(connection, run=RUN):
        SQL("mark_dry").exec(connection)
        hold_sequences(connection, spec)
        yield connection


def hold_sequences(connection: Connection, spec: Spec) -> None:
    """Makes the sequences of the target tables a part of this transaction, so that they go back with it.

    Raises:
        SettingsError: one belongs to another role.
    """
    targets, _ = fitting_targets(connection, spec)
    for target in targets.values():
        table = regclass(target.schema, target.name)
        for schema, name, is_ours in SQL("list_sequences").many(connection, table=table):
            if not is_ours:
                raise SettingsError(
                    f"a dry run would move the sequence {schema}.{name} for good: it belongs to a role of which this "
                    "one is no member. Run it as the owner of the tables"
                )
            sequence = qualified(schema, name)
            value, called = SQL("read_sequence", sequence=sequence).one(connection)
            SQL("restart_sequence", sequence=sequence).exec(connection)
            values = {"sequence": regclass(schema, name), "value": value, "called": called}
            SQL("set_sequence").exec(connection, **values)
