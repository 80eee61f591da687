"""Postgres tables that fit a draft exactly, for the operator to read, change and run; we never run them ourselves."""

import re

from etl_assets.init.draft import Draft, DraftColumn, DraftTable
from etl_assets.init.draft_yaml import comment_text
from etl_assets.init.names import unique_name
from etl_assets.spec.model import USERS

POSTGRES_TYPES = {"double": "double precision"}
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Of https://www.postgresql.org/docs/current/sql-keywords-appendix.html, those that no column or table may be named.
RESERVED = frozenset(
    "all analyse analyze and any array as asc asymmetric authorization between binary both case cast check collate "
    "collation column concurrently constraint create cross current_catalog current_date current_role current_schema "
    "current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for "
    "foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral "
    "leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps "
    "placing primary references returning right select session_user similar some symmetric system_user table "
    "tablesample then to trailing true union unique user using variadic verbose when where window with".split()
)
# Fit for names of columns, but read better in quotes: the names of types and the like.
TYPE_WORDS = frozenset(
    "bigint bit boolean char character coalesce dec decimal double exists extract float greatest int integer interval "
    "json least nchar none nullif numeric out overlay position precision real row setof smallint substring time "
    "timestamp treat trim values varchar".split()
)
PROFILES = "public.profiles"


def identifier(name: str) -> str:
    """A Postgres identifier, in quotes where it needs them."""
    if PLAIN.fullmatch(name) and name not in RESERVED | TYPE_WORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def ddl_of(draft: Draft) -> str:
    """One script: tables with keys and indexes, referenced tables first, then row level security and its policies.

    With a target, tables that it has already are left out and named.
    """
    lines = [
        f"-- Tables for the spec that `etl-assets init` makes from {comment_text(draft.file)}.",
        "-- Read it before you run it: a database cannot tell who may read what, so init guesses. Then run it once,",
        "-- as the schema's owner, on a target that has public.profiles, auth.uid() and the role authenticated.",
    ]
    # Indexes and tables share one name space per schema.
    names = {table.target.split(".", 1)[1] for table in draft.tables}
    ordered = _parents_first(draft)
    for place, table in enumerate(ordered):
        if table.on_target:
            lines += ["", f"-- {_target(table)} is on the target already."]
        else:
            lines += [
                "",
                *_create(draft, table, {later.key for later in ordered[place + 1 :]}),
                *_indexes(table, names),
                *_security(draft, table),
            ]
    late = [line for place, table in enumerate(ordered) for line in _added_keys(draft, table, ordered[place + 1 :])]
    return "\n".join([*lines, *([""] if late else []), *late]) + "\n"


def _added_keys(draft: Draft, table: DraftTable, later: list[DraftTable]) -> list[str]:
    """The foreign keys of a circle, to tables that were not there yet; a load has them checked at its end."""
    return [
        f"ALTER TABLE {_target(table)} ADD FOREIGN KEY ({identifier(column.name)})"
        f" REFERENCES {_target(parent)} ({identifier(parent.id.to)}) DEFERRABLE;"
        for column in (table.live if not table.on_target else ())
        if column.references in {other.key for other in later if not other.on_target}
        for parent in (draft.table(column.references or ""),)
    ]


def _parents_first(draft: Draft) -> list[DraftTable]:
    done: dict[str, DraftTable] = {}
    begun: set[str] = set()

    def visit(table: DraftTable) -> None:
        if table.key in begun:
            return
        begun.add(table.key)
        for column in sorted(table.live, key=lambda column: column.name != table.owner.via):
            if column.references and column.references != USERS:
                visit(draft.table(column.references))
        done[table.key] = table

    for table in draft.tables:
        visit(table)
    return list(done.values())


def _target(table: DraftTable) -> str:
    return ".".join(identifier(part) for part in table.target.split(".", 1))


def _create(draft: Draft, table: DraftTable, later: set[str]) -> list[str]:
    parts = [f"{identifier(table.id.to)} {_id_type(table)} PRIMARY KEY"]
    if table.owner.to:
        parts.append(f"{identifier(table.owner.to)} uuid NOT NULL REFERENCES {PROFILES} (id) ON DELETE CASCADE")
    parts += [_column(draft, table, column, later) for column in table.live]
    live = {table.owner.to, *(column.name for column in table.live)}
    parts += [f"UNIQUE ({', '.join(map(identifier, key))})" for key in table.unique if set(key) <= live]
    return [f"CREATE TABLE {_target(table)} (", ",\n".join(f"    {part}" for part in parts) + ");"]


def _id_type(table: DraftTable) -> str:
    if table.id.type == "uuid":
        return "uuid DEFAULT gen_random_uuid()"
    # BY DEFAULT takes the kept ids; the load raises the sequence past them.
    return f"{table.id.type} GENERATED BY DEFAULT AS IDENTITY"


def _column(draft: Draft, table: DraftTable, column: DraftColumn, later: set[str]) -> str:
    is_path = table.owner.via == column.name
    words = [identifier(column.name), POSTGRES_TYPES.get(column.choice.type, column.choice.type)]
    if column.not_null or is_path:
        words.append("NOT NULL")
    if column.references == USERS:
        words.append(f"REFERENCES {PROFILES} (id)")
    elif column.references and column.references not in later:
        parent = draft.table(column.references)
        words.append(f"REFERENCES {_target(parent)} ({identifier(parent.id.to)})")
        if is_path:
            words.append("ON DELETE CASCADE")
    return " ".join(words)


def _indexes(table: DraftTable, taken: set[str]) -> list[str]:
    names = [table.owner.to] if table.owner.to else []
    names += [column.name for column in table.live if column.references]
    bare, lines = table.target.split(".", 1)[1], []
    for name in names:
        index = unique_name(f"{bare}_{name}_idx", taken=taken)
        taken.add(index)
        lines.append(f"CREATE INDEX {identifier(index)} ON {_target(table)} ({identifier(name)});")
    return lines


def _security(draft: Draft, table: DraftTable) -> list[str]:
    name = _target(table)
    bare = identifier(table.target.split(".", 1)[1])
    condition = "true" if table.owner.is_none else _is_own(draft, table, bare)
    words = "own rows" if not table.owner.is_none else "everybody reads"
    lines = [
        f"GRANT SELECT ON {name} TO authenticated;",
        f'CREATE POLICY "{words}" ON {name} FOR SELECT TO authenticated',
        f"    USING ({condition});",
    ]
    if table.owner.is_none:
        looks = f", and {comment_text(table.personal)} looks personal" if table.personal else ""
        reason = f"-- Nobody's rows{looks}: closed to all. If they are lookup data that whoever is signed in may read:"
        lines = [reason, *(f"-- {line}" for line in lines)]
    return [f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;", *lines]


def _is_own(draft: Draft, table: DraftTable, alias: str, depth: int = 1) -> str:
    """The condition under which a row is the reader's: its owner column, or that of the row it belongs to."""
    if table.owner.to:
        # The subselect is evaluated once per statement, not once per row.
        return f"{alias}.{identifier(table.owner.to)} = (SELECT auth.uid())"
    column = table.column(table.owner.via or "")
    parent, inner, gap = draft.table(column.references or ""), f"p{depth}", "\n" + "    " * (depth + 1)
    own = _is_own(draft, parent, inner, depth + 1)
    return (
        f"EXISTS (SELECT FROM {_target(parent)} AS {inner}{gap}"
        f"WHERE {inner}.{identifier(parent.id.to)} = {alias}.{identifier(column.name)} AND {own})"
    )
