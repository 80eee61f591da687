"""What was read back, as check results, metadata and the report's facts."""

from decimal import Decimal
from typing import Any

import dagster as dg

from etl_assets.assets.balance_findings import balance_line
from etl_assets.assets.keys import RECONCILIATION, VERIFICATION
from etl_assets.assets.outcomes import result, table_value
from etl_assets.core.balances.compare import BalanceComparison
from etl_assets.core.books.pages import Drift
from etl_assets.core.verify.as_users import Sight
from etl_assets.core.verify.emptied import Emptied
from etl_assets.core.verify.rows import RowComparison, SumComparison
from etl_assets.model.books import ROW_STATES, Books, TableBook
from etl_assets.model.errors import sample_of
from etl_assets.model.report import MoneyLine, RowLine, Verified
from etl_assets.model.words import counted, said
from etl_assets.report.picture import as_markdown, bars_of, progress_svg
from etl_assets.report.points import ALTERED, MISOWNED, UNLEDGERED

ROWS_TITLE = (
    "Every loaded row stands in production once, under the account that claimed it, as it was written, unless its user "
    "changed it since."
)
SUMS_TITLE = "Each user's total of every money column is the same before and after."
BOOKS_TITLE = "source = loaded + waiting + quarantined + excluded, for every table, and every user is in one state."
LEGACY_TITLE = "No loaded row was changed in the legacy app, or removed from it, since."
FROZEN_TITLE = "Since its freeze nobody has written to the legacy app, and what is staged is the frozen snapshot."
SIGHT_TITLE = "Users who look at their history through the app see their own rows and sums, and nobody else's."
DOUBLED_TITLE = "No loaded row has a copy in production that others have made since."
EMPTIED_TITLE = "Of no table and no wave that was loaded is everything gone from production."
STAGING_TITLE = "The staging tables hold what was written into them."
LISTED_EMPTIED = 6
SQL_REMEDY = "Compare the rows in etl.loaded with production; see `query`."


def rows_table(rows: list[RowComparison]) -> dg.TableMetadataValue:
    """Each table's comparison, for the asset's page."""
    found = ("altered", "misowned", "changed_since", "gone_since", "doubled_since", "changed_in_legacy", "vanished")
    names = ("table", "compared", "equal", *found)
    return table_value(names, ([getattr(row, name) for name in names] for row in rows))


def rows_result(key: dg.AssetKey, rows: list[RowComparison]) -> dg.AssetCheckResult:
    """The check `rows_are_equal`; only our own faults make it red."""
    faults = sum(row.faults for row in rows)
    worst = max(rows, key=lambda row: row.faults, default=None)
    metadata: dict[str, Any] = {"count": faults, "remedy": SQL_REMEDY}
    if worst is not None:
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{worst.query}\n```")
        if worst.fault_sample:
            metadata["sample"] = f"{worst.table}: ids {sample_of(worst.fault_sample)}"
    told = (
        (sum(row.altered for row in rows), ALTERED),
        (sum(row.misowned for row in rows), MISOWNED),
        (sum(row.strays.ours for row in rows), UNLEDGERED),
    )
    text = "; ".join(said(count, "row", words) for count, words in told if count)
    return result(
        "rows_are_equal",
        key,
        passed=faults == 0,
        blocking=True,
        description=f"{text}." if faults else ROWS_TITLE,
        metadata=metadata,
    )


def sums_result(key: dg.AssetKey, rows: list[RowComparison]) -> dg.AssetCheckResult:
    """The check `sums_are_equal`."""
    sums = [money for row in rows for money in row.sums]
    differing = sum(item.differing for item in sums)
    names = ("column", "users", "before", "after", "differing")
    totals = table_value(names, ((f"{s.table}.{s.column}", s.users, s.before, s.after, s.differing) for s in sums))
    metadata: dict[str, Any] = {
        "count": differing,
        "totals": totals,
        "remedy": SQL_REMEDY,
    }
    if sums:
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{sums[0].query}\n```")
    text = (
        SUMS_TITLE
        if not differing
        else f"{said(differing, 'user', 'have')} another total than before, and no later edit explains it."
    )
    return result("sums_are_equal", key, passed=differing == 0, blocking=True, description=text, metadata=metadata)


def sight_result(sight: Sight) -> dg.AssetCheckResult:
    """The check `users_see_their_rows`; the policies are the app's, so it is never red."""
    count, text = len(sight.differing), SIGHT_TITLE
    if count:
        text = f"Of {counted(sight.users, 'user')} who looked, some do not see what is theirs, or see more."
    elif sight.hindrance:
        text = f"Nobody looked: {sight.hindrance}."
    return result(
        "users_see_their_rows",
        RECONCILIATION,
        passed=count == 0,
        blocking=False,
        description=text,
        metadata={
            "count": count,
            "users_looked": sight.users,
            "sample": sample_of(sight.differing) or "none",
            "tables_closed_to_users": ", ".join(sight.closed) or "none",
            "remedy": "Look at the policies of these tables: users read them as the role `authenticated`.",
        },
    )


def changes_result(rows: list[RowComparison]) -> dg.AssetCheckResult:
    """The check `no_row_was_doubled_since`: never red; what users change and remove is not even amber."""
    changed, gone = sum(row.changed_since for row in rows), sum(row.gone_since for row in rows)
    doubled = sum(row.doubled_since for row in rows)
    text = DOUBLED_TITLE if not doubled else f"{said(doubled, 'row', 'were doubled')} by others since."
    if changed + gone:
        text += f" {said(changed, 'row', 'were changed')} and {gone:,} removed: the new app is in use."
    samples = [
        f"{row.table} {what} {sample_of(sample)}"
        for row in rows
        for what, sample in (
            ("doubled", row.strays.doubled_sample),
            ("changed", row.changed_sample),
            ("removed", row.gone_sample),
        )
        if sample
    ]
    return result(
        "no_row_was_doubled_since",
        VERIFICATION,
        passed=doubled == 0,
        blocking=False,
        description=text,
        metadata={
            "count": doubled,
            "changed_since": changed,
            "gone_since": gone,
            "doubled_since": doubled,
            "sample": "; ".join(samples) or "none",
            "remedy": "A doubled row is a copy of a loaded one under an id of its own: where money is meant, see who "
            "wrote it. A row that its user removed never comes back.",
        },
    )


def legacy_result(rows: list[RowComparison], balances: list[BalanceComparison]) -> dg.AssetCheckResult:
    """The check `nothing_changed_in_legacy_since`."""
    changed, vanished = sum(row.changed_in_legacy for row in rows), sum(row.vanished for row in rows)
    text = f"{changed:,} loaded rows differ from the legacy app by now, {vanished:,} are not there any more."
    moved = sum(line.changed_in_legacy for line in balances)
    text += f" The balances of {counted(moved, 'user')} were changed there since they were applied." if moved else ""
    samples = [f"{r.table}: {sample_of(r.legacy_sample)}" for r in rows if r.changed_in_legacy + r.vanished]
    samples += [f"{b.balance}: users {sample_of(b.changed_sample)}" for b in balances if b.changed_in_legacy]
    count = changed + vanished + moved
    return result(
        "nothing_changed_in_legacy_since",
        VERIFICATION,
        passed=count == 0,
        blocking=False,
        description=text if count else LEGACY_TITLE,
        metadata={
            "count": count,
            "changed_in_legacy": changed,
            "vanished": vanished,
            "balances": moved,
            "sample": "; ".join(samples) or "none",
            "remedy": "Production keeps what was loaded; `migration_report` lists these rows. With `policy: "
            "{on_change: update}` a changed row is written over the one in production, where nobody else touched that.",
        },
    )


def books_table(books: Books) -> dg.TableMetadataValue:
    """The books as a table."""
    names = ("table", "source", *ROW_STATES, "missing")
    return table_value(names, ((book.table, *book.as_json().values(), book.missing) for book in books.tables))


def books_result(books: Books, drift: Drift) -> dg.AssetCheckResult:
    """The check `the_books_close`; `drift` are pages that were carried from wave to wave and did not come out."""
    missing = sum(abs(book.missing) for book in books.tables)
    open_tables = [f"{book.table} {book.missing:+,}" for book in books.tables if book.missing]
    text = (
        BOOKS_TITLE if books.closed else f"The books do not close: {', '.join(open_tables) or 'users do not add up'}."
    )
    if books.stopped:
        text = " ".join(books.stopped.values())
    if drift.users:
        names = sample_of([user or "rows that are nobody's" for user in drift.sample])
        text = f"The pages of {counted(drift.users, 'user')} were not what counting finds ({names}); they are by now."
    return result(
        "the_books_close",
        VERIFICATION,
        passed=books.closed and not drift.users,
        blocking=True,
        description=text,
        metadata={
            "count": missing + drift.users + len(books.stopped),
            "books": books_table(books),
            "remedy": "Run the `migrate` job again; if they stay open, rows were removed from schema etl by hand.",
        },
    )


def staging_result(altered: list[str]) -> dg.AssetCheckResult:
    """The check `staging_is_as_it_was_written`; `altered` are the tables that are not."""
    return result(
        "staging_is_as_it_was_written",
        VERIFICATION,
        passed=not altered,
        blocking=True,
        description=f"Somebody wrote to the staging of {', '.join(altered)}." if altered else STAGING_TITLE,
        metadata={"count": len(altered), "remedy": "Run the job `migrate`: what was altered is staged whole again."},
    )


def emptied_result(emptied: list[Emptied]) -> dg.AssetCheckResult:
    """The check `what_was_loaded_is_not_gone_whole`: no user removes what all have."""
    told = [
        f"{counted(some.rows, 'row')} of {some.table}{f' of wave {some.wave}' if some.wave else ''}" for some in emptied
    ]
    return result(
        "what_was_loaded_is_not_gone_whole",
        VERIFICATION,
        passed=not emptied,
        blocking=True,
        description=f"Gone from production, all of them: {'; '.join(told[:LISTED_EMPTIED])}."
        if told
        else EMPTIED_TITLE,
        metadata={
            "count": sum(some.rows for some in emptied),
            "remedy": "The table was emptied, or restored from an older backup. `etl-assets reload --gone` takes these "
            "rows out of the ledger, and the next `migrate` brings them again.",
        },
    )


def frozen_result(thawed: str) -> dg.AssetCheckResult:
    """The check `the_legacy_app_is_as_it_was_frozen`; green before the freeze."""
    return result(
        "the_legacy_app_is_as_it_was_frozen",
        VERIFICATION,
        passed=not thawed,
        blocking=True,
        description=thawed or FROZEN_TITLE,
        metadata={"count": int(bool(thawed)), "remedy": "See `etl-assets freeze --help`."},
    )


def told_with(check: dg.AssetCheckResult, more: dict[str, str]) -> dg.AssetCheckResult:
    """The check, which says more."""
    return check._replace(
        metadata={**check.metadata, **{name: dg.MetadataValue.text(text) for name, text in more.items()}}
    )


def verification_metadata(books: Books, rows: list[RowComparison]) -> dict[str, Any]:
    """Returns the same keys each time: Dagster plots the numbers, so that waiting users are seen to fall to 0."""
    totals = {f"{state}_rows": sum(getattr(book, state) for book in books.tables) for state in ROW_STATES}
    return {
        "progress": dg.MetadataValue.md(as_markdown(progress_svg(bars_of(books)))),
        "books": books_table(books),
        "users": table_value(("state", "users"), books.users.items()),
        "rows": rows_table(rows),
        "waiting_users": books.users.get("waiting", 0),
        "resolved_users": books.users.get("resolved", 0),
        **totals,
    }


def verified(
    books: Books,
    rows: list[RowComparison],
    *,
    at: str,
    since: str,
    balances: list[BalanceComparison] | None = None,
) -> Verified:
    """What the report needs of this verification."""
    accounts = {book.table: book for book in books.tables}
    lines = tuple(
        RowLine(
            table=row.table,
            compared=row.compared,
            altered=row.altered,
            misowned=row.misowned,
            unledgered=row.strays.ours,
            changed_since=row.changed_since,
            gone_since=row.gone_since,
            changed_in_legacy=row.changed_in_legacy,
            vanished=row.vanished,
            doubled_since=row.doubled_since,
        )
        for row in rows
    )
    money = tuple(_money_line(accounts[found.table], found) for row in rows for found in row.sums)
    return Verified(at, books, lines, money, tuple(balance_line(found) for found in balances or ()), since)


def _money_line(book: TableBook, found: SumComparison) -> MoneyLine:
    staged = sum(group.rows for group in book.groups if group.state == "quarantined")

    def total(*states: str) -> str:
        return f"{book.sum_of(found.column, *states):,}"

    return MoneyLine(
        column=f"{book.table}.{found.column}",
        legacy=total(),
        arrived=total("loaded"),
        production=f"{Decimal(found.after):,}",
        waiting=total("waiting", "ready"),
        set_aside=total("quarantined", "excluded"),
        refused=book.quarantined - staged,
        differing_users=found.differing,
    )
