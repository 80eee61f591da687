"""Fits a draft to the target's own tables: their names, their types, and what they lack or want."""

from collections.abc import Iterable
from dataclasses import replace

from etl_assets.init.cells.type_choice import as_type
from etl_assets.init.draft import Choice, Draft, DraftColumn, DraftId, DraftTable
from etl_assets.init.fitting.ids import fitted_id, without_the_kept_key
from etl_assets.init.fitting.unfilled import unfilled
from etl_assets.init.introspection import NUMBERS
from etl_assets.init.judging.words import OWNER, role_of
from etl_assets.init.names import singular, snake
from etl_assets.init.table_facts import ColumnFacts, DatabaseFacts, TableFacts
from etl_assets.model.target import TargetColumn, TargetTable
from etl_assets.model.words import counted
from etl_assets.spec.model import USERS
from etl_assets.spec.types import INPUT, LIST, READ_BY_POSTGRES, element_of, without_schema

SPEC_TYPES = {
    "text": "text",
    "character varying": "text",
    "character": "text",
    "citext": "text",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "bigint",
    "numeric": "numeric",
    "double precision": "double",
    "real": "real",
    "money": "money",
    "boolean": "boolean",
    "date": "date",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "interval": "interval",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "jsonb",
    "bytea": "bytea",
}
OF_POSTGRES = {base: name for name, base in READ_BY_POSTGRES.items()}
ACCOUNT_TABLES = (("public", "profiles"), ("auth", "users"))


def target_names(table: DraftTable) -> tuple[str, ...]:
    """The names under which the target may know a table, likeliest first."""
    key = table.target.split(".", 1)[1]
    # `Category` became categories, or the other way round.
    plurals = (f"{key}s", f"{key[:-1]}ies" if key.endswith("y") else f"{key}es")
    return tuple(dict.fromkeys((key, table.source, singular(key), *plurals)))


def fit_to_target(draft: Draft, facts: DatabaseFacts, targets: dict[str, TargetTable | None]) -> Draft:
    """The draft with the target's names and types; what has no place there stays as a comment with the reason.

    Args:
        draft: as the database suggests it.
        facts: what it was made from.
        targets: each table key's target table, None where there is none.
    """
    by_name = {table.name: table for table in facts.tables}
    ids = {table.key: fitted_id(table, by_name[table.source], targets[table.key]) for table in draft.tables}
    fitted = [_fitted(table, by_name[table.source], targets[table.key], ids) for table in draft.tables]
    kept, lost = _without_the_ownerless(fitted)
    return replace(draft, tables=tuple(kept), not_migrated=(*draft.not_migrated, *lost))


def _fitted(table: DraftTable, facts: TableFacts, target: TargetTable | None, ids: dict[str, DraftId]) -> DraftTable:
    if target is None:
        note = f"{table.target} is not on the target: `init --ddl` prints a table that fits; or take this section out"
        columns = [_retyped(column, ids) for column in table.columns]
        return replace(table, notes=(*table.notes, note), columns=tuple(columns), on_target=False)
    id_, owner = ids[table.key], table.owner
    table = without_the_kept_key(table, id_, facts)
    if owner.to:
        owner_to = _owner_column(owner.to, target)
        missing = () if owner_to else (f"{table.target} has no column for the owner",)
        owner = replace(owner, to=owner_to or owner.to, notes=(*owner.notes, *missing))
    taken = {id_.to, owner.to}
    columns = []
    for column in table.columns:
        fitted = _fitted_column(column, facts.columns[column.source], target, taken, ids)
        taken.add(fitted.name if fitted.absent is None else None)
        columns.append(fitted)
    names = {old.name: new.name for old, new in zip(table.columns, columns, strict=True) if new.absent is None}
    types = {column.name: column.choice.type for column in columns if column.absent is None}
    sums = [names[name] for name in table.sums if name in names and types[names[name]] in NUMBERS]
    made = replace(
        table,
        target=f"{target.schema}.{target.name}",
        id=id_,
        owner=replace(owner, via=names.get(owner.via) or owner.via) if owner.via else owner,
        columns=tuple(columns),
        sums=tuple(sums),
        on_target=True,
    )
    known = {name: _spec_type(column) for name, column in target.columns.items()}
    return replace(made, unfilled=unfilled(made, target, {*taken, *types}, known))


def _owner_column(wanted: str, target: TargetTable) -> str | None:
    uuids = [column.name for column in target.columns.values() if column.base == "uuid"]
    to_accounts = [rule.columns[0] for rule in target.foreign if (rule.schema, rule.table) in ACCOUNT_TABLES]
    names = [wanted, *(name for name in uuids if role_of(name) == OWNER), *to_accounts]
    return next((name for name in names if name in uuids), None)


def _fitted_column(
    column: DraftColumn,
    facts: ColumnFacts,
    target: TargetTable,
    taken: Iterable[str | None],
    ids: dict[str, DraftId],
) -> DraftColumn:
    found = _matching(column, target, set(taken))
    if found is None:
        return replace(column, absent=f"{target.schema}.{target.name} has no such column")
    if found.generated:
        return replace(column, absent="the target computes this column itself")
    type_ = _spec_type(found)
    column = replace(column, name=found.name)
    if column.references:
        wanted = "uuid" if column.references == USERS else ids[column.references].type
        if type_ != wanted and {type_, wanted} != {"integer", "bigint"} and type_ != "text":
            return replace(column, absent=f"it is {found.type} there, and the ids that it names are {wanted}")
        choice = replace(column.choice, type=wanted if column.references == USERS else type_)
    elif column.by and type_ != column.choice.type:
        return replace(column, absent=f"it is {found.type} there, and the ids that it names are uuid")
    else:
        choice = column.choice if column.choice.type == type_ else as_type(facts, type_)
    return replace(column, choice=_with_not_null(choice, facts, found))


def _spec_type(column: TargetColumn) -> str:
    """The type of a spec that fills this column; where none is made for it, Postgres reads the text itself."""
    element = element_of(column.base)
    if element is not None:
        return f"{_spec_type(replace(column, base=element))}{LIST}"
    if column.labels:
        return "text"
    known = without_schema(column.base)
    return SPEC_TYPES.get(known) or OF_POSTGRES.get(known) or INPUT


def _matching(column: DraftColumn, target: TargetTable, taken: set[str | None]) -> TargetColumn | None:
    free = {name: found for name, found in target.columns.items() if name not in taken}
    for name in (column.source, column.name):
        if name in free:
            return free[name]
    return next((found for name, found in free.items() if snake(name) == snake(column.source)), None)


def _with_not_null(choice: Choice, facts: ColumnFacts, target: TargetColumn) -> Choice:
    missing = facts.nulls + (facts.shaped("empty") if choice.options.get("empty") else 0)
    if not (target.not_null and missing):
        return choice
    return replace(
        choice, notes=(*choice.notes, f"NULL in {counted(missing, 'row')}, to be quarantined: NOT NULL there")
    )


def _retyped(column: DraftColumn, ids: dict[str, DraftId]) -> DraftColumn:
    """A reference follows its parent, whose id the target may have made a uuid."""
    if column.references in (None, USERS):
        return column
    return replace(column, choice=replace(column.choice, type=ids[column.references or ""].type))


def _without_the_ownerless(tables: list[DraftTable]) -> tuple[list[DraftTable], list[tuple[str, str]]]:
    """Tables whose path to the owner is gone cannot be told from anybody's: they, and what hangs on them, stay out."""
    lost: dict[str, str] = {}
    while True:
        found = {
            table.key: f"{table.target} has no column that leads to the owner, as {table.owner.via} did"
            for table in tables
            if table.key not in lost and table.owner.via and not _leads(table, lost)
        }
        if not found:
            break
        lost |= found
    kept = [replace(table, columns=_without(table, lost)) for table in tables if table.key not in lost]
    return kept, [(table.source, lost[table.key]) for table in tables if table.key in lost]


def _leads(table: DraftTable, lost: dict[str, str]) -> bool:
    path = [column for column in table.live if column.name == table.owner.via]
    return bool(path) and path[0].references not in lost


def _without(table: DraftTable, lost: dict[str, str]) -> tuple[DraftColumn, ...]:
    return tuple(
        replace(column, absent=f"{column.references} is not migrated") if column.references in lost else column
        for column in table.columns
    )
