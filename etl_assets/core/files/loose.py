"""Objects that no line names: begun and not proven yet, or replaced by another. The only writer of `etl.loose_files`.

Each is noted before it is sent, so that what a kill leaves over is known and can be removed; a bucket cannot be asked,
because the app's own objects lie in it too.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, identifier, literal
from etl_assets.core.files.record import Line
from etl_assets.core.links.links import Links
from etl_assets.core.presence.presence import at_work
from etl_assets.model.errors import Unavailable

SQL = Statements(__file__)


def begin_objects(connection: Connection, lines: Iterable[Line], *, run: str) -> None:
    """Notes objects that are about to be sent, or that have lost their line; inside `writing`."""
    listed = [line for line in lines if line.key]
    SQL("begin_objects").exec(
        connection,
        run=run,
        entries=[line.entry for line in listed],
        keys=[line.key for line in listed],
        tables=[line.table for line in listed],
        columns=[line.column for line in listed],
        legacy_ids=[line.legacy_id for line in listed],
        values=[line.value for line in listed],
    )


def settle_objects(connection: Connection, lines: list[Line]) -> None:
    """Forgets objects whose line is written, or that were not sent after all; inside `writing`.

    Raises:
        Unavailable: somebody has taken one of them away meanwhile.
    """
    entries, keys = [line.entry for line in lines], [line.key for line in lines]
    [known] = SQL("settle_objects").one(connection, entries=entries, keys=keys)
    if known != len(keys):
        raise Unavailable("Files that were being copied were taken away by another process. Nothing names them; go on.")


def loose_objects(connection: Connection, links: Links, *, most: int) -> list[tuple[str, str]]:
    """Entry and key of objects that nobody names and no run elsewhere is about to name; so many at most a column."""
    runs = list(at_work(connection, [run for (run,) in SQL("list_runs").many(connection)], elsewhere=True))
    return list(chain.from_iterable(_loose_of(connection, links, runs, most=most)))


def drop_objects(connection: Connection, objects: list[tuple[str, str]]) -> None:
    """Forgets objects that are gone; inside `writing`."""
    entries, keys = [entry for entry, _ in objects], [key for _, key in objects]
    SQL("settle_objects").one(connection, entries=entries, keys=keys)


def _loose_of(connection: Connection, links: Links, runs: list[str], *, most: int) -> Iterator[list[tuple[str, str]]]:
    for name, table in links.spec.tables.items():
        if name not in links.targets:
            continue
        for column in table.file_columns:
            slots = {"column": identifier(column), "column_name": literal(column), **links.slots(name)}
            query = SQL("list_loose", **slots)
            yield [(entry, key) for entry, key in query.many(connection, runs=runs, most=most)]
