"""Where a refused row is at fault: the column and the key that it names, or the constraint of the target."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statement, Statements, identifier, joined, literal, staging_table
from etl_assets.core.links.conflicts import conflicts
from etl_assets.core.links.links import Links
from etl_assets.model.ids import NO_ROW
from etl_assets.model.words import counted
from etl_assets.spec.exports import label_of
from etl_assets.spec.model import USERS, Table
from etl_assets.spec.shapes import reference_columns

SQL = Statements(__file__)

MOST_PLACES = 6


def places(links: Links, name: str) -> Statement:
    """A statement for one table's rows that links or the target keep back.

    `legacy_id, legacy_user_id, reason, column, value, rule`: the legacy column and the key that it names, or the
    constraint.
    """
    table = links.spec.tables[name]
    named = [
        sql.SQL("CASE WHEN {} THEN {} END").format(condition, literal(rule))
        for rule, condition in conflicts(links, name)
    ]
    columns = [identifier(column) for column in links.columns(name)]
    parts = [(part, number) for part, number in reference_columns(table).items()]
    return SQL(
        "list_places",
        links=links.rows(name),
        values=joined(list(columns)),
        named=joined([sql.SQL("NULL"), *named]),
        staging=staging_table(name),
        table=literal(name),
        owner=literal(_owner_label(table)),
        columns=joined([sql.SQL("NULL"), *(_lost(table, *pair, literal(_label(table, pair[0]))) for pair in parts)]),
        keys=joined([sql.SQL("NULL"), *(_lost(table, *pair, None) for pair in parts)]),
    )


def count_places(connection: Connection, links: Links, name: str) -> dict[str, tuple[str, ...]]:
    """Per reason where its rows are at fault, the most frequent places first: `user_id (3 rows)`."""
    found: dict[str, list[str]] = {}
    for reason, place, count in SQL("count_places", places=places(links.as_whole, name)).many(connection):
        if place:
            found.setdefault(reason, []).append(f"{place} ({counted(count, 'row')})")
    return {reason: tuple(told[:MOST_PLACES]) for reason, told in found.items()}


def _label(table: Table, part: str) -> str:
    columns = table.columns_of(part)
    return ", ".join(label_of(table, c) if c in table.columns else table.owner.from_ or c for c in columns)


def _owner_label(table: Table) -> str:
    if table.owner.via:
        return label_of(table, table.owner.via)
    return table.owner.from_ or ""


def _lost(table: Table, part: str, number: int, told: sql.Composable | None) -> Statement:
    """What is told of a reference whose row has not arrived, or the key that it names; NULL of one whose has."""
    reference, ref = table.references[part], identifier("s", f"_ref{number}")
    if reference.path:
        lost = SQL("lost_keys", ref=ref, parent=literal(reference.table))
        return SQL("lost_rows", lost=lost, told=told or lost)
    told = told or SQL("told_key", ref=ref, mark=literal(NO_ROW))
    if reference.table == USERS:
        return SQL("lost_user", ref=ref, told=told)
    return SQL("lost_row", ref=ref, told=told, parent=literal(reference.table))
