"""Production read back: what a load wrote before it commits, and what the ledger does not know."""

from dataclasses import dataclass

from psycopg import sql

from etl_assets.access.postgres.catalog import regclass
from etl_assets.access.postgres.connection import Connection, fire_deferred
from etl_assets.access.postgres.statements import (
    Statements,
    identifier,
    joined,
    literal,
    staging_table,
)
from etl_assets.core.links.binding import Slots
from etl_assets.core.links.links import Links
from etl_assets.core.memory.columns import COLUMNS_OF, difference, follows
from etl_assets.core.memory.facts import drop_fact, is_loaded, known_facts, replace_fact
from etl_assets.core.memory.schema import declared_facts
from etl_assets.core.users.waves import Claims
from etl_assets.model.errors import Refused

SQL = Statements(__file__)

SHAPE_OF, PLACE_OF = "shape of ", "place of "

# Types of which two values are quickly held equal; of others that is costly (jsonb, bytea), or not known (json, xml).
CHEAP = (
    *("smallint", "integer", "bigint", "numeric", "boolean", "date", "uuid", "text", "character varying"),
    *("timestamp with time zone", "timestamp without time zone"),
)


@dataclass(frozen=True)
class Strays:
    """Rows of one table that the ledger does not know.

    `ours` were written by a loading transaction, `doubled_since` are later copies of loaded rows under ids of their
    own. The samples are new ids of the former, and legacy ids of what the latter are copies of.
    """

    ours: int = 0
    doubled_since: int = 0
    ours_sample: tuple[str, ...] = ()
    doubled_sample: tuple[str, ...] = ()


def require_as_written(connection: Connection, links: Links, names: list[str], *, users: list[str] | None) -> None:
    """Raises unless all that this transaction loaded stands in production as the ledger has it.

    Each row was read back when it was written; this is about what came after it, such as a trigger that was deferred.
    Where no trigger and no rule of the app runs, only a mistake of ours can have come: that a row is gone is looked for
    here, because nobody could tell it from a later removal; that one is altered is found by whoever reads it next.

    Raises:
        Refused: a row was altered or removed.
    """
    fire_deferred(connection)
    may_differ = can_be_altered(connection, links)
    of_users = sql.SQL("AND l.legacy_user_id = ANY (%(users)s)") if users is not None else sql.SQL("")
    for name in names:
        differs = sql.SQL("t.{} IS NULL").format(identifier(links.spec.tables[name].id.to))
        if may_differ:
            differs = sql.SQL("{} IS DISTINCT FROM l.digest").format(links.digest(name, "t"))
        query = SQL("read_back", **links.slots(name), differs=differs, of_users=of_users)
        count, sample = query.one(connection, users=users)
        if count:
            raise not_as_written(name, int(count), sample, "after they were inserted: look at its triggers")
        if may_differ:
            take_versions(connection, links, [name], users=users)


def take_versions(connection: Connection, links: Links, names: list[str], *, users: list[str] | None) -> None:
    """What a trigger wrote to, or was written within a savepoint, carries another transaction's mark: that is kept."""
    of_users = sql.SQL("AND l.legacy_user_id = ANY (%(users)s)") if users is not None else sql.SQL("")
    for name in names:
        query = SQL("take_versions", **links.slots(name), of_users=of_users)
        query.exec(connection, users=users)


def follow_target(connection: Connection, links: Links) -> None:
    """Takes the digests of loaded rows anew where the app has renamed, dropped or retyped columns; inside `writing`.

    A loaded row that is what is staged now, column by column, is as it was loaded, whatever its columns were before.
    Any other keeps its digest, and is listed as changed. Versions stay: a row that was written to since is in use.

    Raises:
        Refused: loaded rows lack what a column that the spec names now should hold.
    """
    known, declared = known_facts(connection), declared_facts(links.spec)
    for name in links.tables:
        _follow_name(connection, links, name, known)
        fact, shape = f"{COLUMNS_OF}{name}", links.shape(name)
        former, columns = known.get(fact, declared[fact]), declared[fact]
        was = known.get(f"{SHAPE_OF}{name}")
        if (was, former) == (shape, columns):
            continue
        if was is not None and is_loaded(connection, name):
            if former != columns and not follows(former, columns, links.fillable[name]):
                continue
            _require_filled(connection, links, name, difference(former, columns)[0])
            SQL("take_digests", **_as_staged(links, name), is_equal=links.is_equal(name, "k", "t")).exec(connection)
            replace_fact(connection, fact, columns)
        replace_fact(connection, f"{SHAPE_OF}{name}", shape)


def _follow_name(connection: Connection, links: Links, name: str, known: dict[str, str]) -> None:
    """A table that is called otherwise now is the same one."""
    table, fact = links.spec.tables[name], f"table {name}"
    former, found, rest = known.get(fact, "").partition(", id ")
    seen, _, _ = known.get(PLACE_OF + name, "").partition("/")
    if found and former != table.target and seen and seen == place_of(connection, links, name).partition("/")[0]:
        replace_fact(connection, fact, f"{table.target}{found}{rest}")
        drop_fact(connection, f"from {table.source} to {former}")


def place_of(connection: Connection, links: Links, name: str) -> str:
    """Which table this is, and which file holds it."""
    target = links.targets[name]
    return str(SQL("find_place").one(connection, table=regclass(target.schema, target.name))[0])


def _require_filled(connection: Connection, links: Links, name: str, added: list[str]) -> None:
    if not added:
        return
    lacks: list[sql.Composable] = [
        sql.SQL("t.{0} IS NULL AND k.{0} IS NOT NULL").format(identifier(column)) for column in added
    ]
    slots = {part: slot for part, slot in _as_staged(links, name).items() if part != "found"}
    query = SQL("count_lacking", **slots, lacks=joined(lacks, by=" OR "))
    count, sample = query.one(connection)
    if count:
        raise Refused(
            "loaded_rows_have_what_the_spec_names",
            table=name,
            count=int(count),
            sample=sample or (),
            remedy=f"The target's {', '.join(added)} is no column of theirs that was renamed: they would stay without "
            "it. Leave it out of the spec and migrate; then name it again, and fill it in with `migrate --backfill`.",
        )


def _as_staged(links: Links, name: str) -> Slots:
    return {**links.slots(name), "links": links.as_whole.rows(name), "found": links.digest(name, "t")}


def can_be_altered(connection: Connection, links: Links) -> bool:
    """True when a trigger or a rule of the app runs as rows are written; in a dry run rows bear other marks anyhow."""
    tables = {(links.targets[name].schema, links.targets[name].name) for name in links.tables}
    tables |= {links.spec.accounts.profiles_table} if links.spec.writes_profiles else set()
    written = sorted(regclass(*names) for names in tables)
    return bool(SQL("can_be_altered").one(connection, tables=written)[0])


def not_as_written(table: str, count: int, sample: list[str] | None, when: str) -> Refused:
    """The refusal of a batch that the target did not take as it was."""
    remedy = f"The target changed or swallowed these rows {when}. Nothing of this batch was kept."
    return Refused("rows_arrive_unchanged", table=table, count=count, sample=sample or (), remedy=remedy)


def find_strays(connection: Connection, links: Links, name: str, *, among: Claims | None = None) -> Strays:
    """Rows of one table that the ledger does not know, as far as they were doubled or are our fault.

    With `among`, only rows of these accounts are looked at; of a table that names no account, none.
    """
    columns, owner = links.changeable(name), links.spec.tables[name].owner.to
    if not columns or (among is not None and not owner):
        return Strays()
    of_accounts: sql.Composable = sql.SQL("")
    of_users = sql.SQL("")
    if among is not None:
        of_accounts = sql.SQL("AND t.{} = ANY (%(accounts)s::uuid[])").format(identifier(owner or ""))
        of_users = sql.SQL("AND l.legacy_user_id = ANY (%(users)s)")
    known = links.targets[name].columns
    cheap = [column for column in sorted(columns) if known[column].not_null and known[column].base in CHEAP]
    values: list[sql.Composable] = [identifier("t", column) for column in cheap] or [sql.SQL("true")]
    names: list[sql.Composable] = [identifier(f"_key{number}") for number in range(len(values))]
    query = SQL(
        "count_strays",
        **links.slots(name),
        keys=joined([sql.SQL("{} AS {}").format(*pair) for pair in zip(values, names, strict=True)]),
        values=joined(values),
        names=joined(names),
        content=sql.SQL("ROW({})").format(joined([identifier("t", column) for column in sorted(columns)])),
        fires=literal(any(links.spec.policy.fires(table) for table in links.tables)),
        staging=staging_table(name),
        tables=literal(_sharing_target(links, name)),
        of_accounts=of_accounts,
        of_users=of_users,
    )
    ours, doubled, ours_ids, doubled_ids = query.one(connection, **(among._asdict() if among else {}))
    return Strays(int(ours), int(doubled), tuple(ours_ids or ()), tuple(doubled_ids or ()))


def _sharing_target(links: Links, name: str) -> list[str]:
    """The tables that are loaded into the same target as this one, itself among them."""
    target = links.targets[name]
    places = {other: (links.targets[other].schema, links.targets[other].name) for other in links.tables}
    return [other for other, place in places.items() if place == (target.schema, target.name)]
