"""A target that was put back to an earlier time does not know what it has done since; the artifact folder tells.

What a restore loses is claimed and loaded again by itself. Not so the list of people who were forgotten: without it
the next snapshot would bring them back. So nothing goes on before somebody has looked.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg import sql

from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.access.postgres.statements import Statements, staging_table
from etl_assets.core.forget.suppress import suppress_again
from etl_assets.core.links.links import Links
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.staged import staged_tables
from etl_assets.core.memory.suppressions import read_suppressions
from etl_assets.model.errors import TargetRestored
from etl_assets.model.suppression import Person, Suppressions

SQL = Statements(__file__)


@dataclass(frozen=True)
class Seen:
    """What was seen of a target: the last line of its audit trail, when that was written (UTC), and who was forgotten.

    `people` are digests under `key`, both as hexadecimal text: whoever holds the folder's snapshots knows more.
    """

    line: int
    at: str
    key: str = field(default="", repr=False)
    people: tuple[tuple[str | None, ...], ...] = field(default=(), repr=False)


def look(connection: Connection) -> Seen | None:
    """What there is to be seen now; None where schema `etl` is not there, or nothing was done yet."""
    if not exists(connection):
        return None
    found = SQL("find_last_line").first(connection)
    if found is None:
        return None
    known = read_suppressions(connection)
    people = _as_text(known)
    return Seen(int(found[0]), str(found[1]), known.key.hex() if people else "", tuple(people))


def place_of(connection: Connection) -> str:
    """Which database this is, as a digest: one folder may serve several."""
    info = connection.info
    return hashlib.sha256(f"{info.host}:{info.port}/{info.dbname}".encode()).hexdigest()[:16]


def with_seen(text: str, connection: Connection) -> str:
    """The folder's note with what is seen of this target now."""
    now = look(connection)
    return json.dumps(_notes(text) | ({place_of(connection): asdict(now)} if now else {}))


def seen_in(text: str, connection: Connection) -> Seen | None:
    """What the folder's note says of this target."""
    known = _notes(text).get(place_of(connection))
    return None if known is None else Seen(**{**known, "people": tuple(tuple(one) for one in known["people"])})


def was_put_back(connection: Connection, seen: Seen) -> bool:
    """True when what was seen is not there any more.

    A schema that somebody has dropped to begin anew is none, unless people were forgotten in it.
    """
    if not exists(connection):
        return bool(seen.people)
    if SQL("find_line").first(connection, line=seen.line, at=seen.at):
        return False
    return bool(seen.people) or SQL("find_earlier").first(connection, at=seen.at) is not None


def require_not_put_back(connection: Connection, text: str) -> None:
    """Raises when the target was put back since the folder's note was written.

    Raises:
        TargetRestored: it was; `doctor` says what that means.
    """
    seen = seen_in(text, connection)
    if seen is not None and was_put_back(connection, seen):
        raise TargetRestored(seen.at)


def unknown_rows(connection: Connection, links: Links) -> dict[str, int]:
    """Rows of production that bear ids which we have made, and that the ledger does not know, per table."""
    with reading(connection):
        staged = staged_tables(connection)
        found = {
            name: int(SQL("count_unknown", **_slots(links, name)).one(connection)[0])
            for name in links.tables
            if name in staged and links.spec.tables[name].id.rule != "keep"
        }
    return {name: count for name, count in found.items() if count}


def _slots(links: Links, name: str) -> dict[str, sql.Composable]:
    slots = {**links.slots(name), "staging": staging_table(name)}
    return {slot: slots[slot] for slot in ("id", "staging", "table", "target")}


def forget_again(connection: Connection, seen: Seen, *, run: str) -> list[str]:
    """Puts the people whom the target has forgotten to forget on its list again.

    Returns:
        Their legacy ids, of those whom the user map names: `forget` removes what the target holds of them.
    """
    known = read_suppressions(connection)
    people = [Person(*(None if part is None else bytes.fromhex(part) for part in one)) for one in seen.people]  # type: ignore[arg-type]
    missing = [person for person in people if person not in known.people]
    if missing:
        suppress_again(connection, Suppressions(bytes.fromhex(seen.key), frozenset(missing)), run=run)
    with reading(connection):
        return [user for (user,) in SQL("list_forgotten_users").many(connection)]


def missing_people(connection: Connection, seen: Seen) -> int:
    """How many who were forgotten stand on no list of the target now."""
    return len(set(seen.people) - set(_as_text(read_suppressions(connection))))


def _as_text(known: Suppressions) -> list[tuple[str | None, ...]]:
    return sorted((tuple(part.hex() if part else None for part in person) for person in known.people), key=repr)


def _notes(text: str) -> dict[str, Any]:
    return json.loads(text) if text else {}
