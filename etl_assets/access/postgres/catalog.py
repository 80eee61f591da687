"""The target tables as the catalog tells them, and whether they can hold what the spec sends."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from etl_assets.access.postgres.connection import Connection, as_the_catalog_spells
from etl_assets.access.postgres.statements import Statement, Statements, literal
from etl_assets.model.errors import TargetMismatch
from etl_assets.model.target import CheckRule, ForeignRule, TargetColumn, TargetTable, UniqueRule
from etl_assets.spec.model import Spec, Table
from etl_assets.spec.types import carries, holds

SQL = Statements(__file__)


def regclass(schema: str, table: str) -> str:
    """A table's name as `regclass` reads it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, table))


def find_target(connection: Connection, table: Table) -> TargetTable | None:
    """One target table, or None where there is none.

    Raises:
        TargetMismatch: it is a view or the like.
    """
    return find_targets(connection, [table]).get(table.name)


def find_targets(connection: Connection, tables: Sequence[Table]) -> dict[str, TargetTable]:
    """Those of the target tables that are there, by the name of the spec's table.

    Raises:
        TargetMismatch: one is a view or the like.
    """
    found, views = _find_targets(connection, tables)
    for problem in views.values():
        raise problem
    return found


def _find_targets(
    connection: Connection, tables: Sequence[Table]
) -> tuple[dict[str, TargetTable], dict[str, TargetMismatch]]:
    """Those that are tables, and those that are a view or the like."""
    wanted = {table.name: regclass(table.target_schema, table.target_table) for table in tables}
    with as_the_catalog_spells(connection):
        described = _described(connection, sorted(set(wanted.values())))
    present = {table.name: table for table in tables if wanted[table.name] in described}
    is_plain = {name: described[wanted[name]]["is_plain"] for name in present}
    views = {
        name: TargetMismatch(name, [f"{table.target} is not a table, and only tables can be loaded"])
        for name, table in present.items()
        if not is_plain[name]
    }
    found = {name: _target(table, described[wanted[name]]) for name, table in present.items() if is_plain[name]}
    return found, views


def _described(connection: Connection, tables: list[str]) -> dict[str, dict[str, Any]]:
    query = SQL(
        "describe_tables",
        **{kind: SQL(kind) for kind in ("columns", "unique_rules", "checks", "foreign_keys", "triggers", "rules")},
    )
    return dict(query.many(connection, tables=tables))


def _target(table: Table, found: dict[str, Any]) -> TargetTable:
    return TargetTable(
        table.target_schema,
        table.target_table,
        _columns(found["columns"]),
        unique=tuple(UniqueRule(n, tuple(c), predicate, tuple(reads)) for n, c, predicate, reads in found["unique"]),
        checks=tuple(CheckRule(n, e, tuple(c)) for n, e, c in found["checks"]),
        foreign=tuple(ForeignRule(n, tuple(c), s, p, tuple(to), late) for n, c, s, p, to, late in found["foreign"]),
        facts=found["facts"],
        **_triggers(found["triggers"]),
    )


def read_rules(connection: Connection, table: str) -> str:
    """A digest of a table's rules, which can refuse a row; named as `regclass` reads it, empty where it is absent."""
    found: str = SQL("read_rules", rules=SQL("rules")).one(connection, table=table)[0]
    return found


def read_columns(connection: Connection, *tables: str) -> list[dict[str, TargetColumn]]:
    """The columns of each of these tables, named as `regclass` reads them; none where one is absent."""
    with as_the_catalog_spells(connection):
        found: dict[str, list[list[Any]]] = dict(
            SQL("read_columns", columns=SQL("columns")).many(connection, tables=list(tables))
        )
    return [_columns(found[table]) for table in tables]


def _columns(found: list[list[Any]]) -> dict[str, TargetColumn]:
    columns = {}
    for row in found:
        column, kind, base, domain, precision, scale, length, seconds, labels, not_null, default, generated = row
        columns[column] = TargetColumn(
            name=column,
            type=kind,
            base=base,
            domain=domain,
            precision=precision if base == "numeric" else seconds,
            scale=scale,
            length=length,
            labels=tuple(labels),
            not_null=not_null,
            has_default=default,
            generated=generated,
        )
    return columns


def _triggers(found: list[list[Any]]) -> dict[str, tuple[str, ...]]:
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
        raise _absent(table)
    return found


def _absent(table: Table) -> TargetMismatch:
    return TargetMismatch(table.name, [f"{table.target} does not exist"])


def read_targets(connection: Connection, spec: Spec) -> dict[str, TargetTable]:
    """All target tables of the spec; an optional table whose target is absent is left out.

    Raises:
        TargetMismatch: a table is not there, or a column would change values.
    """
    found, stopped = fitting_targets(connection, spec)
    for problem in stopped.values():
        raise problem
    return found


def fitting_targets(connection: Connection, spec: Spec) -> tuple[dict[str, TargetTable], dict[str, TargetMismatch]]:
    """The target tables that hold what the spec sends, and why each other one stops.

    A table stops when its target does not fit, and when it refers to one that stops; an optional one whose target is
    absent does not.
    """
    tables = [spec.tables[name] for name in spec.load_order]
    found, stopped = _find_targets(connection, tables)
    for table in tables:
        try:
            if table.name in found:
                require_fit(table, found[table.name])
                _require_carried(table, found)
            elif table.name not in stopped and not table.optional:
                stopped[table.name] = _absent(table)
        except TargetMismatch as problem:
            stopped[table.name] = problem
    return with_stopped(spec, found, stopped)


def with_stopped(
    spec: Spec, found: dict[str, TargetTable], stopped: dict[str, TargetMismatch]
) -> tuple[dict[str, TargetTable], dict[str, TargetMismatch]]:
    """The same, with every table that refers to a stopped one, however far; in load order."""
    stopped = dict(stopped)
    while behind := {
        name: parents
        for name, table in spec.tables.items()
        if name not in stopped and (parents := {r.table for r in table.references.values()} & set(stopped))
    }:
        for name, parents in behind.items():
            told = [f"it refers to {', '.join(sorted(parents))}, whose target does not fit"]
            stopped[name] = TargetMismatch(name, told)
    kept = {name: target for name, target in found.items() if name not in stopped}
    return kept, {name: stopped[name] for name in spec.load_order if name in stopped}


def require_fit(table: Table, target: TargetTable) -> None:
    """Raises unless every column of the spec has a target column that holds its values.

    Raises:
        TargetMismatch: lists everything that does not fit.
    """
    problems = []
    filled = {*table.columns, table.id.to, table.owner.to}
    unnamed = ", ".join(repr(name) for name in target.columns if name not in filled)
    renamed = f" (the spec does not name {unnamed}: was it renamed?)" if unnamed else ""
    for name, column in table.columns.items():
        found = target.columns.get(name)
        if found is None:
            problems.append(f"{table.target} has no column {name!r}{renamed}")
        elif found.generated:
            problems.append(f"{name!r} is a generated column of the target and takes no value")
        elif found.not_null and any(
            r.may_be_null for part, r in table.references.items() if name in table.columns_of(part)
        ):
            problems.append(f"{name!r} is NOT NULL in the target, and its reference may become NULL")
        elif not fits(column.type, found):
            problems.append(f"{name!r} is {found.type} in the target, which would change a value of type {column.type}")
    made = {table.id.to: "the new id", **({table.owner.to: "the owner's account id"} if table.owner.to else {})}
    for column_name, what in made.items():
        found = target.columns.get(column_name)
        if found is None:
            problems.append(f"{table.target} has no column {column_name!r} for {what}{renamed}")
        elif found.base != "uuid" and not (column_name == table.id.to and table.id.rule == "keep"):
            problems.append(f"{column_name!r} is {found.type} in the target and cannot take {what}, a uuid")
    problems += [
        f"{name!r} is NOT NULL without a default in the target, and the spec does not name it"
        for name, column in target.columns.items()
        if column.needs_value and name not in filled
    ]
    if problems:
        raise TargetMismatch(table.name, problems)


def _require_carried(table: Table, targets: dict[str, TargetTable]) -> None:
    """Raises where a column cannot carry what the row has that it refers to by that row's columns."""
    problems = []
    for reference in table.references.values():
        if not reference.key or reference.table not in targets:
            continue
        for here, there in zip(reference.columns, reference.key, strict=True):
            mine, theirs = targets[table.name].columns[here], targets[reference.table].columns.get(there)
            if theirs is None or carries(mine.base, theirs.base):
                continue
            problems.append(f"{here!r} is {mine.type} in the target, and {there!r} of {reference.table} {theirs.type}")
    if problems:
        raise TargetMismatch(table.name, problems)


def fits(type_: str, column: TargetColumn) -> bool:
    """True when the target column holds every value that the type's rule lets through."""
    is_whole = column.base != "interval" or re.fullmatch(r"interval(\([0-6]\))?", column.type) is not None
    return is_whole and holds(type_, column.base, is_enum=bool(column.labels))


def shape_digest(target: TargetTable) -> str:
    """A digest of what staging relied on: a target that changes afterwards is noticed before the load."""
    return hashlib.sha256(repr((target.columns, target.unique, target.checks, target.foreign)).encode()).hexdigest()[
        :32
    ]


def find_sequence(connection: Connection, table: str, column: str) -> str | None:
    """The sequence behind a serial or identity column, as Postgres quotes it; the table as `regclass` reads it."""
    found: str | None = SQL("find_sequence").one(connection, table=table, column=column)[0]
    return found


def update_triggers(*, allowed: bool) -> Statement:
    """The triggers that an UPDATE of %(table)s would fire, unless the spec lets them: number, names."""
    return SQL("count_update_triggers", allowed=literal(allowed))
