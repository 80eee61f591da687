"""The books: what became of every legacy row."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal, staging_table
from etl_assets.core.books.pages import has_books, money_columns, standing_pages, totals
from etl_assets.core.links.links import GIVEN_AGAIN, Links
from etl_assets.core.memory.final_books import find_final_books
from etl_assets.core.memory.pause import find_pause
from etl_assets.core.memory.staged import staged_tables
from etl_assets.core.staging.table import staging_columns
from etl_assets.core.users.users import count_labels, count_states, count_users
from etl_assets.model.books import ROW_STATES, USER_STATES, Books, Group, TableBook, WaveBook
from etl_assets.spec.model import USERS

SQL = Statements(__file__)


def read_books(connection: Connection, links: Links, *, labelled: bool = False) -> Books:
    """The books of this moment, or those of the cleanup where staging is gone; runs inside `reading`.

    From their pages where these stand, else everything is counted. With `labelled`, the users are counted by the states
    that were written last, which is cheap.
    """
    staged = staged_tables(connection)
    final = find_final_books(connection)
    if final and not staged:
        return Books.from_json(final)
    is_counted = has_books(connection, links)
    countable = set(links.tables) if is_counted else _countable(connection, links, staged)
    tables = _table_books(connection, links, countable, is_counted=is_counted)
    users = {}
    if links.spec.users is not None and USERS in staged and set(links.tables) <= countable:
        counted = count_labels(connection) if labelled else count_states(connection, links)
        counted["waiting"] = counted.get("waiting", 0) + counted.pop("claimable", 0)
        users = {
            "total": count_users(connection),
            **{s: counted.get(s, 0) for s in USER_STATES},
        }
    query = SQL("list_waves", totals=SQL("kept_waves" if is_counted else "counted_waves"))
    waves = [WaveBook(key, int(n), int(count), at) for key, n, count, at in query.many(connection)]
    expected = {name for name, table in links.spec.tables.items() if not table.optional or name in links.targets}
    expected -= set(links.stopped)
    complete = expected <= countable and (links.spec.users is None or USERS in staged)
    refused = 0
    if USERS in links.refused:
        refused = len(links.refused_balances(sql.SQL("")).many(connection))
    stopped = {name: problem.stop for name, problem in links.stopped.items()}
    return Books(
        tuple(tables),
        users,
        tuple(waves),
        complete=complete,
        refused_balances=refused,
        stopped=stopped,
        paused=str(find_pause(connection) or ""),
    )


def can_be_counted(connection: Connection, links: Links) -> bool:
    """True when every table of the target is staged as this spec asks for it."""
    return set(links.tables) <= _countable(connection, links, staged_tables(connection))


def _countable(connection: Connection, links: Links, staged: set[str]) -> set[str]:
    """The tables whose staging, and that of those they refer to, has the columns that this spec asks for.

    A spec that was changed since the last staging may name others: until `migrate` has run with it, or has refused it,
    there is nothing to count of these.
    """
    present: dict[str, set[str]] = dict(SQL("list_staging_columns").many(connection))
    found = {
        name
        for name in links.tables
        if name in staged
        and set(staging_columns(links.spec.tables[name], links.targets[name])) <= set(present.get(name, ()))
    }
    while incomplete := {name for name in found if not _parents(links, name) <= found}:
        found -= incomplete
    return found


def _parents(links: Links, name: str) -> set[str]:
    return {reference.table for reference in links.spec.tables[name].references.values()} - {USERS}


def _table_books(connection: Connection, links: Links, countable: set[str], *, is_counted: bool) -> list[TableBook]:
    names = tuple(name for name in links.tables if name in countable)
    money = {name: money_columns(links, name) for name in names}
    width = max((len(columns) for columns in money.values()), default=0)
    sums = [sql.SQL("coalesce(sum(g.sums[{}]), 0)").format(sql.Literal(number + 1)) for number in range(width)]
    join_user, account_reasons = links.standing(sql.SQL("b.legacy_user_id"))
    query = SQL(
        "read_groups",
        pages=standing_pages(connection, links, names),
        join_user=join_user,
        account_reasons=account_reasons,
        once=sql.SQL("NOT MATERIALIZED" if is_counted else "MATERIALIZED"),
        sums=joined(list(sums)),
    )
    groups: dict[str, list[Group]] = {name: [] for name in names}
    for name, state, reason, rows, totals_of in query.many(connection) if names else ():
        told = dict(zip(money[name], totals_of, strict=False))  # as many sums as the table with most of them has
        groups[name].append(Group(state, reason, int(rows), told))
    query = SQL("read_totals", totals=SQL("kept_totals") if is_counted else totals(links, names))
    beside = {name: [int(count) for count in counts] for name, *counts in query.many(connection)}
    return [
        _table_book(name, groups[name], *beside[name]) if name in beside else TableBook(name)
        for name in links.spec.tables
    ]


def _table_book(name: str, groups: list[Group], source: int, loaded: int, refused: int, left_out: int) -> TableBook:
    staged = {state: sum(group.rows for group in groups if group.state == state) for state in (*ROW_STATES, "ready")}
    # The id of a loaded row that another row has now: SQLite counts one row, and there were two.
    again = sum(group.rows for group in groups if group.reason == GIVEN_AGAIN)
    return TableBook(
        name,
        source=source + again,
        loaded=loaded,
        waiting=staged["waiting"] + staged["ready"],
        quarantined=refused + staged["quarantined"],
        excluded=left_out + staged["excluded"],
        groups=tuple(groups),
    )


def money_sums(links: Links, name: str) -> sql.Composed:
    """An aggregate: a JSON object of each `sum` column's total as text, to the unit."""
    pairs: list[sql.Composable] = [
        sql.SQL("{}, coalesce(sum(k.{}::numeric), 0)::text").format(literal(column), identifier(column))
        for column in links.spec.tables[name].checks.sum
    ]
    return sql.SQL("jsonb_build_object({})").format(joined(pairs))


def table_summary(connection: Connection, links: Links, name: str) -> dict[str, str]:
    """What stands in a staging table: rows, users, and the range of each timestamp column."""
    table = links.spec.tables[name]
    times = [column for column, spec in table.columns.items() if spec.type == "timestamptz"]
    wanted: list[sql.Composable] = [sql.SQL("count(*)")]
    for column in times:
        wanted += [sql.SQL("{}({})").format(sql.SQL(f), identifier("s", column)) for f in ("min", "max")]
    row = SQL("summarise_staging", wanted=joined(wanted), staging=staging_table(name)).one(connection)
    labels = ["users", "rows", *(f"{edge} {column}" for column in times for edge in ("earliest", "latest"))]
    return {label: str(value) for label, value in zip(labels, row, strict=True)}
