"""Whose history is not whole in the new app: a CSV for the support team, and for the tool that invites people."""

from collections import Counter
from collections.abc import Iterator

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, streamed
from etl_assets.access.postgres.statements import Statement, Statements, identifier, joined, literal
from etl_assets.core.links.links import Links
from etl_assets.core.lists.quarantine import csv_line, harmless
from etl_assets.core.verify.books import money_sums
from etl_assets.model.remedies import user_remedy
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

USER_COLUMNS = ("legacy_user_id", "email", "state", "reason", "since", "rows_waiting", "rows_quarantined")
NO_ROWS = """SELECT NULL::text AS "table", NULL::text AS legacy_user_id, 0::bigint AS waiting, 0::bigint AS quarantined,
 NULL::jsonb AS sums WHERE false"""


def waiting_lines(connection: Connection, links: Links, listed: Counter[str]) -> Iterator[str]:
    """The lines of the CSV, header first, streamed; runs inside `reading`.

    Args:
        connection: to the target.
        links: without tables when nothing is staged; then the counts are empty.
        listed: fills with the users per state while the lines are read.
    """
    money = [f"{table}.{column}" for table, column in _money(links.spec)]
    yield csv_line((*USER_COLUMNS, *(harmless(name) for name in money), "remedy"))
    for user, email, state, reason, *cells in streamed(connection, _query(links)):
        listed[state] += 1
        told = (harmless(cell) for cell in (user, email, state, reason, *cells))
        yield csv_line((*told, user_remedy(state, reason, is_listed=True)))


def _money(spec: Spec) -> list[tuple[str, str]]:
    return [(name, column) for name in spec.owned for column in spec.tables[name].checks.sum]


def _query(links: Links) -> Statement:
    owned = [name for name in links.tables if name in links.spec.owned]
    totals = ["r.legacy_user_id", "sum(r.waiting) AS waiting", "sum(r.quarantined) AS quarantined"]
    counts = ["waiting", "quarantined"]
    sums: list[sql.Composable] = []
    for number, (table, column) in enumerate(_money(links.spec)):
        of_table = sql.SQL('sum((r.sums ->> {})::numeric) FILTER (WHERE r."table" = {}) AS {}')
        sums.append(of_table.format(literal(column), literal(table), identifier(f"sum_{number}")))
        counts.append(f"sum_{number}")
    nothing = literal("0" if owned else "")
    told: list[sql.Composable] = [
        sql.SQL("coalesce({}::text, {})").format(identifier("t", name), nothing) for name in counts
    ]
    parts: list[sql.Composable] = [sql.SQL(NO_ROWS), *(_not_arrived(links, name) for name in owned)]
    return SQL(
        "copy_out_users",
        totals=joined([*(sql.SQL(total) for total in totals), *sums]),
        rows=joined(parts, by=" UNION ALL "),
        counts=joined(told),
    )


def _not_arrived(links: Links, name: str) -> Statement:
    table = links.spec.tables[name]
    slots = {"table": literal(name), "sums": money_sums(links, name), "links": links.as_whole.rows(name)}
    if table.owner.from_:
        return SQL("count_waiting", **slots)
    columns: list[sql.Composable] = [sql.SQL("o.legacy_user_id"), sql.SQL("o.legacy_id"), sql.SQL("x._state")]
    columns += [identifier("x", column) for column in dict.fromkeys(table.checks.sum)]
    return SQL("count_not_arrived", **slots, columns=joined(columns), owners=links.owners(name))
