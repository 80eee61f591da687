"""The support desk's answer in lines: ids and counts, and no address."""

from collections.abc import Iterator

from etl_assets.core.lists.support import UserAnswer, UserRows
from etl_assets.model.errors import sample_of
from etl_assets.model.money import BALANCE_HEADER


def answer_lines(found: UserAnswer) -> Iterator[str]:
    """Everything that the answer says, for a log."""
    yield f"Legacy user {found.legacy_user_id}: {found.state.replace('_', ' ')}. {found.remedy}"
    yield from facts_of(found)
    yield from found.stopped
    for line in found.balances:
        cells = zip(BALANCE_HEADER[2:], line.cells[2:], strict=True)
        yield f"Balance {line.balance}: " + ", ".join(f"{name.replace('_', ' ')} {cell}" for name, cell in cells)
    for row in found.rows:
        sums = f"; {sums_of(row)}" if row.sums else ""
        told = f"{row.table}: {row.rows:,} {what_became(row)} (ids {sample_of(row.legacy_ids)}){sums}."
        yield f"{told} {row.remedy}".rstrip()
    yield from files_of(found)
    yield arrived_of(found)


def facts_of(found: UserAnswer) -> list[str]:
    """Why, since when, and who claimed."""
    lines = [f"Reason: {found.reason}."] if found.reason else []
    lines += [f"Since {found.since}."] if found.since else []
    if found.account:
        lines.append(f"Claimed by the account {found.account} in wave {found.wave}, {found.claimed_at}.")
        lines += [f"By an operator's word: {found.by_operator}."] if found.by_operator else []
        lines.append(f"Rows last arrived {found.migrated_at}." if found.migrated_at else "No row has arrived yet.")
    return lines


def files_of(found: UserAnswer) -> list[str]:
    """What became of the files that the rows name."""
    lines = []
    for table, states in found.files.items():
        told = [f"{files:,} {state.replace('_', ' ')} ({size:,} bytes)" for state, (files, size) in states.items()]
        lines.append(f"Files of {table}: {', '.join(told)}.")
    return lines


def arrived_of(found: UserAnswer) -> str:
    """What is in the new app, and what arrived there and is gone."""
    loaded = ", ".join(f"{table} {count:,}" for table, count in found.loaded.items() if count)
    gone = ", ".join(f"{table} {count:,}" for table, count in found.gone.items())
    more = f" Arrived and removed there since: {gone}." if gone else ""
    return f"In the new app: {loaded or 'nothing'}.{more}"


def what_became(row: UserRows) -> str:
    """State and reason of some rows, with the places at fault."""
    if row.state == "ready":
        return "ready"
    if row.reason in (None, row.state):
        return row.state
    places = f" ({'; '.join(row.places)})" if row.places else ""
    return f"{row.state}: {(row.reason or '').replace('_', ' ')}{places}"


def sums_of(row: UserRows) -> str:
    """The sums of the money columns."""
    return ", ".join(f"{column} {total}" for column, total in row.sums.items())
