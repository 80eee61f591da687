"""The support desk's answer: where one user's history is."""

from dataclasses import dataclass, field

from etl_assets.access.postgres.connection import Connection, connect, reading
from etl_assets.access.postgres.statements import Statements, literal
from etl_assets.core.balances.compare import balances_of
from etl_assets.core.books.books import money_sums
from etl_assets.core.files.record import count_files
from etl_assets.core.links.links import Links
from etl_assets.core.links.places import places
from etl_assets.core.links.repeated import why_another
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.staged import staged_tables
from etl_assets.core.users.users import find_user, read_links, user_states
from etl_assets.model.errors import SAMPLE_SIZE, SettingsError, sample_of
from etl_assets.model.money import UserBalance
from etl_assets.model.remedies import row_remedy, user_remedy
from etl_assets.spec.model import Spec

SQL = Statements(__file__)


@dataclass(frozen=True)
class UserRows:
    """Some rows of one user: what became of them, why, and what to do. `sums` per money column, as text.

    `places` says where quarantined ones are at fault: `user_id 99`, `constraint jobs_name_key`.
    """

    table: str
    state: str
    reason: str | None
    rows: int
    sums: dict[str, str]
    legacy_ids: tuple[str, ...]
    remedy: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserAnswer:
    """One legacy user. Holds ids and counts, and no address. `loaded` rows are in production, `gone` ones were."""

    legacy_user_id: str
    state: str
    reason: str | None
    remedy: str
    account: str | None
    wave: str | None
    claimed_at: str | None
    migrated_at: str | None
    loaded: dict[str, int]
    rows: tuple[UserRows, ...]
    gone: dict[str, int] = field(default_factory=dict)
    is_staged: bool = True
    since: str | None = None
    by_operator: str | None = None
    balances: tuple[UserBalance, ...] = ()
    stopped: tuple[str, ...] = ()
    # Table -> what became of files -> how many, and their bytes.
    files: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)


def answer(url: str, spec: Spec, user: str) -> UserAnswer:
    """Everything that the target knows of one legacy user now; writes nothing.

    Raises:
        SettingsError: nobody has this id.
    """
    with connect(url) as connection, reading(connection):
        return answer_over(connection, spec, user)


def answer_over(connection: Connection, spec: Spec, user: str) -> UserAnswer:
    """The same over an open connection; runs inside `reading`."""
    found = find_user(connection, user) if exists(connection) else None
    if found is None:
        raise SettingsError(
            f"no legacy user has the id {user!r}. It is the users table's own id; after a first `migrate`, "
            "`etl.legacy_user_map` lists them all."
        )
    account, reason, labelled = found.account, found.reason, found.state
    state = labelled
    links = read_links(connection, spec)
    staged = staged_tables(connection)
    tables = [name for name in links.tables if name in staged and not spec.tables[name].owner.is_none]
    if set(links.tables) <= staged:
        query = SQL("find_user_state", states=user_states(links, some=True))
        state, reason = query.one(connection, users=[user])
    if state == "resolved":
        query = SQL("find_contradiction", accounts=links.holders, another=why_another())
        reason = query.one(connection, user=user)[0] if account else reason
    if state == "claimable":
        state, reason = "waiting", "claimable: the next wave takes this user"
    present = {name: _present(connection, links, name, user) for name in links.tables}
    return UserAnswer(
        legacy_user_id=user,
        state=state,
        reason=reason,
        remedy=user_remedy(state, reason),
        account=account,
        wave=found.wave,
        claimed_at=_time(found.claimed_at),
        migrated_at=_time(found.migrated_at),
        loaded={name: there for name, (there, _) in present.items()},
        gone={name: gone for name, (_, gone) in present.items() if gone},
        rows=tuple(line for name in tables for line in _rows_of(connection, links, name, user)),
        is_staged=set(links.tables) <= staged,
        # A state that nobody has labelled yet is of this moment.
        since=_time(found.since) if state == labelled else None,
        by_operator=found.by_operator,
        balances=tuple(balances_of(connection, links, user))
        if set(links.tables) <= staged and not links.stopped
        else (),
        stopped=tuple(problem.stop for problem in links.stopped.values()),
        files=count_files(connection, user=user) if spec.with_files else {},
    )


def find_by_address(url: str, asked: str, *, key: str) -> str:
    """The id of the one legacy user who has an address, as `all_by_address` finds it.

    Raises:
        SettingsError: nobody has it, or several do; says their ids.
    """
    found = all_by_address(url, asked, key=key)
    if len(found) > 1:
        raise SettingsError(
            f"{len(found):,} legacy users have this address (legacy ids {sample_of(found)}). Ask for one by the id."
        )
    return found[0]


def all_by_address(url: str, asked: str, *, key: str) -> list[str]:
    """The ids of the legacy users who have an address, which is said nowhere again.

    Args:
        url: of the target.
        asked: what was typed; it may be an id that looks like an address.
        key: the same, folded as addresses are compared.

    Raises:
        SettingsError: nobody has it.
    """
    with connect(url) as connection, reading(connection):
        known = exists(connection)
        query = SQL("find_users_by_address")
        found = [str(user) for (user,) in query.many(connection, key=key, asked=asked)] if known else []
    if not found:
        raise SettingsError("no legacy user has this address. After a first `migrate`, all of them are known.")
    return found


def _remedy(reason: str | None) -> str:
    # What an unclaimed user's rows wait for is said of the user.
    return "" if reason in ("loaded", "account_waiting") else row_remedy(reason)


def _time(moment: object) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else None


def _present(connection: Connection, links: Links, name: str, user: str) -> tuple[int, int]:
    """How many of a user's loaded rows are in production, and how many are gone."""
    there, gone = SQL("count_user_loaded", **links.slots(name)).one(connection, users=[user])
    return int(there), int(gone)


def _places(connection: Connection, links: Links, name: str, user: str) -> dict[str, tuple[str, ...]]:
    query = SQL("list_user_places", places=places(links, name), owners=links.owners(name))
    found: dict[str, list[str]] = {}
    for reason, place, _ in query.many(connection, users=[user]):
        if place:
            found.setdefault(reason, []).append(place)
    return {reason: tuple(told[:SAMPLE_SIZE]) for reason, told in found.items()}


def _rows_of(connection: Connection, links: Links, name: str, user: str) -> list[UserRows]:
    """The rows that are not plainly loaded, and one line for those that are, with its sums."""
    links = links.for_users(connection, [user])
    query = SQL("describe_user_rows", links=links.rows(name), owners=links.owners(name), sums=money_sums(links, name))
    told = _places(connection, links, name, user)
    lines = [
        UserRows(name, state, reason, int(count), sums, tuple(ids), _remedy(reason), told.get(reason, ()))
        for state, reason, count, sums, ids in query.many(connection, users=[user])
    ]
    refused = SQL("describe_user_refusals", owners=links.owners(name), table=literal(name))
    return [
        *lines,
        *(
            UserRows(name, "quarantined", rule, int(count), {}, tuple(ids), row_remedy(rule))
            for rule, count, ids in refused.many(connection, users=[user])
        ),
    ]
