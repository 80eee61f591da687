"""Whose history is not whole in the new app: a CSV for the support team, and for the tool that invites people."""

from collections import Counter
from collections.abc import Iterator

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, streamed
from etl_assets.access.postgres.statements import Statement, Statements, identifier, joined, literal, staging_table
from etl_assets.core.books.pages import money_columns, standing_pages
from etl_assets.core.files.books import files_not_stored
from etl_assets.core.links.links import Links
from etl_assets.core.lists.quarantine import csv_line, harmless
from etl_assets.core.memory.staged import are_staged
from etl_assets.model.remedies import user_remedy
from etl_assets.spec.model import Spec
from etl_assets.spec.shapes import reference_columns

SQL = Statements(__file__)

FILES_WAITING = "files_waiting"
USER_COLUMNS = ("legacy_user_id", "email", "state", "reason", "since", "rows_waiting", "rows_quarantined")
NO_ROWS = """SELECT NULL::text AS "table", NULL::text AS legacy_user_id, 0::bigint AS waiting, 0::bigint AS quarantined,
 NULL::numeric[] AS sums WHERE false"""


def waiting_lines(connection: Connection, links: Links, listed: Counter[str]) -> Iterator[str]:
    """The lines of the CSV, header first, streamed; runs inside `reading`.

    Args:
        connection: to the target.
        links: of the target; where not everything is staged the counts are empty.
        listed: fills with the users per state while the lines are read.
    """
    if not are_staged(connection, links.tables):
        links = Links(links.spec, {})
    money = [f"{table}.{column}" for table, column in _money(links.spec)]
    kept = standing_pages(connection, links)
    files = files_not_stored(links)
    counts = [FILES_WAITING] if files else []
    yield csv_line((*USER_COLUMNS, *(harmless(name) for name in money), *counts, "remedy"))
    for user, email, state, reason, *cells in streamed(connection, _query(links, kept, files)):
        listed[state] += 1
        told = (harmless(cell) for cell in (user, email, state, reason, *cells))
        yield csv_line((*told, user_remedy(state, reason, is_listed=True)))


def _money(spec: Spec) -> list[tuple[str, str]]:
    return [(name, column) for name in spec.owned for column in spec.tables[name].checks.sum]


def _query(links: Links, kept: Statement, files: sql.Composed | None) -> Statement:
    owned = [name for name in links.tables if name in links.spec.owned]
    totals = ["r.legacy_user_id", "sum(r.waiting) AS waiting", "sum(r.quarantined) AS quarantined"]
    counts = ["waiting", "quarantined"]
    sums: list[sql.Composable] = []
    for number, (table, column) in enumerate(_money(links.spec)):
        place = sql.Literal(money_columns(links, table).index(column) + 1)
        of_table = sql.SQL('sum(r.sums[{}]) FILTER (WHERE r."table" = {}) AS {}')
        sums.append(of_table.format(place, literal(table), identifier(f"sum_{number}")))
        counts.append(f"sum_{number}")
    nothing = literal("0" if owned else "")
    told: list[sql.Composable] = [
        sql.SQL("coalesce({}::text, {})").format(identifier("t", name), nothing) for name in counts
    ]
    if files:
        told.append(sql.SQL("coalesce(f.files, 0)::text"))
    parts: list[sql.Composable] = [SQL("count_pages_open", pages=kept)] if owned else [sql.SQL(NO_ROWS)]
    parts += [SQL("count_refused_values", table=literal(name), refused=_refused_values(links, name)) for name in owned]
    return SQL(
        "copy_out_users",
        totals=joined([*(sql.SQL(total) for total in totals), *sums]),
        rows=joined(parts, by=" UNION ALL "),
        counts=joined(told),
        files=SQL("join_files", files=files) if files else sql.SQL(""),
    )


def _refused_values(links: Links, name: str) -> Statement:
    """`legacy_id, legacy_user_id` of rows with a refused value, and of staged rows that are owned through such a one.

    The books keep neither under the owner: a row that is not staged has no page, and its children have no linked owner.
    """
    table = links.spec.tables[name]
    if not table.owner.via:
        return SQL("refused_values", table=literal(name))
    parent = table.references[table.owner.via].table
    return SQL(
        "refused_values_via",
        table=literal(name),
        staging=staging_table(name),
        ref=identifier("s", f"_ref{reference_columns(table)[table.owner.via]}"),
        refused=_refused_values(links, parent),
        owners=links.owners(parent),
    )
