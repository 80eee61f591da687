"""Open points: what somebody still has to do or to know, with the remedy."""

from dataclasses import dataclass
from itertools import groupby

from etl_assets.model.errors import sample_of
from etl_assets.model.remedies import USER_REMEDIES
from etl_assets.model.report import ReportFacts, SwitchedOff, UserLine
from etl_assets.model.words import counted, said

SETTLE_ROWS = "The table of reasons says what to do about each; until then they are kept and counted."
LISTED = "The list `legacy_changes.csv` beside this page names each row."
LISTED_MONEY = (
    "Decide before you sign: the new app keeps what was applied. The list `legacy_changes.csv` beside this page has "
    "before, now and difference, and what to do."
)
TRIGGERS_AGAIN = "If they were disabled for the migration: ALTER TABLE ... ENABLE TRIGGER ... when it is over."
REALTIME_AGAIN = "If the app listens to them: ALTER PUBLICATION supabase_realtime ADD TABLE ..."
WAIT_FOR_ROWS = "They arrive by themselves when what they refer to has arrived."
ALTERED = "differ from what was loaded, and nobody else wrote them"
MISOWNED = "stand under another account than the one that claimed them"
UNLEDGERED = "were written by a load without an entry in the ledger"
STATE_WORDS = {
    "waiting": ("has not come back yet", "have not come back yet"),
    "unconfirmed": ("has not proven the address", "have not proven their addresses"),
    "ambiguous": ("shares an address", "share an address"),
    "held": ("is held", "are held"),
    "invalid_email": ("has an address that cannot be compared", "have addresses that cannot be compared"),
    "no_email": ("has no address", "have no address"),
}


@dataclass(frozen=True)
class Point:
    """One open point. `weight`: 0 is wrong and must be settled, 1 needs somebody's decision, 2 settles itself."""

    weight: int
    title: str
    remedy: str


def open_points(facts: ReportFacts) -> list[Point]:
    """All open points, the gravest first; empty when nothing is left to do."""
    found = [*_faults(facts), *_user_points(facts.users), *_row_points(facts), *_changes(facts)]
    found += reminders(facts.switched_off, is_over=facts.frozen is not None)
    return sorted(found, key=lambda point: point.weight)


def reminders(off: SwitchedOff, *, is_over: bool) -> list[Point]:
    """What to switch on again; who sends rows to whom is asked at the end of the migration alone (`is_over`)."""
    points = []
    if off.triggers:
        title = f"Triggers of the target that do not fire: {sample_of(off.triggers)}."
        points.append(Point(1 if is_over else 2, title, TRIGGERS_AGAIN))
    if off.unpublished and is_over:
        title = f"Supabase's Realtime does not send {', '.join(off.unpublished)}."
        points.append(Point(2, title, REALTIME_AGAIN))
    return points


def _rows_are(count: int) -> str:
    return "row is" if abs(count) == 1 else "rows are"


def _faults(facts: ReportFacts) -> list[Point]:
    points = [
        Point(
            0,
            f"{book.table}: {book.missing:+,} {_rows_are(book.missing)} unaccounted for.",
            "Run the job `migrate` again.",
        )
        for book in facts.books.tables
        if book.missing
    ]
    points += [Point(0, words, "") for words in facts.books.stopped.values()]
    points += [Point(1, facts.books.paused, "")] if facts.books.paused else []
    points += [
        Point(
            0,
            f"{line.table}: {said(count, 'row', words)}.",
            "Do not sign. See the check `rows_are_equal` on `verification`.",
        )
        for line in facts.verified.rows
        for count, words in ((line.altered, ALTERED), (line.misowned, MISOWNED), (line.unledgered, UNLEDGERED))
        if count
    ]
    points += [
        Point(
            0,
            f"{line.column}: {said(line.differing_users, 'user', 'have')} another total than before.",
            "Do not sign. See the check `sums_are_equal` on `verification`.",
        )
        for line in facts.verified.money
        if line.differing_users
    ]
    points += [
        Point(
            0,
            f"{line.balance}: {said(line.unapplied, 'user', 'have moved')} without their balance.",
            "Do not sign. See the check `balances_were_applied` on `verification`.",
        )
        for line in facts.verified.balances
        if line.unapplied
    ]
    if facts.unfinished:
        title = f"{len(facts.unfinished):,} login waves are not finished ({sample_of(facts.unfinished)})."
        points.append(Point(0, title, "The sensor `new_logins` runs them again; or run the job `new_wave`."))
    return points


def _user_points(users: tuple[UserLine, ...]) -> list[Point]:
    points = []
    by_state = groupby(sorted(users, key=lambda line: line.state), key=lambda line: line.state)
    for state, lines in ((state, list(lines)) for state, lines in by_state if state != "resolved"):
        count = sum(line.users for line in lines)
        one, many = STATE_WORDS[state]
        ids = sample_of([user for line in lines for user in line.sample])
        title = f"{count:,} {f'user {one}' if count == 1 else f'users {many}'} (legacy ids {ids})."
        points.append(Point(2 if state in ("waiting", "unconfirmed") else 1, title, USER_REMEDIES[state]))
    return points


def _row_points(facts: ReportFacts) -> list[Point]:
    """One point per table: what was set aside, and what waits for another row; what waits for its owner is plain."""
    points = []
    for state, weight, words in (("quarantined", 1, SETTLE_ROWS), ("waiting", 2, WAIT_FOR_ROWS)):
        lines = [line for line in facts.refusals if line.state == state and line.rule != "account_waiting"]
        for table, found in groupby(sorted(lines, key=lambda line: line.table), key=lambda line: line.table):
            rules = ", ".join(f"{line.rule.replace('_', ' ')} {line.rows:,}" for line in found)
            points.append(Point(weight, f"{table}: rows {'set aside' if weight == 1 else 'waiting'}: {rules}.", words))
    return points


def _changes(facts: ReportFacts) -> list[Point]:
    points = []
    for line in facts.verified.rows:
        if line.changed_since + line.gone_since:
            changed = counted(line.changed_since, "row")
            title = f"{line.table}: {changed} changed and {line.gone_since:,} removed in the new app."
            points.append(Point(2, title, "Nothing to do: their users did that, and nothing is overwritten."))
        if line.doubled_since:
            title = f"{line.table}: {line.doubled_since:,} loaded rows were doubled in the new app under other ids."
            points.append(Point(1, title, "See who wrote the copies; what was loaded was loaded once."))
        if line.changed_in_legacy:
            title = f"{line.table}: {line.changed_in_legacy:,} loaded rows were changed in the legacy app since."
            points.append(Point(1, title, f"Production keeps what was loaded. {LISTED}"))
        if line.vanished:
            title = f"{line.table}: {line.vanished:,} loaded rows were removed from the legacy app since."
            points.append(Point(1, title, f"Nothing is removed by itself. {LISTED}"))
    for money in facts.verified.balances:
        if money.changed:
            users = f"{counted(money.changed, 'user')} (legacy ids {sample_of(money.changed_sample)})"
            title = f"{money.balance}: the legacy app has changed the balance of {users} since it was applied."
            points.append(Point(1, title, LISTED_MONEY))
    return points
