"""What each column of each artifact means, for Dagster's Columns tab."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from etl_assets.spec.columns import Column
from etl_assets.spec.exports import Export
from etl_assets.spec.model import USERS, Table

KEY = "The row's legacy key, as text."
USER_MAP_COLUMNS = {
    "legacy_user_id": ("text", "The users table's own id."),
    "email": ("text", "The address in the legacy app; the one that was claimed by, after a claim."),
    "supabase_user_id": ("uuid", "The account that claimed this user; written once."),
    "created_at": ("timestamptz", "When the user signed up in the legacy app."),
    "migrated_at": ("timestamptz", "When rows of this user last arrived."),
    "state": ("text", "resolved, waiting, unconfirmed, ambiguous, held, invalid_email or no_email."),
    "reason": ("text", "Why the user is in this state, where that needs saying."),
    "wave": ("text", "The login wave that claimed this user."),
    "since": ("timestamptz", "When the user came into this state."),
    "claimed_by_operator": ("text", "Why an operator's claims file gave the user to this account, where it did."),
}
WAITING_COLUMNS = {
    "legacy_user_id": ("text", "The users table's own id."),
    "email": ("text", "The address in the legacy app, without blanks around it: whom to invite."),
    "state": ("text", "The state when the books were last closed; resolved: moved, but some rows are kept back."),
    "reason": ("text", "Why the user is in this state, where that needs saying."),
    "since": ("text", "When the user came into this state: UTC, ISO 8601."),
    "rows_waiting": ("integer", "Rows that arrive by themselves; empty when nothing is staged."),
    "rows_quarantined": ("integer", "Rows that somebody has to settle."),
}
FILES_COLUMN = {"files_waiting": ("integer", "Files that these rows name and that are not in the new storage yet.")}
RESOLVED_COLUMNS = {name: USER_MAP_COLUMNS[name] for name in ("legacy_user_id", "supabase_user_id", "wave")}


def column_schema(columns: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Names, types and meanings as metadata."""
    found = [dg.TableColumn(name=name, type=kind, description=words) for name, (kind, words) in columns.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=found)}


def export_columns(export: Export) -> dict[str, Any]:
    """A CSV's columns."""
    columns = {"_key": ("text", KEY)}
    for column in export.columns:
        words = f"SQLite: {column.expr}" if column.expr else f"Legacy column {column.column}."
        columns[column.label] = ("text", words)
    words = "Each cell's SQLite storage class, one letter a column, where the row differs from the usual; else empty."
    return column_schema({**columns, "_classes": ("text", words)})


def staging_columns(table: Table) -> dict[str, Any]:
    """A staging table's columns."""
    columns = {
        "_legacy_id": ("text", KEY),
        "_new_id": (_id_type(table), _id_words(table)),
        "_legacy_user_id": ("text", "The owner's legacy id, where the row names one."),
    }
    return column_schema(columns | _own_columns(table))


def production_columns(table: Table) -> dict[str, Any]:
    """A target table's columns, as far as we fill them."""
    columns = {table.id.to: (_id_type(table), _id_words(table))}
    if table.owner.to:
        columns[table.owner.to] = ("uuid", "The account of the row's owner.")
    return column_schema(columns | _own_columns(table))


def _id_type(table: Table) -> str:
    return "uuid" if table.id.rule == "uuid5" else "kept"


def _id_words(table: Table) -> str:
    if table.id.rule == "uuid5":
        return f"The new id: the UUIDv5 of `{table.name}/<legacy key>`, the same in every run."
    return "The legacy id, kept."


def _own_columns(table: Table) -> dict[str, tuple[str, str]]:
    return {name: (column.type, _meaning(name, column)) for name, column in table.columns.items()}


def _meaning(name: str, column: Column) -> str:
    source = f"SQLite: {column.expr}" if column.expr else f"Legacy column {column.from_ or name}"
    parts = [source]
    if column.references and column.references.table == USERS:
        parts.append("as that user's account")
    elif column.references and column.references.by:
        tables = ", ".join(dict.fromkeys(column.references.tables.values()))
        parts.append(f"as the new id of that row of {tables}, whichever {column.references.by} says")
    elif column.references and column.references.path:
        parts.append(f"with the new ids of rows of {column.references.table} at {column.references.path}")
    elif column.references and column.references.key:
        parts.append(f"as {column.references.table}.{column.references.key[0]} arrives")
    elif column.references:
        parts.append(f"as the new id of that row of {column.references.table}")
    if column.map:
        parts.append("by the spec's map")
    if column.default is not None:
        parts.append(f"NULL becomes {column.default}")
    if column.required:
        parts.append("never NULL")
    return ", ".join(parts) + "."
