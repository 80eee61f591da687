"""What an operator could write into the claims or the corrections file about what a page shows, ready to be copied."""

from etl_assets.core.lists.desk import Cell
from etl_assets.core.lists.quarantine import csv_line
from etl_assets.core.lists.support import UserAnswer

ACCOUNT, VALUE, WHY = "ACCOUNT-ID", "NEW VALUE", "who said so, and why"
NO_SINGLE_CELL = "_key"


def claims_lines(found: UserAnswer) -> list[tuple[str, str]]:
    """What each line does, and the line; none for somebody whose history has been claimed."""
    if found.account:
        return []
    user = found.legacy_user_id
    return [
        ("Give the history to an account", csv_line((user, ACCOUNT, WHY)).strip()),
        ("Put this user on hold", csv_line((user, "", WHY)).strip()),
    ]


def corrections_lines(cell: Cell) -> list[tuple[str, str]]:
    """What each line does, and the line; of a row that no single value keeps back, only the one that leaves it."""
    lines = []
    if cell.column and cell.column != NO_SINGLE_CELL:
        lines.append(("Put another value in", csv_line((cell.table, cell.legacy_id, cell.column, VALUE, WHY)).strip()))
    lines.append(("Leave the row behind", csv_line((cell.table, cell.legacy_id, "", "drop", WHY)).strip()))
    return lines
