"""Production read back: wave by wave, then everything, and the books."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import dagster as dg

from etl_assets.access.legacy.source import sees_change
from etl_assets.access.postgres.connection import Connection, looking_up, reading, server_facts, writing
from etl_assets.assets.balance_findings import BALANCES_TITLE, GAPS_TITLE, balance_audit, balances_result, gaps_result
from etl_assets.assets.findings import (
    BOOKS_TITLE,
    DOUBLED_TITLE,
    EMPTIED_TITLE,
    FROZEN_TITLE,
    LEGACY_TITLE,
    ROWS_TITLE,
    SIGHT_TITLE,
    STAGING_TITLE,
    SUMS_TITLE,
    books_result,
    changes_result,
    emptied_result,
    frozen_result,
    legacy_result,
    rows_result,
    rows_table,
    sight_result,
    staging_result,
    sums_result,
    told_with,
    verification_metadata,
    verified,
)
from etl_assets.assets.keys import (
    COMMAND_TAG,
    LOGIN_WAVES,
    MIGRATE,
    OWNERS,
    RECONCILIATION,
    VERIFICATION,
    VERIFY_GROUP,
    is_migrate,
    production_key,
    staging_key,
    version_of,
)
from etl_assets.assets.outcomes import failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.balances.compare import BalanceComparison, compare_balances
from etl_assets.core.books.books import can_be_counted, read_books
from etl_assets.core.books.pages import Drift, count_books, require_books
from etl_assets.core.cutover.freeze import find_freeze
from etl_assets.core.files.books import file_books
from etl_assets.core.files.recheck import recheck_sources
from etl_assets.core.links.links import Links
from etl_assets.core.load.due import remember_by_hand, staged_snapshots
from etl_assets.core.load.late import is_large
from etl_assets.core.load.read_back import follow_target
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.facts import find_fact, replace_fact
from etl_assets.core.memory.final_books import find_final_books
from etl_assets.core.memory.staged import snapshots_of, staged_tables, touched_tables
from etl_assets.core.staging.table import is_altered
from etl_assets.core.users.users import label_users
from etl_assets.core.users.waves import unverified_claims, verify_waves
from etl_assets.core.verify.as_users import see_as_users
from etl_assets.core.verify.emptied import Emptied, find_emptied, note_places
from etl_assets.core.verify.last_found import keep_verified, last_verified
from etl_assets.core.verify.remembered import (
    OF_ALL,
    OF_WAVE,
    Compared,
    compared,
    has_reconciled,
    known_comparisons,
    remember_compared,
)
from etl_assets.core.verify.rows import RowComparison, compare_all, compare_rows
from etl_assets.faults import fault_point
from etl_assets.model.books import Books
from etl_assets.model.errors import CleanedUp, LegacyThawed, sample_of
from etl_assets.model.report import Verified
from etl_assets.spec.model import Spec

# How much a verification reads. Everything: by hand, in `migrate` and `verify`. Else this wave, and what it changed.
EVERYTHING, THIS_WAVE = "everything", "this wave"
READ_ALL = "everything was read at"
# The schedule reads everything every night: a day without it is worth a look, and two are a fault.
FRESH = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=26), fail_window=timedelta(hours=50))


@dataclass(frozen=True)
class _ReadBack:
    """Everything that a verification looks at."""

    at: str
    books: Books
    compared: Compared
    balances: list[BalanceComparison] | None
    altered: list[str]
    emptied: list[Emptied]
    drift: Drift

    @property
    def rows(self) -> list[RowComparison]:
        return list(self.compared.tables.values())

    def results(self) -> list[dg.AssetCheckResult]:
        found = [
            books_result(self.books, self.drift),
            rows_result(VERIFICATION, self.rows),
            sums_result(VERIFICATION, self.rows),
            changes_result(self.rows),
            legacy_result(self.rows, self.balances or []),
            staging_result(self.altered),
            emptied_result(self.emptied),
        ]
        if self.balances is not None:
            found += [balances_result(self.balances), gaps_result(self.balances)]
        return found

    def for_audit(self) -> dict[str, Any]:
        """What the audit trail keeps of it."""
        differing = {row.table: row.compared - row.equal for row in self.rows}
        altered = {row.table: row.altered for row in self.rows}
        tables = self.books.as_json()["tables"]
        money = {"balances": {line.balance: balance_audit(line) for line in self.balances}} if self.balances else {}
        return {"closed": self.books.closed, "books": tables, "altered": altered, "differing": differing} | money

    def as_verified(self) -> Verified:
        return verified(self.books, self.rows, at=self.at, since=self.compared.since, balances=self.balances)


def _read_back(
    connection: Connection, links: Links, tables: list[str], *, run: str, drift: Drift, whole: bool
) -> _ReadBack:
    at = server_facts(connection)["now"]
    books = read_books(connection, links, labelled=True)
    loaded = {book.table: book.loaded for book in books.tables}
    known = known_comparisons(connection, links, run=run)
    found = {name: known.of(name, loaded=loaded[name]) for name in tables}
    among = None if whole else unverified_claims(connection)
    read = {name: compare_all(connection, links, name, known=found[name], among=among) for name in tables}
    since = known.since if any(found.values()) else at
    balances = None
    if links.spec.balances:
        is_whole = set(links.tables) <= set(tables) and not links.stopped
        balances = compare_balances(connection, links) if is_whole else []
    doubtful = tables if whole else [name for name in tables if name in touched_tables(connection)]
    altered = [name for name in doubtful if is_altered(connection, name)]
    emptied = find_emptied(connection, links, [name for name in tables if read[name].gone_since])
    return _ReadBack(at, books, Compared(read, known.staging, since), balances, altered, emptied, drift)


def _balance_specs() -> list[dg.AssetCheckSpec]:
    return [
        _spec("balances_were_applied", VERIFICATION, BALANCES_TITLE),
        _spec("balances_agree_with_transactions", VERIFICATION, GAPS_TITLE, blocking=False),
    ]


def _staged_tables(connection: Connection, links: Links) -> list[str]:
    """The tables that can be compared: before the first staging there are none, and after the cleanup none again."""
    staged = staged_tables(connection)
    return [name for name in links.tables if name in staged]


def _thawed(connection: Connection, stores: Access, spec: Spec) -> str:
    """What is not as the freeze left it, as a sentence; empty when all is, or when there was no freeze.

    A legacy file that is gone is no change: the old server may be off by now, or not seen from this machine.
    """
    frozen = find_freeze(connection)
    if frozen is None:
        return ""
    staged = staged_snapshots(connection, spec) - {frozen.snapshot} - snapshots_of(connection, frozen.sha256)
    if staged:
        return f"What is staged comes from {sample_of(sorted(staged))}, and not from the frozen {frozen.snapshot}."
    current = stores.artifacts().current_snapshot_or_none()
    if current is None or not sees_change(stores.settings(), current.source):
        return ""
    return str(LegacyThawed(frozen.snapshot))


def _spec(name: str, key: dg.AssetKey, title: str, *, blocking: bool = True) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=key, description=title, blocking=blocking)


def build_reconciliation_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `reconciliation`, partitioned by login wave."""

    @dg.asset(
        key=RECONCILIATION,
        code_version=version_of(spec),
        deps=[production_key(name) for name in spec.owned],
        partitions_def=LOGIN_WAVES,
        group_name=VERIFY_GROUP,
        kinds={"postgres"},
        owners=OWNERS,
        check_specs=[
            _spec("rows_are_equal", RECONCILIATION, ROWS_TITLE),
            _spec("sums_are_equal", RECONCILIATION, SUMS_TITLE),
            _spec("users_see_their_rows", RECONCILIATION, SIGHT_TITLE, blocking=False),
        ],
    )
    def reconciliation(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """This wave's rows read back from production and compared with staging, row by row and sum by sum.

        A few of its users also look at them as the app would let them, through row level security. Safe to re-run: it
        reads, and writes nothing but what it has found, for the verification.
        """
        with failures():
            return reconcile(stores, spec, wave=context.partition_key, run=context.run.run_id)

    return reconciliation


def reconcile(stores: Access, spec: Spec, *, wave: str, run: str) -> dg.MaterializeResult:
    """Reads a wave's rows back, and looks at some of them as their users."""
    with stores.target() as connection:
        links = stores.links(connection, spec)
        with reading(connection):
            tables = [name for name in _staged_tables(connection, links) if name in spec.owned]
            large = is_large(connection, wave)
            read = links.as_whole if large else links
            with looking_up(connection, few=not large):
                found = [compare_rows(connection, read, name, wave=wave) for name in tables]
            sight = see_as_users(connection, links, wave=wave)
            known = compared(connection, links, found)
        with writing(connection, run=run):
            remember_compared(connection, known, by=OF_WAVE, run=run)
    return dg.MaterializeResult(
        metadata={"rows_compared": sum(row.compared for row in found), "rows": rows_table(found)},
        check_results=[
            rows_result(RECONCILIATION, found),
            sums_result(RECONCILIATION, found),
            sight_result(sight),
        ],
    )


def build_verification_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `verification`."""
    deps = [RECONCILIATION] if spec.owned else []
    deps += [production_key(name) for name in spec.unowned] + [staging_key(name) for name in spec.load_order]

    @dg.asset(
        key=VERIFICATION,
        code_version=version_of(spec),
        freshness_policy=FRESH,
        deps=deps,
        group_name=VERIFY_GROUP,
        kinds={"postgres"},
        owners=OWNERS,
        check_specs=[
            _spec("the_books_close", VERIFICATION, BOOKS_TITLE),
            _spec("the_legacy_app_is_as_it_was_frozen", VERIFICATION, FROZEN_TITLE),
            _spec("staging_is_as_it_was_written", VERIFICATION, STAGING_TITLE),
            _spec("what_was_loaded_is_not_gone_whole", VERIFICATION, EMPTIED_TITLE),
            _spec("rows_are_equal", VERIFICATION, ROWS_TITLE),
            _spec("sums_are_equal", VERIFICATION, SUMS_TITLE),
            *(_balance_specs() if spec.balances else []),
            _spec("no_row_was_doubled_since", VERIFICATION, DOUBLED_TITLE, blocking=False),
            _spec("nothing_changed_in_legacy_since", VERIFICATION, LEGACY_TITLE, blocking=False),
        ],
    )
    def verification(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """Everything that was ever loaded, read back, and the books: what became of every legacy row.

        Green means that no row is lost, doubled or altered by us. Materialized alone, and in `migrate` and `verify`, it
        reads everything. In the run of a wave it reads the wave: rows of earlier waves are not read once more where
        that was done within a day, of the same staging, without a fault, and the books are carried. Each check says
        how deep it looked, and when everything was last read. Safe to re-run: it reads, and writes nothing but the
        books, each unclaimed user's present state, which files the old app has changed, and what was read back.
        """
        with failures():
            return verify_everything(stores, spec, run=context.run)

    return verification


def verify_everything(stores: Access, spec: Spec, *, run: dg.DagsterRun) -> dg.MaterializeResult:
    """Reads everything back and counts the books, as they were found in one moment."""
    name = run.run_id
    with stores.target() as connection:
        links = stores.links(connection, spec)
        with reading(connection):
            tables = _staged_tables(connection, links)
            if not tables and find_final_books(connection):
                raise CleanedUp
            whole = is_migrate(run) or not has_reconciled(connection, run=name)
            is_countable = can_be_counted(connection, links)
        if whole and run.tags.get(COMMAND_TAG) != MIGRATE:  # which has looked before it took the wave
            recheck_sources(connection, spec, run=name)
        drift = Drift()
        if is_countable:
            with writing(connection, run=name):
                follow_target(connection, links)
                if whole:
                    drift = count_books(connection, links, run=name)
                else:
                    require_books(connection, links, run=name)
                if whole and spec.users is not None:
                    label_users(connection, links)
        with reading(connection):
            found = _read_back(connection, links, tables, run=name, drift=drift, whole=whole)
            thawed = _thawed(connection, stores, spec)
            files = file_books(connection, links) if whole else (last_verified(connection) or Verified("")).files
            snapshots = ", ".join(sorted(staged_snapshots(connection, spec)))
            kept = replace(found.as_verified(), snapshot=snapshots, files=files)
        fault_point("verify.counted")
        with writing(connection, run=name):
            keep_verified(connection, kept)
            if whole:
                replace_fact(connection, READ_ALL, found.at)
            depth = {"depth": EVERYTHING if whole else THIS_WAVE, "rows_read_since": found.compared.since}
            depth["everything_read_at"] = find_fact(connection, READ_ALL) or "never"
            verify_waves(connection)
            note_places(connection, links, [row.table for row in found.rows if row.compared > row.gone_since])
            remember_compared(connection, found.compared, by=OF_ALL, run=name)
            audit(connection, run=name, action="verified", **found.for_audit())
            if found.books.closed and is_migrate(run):
                remember_by_hand(connection, run=name)
    return dg.MaterializeResult(
        metadata={**verification_metadata(found.books, found.rows), **depth},
        check_results=[told_with(check, depth) for check in (*found.results(), frozen_result(thawed))],
    )
