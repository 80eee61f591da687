"""The profile beside the balances: staged with the users, given once with their rows, given back by undo."""

import polars as pl

from etl_assets.access.postgres.catalog import fits, read_columns, regclass
from etl_assets.access.postgres.connection import Connection, as_the_app, fire_deferred
from etl_assets.access.postgres.copying import copy_frame
from etl_assets.access.postgres.statements import Statements, catalog_text, identifier, literal, qualified
from etl_assets.core.balances.balances import apply_balances, note_before
from etl_assets.core.links.binding import Slots
from etl_assets.core.links.links import Links
from etl_assets.model.errors import Refused, TargetMismatch, UndoRefused
from etl_assets.model.target import TargetColumn
from etl_assets.model.words import counted
from etl_assets.spec.model import Spec

SQL = Statements(__file__)


def profile_columns(connection: Connection, spec: Spec) -> dict[str, TargetColumn]:
    """The profiles' column behind each attribute.

    Raises:
        TargetMismatch: it is not there, or would change a value.
    """
    if not spec.profile:
        return {}
    [known] = read_columns(connection, regclass(*spec.accounts.profiles_table))
    problems = []
    for name, attribute in spec.profile.items():
        column = known.get(name)
        if column is None or column.generated:
            problems.append(f"{name} is no column that takes a value")
        elif not fits(attribute.type, column):
            problems.append(f"{name} is {column.type}, which would change a value of type {attribute.type}")
    if problems:
        raise TargetMismatch("profile", problems)
    return {name: known[name] for name in spec.profile}


def stage_profile(connection: Connection, frames: dict[str, pl.DataFrame]) -> None:
    """Swaps what a snapshot says of the users' profiles; runs inside `writing`, after `stage_balances`.

    Args:
        connection: to the target.
        frames: per attribute what `transform.profiles` makes of the users' export.
    """
    SQL("clear_legacy_profile").exec(connection)
    for name, frame in frames.items():
        SQL("create_profile_batch").exec(connection)
        copy_frame(connection, SQL("copy_profile"), frame)
        SQL("keep_profile").exec(connection, attribute=name)


def note_profiles(connection: Connection, links: Links, users: list[str]) -> None:
    """Remembers what these users' profiles say before their rows are loaded, in this transaction."""
    note_before(connection, links, users)
    if not links.spec.profile:
        return
    SQL("drop_profile_before").exec(connection)
    SQL("create_profile_before").exec(connection)
    for name in links.spec.profile:
        query = SQL("note_profile", **_slots(links, name), accounts=links.holders)
        query.exec(connection, users=users)


def write_profiles(connection: Connection, links: Links, *, wave: str, run: str) -> dict[str, int]:
    """Gives the accounts of `note_profiles` what is due to them; returns how many notes of which kind it made of it.

    Raises:
        Refused: a trigger changes a profile already, or a column does not take the value as it is.
    """
    balances = apply_balances(connection, links, wave=wave, run=run)
    types = profile_columns(connection, links.spec)
    if types:
        fire_deferred(connection)
    attributes = sum(_give(connection, links, name, types[name], wave=wave, run=run) for name in types)
    return {"balances": balances, "attributes": attributes}


def _give(connection: Connection, links: Links, name: str, column: TargetColumn, *, wave: str, run: str) -> int:
    slots = _slots(links, name)
    count, sample = SQL("count_profile_changed", **slots).one(connection)
    if count:
        remedy = (
            "A trigger on the loaded tables changes this attribute already. Disable the trigger for the load, or "
            "leave the attribute out of the spec."
        )
        raise Refused("profiles_arrive_unchanged", table=name, count=count, sample=sample or (), remedy=remedy)
    is_set = literal(links.spec.profile[name].apply == "set")
    query = SQL("apply_profile", **slots, type=catalog_text(column.type), sets=is_set)
    with as_the_app(connection):
        entered, inexact, sample = query.one(connection, wave=wave, run=run)
    if inexact:
        remedy = "A trigger or a rule on the profiles rewrites the value. Nothing of this batch was kept."
        raise Refused("profiles_arrive_unchanged", table=name, count=inexact, sample=sample or (), remedy=remedy)
    return int(entered)


def due_profile(connection: Connection, links: Links) -> set[str]:
    """Users who have moved and whose attribute is still to be given: it could not be read, or was not there then."""
    found: set[str] = set()
    for name in links.spec.profile:
        query = SQL("list_due_profile", attribute=literal(name), accounts=links.holders)
        found |= {user for (user,) in query.many(connection)}
    return found


def undo_profile(connection: Connection, links: Links, *, users: list[str], wave: str | None) -> dict[str, int]:
    """Gives back the former values where ours still stand; returns how many that were, per attribute.

    Raises:
        UndoRefused: an attribute is not in the spec any more, or a trigger keeps ours.
    """
    values = {"users": users, "wave": wave}
    known = list(links.spec.profile)
    unknown = [name for (name,) in SQL("list_unknown_profile").many(connection, **values, known=known)]
    if unknown:
        what = f"Undo refused: the spec does not name {', '.join(unknown)} any more, which these users were given"
        raise UndoRefused(what, remedy="Undo with the spec that was loaded with.")
    found, types = {}, profile_columns(connection, links.spec)
    for name in links.spec.profile:
        query = SQL("undo_profile", **_slots(links, name), type=catalog_text(types[name].type))
        with as_the_app(connection):
            given, inexact = query.one(connection, **values)
        if inexact:
            what = f"Undo refused: {counted(inexact, 'account')} did not take {name} as it was"
            raise UndoRefused(what, remedy="Look at the triggers and rules on UPDATE of the profiles.")
        found[name] = int(given)
    return found


def _slots(links: Links, name: str) -> Slots:
    profiles = qualified(*links.spec.accounts.profiles_table)
    return {"attribute": literal(name), "column": identifier(name), "profiles": profiles}
