"""The target tables as the catalog tells them, and whether they can hold what the spec sends."""

import hashlib

from etl_assets.model.errors import TargetMismatch
from etl_assets.model.target import CheckRule, ForeignRule, TargetColumn, TargetTable, UniqueRule
from etl_assets.spec.model import Spec, Table
from etl_assets.stores.postgres import Connection, rows
from etl_assets.stores.statements import statement

# Spec type -> target types that hold every value that the type's rule lets through. Where the target is narrower
# (smallint, numeric(p,s), varchar(n), timestamptz(3)), the rule knows its limits and quarantines what does not fit.
HOLDS: dict[str, tuple[str, ...]] = {
    "text": ("text", "character varying", "enum"),
    "integer": ("integer", "bigint", "smallint", "numeric"),
    "bigint": ("bigint", "integer", "smallint", "numeric"),
    "numeric": ("numeric", "bigint", "integer", "smallint"),
    "double": ("double precision",),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamptz": ("timestamp with time zone",),
    "uuid": ("uuid",),
    "jsonb": ("jsonb",),
    "bytea": ("bytea",),
}


def regclass(schema: str, table: str) -> str:
    """A table's name as `regclass` reads it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))


def find_target(connection: Connection, table: Table) -> TargetTable | None:
    """One target table, or None where there is none.

    Raises:
        TargetMismatch: it is a view or the like.
    """
    name = {"table": regclass(table.target_schema, table.target_table)}
    if connection.execute(statement("find_table"), name).fetchone() in (None, (None,)):
        return None
    if connection.execute(statement("is_plain_table"), name).fetchone() != (True,):
        raise TargetMismatch(table.name, [f"{table.target} is no table, and only tables can be loaded"])
    columns = read_columns(connection, name["table"])
    return TargetTable(
        table.target_schema,
        table.target_table,
        columns,
        unique=tuple(
            UniqueRule(n, tuple(c), predicate, tuple(reads))
            for n, c, predicate, reads in rows(connection, statement("read_unique"), **name)
        ),
        checks=tuple(CheckRule(n, e, tuple(c)) for n, e, c in rows(connection, statement("read_checks"), **name)),
        foreign=tuple(
            ForeignRule(n, tuple(c), schema, parent, tuple(to))
            for n, c, schema, parent, to in rows(connection, statement("read_foreign"), **name)
        ),
        **_triggers(connection, name),
    )


def read_columns(connection: Connection, table: str) -> dict[str, TargetColumn]:
    """The columns of a table, named as `regclass` reads it."""
    columns = {}
    for row in rows(connection, statement("read_columns"), table=table):
        column, kind, base, precision, scale, length, seconds, labels, not_null, default, generated = row
        columns[column] = TargetColumn(
            name=column,
            type=kind,
            base=base,
            precision=precision if base == "numeric" else seconds,
            scale=scale,
            length=length,
            labels=tuple(labels),
            not_null=not_null,
            has_default=default,
            generated=generated,
        )
    return columns


def _triggers(connection: Connection, name: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found = rows(connection, statement("read_triggers"), **name)
    return {
        kind: tuple(row[0] for row in found if row[number])
        for number, kind in enumerate(("triggers", "update_triggers", "delete_triggers"), start=1)
    }


def read_target(connection: Connection, table: Table) -> TargetTable:
    """One target table that must be there.

    Raises:
        TargetMismatch: it is not.
    """
    found = find_target(connection, table)
    if found is None:
        raise TargetMismatch(table.name, [f"{table.target} does not exist"])
    return found


def read_targets(connection: Connection, spec: Spec) -> dict[str, TargetTable]:
    """All target tables of the spec; an optional table whose target is absent is left out.

    Raises:
        TargetMismatch: a table is not there, or a column would change values.
    """
    found = {}
    for name in spec.load_order:
        table = spec.tables[name]
        target = find_target(connection, table) if table.optional else read_target(connection, table)
        if target is None:
            continue
        require_fit(table, target)
        found[name] = target
    return found


def require_fit(table: Table, target: TargetTable) -> None:
    """Nothing, when every column of the spec has a target column that holds its values.

    Raises:
        TargetMismatch: lists everything that does not fit.
    """
    problems = []
    for name, column in table.columns.items():
        found = target.columns.get(name)
        if found is None:
            problems.append(f"{table.target} has no column {name!r}")
        elif found.generated:
            problems.append(f"{name!r} is a generated column of the target and takes no value")
        elif (
            found.not_null
            and column.references
            and "null" in (column.references.otherwise, column.references.unresolved)
        ):
            problems.append(f"{name!r} is NOT NULL in the target, and its reference may become NULL")
        elif ("enum" if found.labels else found.base) not in HOLDS[column.type]:
            problems.append(f"{name!r} is {found.type} in the target, which would change a value of type {column.type}")
    made = {table.id.to: "the new id", **({table.owner.to: "the owner's account id"} if table.owner.to else {})}
    for column_name, what in made.items():
        found = target.columns.get(column_name)
        if found is None:
            problems.append(f"{table.target} has no column {column_name!r} for {what}")
        elif found.base != "uuid" and not (column_name == table.id.to and table.id.rule == "keep"):
            problems.append(f"{column_name!r} is {found.type} in the target and cannot take {what}, a uuid")
    filled = {*table.columns, table.id.to, table.owner.to}
    problems += [
        f"{name!r} is NOT NULL without a default in the target, and the spec does not name it"
        for name, column in target.columns.items()
        if column.needs_value and name not in filled
    ]
    if problems:
        raise TargetMismatch(table.name, problems)


def shape_digest(target: TargetTable) -> str:
    """A digest of what staging relied on: a target that changes afterwards is noticed before the load."""
    return hashlib.sha256(repr((target.columns, target.unique, target.checks, target.foreign)).encode()).hexdigest()[
        :32
    ]
