"""What is said of one snapshot."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SnapshotInfo:
    """One consistent copy of the legacy database.

    `rows` counts every exported table's rows before any `where`; `source` is the mark of the legacy file just before
    the copy (see `legacy.database.file_mark`). `sha256` is that of the file as it is kept, `source_sha256` that of the
    whole copy, before forgotten people were taken out of it: `forgotten` has the keys of their rows per table,
    `forgotten_users` says how many they are, and `suppressed` is `Suppressions.digest` of that moment.
    """

    id: str
    sha256: str
    bytes: int
    rows: dict[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    source: str = ""
    source_sha256: str = ""
    forgotten: dict[str, list[str]] = field(default_factory=dict)
    forgotten_users: int = 0
    suppressed: str = ""

    @property
    def copied(self) -> str:
        """The digest of the legacy database as it was copied: whoever was forgotten since is not in the copy as kept.

        A snapshot's name does not tell: a dry run and another machine give the same content another.
        """
        return self.source_sha256 or self.sha256

    def forgotten_rows(self, export: str) -> int:
        """How many of an export's rows were taken out of the copy."""
        return self.forgotten_users if export == "users" else len(self.forgotten.get(export, ()))
