"""The target's disk, as far as a server tells of it."""

from dataclasses import dataclass

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


@dataclass(frozen=True)
class TargetDisk:
    """`bytes` of all databases that the role may look at. A full disk makes Supabase set `is_read_only`."""

    bytes: int
    is_read_only: bool


def target_disk(connection: Connection) -> TargetDisk:
    """The target's disk at this moment; runs inside `reading`."""
    return TargetDisk(*SQL("look_at_disk").one(connection))
