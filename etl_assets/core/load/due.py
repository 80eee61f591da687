"""When a login wave is due, as the target tells it."""

from collections.abc import Iterable
from dataclasses import dataclass

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.books.pages import has_books
from etl_assets.core.load.late import has_late_rows, unfinished_waves
from etl_assets.core.memory import staged
from etl_assets.core.memory.facts import find_fact, write_fact
from etl_assets.core.memory.final_books import find_final_books
from etl_assets.core.memory.pause import find_pause
from etl_assets.core.memory.schema import exists
from etl_assets.core.memory.staged import describe_staging
from etl_assets.core.users.users import count_claimable, next_wave_key, read_links
from etl_assets.model.ids import is_wave_key
from etl_assets.spec.model import USERS, Spec

SQL = Statements(__file__)

BY_HAND = "migrate was run by hand"
CLEANED = "The staging tables were cleaned up."


@dataclass(frozen=True)
class Standing:
    """What the target says of its next wave.

    `hindrance` is why none can open now, with the remedy. `staging` changes with every staging; `quiet` says that the
    staging of this mark lets no late row through.
    """

    hindrance: str | None = None
    is_by_hand: bool = False
    is_paused: bool = False
    unfinished: tuple[str, ...] = ()
    last_key: str = ""
    next_key: str = ""
    claimable: int = 0
    has_late_rows: bool = False
    staging: str = ""

    @property
    def is_due(self) -> bool:
        """True when a new wave would bring something."""
        return bool(self.claimable or self.has_late_rows)

    def key_among(self, opened: Iterable[str]) -> str:
        """The wave to run: one that was opened and never sealed, else a new one."""
        # A key of the future would push every later wave beyond it.
        waiting = [key for key in opened if is_wave_key(key) and self.last_key < key <= self.next_key]
        return min(waiting, default=self.next_key)


def read_standing(connection: Connection, spec: Spec, *, quiet: str = "", search: bool = False) -> Standing:
    """The standing of this moment; runs inside `reading` and writes nothing.

    Args:
        connection: to the target.
        spec: what is migrated.
        quiet: the mark of a staging that was looked through before and had no late row; that search, the only one
            whose cost follows the size of the tables where the books are void, is then left out.
        search: look for late rows all the same, and whether the target would take what it would have refused before.
    """
    if not exists(connection):
        return Standing("Nothing was migrated to this target yet: run the job `migrate` once.")
    is_by_hand, paused = was_run_by_hand(connection), find_pause(connection)
    if paused is not None:
        return Standing(str(paused), is_by_hand=is_by_hand, is_paused=True)
    links = read_links(connection, spec)
    staged, snapshots, staging = describe_staging(connection, [*links.tables, USERS])
    absent = [name for name in (USERS, *links.tables) if name not in staged]
    if absent:
        cleaned = find_final_books(connection) is not None
        cause = CLEANED if cleaned else f"Not staged yet: {', '.join(absent)}."
        return Standing(f"{cause} Run the job `migrate`, then waves open again.", is_by_hand=is_by_hand)
    if snapshots > 1:
        return Standing(
            "The staging tables come from different snapshots: a staging is under way, or broke off. If nothing "
            "is running, run the job `migrate` again.",
            is_by_hand=is_by_hand,
        )
    last = SQL("find_last_wave").first(connection)
    seen = {quiet, (last[0] or "") if last else ""}
    unfinished = tuple(unfinished_waves(connection))
    claimable = count_claimable(connection, links)
    # An unfinished wave brings every late row itself; its own rows look late until it has. So does one that is due.
    # Where the books stand, they know.
    is_cheap = has_books(connection, links)
    looks = not unfinished and not claimable and (search or is_cheap or staging not in seen)
    return Standing(
        is_by_hand=is_by_hand,
        unfinished=unfinished,
        last_key=SQL("find_last_key").one(connection)[0] or "",
        next_key=next_wave_key(connection),
        claimable=claimable,
        has_late_rows=looks and has_late_rows(connection, links, search=search),
        staging=staging,
    )


def staged_snapshots(connection: Connection, spec: Spec) -> set[str]:
    """The snapshots of the staged tables, `none` for one that is not staged; empty after a cleanup."""
    found = staged.snapshots_by_table(connection)
    if not found and find_final_books(connection) is not None:
        return set()
    links = read_links(connection, spec)
    return {found.get(name, "none") for name in (*links.tables, *(("users",) if spec.users else ()))}


def was_run_by_hand(connection: Connection) -> bool:
    """True when an operator has run `migrate` on this target; until then no sensor writes to it."""
    return exists(connection) and find_fact(connection, BY_HAND) is not None


def remember_by_hand(connection: Connection, *, run: str) -> None:
    """Notes that an operator has run `migrate` on this target, which lets the sensors act; runs inside `writing`."""
    write_fact(connection, BY_HAND, run)
