"""Changed legacy rows, written over production rows that still are what was loaded (`on_change: update`)."""

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, as_the_app
from etl_assets.access.postgres.statements import Statements, identifier, joined, literal
from etl_assets.core.links.binding import Slots
from etl_assets.core.links.links import Links
from etl_assets.core.load.batch import chosen
from etl_assets.model.errors import Refused

SQL = Statements(__file__)


def write_changes(  # noqa: PLR0913 - whose rows, which of them, for the ledger
    connection: Connection,
    links: Links,
    name: str,
    *,
    users: list[str] | None,
    wave: str | None,
    run: str,
    keys: list[str] | None = None,
) -> int:
    """Updates one table's changed rows and returns how many; 0 where the spec only reports changes.

    What stood there is kept in `etl.former`. A row that somebody changed or removed in production since, or whose new
    version cannot be loaded, is left alone and listed by `verification`.

    Raises:
        Refused: the target changed a row on its way in.
    """
    if not links.spec.policy.updates:
        return 0
    columns = links.changeable(name)
    if not columns:
        return 0
    query = SQL(
        "update_rows",
        **_slots(links, name),
        of_users=chosen(users, keys),
        columns=literal(columns),
        former=sql.SQL("ARRAY[{}]").format(joined([sql.SQL("{}::text").format(identifier("t", c)) for c in columns])),
        changes=changes(columns),
    )
    with as_the_app(connection):
        found, entered, altered, sample = query.one(connection, users=users, wave=wave, run=run, keys=keys)
    if found != entered or altered:
        raise Refused(
            "rows_arrive_unchanged",
            table=name,
            count=max(found - entered, altered),
            sample=sample,
            remedy="The target changed or swallowed these rows while they were updated: look at its triggers and "
            "rules. Nothing of this batch was kept.",
        )
    return int(entered)


def changes(columns: list[str]) -> sql.Composed:
    """`"a" = c."a", ...`."""
    return joined([sql.SQL("{0} = c.{0}").format(identifier(column)) for column in columns])


def casts(links: Links, name: str, columns: list[str]) -> sql.Composed:
    """`"a" = (e.content ->> 'a')::integer, ...`: what `etl.former` keeps, as the columns take it."""
    kept = {column: sql.SQL("(e.content ->> {})").format(literal(column)) for column in columns}
    return joined(
        [sql.SQL("{} = {}").format(identifier(c), links.from_text(name, c, text)) for c, text in kept.items()]
    )


def changed_users(connection: Connection, links: Links, name: str) -> set[str]:
    """Users with a row that `write_changes` would update; nobody where the spec only reports changes."""
    if not links.spec.policy.updates:
        return set()
    return {user for (user,) in SQL("list_changed_users", **_slots(links, name)).many(connection)}


def has_changed_row(connection: Connection, links: Links, name: str) -> bool:
    """True when `write_changes` would update a row."""
    if not links.spec.policy.updates:
        return False
    return SQL("find_changed_row", **_slots(links, name)).first(connection) is not None


def _slots(links: Links, name: str) -> Slots:
    slots = {**links.slots(name), "expected": links.digest(name, "k"), "found": links.digest(name, "t")}
    # Two equal records need no digest, and most are equal.
    same = {"is_equal": links.is_equal(name, "k", "t")}
    return {**slots, "changed_rows": SQL("changed_rows", links=links.rows(name, as_new=True), **slots, **same)}
