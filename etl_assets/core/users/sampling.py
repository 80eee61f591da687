"""A few users with all that belongs to them, the same ones every time."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statement, Statements, identifier, staging_table
from etl_assets.core.links.links import Links
from etl_assets.core.links.reference import one_of_them
from etl_assets.spec.model import USERS
from etl_assets.spec.shapes import reference_columns

SQL = Statements(__file__)


def sampled(
    connection: Connection, links: Links, *, states: sql.Composed, candidates: list[str], sample: str
) -> list[str]:
    """The users of a sample, with the owners of every row to which theirs refer, as far as they can be claimed.

    Args:
        connection: to the target, in a transaction.
        links: of the tables that the target has.
        states: a statement for the states of the parameter `users`.
        candidates: whom a wave could take.
        sample: `<number>/<seed>`; the seed decides which.
    """
    count, _, seed = sample.partition("/")
    values = {"users": candidates, "seed": seed, "count": int(count)}
    chosen = {user for (user,) in SQL("list_sample", states=states).many(connection, **values)}
    new = chosen
    while new:
        named = {user for query in _referenced(links) for (user,) in query.many(connection, users=list(new))}
        found = SQL("list_claimable", states=states).many(connection, users=list(named - chosen))
        new = {user for (user,) in found} & set(candidates)
        chosen |= new
    return sorted(chosen)


def _referenced(links: Links) -> list[Statement]:
    found, spec = [], links.spec
    for name in links.tables:
        table = spec.tables[name]
        for column, number in reference_columns(table).items():
            parent = table.references[column].table
            if table.owner.is_none or (parent != USERS and spec.tables[parent].owner.is_none):
                continue
            ref = one_of_them(identifier("s", f"_ref{number}"), is_many=table.references[column].path is not None)
            slots = {"owners": links.owners(name), "staging": staging_table(name), "ref": ref}
            if parent == USERS:
                found.append(SQL("list_referenced_users", **slots))
            else:
                found.append(SQL("list_referenced_owners", **slots, parents=links.owners(parent)))
    return found
