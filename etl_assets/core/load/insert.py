"""The rows of a table that are ready, or of tables that refer to one another: written, read back, entered."""

from collections import Counter

from etl_assets.access.postgres.catalog import find_sequence, regclass
from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, staging_table
from etl_assets.core.links.circle import checked_later
from etl_assets.core.links.links import Links
from etl_assets.core.load.batch import Batch
from etl_assets.core.load.rounds import joined_users
from etl_assets.core.memory.facts import find_last_id
from etl_assets.model.errors import SAMPLE_SIZE, Refused
from etl_assets.model.words import counted
from etl_assets.spec.model import Table

SQL = Statements(__file__)

# Rows of users that have to arrive together cannot be dealt out to several transactions, and whoever waits for the
# writers' turn meanwhile gives up after a minute (`LOCK_WAIT_S`).
MOST_TOGETHER = 100_000


def insert_ready(
    connection: Connection,
    links: Links,
    unit: tuple[str, ...],
    *,
    users: list[str] | None,
    wave: str | None,
    keys: dict[str, list[str]] | None = None,
) -> dict[str, tuple[int, str]]:
    """Writes the rows of a table, or of the tables of a circle, that are ready, and the ledger: of some users, or all.

    The rows of a circle refer to one another: all are gathered before the first is written, and entered when the last
    one is. With `keys`, only rows with these legacy ids.

    Returns:
        Per table how many went in, and an order-free digest of them as they were read back.

    Raises:
        Refused: one was changed on its way in, or refers to a row that is not there; too many have to arrive at once.
    """
    batches = [Batch(links, name, unit) for name in unit]
    counts = [batch.gather(connection, users, keys[batch.name] if keys else None) for batch in batches]
    while links.together and any(pruned := [batch.prune(connection) for batch in batches]):
        counts = [count - gone for count, gone in zip(counts, pruned, strict=True)]
    if links.together and sum(counts) > MOST_TOGETHER:
        _require_small(connection, batches)
    with checked_later(connection, links, unit):
        for batch in batches:
            batch.write(connection)
        for batch in batches:
            batch.fill(connection)
    for batch in batches:
        batch.require_parents(connection)
    return {b.name: b.enter(connection, count, wave=wave) for b, count in zip(batches, counts, strict=True)}


def _require_small(connection: Connection, batches: list[Batch]) -> None:
    """Raises where users are joined by rows that refer to one another round in a circle, and by too many of them."""
    rows: Counter[str] = Counter()
    for batch in batches:
        rows.update(batch.rows_of_users(connection))
    pairs = [pair for batch in batches for pair in batch.pairs_of_users(connection)]
    users, count = joined_users(rows, pairs)[0]
    if count <= MOST_TOGETHER:
        return
    raise Refused(
        "a_circle_fits_one_transaction",
        table=", ".join(batch.name for batch in batches),
        count=count,
        sample=sorted(users)[: SAMPLE_SIZE + 1],
        names="legacy users",
        remedy=f"These rows of {counted(len(users), 'user')} refer to one another round in a circle, so all of them "
        f"would arrive in one transaction, which takes {MOST_TOGETHER:,} at most: others wait for it. Leave the column "
        "that closes the circle out of the spec, or make it NULL in some of these rows: an empty value in the "
        "corrections file.",
    )


def insert_unit(
    connection: Connection, links: Links, unit: tuple[str, ...], *, users: list[str], wave: str
) -> dict[str, tuple[int, str]]:
    """As `insert_ready`; in a circle again and again, because a row of one user can wait for that of another.

    Returns:
        Per table how many went in, and the digests of all passes.
    """
    passes = [insert_ready(connection, links, unit, users=users, wave=wave)]
    if not links.spec.circle_of(unit[0]):
        return passes[0]
    while any(count for count, _ in passes[-1].values()):
        passes.append(insert_ready(connection, links, unit, users=users, wave=wave))
    # What is left may be rows of several users that wait for one another.
    passes.append(insert_ready(connection, links.as_together, unit, users=users, wave=wave))
    return {name: (sum(p[name][0] for p in passes), str(sum(int(p[name][1]) for p in passes))) for name in unit}


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
        query.exec(connection, sequence=sequence, last=find_last_id(connection, table.name))
