"""Legacy ids that SQLite gave to another row after the first was loaded: the second row gets an id of its own.

The first row's line in the ledger goes on under a key that no legacy row has, so that the legacy id is free for the
second. `etl.reissued` keeps which new id the legacy id stands for from then on, for the row and for what refers to it.
"""

from etl_assets.access.postgres.connection import Connection, has_table
from etl_assets.access.postgres.statements import Statements, literal, staging_table
from etl_assets.core.links.links import Links
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.staged import snapshots_by_table
from etl_assets.model.ids import new_id
from etl_assets.spec.model import Spec

SQL = Statements(__file__)


def free_reissued(connection: Connection, links: Links, name: str, *, run: str) -> None:
    """Frees the legacy ids of a table that was just staged, and of those owned through it, that another row has now.

    Runs inside `writing`. Only where nothing is left to doubt: the row was made at another moment than the loaded one,
    and belongs to another user. Ids that are kept cannot be given twice: those rows stay quarantined.
    """
    for table in _owned_through(links.spec, name):
        if _is_staged(connection, links.spec, table):
            _free(connection, links, table, run=run)


def _free(connection: Connection, links: Links, name: str, *, run: str) -> None:
    table = links.spec.tables[name]
    if table.owner.is_none or table.id.rule == "keep" or not table.created_column:
        return
    found = SQL("list_reissued", staging=staging_table(name), table=literal(name), owners=links.owners(name)).many(
        connection
    )
    if not found:
        return
    ids = [str(new_id(links.spec.namespace, name, f"{key}#{created}")) for key, created in found]
    values = {"keys": [key for key, _ in found], "ids": ids}
    SQL("retire_keys", table=literal(name)).exec(connection, **values)
    audit(connection, run=run, action="reissued", table=name, rows=len(found))


def _owned_through(spec: Spec, name: str) -> list[str]:
    """The table, and those that are owned through it, however far."""
    found = [name]
    for table in (spec.tables[other] for other in spec.load_order):
        if table.owner.via and table.references[table.owner.via].table in found:
            found.append(table.name)
    return found


def _is_staged(connection: Connection, spec: Spec, name: str) -> bool:
    """True when the table and those through which it is owned are staged, of one snapshot."""
    line = [name]
    while spec.tables[line[-1]].owner.via:
        line.append(spec.tables[line[-1]].references[spec.tables[line[-1]].owner.via or ""].table)
    snapshots = snapshots_by_table(connection)
    is_of_one = len({snapshots.get(table) for table in line}) == 1 and line[0] in snapshots
    # Somebody may have dropped one by hand; it is made anew by its own staging.
    return is_of_one and all(has_table(connection, f"etl.stg_{table}") for table in line)
