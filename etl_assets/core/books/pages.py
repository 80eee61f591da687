"""The pages of the books: counted whole once, and carried by the transactions that change them.

What they were counted from is their mark: of which staging, with which spec, under which rules of the target, by which
version of this package. Whoever writes to what they were counted from without carrying them voids them (a trigger of
`schema.sql`), and whoever needs them next counts everything anew.
"""

from dataclasses import dataclass
from importlib.metadata import version

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, analyze
from etl_assets.access.postgres.statements import Statement, Statements, identifier, joined, literal, staging_table
from etl_assets.core.links.links import Links, state_of
from etl_assets.core.links.reference import names
from etl_assets.core.links.repeated import repeated_keys
from etl_assets.core.memory.counted import is_counted, is_fresh, note_carried, void_books, write_counted
from etl_assets.core.memory.staged import describe_staging
from etl_assets.spec.model import USERS
from etl_assets.spec.shapes import reference_columns

SQL = Statements(__file__)

VERSION = version("etl-assets")
NO_PAGES = (
    'SELECT NULL::text AS "table", NULL::text AS legacy_user_id, NULL::text AS state, NULL::text AS reason,'
    " 0::bigint AS rows, '{}'::numeric[] AS sums WHERE false"
)
NO_TOTALS = (
    'SELECT NULL::text AS "table", 0::bigint AS source, 0::bigint AS loaded, 0::bigint AS quarantined,'
    " 0::bigint AS excluded WHERE false"
)


@dataclass(frozen=True)
class Drift:
    """Pages that were carried and are not what a whole count finds: of how many users, and a few of them.

    An empty id stands for the rows whose owner cannot be told.
    """

    users: int = 0
    sample: tuple[str, ...] = ()


def mark_of(connection: Connection, links: Links) -> str:
    """What pages that are counted now are counted from."""
    staging = describe_staging(connection, [*links.tables, USERS]).mark
    facts = ",".join(f"{name} {links.targets[name].facts}" for name in links.tables)
    return f"{staging} {links.spec.digest} {facts} {VERSION}"


def has_books(connection: Connection, links: Links) -> bool:
    """True when the pages are those of what is staged now, and nobody has written beside them."""
    return is_counted(connection, mark_of(connection, links))


def pages(links: Links, names: tuple[str, ...] | None = None) -> Statement:
    """A statement for pages as they would be counted now: `table, legacy_user_id, state, reason, rows, sums`."""
    found: list[sql.Composable] = [sql.SQL(NO_PAGES)]
    found += [_pages_of(links.by_our_tables.as_whole, name) for name in (links.tables if names is None else names)]
    return Statement("fragment", joined(found, by=" UNION ALL "))


def standing_pages(connection: Connection, links: Links, names: tuple[str, ...] | None = None) -> Statement:
    """A statement for the pages: those that were counted last where they stand, else as they are counted now."""
    return SQL("kept_pages") if has_books(connection, links) else pages(links, names)


def totals(links: Links, names: tuple[str, ...] | None = None) -> Statement:
    """A statement for what the books say beside the pages: `table, source, loaded, quarantined, excluded`."""
    found: list[sql.Composable] = [sql.SQL(NO_TOTALS)]
    for name in links.tables if names is None else names:
        slots = {"table": literal(name), "staging": staging_table(name), "repeated": repeated_keys(name)}
        found.append(SQL("totals_of", **slots))
    return Statement("fragment", joined(found, by=" UNION ALL "))


def _pages_of(links: Links, name: str, *, of_users: str = "") -> Statement:
    sums = [
        sql.SQL("coalesce(sum(k.{}::numeric), 0)").format(identifier(column)) for column in money_columns(links, name)
    ]
    return SQL(
        "pages_of",
        table=literal(name),
        links=links.rows(name),
        state=state_of(identifier("g", "_reason")),
        sums=sql.SQL("ARRAY[{}]").format(joined(list(sums))),
        of_users=sql.SQL(of_users),
    )


def money_columns(links: Links, name: str) -> tuple[str, ...]:
    """The columns of a table whose sums the books keep, each once."""
    return tuple(dict.fromkeys(links.spec.tables[name].checks.sum))


def count_books(connection: Connection, links: Links, *, run: str) -> Drift:
    """Counts every page anew, unless this run has; says which were not as they had been carried. Inside `writing`."""
    mark = mark_of(connection, links)
    if is_fresh(connection, mark, run=run):
        return Drift()
    was_carried = is_counted(connection, mark)
    SQL("drop_fresh").exec(connection)
    SQL("gather_fresh", fresh=pages(links)).exec(connection)
    users, sample = SQL("replace_pages").one(connection)
    SQL("clear_totals").exec(connection)
    counted = SQL("list_totals", totals=totals(links)).many(connection)
    names = ("tables", "sources", "loaded", "quarantined", "excluded")
    SQL("write_totals").exec(connection, **{name: [row[n] for row in counted] for n, name in enumerate(names)})
    SQL("clear_wave_totals").exec(connection)
    SQL("write_wave_totals").exec(connection)
    analyze(connection, identifier("etl", "book"))
    write_counted(connection, mark, run=run)
    return Drift(int(users), tuple(sample or ())) if was_carried else Drift()


def require_books(connection: Connection, links: Links, *, run: str) -> None:
    """Counts the books where they are void; inside `writing`."""
    if not has_books(connection, links):
        count_books(connection, links, run=run)


def reasons_by_table(connection: Connection) -> set[tuple[str, str]]:
    """Each reason that a staged row has by the books, with its table."""
    return {(table, reason) for table, reason in SQL("list_reasons").many(connection)}


def conflicted_users(connection: Connection) -> list[str]:
    """Claimed users with rows that the target would have refused when their pages were written."""
    return [user for (user,) in SQL("list_conflicted_users").many(connection)]


def recount_conflicted(connection: Connection, links: Links) -> None:
    """Writes the pages of `conflicted_users` as the target would have it now; inside `writing`."""
    users = conflicted_users(connection)
    for name in links.tables if users else ():
        if not links.spec.tables[name].owner.is_none:
            fresh = pages_of_users(links.for_users(connection, users), name)
            SQL("recount_users", fresh=fresh, table=literal(name)).one(connection, users=users)


def pages_of_users(links: Links, name: str) -> Statement:
    """A statement for the pages of the parameter `users` as they would be counted now."""
    return _pages_of(links.by_our_tables, name, of_users="AND k._legacy_user_id = ANY (%(users)s)")


def can_be_carried(links: Links) -> bool:
    """False where a row's state hangs on a foreign key to one of our tables that no reference of the spec declares."""
    places = {(target.schema, target.name) for target in links.targets.values()}
    for name in links.tables:
        table = links.spec.tables[name]
        parts = [part for part, reference in table.references.items() if reference.table != USERS]
        declared = {column for part in parts for column in table.columns_of(part)}
        for rule in links.targets[name].foreign:
            if (rule.schema, rule.table) in places and not set(rule.columns) & declared:
                return False
    return True


def carry(connection: Connection, links: Links, *, users: list[str], wave: str, loaded: dict[str, int]) -> None:
    """Writes the pages of users for whom this transaction has loaded rows, and of those whose rows refer to them.

    Where they do not come out as the rows that went in say, the books are void.

    Args:
        connection: inside the transaction that has loaded; `carry_books` came before its first row.
        links: as they load.
        users: whose rows may have been loaded.
        wave: to which the rows belong.
        loaded: how many went into each table.
    """
    others = _dependent_users(connection, links, users)
    suited = links.for_users(connection, [*users, *others])
    is_right = True
    for name in links.tables:
        if links.spec.tables[name].owner.is_none:
            continue
        query = SQL("recount_users", fresh=pages_of_users(suited, name), table=literal(name))
        before, after, loaded_before, loaded_after = query.one(connection, users=[*users, *others])
        count = loaded.get(name, 0)
        is_right &= before == after and loaded_after - loaded_before == count
        if count:
            SQL("add_to_table").exec(connection, table=name, rows=count)
    if any(loaded.values()):
        SQL("add_to_wave").exec(connection, wave=wave, rows=sum(loaded.values()))
    if is_right:
        note_carried(connection)
    else:
        void_books(connection)


def clear_books(connection: Connection) -> None:
    """No page is left; inside `writing`."""
    void_books(connection)
    for name in ("clear_pages", "clear_totals", "clear_wave_totals"):
        SQL(name).exec(connection)


def _dependent_users(connection: Connection, links: Links, users: list[str]) -> list[str]:
    parts: list[sql.Composable] = []
    for name in links.tables:
        table = links.spec.tables[name]
        if table.owner.is_none:
            continue
        for column, number in reference_columns(table).items():
            parent = table.references[column].table
            ref = identifier("s", f"_ref{number}")
            slots = {"owners": links.owners(name), "staging": staging_table(name)}
            if parent == USERS:
                parts.append(SQL("list_naming", **slots, ref=ref))
            elif column != table.owner.via and not links.spec.tables[parent].owner.is_none:
                named = names(ref, sql.SQL("l.legacy_id"), is_many=table.references[column].path is not None)
                parts.append(SQL("list_referring", **slots, named=named, parent=literal(parent)))
    if not parts:
        return []
    query = SQL("list_dependent_users", referring=joined(parts, by=" UNION ALL "))
    return [user for (user,) in query.many(connection, users=users)]
