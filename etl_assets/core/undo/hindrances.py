"""What keeps rows from being taken out of production: somebody works with them, or refers to them."""

from psycopg import sql

from etl_assets.access.postgres.catalog import regclass
from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import (
    Statement,
    Statements,
    identifier,
    joined,
    literal,
    qualified,
)
from etl_assets.core.balances.balances import require_known_balances, spent_balances
from etl_assets.core.links.links import Links
from etl_assets.model.errors import UndoRefused
from etl_assets.spec.model import USERS
from etl_assets.spec.references import column_of
from etl_assets.spec.types import JSON_TYPES

SQL = Statements(__file__)

CHANGED = "were changed in production since they were loaded"
REFERRED = "are referred to by rows that stay"
LATER = "were written again by another wave"
NAMING = "name the account of a user who goes"
COUNTED = "were removed in production and count towards a balance"


def hindrances(
    connection: Connection,
    links: Links,
    tables: list[str],
    *,
    users: list[str],
    wave: str | None,
    in_use: bool = False,
) -> list[tuple[str, str, str]]:
    """Every row that hinders an undo, as `UndoRefused` lists them; `etl_undo` says which rows are in question.

    With `in_use`, that somebody has written to a row hinders nothing.

    Raises:
        UndoRefused: a trigger of the app would see it, or a balance is not in the spec any more.
    """
    require_known_balances(connection, links, users=users, wave=wave)
    values = {"users": users, "wave": wave, "in_use": in_use}
    found = []
    for name in tables:
        _require_no_trigger(connection, links, name)
        queries = _queries(links, name, wave=wave)
        queries += [(REFERRED, query) for query in _referring(connection, links, name, tables)]
        marked = {(key, why) for why, query in queries for (key,) in query.many(connection, **values)}
        found += [(name, key, why) for key, why in sorted(marked)]
    for name in links.tables:
        for query in _naming(links, name):
            found += [(name, key, NAMING) for (key,) in query.many(connection, **values)]
    return [*found, *spent_balances(connection, links, users=users, wave=wave)]


def _queries(links: Links, name: str, *, wave: str | None) -> list[tuple[str, Statement]]:
    slots, profiles = links.slots(name), qualified(*links.spec.accounts.profiles_table)
    found = [(CHANGED, SQL("list_changed_since", **slots, found=links.digest(name, "t")))]
    if wave is not None:
        found.append((LATER, SQL("list_written_later", table=slots["table"])))
    if any(balance.summed and balance.summed[0] == name for balance in links.spec.balances.values()):
        found.append((COUNTED, SQL("list_gone_since", **slots, profiles=profiles)))
    return found


def _require_no_trigger(connection: Connection, links: Links, name: str) -> None:
    if links.spec.policy.fires(name):
        return
    target = links.targets[name]
    for how, verb, triggers in (
        ("remove", "deleting from", target.delete_triggers),
        ("restore", "updating", target.update_triggers),
    ):
        count = SQL("count_in_question", table=literal(name))
        if triggers and count.one(connection, how=how)[0]:
            what = f"Undo refused: {verb} {links.spec.tables[name].target} would fire {', '.join(triggers)}"
            raise UndoRefused(what, remedy=f"Disable them meanwhile, or say `policy: {{triggers: {{{name}: fire}}}}`.")


def _referring(connection: Connection, links: Links, name: str, tables: list[str]) -> list[Statement]:
    """Statements for rows that something staying refers to: by a foreign key, or by a reference of the spec."""
    table, target = links.spec.tables[name], links.targets[name]
    by_place: dict[tuple[str, str], list[str]] = {}
    for other in tables:
        by_place.setdefault((links.targets[other].schema, links.targets[other].name), []).append(other)
    pairs: set[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = set()
    within: list[tuple[str, str, sql.Composable]] = []
    place = regclass(target.schema, target.name)
    for schema, child, here, there in SQL("read_referring").many(connection, table=place):
        pairs.add((schema, child, tuple(here), tuple(there)))
    for other in links.tables:
        for part, reference in links.spec.tables[other].references.items():
            if reference.table != name:
                continue
            child, column = links.targets[other], column_of(part)
            if reference.path:
                is_list = links.spec.tables[other].columns[column].type not in JSON_TYPES
                two = {"id": identifier("t", table.id.to), "column": identifier("c", column)}
                path = literal(reference.postgres_path)
                has_it = SQL("is_in_list", **two) if is_list else SQL("is_in_json", **two, path=path)
                within.append((child.schema, child.name, has_it))
            elif reference.key:
                pairs.add((child.schema, child.name, reference.columns, reference.key))
            elif links.spec.tables[other].columns[column].type != "text":
                pairs.add((child.schema, child.name, (column,), (table.id.to,)))
    found = []
    for schema, child, here, there in sorted(pairs):
        same = [sql.SQL("c.{} = t.{}").format(identifier(h), identifier(t)) for h, t in zip(here, there, strict=True)]
        within.append((schema, child, joined(list(same), by=" AND ")))
    for schema, child_name, condition in within:
        goes = [_is_not_undone(links, ours) for ours in by_place.get((schema, child_name), ())]
        stays = joined([sql.SQL("true"), *goes], by=" AND ")
        slots = {"child": qualified(schema, child_name), "same": condition, "stays": stays}
        found.append(SQL("list_referring", **links.slots(name), **slots))
    return found


def _is_not_undone(links: Links, name: str) -> Statement:
    return SQL("is_not_undone", **links.slots(name))


def _naming(links: Links, name: str) -> list[Statement]:
    """Statements for rows of other users that name one whose claim is taken back."""
    table = links.spec.tables[name]
    columns = [column for column, reference in table.references.items() if reference.table == USERS]
    return [SQL("list_naming", **links.slots(name), column=identifier(column)) for column in columns]
