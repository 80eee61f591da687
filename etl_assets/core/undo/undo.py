"""A wave or a user taken out of production again: what the ledger says, all of it or nothing."""

from dataclasses import dataclass, field

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, as_the_app, fire_deferred, writing
from etl_assets.access.postgres.statements import Statements, identifier, joined, qualified
from etl_assets.core.balances.balances import spent_balances, undo_balances
from etl_assets.core.balances.profiles import undo_profile
from etl_assets.core.files.record import Object
from etl_assets.core.files.removal import changed_objects
from etl_assets.core.links.circle import Unit, checked_later, units, written_later
from etl_assets.core.links.links import Links
from etl_assets.core.load.update import casts
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.final_books import find_final_books, keep_final_books
from etl_assets.core.memory.schema import contradictions, declared_facts, exists
from etl_assets.core.undo.hindrances import hindrances
from etl_assets.core.users import waves
from etl_assets.core.users.holds import hold
from etl_assets.core.users.users import find_user
from etl_assets.faults import fault_point
from etl_assets.model.errors import SettingsError, UndoRefused
from etl_assets.model.words import counted
from etl_assets.spec.model import USERS

SQL = Statements(__file__)

LAST = "last"
CHANGED_FILE = "were given another file in the new app"
AS_LOADED = (
    "Undo with the spec that was loaded with. If the target has other columns by now, run `etl-assets migrate` with "
    "the spec that says so; then undo."
)
DISABLE = "Nothing was taken out. Disable the triggers meanwhile: what they book would be taken back twice."
TAKE_CARE = (
    "Nothing was taken out. Settle these rows in the new app, or leave what was loaded. `--in-use` (in the Launchpad "
    "`in_use: true`) takes out rows that were changed all the same, and keeps what they held in etl.taken_out."
)


@dataclass
class Undone:
    """What became of it: users on hold; rows removed, given back their former values, or gone before; money; profiles.

    `lost` rows had gone with their account, and may come back with another. `kept` of those removed were in use.
    `waves` are those that had brought them. `files` of theirs were removed; `kept_files` somebody has changed since.
    """

    users: int = 0
    removed: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    profile: dict[str, int] = field(default_factory=dict)
    waves: list[str] = field(default_factory=list)
    files: int = 0
    kept_files: int = 0


def undo_wave(connection: Connection, links: Links, *, wave: str, run: str, in_use: bool = False) -> Undone:
    """Takes out everything of the wave's users, and what the wave brought or changed for others, in one transaction.

    `last` stands for the last wave that was not undone. The wave's users lose their claim and are held, the others keep
    theirs and are held, until the wave is run again by hand. A row that its user removed before stays in the ledger,
    and so never comes back; one that went with its account leaves the ledger. With `in_use`, rows that somebody has
    written to since go too, and all that they held is kept in `etl.taken_out`.

    Raises:
        SettingsError: there is no such wave, or it was undone already.
        UndoRefused: a row was changed since, or something that stays refers to it.
    """
    with writing(connection, run=run):
        known = [key for (key,) in SQL("list_live_waves").many(connection)]
        wave = known[-1] if wave == LAST and known else wave
        sealed = waves.find_wave(connection, wave)
        if sealed is None or sealed.is_undone:
            what = "was undone already" if sealed else "is not a wave of this target"
            raise SettingsError(f"{wave!r} {what}; its waves are {', '.join(known[-6:]) or 'none'}")
        users = waves.users_of_wave(connection, wave)
        done = _undo(connection, links, users=users, wave=wave, run=run, in_use=in_use)
        waves.mark_undone(connection, wave)
        done.waves = [wave]
        fault_point("undo.before_commit")
    fault_point("undo.committed")
    return done


def undo_user(connection: Connection, links: Links, *, user: str, run: str, in_use: bool = False) -> Undone:
    """Takes out everything of one legacy user, in one transaction; the user loses the claim and is held.

    `in_use` is as for a wave.

    Raises:
        SettingsError: nobody has this id, or the user has claimed nothing.
        UndoRefused: a row was changed since, or something that stays refers to it.
    """
    with writing(connection, run=run):
        found = find_user(connection, user)
        if found is None or found.account is None:
            what = "has claimed no account, so there is nothing to undo" if found else "is not a legacy user"
            raise SettingsError(f"{user!r} {what}; `etl-assets user ID` says where somebody's history is")
        brought = [wave for (wave,) in SQL("list_waves_of_user").many(connection, user=user)]
        waves.leave_wave(connection, [user])
        done = _undo(connection, links, users=[user], wave=None, run=run, in_use=in_use)
        done.waves = brought
        fault_point("undo.before_commit")
    fault_point("undo.committed")
    return done


def left_of_waves(connection: Connection, waves: list[str]) -> dict[tuple[str, str], int]:
    """How many rows of each wave and table the ledger still has; runs inside `reading`."""
    found = SQL("count_of_waves").many(connection, waves=waves)
    return {(wave, table): int(count) for wave, table, count in found}


def undone_waves(connection: Connection) -> list[str]:
    """Waves that can be run again, because they, or one of their users, were undone; none on a target without ours."""
    return [wave for (wave,) in SQL("list_undone_waves").many(connection)] if exists(connection) else []


def find_undone(connection: Connection, wave: str) -> str:
    """The key of an undone wave, which may be asked for as `last`.

    Raises:
        SettingsError: it was not undone.
    """
    known = undone_waves(connection)
    if wave == LAST and known:
        return known[-1]
    if wave not in known:
        raise SettingsError(f"the wave {wave!r} was not undone; undone waves: {', '.join(known) or 'none'}")
    return wave


def _undo(
    connection: Connection, links: Links, *, users: list[str], wave: str | None, run: str, in_use: bool
) -> Undone:
    _require_the_same_spec(connection, links)
    values = {"users": users, "wave": wave}
    SQL("create_undo").exec(connection)
    SQL("choose_removals").exec(connection, **values)
    SQL("choose_restorations").exec(connection, **values)
    touched = {user for (user,) in SQL("list_touched_users").many(connection, wave=wave)} | set(users)
    tables = _tables(connection, links)
    hindered = hindrances(connection, links, tables, users=users, wave=wave, in_use=in_use)
    if links.spec.with_files and not in_use:
        objects = [Object(*row) for row in SQL("list_files_of_undo").many(connection)]
        hindered += [(o.table, o.legacy_id, CHANGED_FILE) for o in changed_objects(links.spec, objects)]
    if hindered:
        raise UndoRefused("Undo refused", hindered, remedy=TAKE_CARE)
    done = Undone(len(touched))
    if in_use:
        for name in tables:
            kept = SQL("keep_taken_out", **links.slots(name), found=links.digest(name, "t"))
            done.kept[name] = kept.exec(connection, run=run)
    for unit in reversed(units(links, tables)):
        with checked_later(connection, links, unit):
            for name in unit:
                _loosen(connection, links, name, unit)
            for name in reversed(unit):
                _remove(connection, links, name, done)
    fault_point("undo.removed")
    # What a deferred trigger does to a balance is done now, and is noticed.
    fire_deferred(connection)
    spent = spent_balances(connection, links, users=users, wave=wave)
    if spent:
        raise UndoRefused("Undo refused: triggers book by themselves", spent, remedy=DISABLE)
    done.balances = undo_balances(connection, links, users=users, wave=wave)
    done.profile = undo_profile(connection, links, users=users, wave=wave)
    for name in tables:
        _restore(connection, links, name, done, wave=wave)
    claims = SQL("digest_claims").one(connection, users=users)[0]
    hold(connection, users, wave=wave, touched=sorted(touched))
    _correct_final_books(connection, done, run=run)
    told = {"removed": done.removed, "restored": done.restored, "gone": done.gone, "lost": done.lost}
    told |= {"in_use": done.kept} if in_use else {}
    audit(
        connection,
        run=run,
        action="undone",
        wave=wave,
        users=len(users),
        held=len(touched),
        claims=claims,
        **told,
        balances=done.balances,
        profile=done.profile,
    )
    return done


def _correct_final_books(connection: Connection, done: Undone, *, run: str) -> None:
    """After a cleanup nothing can be counted anew: what goes out of production waits from then on."""
    books = find_final_books(connection)
    if books is None:
        return
    for name, count in done.removed.items():
        back = count + done.lost.get(name, 0)
        books["tables"][name]["loaded"] -= back
        books["tables"][name]["waiting"] += back
    books["users"]["resolved"] -= done.users
    books["users"]["held"] += done.users
    keep_final_books(connection, books, run=run)


def _require_the_same_spec(connection: Connection, links: Links) -> None:
    wrong = contradictions(connection, declared_facts(links.spec))
    if wrong:
        raise UndoRefused(f"Undo refused: {'; '.join(wrong)}", remedy=AS_LOADED)


def _tables(connection: Connection, links: Links) -> list[str]:
    """The tables in question, referenced tables first."""
    named = {name for (name,) in SQL("list_undo_tables").many(connection)}
    for name, problem in links.stopped.items():
        referred = {reference.table for reference in links.spec.tables[name].references.values()}
        if name in named or referred & {*named, USERS}:
            raise UndoRefused("Undo refused, nothing was taken out", remedy=problem.stop)
    absent = sorted(named - set(links.tables))
    if absent:
        what = (
            f"Undo refused: rows were loaded into {', '.join(absent)}, which the spec or the target does not have now"
        )
        raise UndoRefused(what, remedy="Undo with the spec that was loaded with.")
    return [name for name in links.tables if name in named]


def _loosen(connection: Connection, links: Links, name: str, unit: Unit) -> None:
    """Rows that are about to go let go of those of their circle, where the target would hold them at once."""
    late = written_later(links, name, unit)
    if late:
        nulls: list[sql.Composable] = [sql.SQL("{} = NULL").format(identifier(column)) for column in late]
        query = SQL("loosen_rows", **links.slots(name), nulls=joined(nulls))
        with as_the_app(connection):
            query.exec(connection)


def _remove(connection: Connection, links: Links, name: str, done: Undone) -> None:
    slots = links.slots(name)
    if not links.spec.tables[name].owner.is_none:
        lost = SQL("strike_lost_rows", **slots, profiles=qualified(*links.spec.accounts.profiles_table))
        done.lost[name] = int(lost.one(connection)[0])
    count = SQL("count_present", **slots)
    present, gone = count.one(connection, how="remove")
    with as_the_app(connection):
        removed = SQL("remove_rows", **slots).one(connection)[0]
    if removed != present:
        what = f"Undo refused: {links.spec.tables[name].target} kept {present - removed:,} of {counted(present, 'row')}"
        raise UndoRefused(what, remedy="Look at its triggers and rules: one of them swallows a DELETE.")
    done.removed[name], done.gone[name] = int(removed), int(gone)


def _restore(connection: Connection, links: Links, name: str, done: Undone, *, wave: str | None) -> None:
    slots = links.slots(name)
    present = SQL("count_present", **slots).one(connection, how="restore")[0]
    if not present:
        return
    query = SQL(
        "restore_rows", **slots, changes=casts(links, name, links.changeable(name)), found=links.digest(name, "t")
    )
    with as_the_app(connection):
        restored, differing = query.one(connection, wave=wave)
    if restored != present or differing:
        what = f"Undo refused: {links.spec.tables[name].target} did not take {max(present - restored, differing):,}"
        raise UndoRefused(f"{what} former rows as they were", remedy="Look at its triggers and rules on UPDATE.")
    done.restored[name] = int(restored)
