"""What an operator says instead of the legacy app."""

from dataclasses import dataclass, field

KEY_LABEL = "_key"  # the exports' name of a row's legacy key


@dataclass(frozen=True)
class Correction:
    """One cell's value, as text or NULL, and why. Without a column the whole row is dropped."""

    legacy_id: str
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Corrections:
    """All corrections of one table."""

    all: tuple[Correction, ...] = ()

    @property
    def drops(self) -> tuple[Correction, ...]:
        """Rows that stay behind."""
        return tuple(correction for correction in self.all if correction.column is None)

    def cells(self, column: str) -> tuple[Correction, ...]:
        """Corrected cells of one column."""
        return tuple(correction for correction in self.all if correction.column == column)


@dataclass(frozen=True)
class CorrectionsFile:
    """The whole file, table by table, and its sha256."""

    tables: dict[str, Corrections] = field(default_factory=dict)
    sha256: str = ""

    def of(self, table: str) -> Corrections:
        """The corrections of one table; none where the file names none."""
        return self.tables.get(table, Corrections())
