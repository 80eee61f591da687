"""What the report tells: gathered by `core`, turned into pages by `report`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from etl_assets.model.books import Books
from etl_assets.model.money import UserBalance, gap_words


@dataclass(frozen=True, kw_only=True)
class RowLine:
    """One table's loaded rows, read back; the counts are those of `core.verify.rows.RowComparison`.

    Only `altered`, `misowned` and `unledgered` (written by a load, and not in the ledger) are our fault.
    """

    table: str
    compared: int
    altered: int = 0
    misowned: int = 0
    unledgered: int = 0
    changed_since: int = 0
    gone_since: int = 0
    changed_in_legacy: int = 0
    vanished: int = 0
    doubled_since: int = 0

    @property
    def faults(self) -> int:
        """Rows that are our fault."""
        return self.altered + self.misowned + self.unledgered


@dataclass(frozen=True)
class MoneyLine:
    """One money column. Totals as text, to the unit; `refused` counts rows whose values could not be summed.

    `legacy` is everything that was read from the legacy app, `arrived` what was loaded of it, `production` what the
    same rows hold now, `waiting` and `set_aside` (quarantined or left out) the rest.
    """

    column: str
    legacy: str
    arrived: str
    production: str
    waiting: str
    set_aside: str
    refused: int
    differing_users: int


@dataclass(frozen=True)
class BalanceLine:
    """One balance. Totals as text over the users whose history has arrived; `bonus` is what the new app had granted.

    `unapplied` counts users whose balance was not applied, `apart` those whose balance and transactions differ
    otherwise than in the legacy app, `uncompared` those of whom that is not known, for one of the `hindrances`,
    `changed` those whose balance the legacy app has changed since. `arrived`, `own` and `difference` are
    about the transactions; `users` are the first of the `listed` whose balance differs or was not compared.
    """

    balance: str
    legacy: str
    applied: str
    bonus: str
    now: str
    unapplied: int
    apart: int
    uncompared: int = 0
    hindrances: tuple[str, ...] = ()
    changed: int = 0
    changed_sample: tuple[str, ...] = ()
    arrived: str = "0"
    own: str = "0"
    difference: str = "0"
    listed: int = 0
    users: tuple[UserBalance, ...] = ()

    @property
    def gap(self) -> str:
        """What a comparison with the transactions came to, in words."""
        return gap_words(self.apart, self.uncompared, self.hindrances)


@dataclass(frozen=True)
class UserLine:
    """Legacy users in one state for one reason, and a few of their legacy ids."""

    state: str
    reason: str | None
    users: int
    sample: tuple[str, ...]


@dataclass(frozen=True)
class RefusalLine:
    """Rows of one table that one rule keeps back; `state` is quarantined, waiting or excluded."""

    table: str
    state: str
    rule: str
    rows: int


@dataclass(frozen=True)
class CorrectionLine:
    """What the operator corrected in one table for one reason; `lost` lines named rows that are not there."""

    table: str
    reason: str
    cells: int
    dropped: int
    lost: int


@dataclass(frozen=True)
class LeftLine:
    """What the spec leaves in the legacy app: the rows of a table (no column), or the values of a column."""

    table: str
    column: str | None
    count: int


@dataclass(frozen=True)
class RoundedLine:
    """A column in which values were rounded by the operator's word: how often, and by how much at most."""

    column: str
    times: int
    largest: str


FILE_STATES = ("stored", "changed", "waiting", "missing", "quarantined", "excluded")


@dataclass(frozen=True)
class FileLine:
    """A column that names files: how many staged rows name one, state -> files, and bytes that were stored."""

    column: str
    named: int
    files: dict[str, int]
    size: int

    def of(self, state: str) -> int:
        """Files of one state."""
        return self.files.get(state, 0)

    @property
    def unaccounted(self) -> int:
        """Files of which nobody knows what became; 0 where these books close."""
        return self.named - sum(self.files.values())

    def __str__(self) -> str:
        """The equation: `jobs.result_file 7 = 5 stored + 2 missing`."""
        parts = " + ".join(f"{self.of(state):,} {state}" for state in FILE_STATES if self.of(state)) or "0"
        return f"{self.column} {self.named:,} = {parts}"


@dataclass(frozen=True)
class Freeze:
    """The cut-over: which snapshot counts, since when (UTC), and which role of the target said so.

    `sha256` is that of the legacy database as it was then: a snapshot of another name can have the same content.
    """

    snapshot: str
    at: str
    role: str
    sha256: str = ""


@dataclass(frozen=True)
class Verified:
    """What a verification found, as it is kept for the report. `at` is UTC, ISO 8601.

    `since` is when all rows were last read back, where those of earlier waves were not once more; `snapshot` names what
    was staged; `files` are the books of files when everything was read last.
    """

    at: str
    books: Books = field(default_factory=Books)
    rows: tuple[RowLine, ...] = ()
    money: tuple[MoneyLine, ...] = ()
    balances: tuple[BalanceLine, ...] = ()
    since: str = ""
    snapshot: str = ""
    files: tuple[FileLine, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Verified":
        """As it was kept."""
        rows, money = (RowLine(**line) for line in raw["rows"]), (MoneyLine(**line) for line in raw["money"])
        balances = tuple(BalanceLine(**_as_tuples(line)) for line in raw.get("balances", ()))
        return cls(
            raw["at"],
            Books.from_whole(raw["books"]),
            tuple(rows),
            tuple(money),
            balances,
            raw.get("since", ""),
            raw.get("snapshot", ""),
            tuple(FileLine(**line) for line in raw.get("files", ())),
        )


def _as_tuples(line: dict[str, Any]) -> dict[str, Any]:
    found = {name: tuple(value) if isinstance(value, list) else value for name, value in line.items()}
    return found | {"users": tuple(UserBalance(**user) for user in found.get("users", ()))}


@dataclass(frozen=True)
class SwitchedOff:
    """Triggers (`name on table`) that do not fire, and tables that Supabase's Realtime does not send."""

    triggers: tuple[str, ...] = ()
    unpublished: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportFacts:
    """Everything on the report."""

    place: str
    snapshot: str
    verified: Verified
    refusals: tuple[RefusalLine, ...] = ()
    users: tuple[UserLine, ...] = ()
    unfinished: tuple[str, ...] = ()
    corrections: tuple[CorrectionLine, ...] = ()
    frozen: Freeze | None = None
    switched_off: SwitchedOff = SwitchedOff()
    left: tuple[LeftLine, ...] = ()
    rounded: tuple[RoundedLine, ...] = ()

    @property
    def books(self) -> Books:
        """The books of the verification: the page and the checks say the same."""
        return self.verified.books
