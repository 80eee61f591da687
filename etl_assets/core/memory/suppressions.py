"""The keyed list of forgotten people in the target: read by whatever copies the legacy database."""

import secrets

from etl_assets.access.postgres.connection import Connection, has_table
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.memory.facts import find_fact, replace_fact, write_fact
from etl_assets.model.errors import ArtifactError, ForgetRefused
from etl_assets.model.suppression import KEY_BYTES, Person, Suppressions

SQL = Statements(__file__)

KEY = "suppression key"


def read_suppressions(connection: Connection) -> Suppressions:
    """Everybody who was forgotten on this target; nobody where schema `etl` is not there yet."""
    if not has_table(connection, "etl.forgotten"):
        return Suppressions()
    key = find_fact(connection, KEY)
    found = SQL("list_suppressions").many(connection)
    people = frozenset(Person(*(bytes(part) if part is not None else None for part in row)) for row in found)  # type: ignore[arg-type]
    return Suppressions(bytes.fromhex(key or ""), people)


def suppression_key(connection: Connection) -> bytes:
    """The target's key, made at its first use; runs inside `writing`."""
    write_fact(connection, KEY, secrets.token_hex(KEY_BYTES))
    return bytes.fromhex(find_fact(connection, KEY) or "")


def restore_key(connection: Connection, key: bytes) -> None:
    """The key that the list had before the target was put back; runs inside `writing`.

    Raises:
        ForgetRefused: somebody was forgotten under another key meanwhile.
    """
    now = find_fact(connection, KEY)
    if now == key.hex():
        return
    if now is not None and read_suppressions(connection):
        raise ForgetRefused(
            "somebody was forgotten since the target was put back, under another key: forget those of before again, "
            "by their legacy ids."
        )
    replace_fact(connection, KEY, key.hex())


def require_suppressed(connection: Connection, suppressed: str) -> None:
    """Raises unless a snapshot was cleared of everybody who is forgotten by now; runs inside `writing`.

    Raises:
        ArtifactError: somebody was forgotten since, and staging the snapshot would bring that person back.
    """
    if read_suppressions(connection).digest != suppressed:
        raise ArtifactError(
            "Somebody was forgotten after this snapshot was taken, and it still holds that person: run the job "
            "`migrate`, which takes a new one."
        )
