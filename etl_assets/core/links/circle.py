"""Tables that refer to one another round in a circle: written together, and taken out together."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, joined, qualified
from etl_assets.core.links.binding import Binding
from etl_assets.model.target import ForeignRule

SQL = Statements(__file__)

Unit = tuple[str, ...]


def units(binding: Binding, names: Iterable[str]) -> list[Unit]:
    """What is written together: each table by itself, or with the others of its circle."""
    wanted = list(names)
    found = [tuple(n for n in binding.spec.circle_of(name) if n in wanted) or (name,) for name in wanted]
    return list(dict.fromkeys(found))


def ahead(binding: Binding, name: str, unit: Unit) -> list[ForeignRule]:
    """The foreign keys to tables of the circle that are written after this one."""
    after = unit[unit.index(name) + 1 :]
    places = {(binding.targets[other].schema, binding.targets[other].name) for other in after}
    return [rule for rule in binding.keys_in_circle(name) if (rule.schema, rule.table) in places]


def written_later(binding: Binding, name: str, unit: Unit) -> list[str]:
    """The columns that have to be NULL while a table of the circle is not written: the target checks them at once."""
    return [column for rule in ahead(binding, name, unit) if not rule.is_deferrable for column in rule.columns]


@contextmanager
def checked_later(connection: Connection, binding: Binding, unit: Unit) -> Iterator[None]:
    """Within it foreign keys between these tables are not checked that the target lets be checked later."""
    constraints: list[sql.Composable] = [
        qualified(binding.targets[name].schema, rule.name)
        for name in unit
        for rule in ahead(binding, name, unit)
        if rule.is_deferrable
    ]
    if not constraints:
        yield
        return
    slots = {"constraints": joined(constraints)}
    SQL("set_constraints", **slots, when=sql.SQL("DEFERRED")).exec(connection)
    yield
    SQL("set_constraints", **slots, when=sql.SQL("IMMEDIATE")).exec(connection)
