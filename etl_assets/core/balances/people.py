"""The users of a snapshot, and what they bring: into the map, with their balances and attributes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.core.balances.balances import balance_columns, stage_balances
from etl_assets.core.balances.profiles import profile_columns, stage_profile
from etl_assets.core.memory.staged import find_staged
from etl_assets.core.staging.frames import balance_frames, corrected_users, profile_frames, users_frames
from etl_assets.core.staging.table import Corrected, note_corrections
from etl_assets.core.users.claims_file import are_marked, replace_claims
from etl_assets.core.users.users import count_present, replace_users
from etl_assets.model.claims import Claims
from etl_assets.spec.model import USERS, Spec, Users


@dataclass(frozen=True)
class People:
    """The users' export and what an operator corrects of it.

    `batches` can be read again and again; `snapshot` is the one that it was written of, `content` its sha256, and
    `made_with` what else the map hangs on.
    """

    batches: Callable[[], Iterable[pl.DataFrame]]
    labels: tuple[str, ...]
    usual: dict[str, str]
    snapshot: str
    source_rows: int
    laid: Corrected
    content: str = ""
    made_with: str = ""


@dataclass(frozen=True)
class Brought:
    """People with what they bring: a frame per balance and per attribute of the profile."""

    people: People
    balances: dict[str, pl.DataFrame]
    profile: dict[str, pl.DataFrame]


def are_staged(connection: Connection, spec: Spec, people: People) -> bool:
    """True when the map, the balances and the claims were made from just these people, and nobody is missing there."""
    facts = {"snapshot": people.snapshot, "content": people.content, "made_with": people.made_with}
    staged = find_staged(connection, USERS, **facts, spec_digest=spec.digest, target_digest="")
    return staged is not None and count_present(connection) == people.source_rows and are_marked(connection)


def read_people(connection: Connection, spec: Spec, people: People) -> Brought:
    """Reads what the users of an export bring; before `writing`, so that nobody waits for it.

    Raises:
        TargetMismatch: the profiles have no column for it.
    """
    with reading(connection):
        columns, attributes = balance_columns(connection, spec), profile_columns(connection, spec)
    read = corrected_users(people.batches, people.laid, people.usual)
    balances = balance_frames(read, spec, columns, labels=people.labels, usual=people.usual)
    profile = profile_frames(read, spec, attributes, labels=people.labels, usual=people.usual)
    return Brought(people, balances, profile)


def stage_people(
    connection: Connection, spec: Spec, users: Users, brought: Brought, *, claims: Claims, run: str
) -> int:
    """Takes the users of an export into the map, and swaps their balances, attributes and the operator's claims.

    Runs inside `writing`; returns how many users the map knows.
    """
    people = brought.people
    stage_balances(connection, brought.balances)
    stage_profile(connection, brought.profile)
    note_corrections(connection, USERS, people.laid)
    total = replace_users(
        connection,
        users_frames(people.batches(), users, timezone=spec.source.timezone),
        snapshot=people.snapshot,
        source_rows=people.source_rows,
        spec=spec,
        run=run,
        content=people.content,
        made_with=people.made_with,
    )
    replace_claims(connection, claims, run=run)
    return total
