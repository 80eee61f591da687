"""One table's rows that are ready: gathered, written into production, read back and entered into the ledger."""

from psycopg import sql

from etl_assets.access.postgres.catalog import find_sequence, regclass
from etl_assets.access.postgres.connection import Connection, as_the_app, joining
from etl_assets.access.postgres.statements import Statements, identifier, joined, staging_table
from etl_assets.core.links.foreign_keys import proof_slots, proven_by_join, require_parents
from etl_assets.core.links.links import Links
from etl_assets.core.load.read_back import not_as_written
from etl_assets.spec.model import Table

SQL = Statements(__file__)

MANY = 10_000  # rows that are found by one join rather than one by one


def insert_ready(
    connection: Connection,
    links: Links,
    table: Table,
    *,
    users: list[str] | None,
    wave: str | None,
    keys: list[str] | None = None,
) -> tuple[int, str]:
    """Writes the rows of one table that are ready: those of some users, or of an unowned table all; and the ledger.

    With `keys`, only rows with these legacy ids.

    Returns:
        How many went in, and an order-free digest of them as they were read back.

    Raises:
        Refused: one was changed on its way in, or refers to a row that is not there.
    """
    columns = joined([identifier(column) for column in links.columns(table.name)])
    gather = SQL(
        "gather_batch",
        links=links.rows(table.name),
        of_users=chosen(users, keys),
        columns=joined([identifier("k", column) for column in links.columns(table.name)]),
        sorting=identifier("_account_id" if users is not None else "_legacy_id"),
    )
    batch = gather.exec(connection, users=users, keys=keys)
    slots = links.slots(table.name)
    insert = SQL("insert_batch", target=slots["target"], columns=columns, **proof_slots(links, table.name))
    with as_the_app(connection), proven_by_join(connection, links):
        _, *orphans = insert.one(connection)
    require_parents(table.name, *orphans)
    read = {name: slots[name] for name in ("target", "id")}
    read["is_equal"] = links.is_equal(table.name, "b", "t")
    found = links.digest(table.name, "t")
    with joining(connection, many=batch > MANY):
        entered, digest = SQL("enter_batch", **read, table=slots["table"], found=found).one(connection, wave=wave)
    if batch != entered:
        count, sample = SQL("list_differing", **read).one(connection)
        when = "while they were inserted: look at its triggers and rules"
        raise not_as_written(table.name, int(count), sample, when)
    SQL("drop_batch").exec(connection)
    return int(entered), str(digest)


def chosen(users: list[str] | None, keys: list[str] | None) -> sql.Composed:
    """The condition for rows of some users, or with some legacy ids; nothing where all are meant."""
    found: list[sql.Composable] = []
    if users is not None:
        found.append(sql.SQL("AND k._legacy_user_id = ANY (%(users)s)"))
    if keys is not None:
        found.append(sql.SQL("AND k._legacy_id = ANY (%(keys)s)"))
    return joined(found, by=" ")


def adopt(connection: Connection, links: Links, table: Table) -> int:
    """Enters rows into the ledger that the target has already, equal in every column; returns how many."""
    query = SQL(
        "adopt_rows",
        links=links.rows(table.name),
        **links.slots(table.name),
        found=links.digest(table.name, "t"),
        expected=links.digest(table.name, "k"),
    )
    return query.exec(connection)


def raise_sequence(connection: Connection, links: Links, table: Table) -> None:
    """The next native row of a table whose ids are kept gets an id above them."""
    if table.id.rule != "keep":
        return
    target = links.targets[table.name]
    if target.columns[table.id.to].base not in ("smallint", "integer", "bigint"):
        return
    name = regclass(target.schema, target.name)
    sequence = find_sequence(connection, name, table.id.to)
    if sequence is not None:
        query = SQL("raise_sequence", **links.slots(table.name), staging=staging_table(table.name))
        query.exec(connection, sequence=sequence)
