"""Tables that refer to one another in a circle, or to themselves, and the order in which tables are loaded."""

from etl_assets.spec.model import USERS, Spec, Table

Circle = tuple[str, ...]


def arranged(spec: Spec) -> tuple[tuple[str, ...], tuple[Circle, ...]]:
    """The tables in load order, and the circles among them; a table that refers to itself is a circle alone.

    Referenced tables come first, otherwise it is as in the file; those of one circle stand together.
    """
    reached = {name: _reached(spec, name) for name in spec.tables}
    order: list[str] = []
    circles: list[Circle] = []

    def visit(name: str) -> None:
        if name in order:
            return
        circle = [other for other in spec.tables if _are_round(reached, name, other)]
        members = circle or [name]
        for member in members:
            for parent in _parents(spec.tables[member]):
                if parent not in members:
                    visit(parent)
        placed = _within(spec, members)
        order.extend(placed)
        circles.extend([tuple(placed)] if circle else [])

    for name in spec.tables:
        visit(name)
    return tuple(order), tuple(circles)


def _are_round(reached: dict[str, frozenset[str]], one: str, other: str) -> bool:
    return other in reached[one] and one in reached[other]


def _reached(spec: Spec, name: str) -> frozenset[str]:
    """Every table that a row of this one refers to, however far."""
    found: set[str] = set()
    pending = [name]
    while pending:
        for parent in _parents(spec.tables[pending.pop()]):
            if parent not in found:
                found.add(parent)
                pending.append(parent)
    return frozenset(found)


def _parents(table: Table) -> list[str]:
    return [reference.table for reference in table.references.values() if reference.table != USERS]


def _within(spec: Spec, members: list[str]) -> list[str]:
    """The tables of a circle: first those that others cannot do without, by their owner or a required column."""
    order: list[str] = []

    def visit(name: str, seen: tuple[str, ...]) -> None:
        if name in order or name in seen:
            return
        table = spec.tables[name]
        for column, reference in table.references.items():
            columns = [table.columns[c] for c in table.columns_of(column) if c in table.columns]
            is_needed = column == table.owner.via or any(found.required for found in columns)
            if is_needed and reference.table in members:
                visit(reference.table, (*seen, name))
        order.append(name)

    for name in members:
        visit(name, ())
    return order
