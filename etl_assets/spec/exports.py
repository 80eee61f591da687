"""Which cells leave SQLite: an allow-list, derived from the spec."""

from collections.abc import Mapping
from dataclasses import dataclass

from etl_assets.spec.model import Spec, Table, Users

OWNER_LABEL = "expr:owner"


@dataclass(frozen=True)
class Lookup:
    """A row that is named by other columns than its key: `columns` here are equal to `to` in the table `source`."""

    place: str
    source: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    to: tuple[str, ...]


@dataclass(frozen=True)
class ExportColumn:
    """One column of a CSV export: its header, and the legacy column or SQLite expression behind it.

    With `lookup` it is the legacy key of the row that others of its columns name.
    """

    label: str
    column: str | None = None
    expr: str | None = None
    secret_allowed: bool = False
    optional: bool = False
    lookup: Lookup | None = None


@dataclass(frozen=True)
class Export:
    """What one export reads."""

    name: str
    source: str
    columns: tuple[ExportColumn, ...]
    key: tuple[str, ...] = ()
    where: str | None = None
    optional: bool = False


def label_of(table: Table, column: str) -> str:
    """The CSV header under which a target column's legacy value stands.

    A plain column keeps its legacy name; an expression has none and takes the target column's.
    """
    spec = table.columns[column]
    if spec.expr is None:
        return spec.from_ or column
    taken = {other.from_ or name for name, other in table.columns.items() if other.expr is None} | {table.owner.from_}
    return f"expr:{column}" if column in taken else column


def owner_label(table: Table) -> str | None:
    """The CSV header under which a row's legacy user stands, where a column names one."""
    return OWNER_LABEL if table.owner.expr else table.owner.from_


def lookup_label(table: Table, part: str) -> str:
    """The CSV header of the legacy keys of the rows that a reference by other columns names."""
    reference = table.references[part]
    return f"{reference.table} by {', '.join(reference.columns)}"


def _lookups(table: Table, tables: Mapping[str, Table]) -> list[ExportColumn]:
    found = []
    for part, reference in table.references.items():
        if not reference.key:
            continue
        parent = tables[reference.table]
        columns = tuple(table.legacy_name(column) or "" for column in reference.columns)
        to = tuple(parent.legacy_name(column) or "" for column in reference.key)
        lookup = Lookup(parent.name, parent.source, parent.key, columns, to)
        found.append(ExportColumn(lookup_label(table, part), secret_allowed=True, lookup=lookup))
    return found


def table_export(table: Table, tables: Mapping[str, Table] | None = None) -> Export:
    """The export of one migrated table: its owner column and the named columns, each legacy column once.

    Of a table of `tables` to which it refers by other columns than the key, the legacy keys are found beside them.
    """
    columns: dict[str, ExportColumn] = {}
    label, owner = owner_label(table), table.owner
    if label:
        columns[label] = ExportColumn(label, column=None if owner.expr else owner.from_, expr=owner.expr)
    for name, spec in table.columns.items():
        label, allowed = label_of(table, name), spec.secret is not None
        column = None if spec.expr is not None else spec.from_ or name
        columns[label] = ExportColumn(label, column=column, expr=spec.expr, secret_allowed=allowed)
    beside = [spec.references.by for spec in table.columns.values() if spec.references and spec.references.by]
    for source in (table.created_column, *beside):
        if source:
            columns.setdefault(source, ExportColumn(source, column=source))
    exported = (*columns.values(), *(_lookups(table, tables) if tables is not None else ()))
    return Export(table.name, table.source, exported, key=table.key, where=table.where, optional=table.optional)


def users_export(users: Users, beside: tuple[str, ...] = ()) -> Export:
    """The export of the legacy users: id, e-mail, when they signed up, the verified flag, and what profiles take."""
    columns = [ExportColumn(users.email, column=users.email)]
    if users.verified:
        columns.append(ExportColumn(users.verified, column=users.verified))
    created = users.created_column
    taken = {column.label for column in columns} | {created}
    columns += [ExportColumn(name, column=name) for name in dict.fromkeys(beside) if name not in taken]
    if created not in {column.label for column in columns}:
        columns.append(ExportColumn(created, column=created, optional=users.created is None))
    return Export("users", users.table, tuple(columns), key=(users.id,))


def evidence(users: Users) -> tuple[str, ...]:
    """The legacy users' columns that say who somebody is, and when that began."""
    found = (users.id, users.email, users.verified, users.created_column)
    return tuple(name for name in found if name)


def beside_evidence(spec: Spec) -> tuple[str, ...]:
    """The legacy users' columns that balances and attributes come from, and that are no evidence for a claim."""
    known = evidence(spec.users) if spec.users else ()
    return tuple(name for name in _beside(spec) if name not in known)


def _beside(spec: Spec) -> tuple[str, ...]:
    found = [balance.users_column for balance in spec.balances.values()]
    found += [attribute.users_column for attribute in spec.profile.values()]
    return tuple(dict.fromkeys(name for name in found if name))


def exports_of(spec: Spec) -> dict[str, Export]:
    """Every export of the spec by name; `users` first."""
    found = {"users": users_export(spec.users, _beside(spec))} if spec.users else {}
    return found | {name: table_export(table, spec.tables) for name, table in spec.tables.items()}
