"""The books: what became of every legacy row."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal, staging_table
from etl_assets.core.links.links import Links, state_of
from etl_assets.core.links.repeated import repeated_keys
from etl_assets.core.memory.final_books import find_final_books
from etl_assets.core.memory.staged import staged_tables
from etl_assets.core.staging.table import staging_columns
from etl_assets.core.users.users import count_labels, count_states, count_users
from etl_assets.model.books import ROW_STATES, USER_STATES, Books, Group, TableBook, WaveBook
from etl_assets.spec.model import USERS

SQL = Statements(__file__)


def read_books(connection: Connection, links: Links, *, labelled: bool = False) -> Books:
    """The books of this moment, or those of the cleanup where staging is gone; runs inside `reading`.

    With `labelled`, the users are counted by the states that were written last, which is cheap.
    """
    staged = staged_tables(connection)
    countable = _countable(connection, links, staged)
    final = find_final_books(connection)
    if final and not staged:
        return Books.from_json(final)
    tables = [
        _table_book(connection, links, name) if name in countable else TableBook(name) for name in links.spec.tables
    ]
    users = {}
    if links.spec.users is not None and "users" in staged and set(links.tables) <= countable:
        counted = count_labels(connection) if labelled else count_states(connection, links)
        counted["waiting"] = counted.get("waiting", 0) + counted.pop("claimable", 0)
        users = {
            "total": count_users(connection),
            **{s: counted.get(s, 0) for s in USER_STATES},
        }
    waves = [WaveBook(key, int(n), int(count), at) for key, n, count, at in SQL("list_waves").many(connection)]
    expected = {name for name, table in links.spec.tables.items() if not table.optional or name in links.targets}
    complete = expected <= countable and (links.spec.users is None or "users" in staged)
    refused = 0
    if "users" in links.refused:
        refused = len(links.refused_balances(sql.SQL("")).many(connection))
    return Books(tuple(tables), users, tuple(waves), complete=complete, refused_balances=refused)


def _countable(connection: Connection, links: Links, staged: set[str]) -> set[str]:
    """The tables whose staging, and that of those they refer to, has the columns that this spec asks for.

    A spec that was changed since the last staging may name others: until `migrate` has run with it, or has refused it,
    there is nothing to count of these.
    """
    present: dict[str, set[str]] = dict(SQL("list_staging_columns").many(connection))
    found: set[str] = set()
    for name in links.tables:
        table = links.spec.tables[name]
        parents = {reference.table for reference in table.references.values()} - {USERS}
        if name in staged and set(staging_columns(table, links.targets[name])) <= set(present.get(name, ())):
            found |= {name} if parents <= found else set()
    return found


def _table_book(connection: Connection, links: Links, name: str) -> TableBook:
    slots = {"links": links.as_whole.rows(name), "staging": staging_table(name), "table": literal(name)}
    slots |= {"state": state_of(identifier("g", "_reason")), "repeated": repeated_keys(name)}
    source, loaded, refused, left_out, found = SQL("count_book", **slots, sums=money_sums(links, name)).one(connection)
    groups = tuple(Group(state, reason, rows, sums) for state, reason, rows, sums in found)
    staged = {state: sum(group.rows for group in groups if group.state == state) for state in (*ROW_STATES, "ready")}
    return TableBook(
        name,
        source=int(source),
        loaded=int(loaded),
        waiting=staged["waiting"] + staged["ready"],
        quarantined=int(refused) + staged["quarantined"],
        excluded=int(left_out) + staged["excluded"],
        groups=groups,
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
