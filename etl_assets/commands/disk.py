"""How much disk a first migration takes, and how much is free: here, and on the target where its server tells."""

from dataclasses import dataclass
from pathlib import Path

from etl_assets.access.files.whole import free_bytes
from etl_assets.access.legacy.source import legacy_bytes
from etl_assets.access.postgres.connection import Connection, data_folder
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.staged import staged_tables
from etl_assets.settings import Settings

# Of the SQLite file, measured at its peak with 100,000 jobs and 200,000 transactions of `bench` (38 MB): a snapshot and
# its exports are 2.05 of it; staging, ledger and production 6.7, of which 1.6 are production and 1.6 go during the run.
HERE, ON_TARGET = 2.1, 7.0
LATER = 1.0  # once it is staged, only what differs is written
LOCAL = ("", "localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Disk:
    """One disk: what a migration needs there and what is free, in bytes; `free` is None where nobody tells."""

    subject: str
    needed: int
    free: int | None

    @property
    def is_enough(self) -> bool:
        """True unless it is known to be too little."""
        return self.free is None or self.free >= self.needed

    def __str__(self) -> str:
        """What is needed and what is there."""
        needed = f"at most about {shown_bytes(self.needed)} are written"
        if self.free is None:
            return f"{needed}; the server does not tell what is free: compare with its plan (a full disk is read-only)"
        return f"{needed}, {shown_bytes(self.free)} are free" + ("" if self.is_enough else ": free some space first")


def disks(settings: Settings, connection: Connection) -> list[Disk]:
    """That of the artifact folder, and that of the target.

    Raises:
        LegacyFileError, SettingsError, Unavailable: the legacy database cannot be looked at.
    """
    size = legacy_bytes(settings)
    is_staged = exists(connection) and bool(staged_tables(connection))
    return [
        Disk("disk of ETL_ARTIFACTS", round(size * HERE), free_bytes(_there(settings.artifacts))),
        Disk("disk of the target", round(size * (LATER if is_staged else ON_TARGET)), _free_on_target(connection)),
    ]


def shown_bytes(count: int) -> str:
    """A size for people: `38.2 MB`."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1_000 and len(units) > 1:
        size /= 1_000
        units.pop(0)
    return f"{size:,.0f} {units[0]}" if units[0] == "bytes" else f"{size:,.1f} {units[0]}"


def _free_on_target(connection: Connection) -> int | None:
    """What is free where the server keeps its data, when that is on this machine; Postgres itself does not know."""
    host = connection.info.host
    if not host.startswith("/") and host not in LOCAL:
        return None
    folder = data_folder(connection)
    try:
        return free_bytes(_there(Path(folder))) if folder else None
    except OSError:
        return None


def _there(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))
