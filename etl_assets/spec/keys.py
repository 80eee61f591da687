"""References that name a row by other columns than its key: what a spec may say of them."""

from collections.abc import Iterator

from etl_assets.spec.columns import Column
from etl_assets.spec.model import USERS, Spec, Table
from etl_assets.spec.references import References
from etl_assets.spec.types import carries

AS_THE_PARENT = (
    "expr map default empty unit format ambiguous timezone target_timezone encoding round split".split()
)  # the options that say how a cell is read


def key_fault(spec: Spec, table: Table, reference: References) -> tuple[str, str] | None:
    """What is wrong with a reference by `key`, and at which of its words; None where nothing is.

    Its table is one of the spec.
    """
    return next(_faults(spec, table, reference), None)


def _faults(spec: Spec, table: Table, reference: References) -> Iterator[tuple[str, str]]:
    if reference.table == USERS:
        yield "key", "is for rows: a reference to users goes by their id"
        return
    if reference.match is not None:
        yield "match", "is for references to a row's key"
    if reference.otherwise == "keep":
        yield "otherwise", "is quarantine or null beside `key`: the column carries what the row has there"
    if len(reference.columns) != len(reference.key):
        yield "key", f"names {len(reference.key)} of the columns to which {len(reference.columns)} refer"
        return
    parent = spec.tables[reference.table]
    for here, there in zip(reference.columns, reference.key, strict=True):
        fault = _fault_there(parent, there) or _fault_here(table, here) or _fault_of_pair(table, here, parent, there)
        if fault:
            yield fault
    if reference.otherwise == "null" and table.owner.to in reference.columns:
        yield "otherwise", "is quarantine where the owner is one of the columns: without it the row is nobody's"


def _fault_there(parent: Table, name: str) -> tuple[str, str] | None:
    if name == parent.id.to:
        return "key", f"{name!r} alone says which row of {parent.name}: give its column `references: {{table: ...}}`"
    if name not in (*parent.columns, parent.owner.to):
        return "key", f"names {name!r}, which is no column of {parent.name}"
    if parent.legacy_name(name) is None:
        return "key", f"names {name!r}, an expression: no legacy column of {parent.name} has its values"
    references = parent.columns[name].references if name in parent.columns else None
    if references is not None and (references.by or references.path):
        return "key", f"names {name!r}, which refers to one of several tables, or to several rows"
    return None


def _fault_here(table: Table, name: str) -> tuple[str, str] | None:
    if name not in (*table.columns, table.owner.to):
        return "columns", f"names {name!r}, which is no column of {table.name}"
    if table.legacy_name(name) is None:
        return "columns", f"names {name!r}, an expression: the row is looked for by legacy columns"
    return None


def _fault_of_pair(table: Table, here: str, parent: Table, there: str) -> tuple[str, str] | None:
    if parent.names_user(there) and table.names_user(here):
        return None
    if parent.names_user(there):
        return "key", f"{there!r} of {parent.name} names a user: {here!r} needs `references: {{table: {USERS}}}`"
    if table.names_user(here):
        return "columns", f"{here!r} names a user, and {there!r} of {parent.name} does not"
    mine, theirs = table.columns[here], parent.columns[there]
    if mine.type != theirs.type and not carries(mine.type, theirs.type):
        return (
            "columns",
            f"{here!r} is {mine.type}, and {there!r} of {parent.name}, whose value it carries, {theirs.type}",
        )
    if mine.references is None or mine.references.key:
        said = next((word for word in AS_THE_PARENT if getattr(mine, word) not in (None, False, ())), None)
        if said:
            return "columns", f"{here!r} is read as {parent.name}.{there} is: leave `{said}` out"
    return None


def is_read_round(spec: Spec, table: Table, name: str) -> bool:
    """True where what a column carries leads round in a circle, and to no column that says how it is read."""
    seen: list[tuple[str, str]] = []
    found: Column | None = table.columns.get(name)
    while found is not None:
        if (table.name, name) in seen:
            return True
        seen.append((table.name, name))
        carried = spec.carried(table, name)
        if carried is None:
            return False
        table, name = carried
        found = table.columns.get(name)
    return False
