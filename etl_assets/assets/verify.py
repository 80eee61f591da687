"""Production read back: wave by wave, then everything, and the books."""

from typing import Any

import dagster as dg

from etl_assets.assets.keys import (
    LOGIN_WAVES,
    OWNERS,
    RECONCILIATION,
    VERIFICATION,
    VERIFY_GROUP,
    production_key,
    staging_key,
)
from etl_assets.assets.outcomes import failures, result, table_value
from etl_assets.assets.resources import Stores
from etl_assets.model.books import ROW_STATES, Books
from etl_assets.model.errors import sample_of
from etl_assets.spec.model import Spec
from etl_assets.stores.accounting import RowComparison, SumComparison, compare_rows, compare_sums, read_books
from etl_assets.stores.faults import fault_point
from etl_assets.stores.links import Links
from etl_assets.stores.postgres import Connection, reading, writing
from etl_assets.stores.users import label_users

ROWS_TITLE = "Every loaded row stands in production as it was written, unless its user changed it since."
SUMS_TITLE = "Each user's total of every money column is the same before and after."
BOOKS_TITLE = "source = loaded + waiting + quarantined + excluded, for every table, and every user is in one state."
LEGACY_TITLE = "No loaded row was changed in the legacy app since."
CHANGES_TITLE = "No loaded row was changed or removed in production since."
SQL_REMEDY = "Compare the rows in etl.loaded with production; see `query`."


def _compare(
    connection: Connection, links: Links, tables: list[str], *, wave: str | None
) -> tuple[list[RowComparison], list[SumComparison]]:
    rows = [compare_rows(connection, links, name, wave=wave) for name in tables]
    sums = [found for name in tables for found in compare_sums(connection, links, name, wave=wave)]
    return rows, sums


def _staged_tables(connection: Connection, links: Links, *, owned_only: bool) -> list[str]:
    tables = links.spec.owned if owned_only else links.tables
    return [name for name in tables if name in links.targets]


def _rows_table(rows: list[RowComparison]) -> dg.TableMetadataValue:
    names = ("table", "compared", "equal", "altered", "changed_since", "gone_since", "changed_in_legacy")
    return table_value(names, ([getattr(row, name) for name in names] for row in rows))


def _rows_result(key: dg.AssetKey, rows: list[RowComparison]) -> dg.AssetCheckResult:
    altered = sum(row.altered for row in rows)
    worst = max(rows, key=lambda row: row.altered, default=None)
    metadata: dict[str, Any] = {"count": altered, "remedy": SQL_REMEDY}
    if worst is not None:
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{worst.query}\n```")
        if worst.altered_sample:
            metadata["sample"] = f"{worst.table}: legacy ids {sample_of(worst.altered_sample)}"
    text = ROWS_TITLE if not altered else f"{altered:,} rows differ from what was loaded, and nobody else wrote them."
    return result("rows_are_equal", key, passed=altered == 0, blocking=True, description=text, metadata=metadata)


def _sums_result(key: dg.AssetKey, sums: list[SumComparison]) -> dg.AssetCheckResult:
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
        else f"{differing:,} users have another total than before, and no later edit explains it."
    )
    return result("sums_are_equal", key, passed=differing == 0, blocking=True, description=text, metadata=metadata)


def _changes_result(rows: list[RowComparison]) -> dg.AssetCheckResult:
    changed, gone = sum(row.changed_since for row in rows), sum(row.gone_since for row in rows)
    text = (
        CHANGES_TITLE if not changed + gone else f"{changed:,} rows were changed and {gone:,} removed by others since."
    )
    samples = [
        f"{r.table}: {sample_of((*r.changed_sample, *r.gone_sample))}" for r in rows if r.changed_since + r.gone_since
    ]
    return result(
        "nothing_changed_since",
        VERIFICATION,
        passed=changed + gone == 0,
        blocking=False,
        description=text,
        metadata={
            "count": changed + gone,
            "changed_since": changed,
            "gone_since": gone,
            "sample": "; ".join(samples) or "none",
            "remedy": "Nothing to do: the new app is in use. A row that its user removed never comes back.",
        },
    )


def _legacy_result(rows: list[RowComparison]) -> dg.AssetCheckResult:
    changed = sum(row.changed_in_legacy for row in rows)
    tables = ", ".join(f"{row.table} {row.changed_in_legacy:,}" for row in rows if row.changed_in_legacy)
    return result(
        "nothing_changed_in_legacy_since",
        VERIFICATION,
        passed=changed == 0,
        blocking=False,
        description=LEGACY_TITLE
        if not changed
        else f"{changed:,} loaded rows differ from the legacy app by now: {tables}.",
        metadata={
            "count": changed,
            "remedy": "Production keeps what was loaded. Stop writing to the legacy app for users who have moved.",
        },
    )


def _books_table(books: Books) -> dg.TableMetadataValue:
    names = ("table", "source", *ROW_STATES, "missing")
    return table_value(names, ((book.table, *book.as_json().values(), book.missing) for book in books.tables))


def _books_result(books: Books) -> dg.AssetCheckResult:
    missing = sum(abs(book.missing) for book in books.tables)
    open_tables = [f"{book.table} {book.missing:+,}" for book in books.tables if book.missing]
    text = (
        BOOKS_TITLE if books.closed else f"The books do not close: {', '.join(open_tables) or 'users do not add up'}."
    )
    return result(
        "the_books_close",
        VERIFICATION,
        passed=books.closed,
        blocking=True,
        description=text,
        metadata={
            "count": missing,
            "books": _books_table(books),
            "remedy": "Run the `migrate` job again; if they stay open, rows were removed from schema etl by hand.",
        },
    )


def _spec(name: str, key: dg.AssetKey, title: str, *, blocking: bool = True) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=key, description=title, blocking=blocking)


def build_reconciliation_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `reconciliation`, partitioned by login wave."""

    @dg.asset(
        key=RECONCILIATION,
        deps=[production_key(name) for name in spec.owned],
        partitions_def=LOGIN_WAVES,
        group_name=VERIFY_GROUP,
        kinds={"postgres"},
        owners=OWNERS,
        check_specs=[
            _spec("rows_are_equal", RECONCILIATION, ROWS_TITLE),
            _spec("sums_are_equal", RECONCILIATION, SUMS_TITLE),
        ],
    )
    def reconciliation(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """This wave's rows read back from production and compared with staging, row by row and sum by sum.

        Safe to re-run: it only reads.
        """
        with failures(), stores.target() as connection:
            links = stores.links(connection, spec)
            with reading(connection):
                tables = _staged_tables(connection, links, owned_only=True)
                rows, sums = _compare(connection, links, tables, wave=context.partition_key)
        return dg.MaterializeResult(
            metadata={"rows_compared": sum(row.compared for row in rows), "rows": _rows_table(rows)},
            check_results=[_rows_result(RECONCILIATION, rows), _sums_result(RECONCILIATION, sums)],
        )

    return reconciliation


def build_verification_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `verification`."""
    deps = [RECONCILIATION] if spec.owned else []
    deps += [production_key(name) for name in spec.unowned] + [staging_key(name) for name in spec.load_order]

    @dg.asset(
        key=VERIFICATION,
        deps=deps,
        group_name=VERIFY_GROUP,
        kinds={"postgres"},
        owners=OWNERS,
        check_specs=[
            _spec("the_books_close", VERIFICATION, BOOKS_TITLE),
            _spec("rows_are_equal", VERIFICATION, ROWS_TITLE),
            _spec("sums_are_equal", VERIFICATION, SUMS_TITLE),
            _spec("nothing_changed_since", VERIFICATION, CHANGES_TITLE, blocking=False),
            _spec("nothing_changed_in_legacy_since", VERIFICATION, LEGACY_TITLE, blocking=False),
        ],
    )
    def verification(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """Everything that was ever loaded, read back, and the books: what became of every legacy row.

        Green means that no row is lost, doubled or altered by us. Safe to re-run: it reads, and writes nothing but each
        unclaimed user's present state into the user map.
        """
        with failures(), stores.target() as connection:
            links = stores.links(connection, spec)
            if spec.users is not None:
                with writing(connection, run=context.run.run_id):
                    label_users(connection, spec, links)
            with reading(connection):
                books = read_books(connection, links)
                tables = _staged_tables(connection, links, owned_only=False)
                rows, sums = _compare(connection, links, tables, wave=None)
            fault_point("verify.counted")
        totals = {
            state: sum(getattr(book, state) for book in books.tables) for state in ("loaded", "waiting", "quarantined")
        }
        checks = [
            _books_result(books),
            _rows_result(VERIFICATION, rows),
            _sums_result(VERIFICATION, sums),
            _changes_result(rows),
            _legacy_result(rows),
        ]
        users = table_value(("state", "users"), books.users.items())
        return dg.MaterializeResult(
            metadata={
                "books": _books_table(books),
                "users": users,
                "rows": _rows_table(rows),
                **{f"{state}_rows": count for state, count in totals.items()},
            },
            check_results=checks,
        )

    return verification
