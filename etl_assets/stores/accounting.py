"""The books and the reconciliation: production read back, row by row and sum by sum."""

from dataclasses import dataclass

from psycopg import sql

from etl_assets.model.books import ROW_STATES, USER_STATES, Books, Group, TableBook, WaveBook
from etl_assets.spec.model import USERS, Table
from etl_assets.stores.links import Links, state_of
from etl_assets.stores.postgres import Connection, one, rows
from etl_assets.stores.read_back import Beside, find_beside
from etl_assets.stores.staging import staging_columns
from etl_assets.stores.statements import (
    catalog_text,
    identifier,
    joined,
    literal,
    qualified,
    shown,
    staging_table,
    statement,
)
from etl_assets.stores.users import count_labels, count_states


@dataclass(frozen=True)
class RowComparison:
    """A table's loaded rows against production.

    Rows `altered`, `misowned` (as they were loaded, under another account than the claim's) and `beside` (written by a
    load and not in the ledger) are our fault; the others happened afterwards. `legacy_sample` names rows that were
    changed in the legacy app or vanished from it.
    """

    table: str
    compared: int
    equal: int
    altered: int
    changed_since: int
    gone_since: int
    changed_in_legacy: int
    vanished: int
    altered_sample: tuple[str, ...]
    changed_sample: tuple[str, ...]
    gone_sample: tuple[str, ...]
    legacy_sample: tuple[str, ...]
    query: str
    misowned: int
    misowned_sample: tuple[str, ...]
    beside: Beside

    @property
    def faults(self) -> int:
        """Rows that are our fault."""
        return self.altered + self.misowned + self.beside.ours

    @property
    def fault_sample(self) -> tuple[str, ...]:
        """A few of them: legacy ids, and new ids of those that have none."""
        return (*self.altered_sample, *self.misowned_sample, *self.beside.ours_sample)

    @property
    def doubled_since(self) -> int:
        """Later copies of loaded rows."""
        return self.beside.doubled_since


@dataclass(frozen=True)
class SumComparison:
    """A money column of the loaded rows, per user: what was staged against what production holds."""

    table: str
    column: str
    users: int
    differing: int
    explained: int
    before: str
    after: str
    sample: tuple[str, ...]
    query: str


def staged_tables(connection: Connection) -> set[str]:
    """The keys of the tables that are staged now, `users` among them."""
    return {name for (name,) in rows(connection, statement("list_staged"))}


def read_books(connection: Connection, links: Links, *, labelled: bool = False) -> Books:
    """The books of this moment, or those of the cleanup where staging is gone; runs inside `reading`.

    With `labelled`, the users are counted by the states that were written last, which is cheap.
    """
    staged = staged_tables(connection)
    countable = _countable(connection, links, staged)
    final = connection.execute(statement("find_final_books")).fetchone()
    if final and not staged:
        return Books.from_json(final[0])
    tables = [
        _table_book(connection, links, name) if name in countable else TableBook(name) for name in links.spec.tables
    ]
    users = {}
    if links.spec.users is not None and "users" in staged and set(links.tables) <= countable:
        counted = count_labels(connection) if labelled else count_states(connection, links.spec, links)
        counted["waiting"] = counted.get("waiting", 0) + counted.pop("claimable", 0)
        users = {
            "total": int(one(connection, statement("count_users"))[0]),
            **{s: counted.get(s, 0) for s in USER_STATES},
        }
    waves = [WaveBook(key, int(n), int(count), at) for key, n, count, at in rows(connection, statement("list_waves"))]
    expected = {name for name, table in links.spec.tables.items() if not table.optional or name in links.targets}
    complete = expected <= countable and (links.spec.users is None or "users" in staged)
    return Books(tuple(tables), users, tuple(waves), complete=complete)


def _countable(connection: Connection, links: Links, staged: set[str]) -> set[str]:
    """The tables whose staging, and that of those they refer to, has the columns that this spec asks for.

    A spec that was changed since the last staging may name others: until `migrate` has run with it, or has refused it,
    there is nothing to count of these.
    """
    present: dict[str, set[str]] = dict(rows(connection, statement("list_staging_columns")))
    found: set[str] = set()
    for name in links.tables:
        table = links.spec.tables[name]
        parents = {reference.table for reference in table.references.values()} - {USERS}
        if name in staged and set(staging_columns(table, links.targets[name])) <= set(present.get(name, ())):
            found |= {name} if parents <= found else set()
    return found


def _table_book(connection: Connection, links: Links, name: str) -> TableBook:
    slots = {"links": links.as_whole.rows(name), "staging": staging_table(name), "table": literal(name)}
    slots["state"] = state_of(identifier("g", "_reason"))
    source, loaded, refused, left_out, found = one(
        connection, statement("count_book", **slots, sums=money_sums(links, name))
    )
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


def against_production(links: Links, name: str, *, wave: str | None) -> dict[str, sql.Composable]:
    """The slots of a statement that holds ledger rows against production and staging."""
    table, target = links.spec.tables[name], links.targets[name]
    return {
        "links": (links if wave else links.as_whole).rows(name),
        "target": qualified(target.schema, target.name),
        "table": literal(name),
        "id": identifier(table.id.to),
        "id_type": catalog_text(target.columns[table.id.to].type),
        "staged": links.digest(name, "k"),
        "found": links.digest(name, "t"),
        "staged_row": links.row(name, "k"),
        "found_row": links.row(name, "t"),
        "of_wave": sql.SQL("AND l.wave = %(wave)s") if wave else sql.SQL(""),
    }


def _ownership(table: Table) -> dict[str, sql.Composable]:
    """How a row is found to stand under somebody else than the ledger says: by its owner, or by its parent's."""
    if table.owner.to:
        differs = sql.SQL("t.{} IS DISTINCT FROM m.supabase_user_id").format(identifier(table.owner.to))
        return {"owners": statement("join_claim"), "misowned": differs}
    if table.owner.via:
        parent, via = literal(table.references[table.owner.via].table), identifier(table.owner.via)
        differs = sql.SQL("o.legacy_user_id <> l.legacy_user_id").format()
        return {"owners": statement("join_ledger_parent", parent=parent, via=via), "misowned": differs}
    return {"owners": sql.SQL(""), "misowned": sql.SQL("false")}


def compare_rows(connection: Connection, links: Links, name: str, *, wave: str | None = None) -> RowComparison:
    """Production against ledger and staging, row by row; of one wave, or of all, and then also beside the ledger."""
    slots = {**against_production(links, name, wave=wave), **_ownership(links.spec.tables[name])}
    query = statement("compare_rows", **slots)
    row = one(connection, query, wave=wave)
    compared, equal, altered, changed, gone, legacy = (int(number) for number in row[:6])
    altered_ids, changed_ids, gone_ids, legacy_ids = (tuple(row[number] or ()) for number in (6, 7, 8, 10))
    return RowComparison(
        table=name,
        compared=compared,
        equal=equal,
        altered=altered,
        changed_since=changed,
        gone_since=gone,
        changed_in_legacy=legacy,
        vanished=int(row[9]),
        altered_sample=altered_ids,
        changed_sample=changed_ids,
        gone_sample=gone_ids,
        legacy_sample=legacy_ids,
        query=shown(query, connection),
        misowned=int(row[11]),
        misowned_sample=tuple(row[12] or ()),
        beside=Beside() if wave else find_beside(connection, links, name),
    )


def compare_sums(connection: Connection, links: Links, name: str, *, wave: str | None = None) -> list[SumComparison]:
    """Each `sum` column of a table, per user: staged against production over the same rows."""
    slots = against_production(links, name, wave=wave)
    found = []
    for column in links.spec.tables[name].checks.sum:
        query = statement("compare_sums", **slots, column=identifier(column))
        users, differing, explained, before, after, sample = one(connection, query, wave=wave)
        found.append(
            SumComparison(
                table=name,
                column=column,
                users=int(users),
                differing=int(differing),
                explained=int(explained),
                before=str(before),
                after=str(after),
                sample=tuple(sample or ()),
                query=shown(query, connection),
            )
        )
    return found


def table_summary(connection: Connection, links: Links, name: str) -> dict[str, str]:
    """The guide's integrity query over a staging table: rows, users, and the range of each timestamp column."""
    table = links.spec.tables[name]
    times = [column for column, spec in table.columns.items() if spec.type == "timestamptz"]
    wanted: list[sql.Composable] = [sql.SQL("count(*)")]
    for column in times:
        wanted += [sql.SQL("{}({})").format(sql.SQL(f), identifier("s", column)) for f in ("min", "max")]
    row = one(connection, statement("summarise_staging", wanted=joined(wanted), staging=staging_table(name)))
    labels = ["users", "rows", *(f"{edge} {column}" for column in times for edge in ("earliest", "latest"))]
    return {label: str(value) for label, value in zip(labels, row, strict=True)}
