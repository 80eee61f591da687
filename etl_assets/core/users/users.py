"""Who may claim, and who has: `etl.legacy_user_map` and the login waves."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl
from psycopg import sql

from etl_assets.access.postgres.catalog import fitting_targets, read_columns, read_rules, regclass, with_stopped
from etl_assets.access.postgres.connection import Connection, analyze
from etl_assets.access.postgres.copying import copy_frame
from etl_assets.access.postgres.statements import Statement, Statements, identifier, joined, literal, qualified
from etl_assets.core.links.links import Links
from etl_assets.core.links.marks import read_marks
from etl_assets.core.links.repeated import repeated_users, why_another
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.counted import carry_books
from etl_assets.core.memory.facts import is_loaded
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.staged import write_staged
from etl_assets.core.memory.suppressions import read_suppressions
from etl_assets.core.users import waves
from etl_assets.core.users.holds import release
from etl_assets.core.users.sampling import sampled
from etl_assets.core.users.waves import reopen_wave, write_wave
from etl_assets.faults import fault_point
from etl_assets.model.errors import SettingsError, TargetMismatch, WaveHindered
from etl_assets.model.ids import is_wave_key, wave_key
from etl_assets.spec.model import Spec

SQL = Statements(__file__)

USER_COLUMNS = ("legacy_user_id", "email", "email_key", "verified", "created_at", "created_value")
OF_FORGOTTEN = "the legacy id was of somebody who was forgotten"
MANY = 1_000  # claims after which Postgres' statistics of the map are others
CLOCK_TOLERANCE = timedelta(minutes=1)
ACCOUNT_COLUMNS = ("id", "email", "email_confirmed_at")
# What rules an account out. Old projects lack some of these columns of auth.users, and then the thing itself too.
HINDRANCES = {
    "deleted_at": "WHEN a.deleted_at IS NOT NULL THEN 'the account was deleted'",
    "banned_until": "WHEN a.banned_until > now() THEN 'the account is banned'",
    "is_anonymous": "WHEN a.is_anonymous THEN 'the account is anonymous'",
    "email_confirmed_at": "WHEN a.email_confirmed_at IS NULL THEN 'the address of the account is not confirmed'",
}


@dataclass(frozen=True)
class Wave:
    """A sealed login wave."""

    key: str
    users: int
    is_new: bool


def accounts(connection: Connection, spec: Spec) -> Statement:
    """A statement for all accounts: `id, email_key, confirmed_at, hindrance`.

    `hindrance` says why the account may not claim, nor hold what it has claimed; NULL where it may.

    Raises:
        TargetMismatch: the accounts' tables are not there.
    """
    profiles, by_profile = qualified(*spec.accounts.profiles_table), spec.accounts.from_ == "profiles"
    wanted: dict[str, tuple[str, ...]] = {
        regclass(*spec.accounts.profiles_table): ("id", "email") if by_profile else ("id",)
    }
    wanted |= {} if by_profile else {"auth.users": ACCOUNT_COLUMNS}
    found = read_columns(connection, *wanted)
    for columns, (table, needed) in zip(found, wanted.items(), strict=True):
        _require_columns(columns, table, needed)
    if by_profile:
        return SQL("list_profiles", profiles=profiles)
    known = found[-1]
    hindrances: list[sql.Composable] = [sql.SQL(when) for column, when in HINDRANCES.items() if column in known]
    if "is_sso_user" in known:
        hindrances.append(SQL("sso_rule", domains=literal(list(spec.accounts.sso_domains))))
    return SQL("list_accounts", profiles=profiles, hindrances=joined(hindrances, by=" "))


def read_links(connection: Connection, spec: Spec) -> Links:
    """The link statements of a spec against the target of this moment: its tables, and its accounts.

    The app goes on while people migrate: once something was loaded, a table whose target does not fit any more stops,
    and what refers to it, and nothing else.

    Raises:
        TargetMismatch: the accounts' tables are not there, or nothing was loaded yet and a target does not fit.
    """
    holders = accounts(connection, spec) if spec.users is not None else None
    targets, stopped = fitting_targets(connection, spec)
    known = exists(connection)
    for name in (name for name in spec.load_order if known and name not in {**targets, **stopped}):
        if is_loaded(connection, name):
            stopped[name] = TargetMismatch(name, [f"{spec.tables[name].target} does not exist"])
    targets, stopped = with_stopped(spec, targets, stopped)
    links = Links(spec, targets, holders, stopped=stopped)
    if stopped and not (known and is_loaded(connection)):
        links.require_whole()
    return marked(connection, links)


def marked(connection: Connection, links: Links) -> Links:
    """These links with what the target remembers now of second rows under an id and of refusals."""
    if not exists(connection):
        return links
    profiles = regclass(*links.spec.accounts.profiles_table)
    return replace(
        links,
        **read_marks(connection)._asdict(),
        profile_facts=read_rules(connection, profiles) if links.spec.writes_profiles else "",
    )


def email_accounts(connection: Connection, _: Spec) -> Statement:
    """A statement for confirmed accounts that have an e-mail identity alone: `is_at_once`; none where nobody knows."""
    [known] = read_columns(connection, "auth.identities")
    return SQL("list_email_accounts" if {"user_id", "provider"} <= set(known) else "list_no_accounts")


def _require_columns(columns: Collection[str], table: str, wanted: tuple[str, ...]) -> None:
    if not columns:
        raise TargetMismatch("accounts", [f"{table} does not exist; see `accounts:` in the spec"])
    absent = [column for column in wanted if column not in columns]
    if absent:
        raise TargetMismatch("accounts", [f"{table} has no column {', '.join(absent)}"])


def judged_claims(links: Links) -> Statement:
    """A statement for the claims file: `legacy_user_id, supabase_user_id, account_id, confirmed_at, hindrance`."""
    return SQL("judge_claims", **_rivals(links))


def _rivals(links: Links) -> dict[str, sql.Composable]:
    return {"accounts": links.claimants, "merge": literal(links.spec.accounts.merge_duplicates)}


def user_states(links: Links, *, some: bool = False) -> Statement:
    """A statement for each legacy user's state now: `legacy_user_id, state, reason, account_id, confirmed_at`.

    `claimable` stands for unclaimed users who would be claimed by a wave that opened now. With `some`, only the users
    of the parameter `users` are judged, and only their rows are looked at.
    """
    rivals = _rivals(links)
    return SQL(
        "user_states",
        **rivals,
        claims=SQL("judge_claims", **rivals),
        incomplete=links.incomplete_users(some=some),
        another=why_another(),
        repeated=repeated_users(),
        of_users=sql.SQL("AND m.legacy_user_id = ANY (%(users)s)") if some else sql.SQL(""),
    )


def find_candidates(connection: Connection, links: Links) -> list[str]:
    """Unclaimed users to whom an account belongs that may claim; some of them may be ambiguous or held.

    Nobody while a table of users' rows stops: a user arrives whole.
    """
    if links.holds_back_users:
        return []
    rivals = _rivals(links)
    query = SQL("find_candidates", **rivals, claims=SQL("judge_claims", **rivals))
    return [user for (user,) in query.many(connection)]


def count_claimable(connection: Connection, links: Links) -> int:
    """How many users a wave that opened now would take; costs with the accounts and the candidates, not the rows."""
    candidates = find_candidates(connection, links)
    if not candidates:
        return 0
    query = SQL("count_claimable", states=user_states(links.for_users(connection, candidates), some=True))
    return int(query.one(connection, users=candidates)[0])


def replace_users(  # noqa: PLR0913 - what the map is made of
    connection: Connection,
    frames: Iterable[pl.DataFrame],
    *,
    snapshot: str,
    source_rows: int,
    spec: Spec,
    run: str,
    content: str = "",
    made_with: str = "",
) -> int:
    """Takes the legacy users of a snapshot into the map; claims and their addresses stay as they are.

    Args:
        connection: inside `writing`.
        frames: `legacy_user_id`, `email`, `email_key` String, `verified` Boolean, `created_at` Datetime[us, UTC],
            `created_value` String.
        snapshot: its id, kept as the last one that knew the user.
        source_rows: SQLite's own count of the users table.
        spec: for its digest.
        run: for the audit trail.
        content: the sha256 of the export.
        made_with: what else the map hangs on.

    Returns:
        Users in the map, former ones included.
    """
    SQL("create_users_batch").exec(connection)
    staged, suppressions, reused = 0, read_suppressions(connection), list[str]()
    for frame in frames:
        reused += [user for user in frame["legacy_user_id"] if suppressions.names(user)] if suppressions else []
        cleaned = frame.with_columns(
            pl.col("email", "created_value").str.replace_all("\x00", "\ufffd", literal=True)
        ).select(USER_COLUMNS)
        copy_frame(connection, SQL("copy_users"), cleaned)
        staged += frame.height
    SQL("merge_users").exec(connection, snapshot=snapshot)
    if reused:
        SQL("hold_reused").exec(connection, users=reused, held=OF_FORGOTTEN)
    facts = {"snapshot": snapshot, "spec_digest": spec.digest, "source_rows": source_rows, "staged_rows": staged}
    write_staged(connection, "users", target_digest="", content=content, made_with=made_with, **facts)
    analyze(connection, identifier("etl", "legacy_user_map"))
    fault_point("users.written")
    total = count_users(connection)
    audit(connection, run=run, action="users", **facts, total=total)
    return total


def next_wave_key(connection: Connection) -> str:
    """A key for a wave that opens now, by the target's clock, later than every sealed one."""
    moment: datetime = SQL("next_wave_moment").one(connection)[0]
    return wave_key(moment)


def seal_wave(
    connection: Connection,
    links: Links,
    *,
    key: str,
    run: str,
    by_hand: bool = False,
    sample: str | None = None,
) -> Wave:
    """Claims every claimable user for this wave, once; a wave that is sealed stays as it is.

    Runs inside `writing`. A claim is written once, with its evidence, and no later change of an address moves it.

    Args:
        connection: to the target.
        links: of the tables that the target has.
        key: the wave's.
        run: for evidence and audit trail.
        sample: `<number>/<seed>` when only so many users are to be taken, with those to whose rows theirs refer.
        by_hand: an operator runs this wave: whom its undoing put on hold may move again.

    Raises:
        SettingsError: the key is not a wave key.
        WaveHindered: the wave was undone, and nobody runs it by hand.
    """
    if not is_wave_key(key):
        raise SettingsError(
            "A login wave's key is a UTC time such as 2026-11-22T153000Z. The job `new_wave` opens one without a key."
        )
    sealed = waves.find_wave(connection, key)
    latest = wave_key(SQL("next_wave_moment").one(connection)[0] + CLOCK_TOLERANCE)
    if sealed is None and key > latest:
        raise SettingsError(
            f"The wave {key} lies in the future of the target's clock ({latest} at most): every later wave would "
            "have to come after it. Delete the partition; the job `new_wave` opens a wave without a key."
        )
    if sealed is None:
        users = find_candidates(connection, links)
        if sample is not None:
            states = user_states(links.for_users(connection, users), some=True)
            users = sampled(connection, links, states=states, candidates=users, sample=sample)
        claimed = _claim(connection, links, key=key, run=run, users=users)
        write_wave(connection, key, users=claimed, run=run)
        fault_point("resolve.claimed")
    else:
        claimed = sealed.users
        if by_hand:
            links.require_whole()
            claimed += _reopen(connection, links, key=key, run=run, is_undone=sealed.is_undone)
        elif sealed.is_undone:
            raise WaveHindered(f"Wave {key} was undone. Run it by hand, or `etl-assets migrate --wave {key}`.")
    label_users(connection, links)
    if claimed > MANY:
        analyze(connection, identifier("etl", "legacy_user_map"))
    return Wave(key, claimed, is_new=sealed is None)


def _claim(connection: Connection, links: Links, *, key: str, run: str, users: list[str]) -> int:
    states = user_states(links.for_users(connection, users), some=True)
    carry_books(connection)  # whoever waits for these accounts is counted by the load
    values = {"wave": key, "run": run, "users": users}
    claimed = SQL("claim_users", states=states).exec(connection, **values)
    audit(connection, run=run, action="claimed", wave=key, users=claimed)
    return claimed


def _reopen(connection: Connection, links: Links, *, key: str, run: str, is_undone: bool) -> int:
    """Lets the users move again whom the undoing of this wave, or of one of its users, put on hold."""
    released = set(release(connection, wave=key))
    candidates = [user for user in find_candidates(connection, links) if user in released]
    claimed = _claim(connection, links, key=key, run=run, users=candidates) if candidates else 0
    if released or is_undone:
        reopen_wave(connection, key, users=claimed, run=run)
    return claimed


def label_users(connection: Connection, links: Links) -> None:
    """Writes each unclaimed user's state and reason of this moment; runs inside `writing`."""
    SQL("label_users", states=user_states(links)).exec(connection)


def count_states(connection: Connection, links: Links) -> dict[str, int]:
    """Legacy users per state now, `claimable` apart from `waiting`."""
    query = SQL("count_user_states", states=user_states(links))
    return {state: int(count) for state, count in query.many(connection)}


def count_labels(connection: Connection) -> dict[str, int]:
    """Legacy users per state as `label_users` wrote them last: cheap, and right within the same run."""
    return {state: int(count) for state, count in SQL("count_labels").many(connection)}


def count_present(connection: Connection) -> int:
    """How many of them the snapshot knows that is staged."""
    return int(SQL("count_present").one(connection)[0])


def count_users(connection: Connection) -> int:
    """How many legacy users the map knows."""
    return int(SQL("count_users").one(connection)[0])


class Mapped(NamedTuple):
    """A legacy user in the map; `by_operator` is why an operator gave the history to the account.

    `domain` is that of the address, as claims compare addresses.
    """

    account: str | None
    wave: str | None
    claimed_at: datetime | None
    migrated_at: datetime | None
    state: str
    reason: str | None
    since: datetime
    by_operator: str | None
    domain: str | None


def find_user(connection: Connection, user: str) -> Mapped | None:
    """One legacy user, None where nobody has the id."""
    found = SQL("find_user").first(connection, user=user)
    return Mapped(*found) if found else None
