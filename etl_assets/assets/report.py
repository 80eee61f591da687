"""The page that a non-engineer can sign."""

from itertools import chain
from pathlib import Path

import dagster as dg

from etl_assets.access.legacy.database import open_read_only
from etl_assets.access.legacy.left_behind import left_behind
from etl_assets.access.legacy.source import sees_change
from etl_assets.access.postgres.connection import Connection, reading, writing
from etl_assets.assets.keys import (
    BALANCE_LIST,
    CHANGE_LIST,
    OWNERS,
    PAGE,
    QUARANTINE_LIST,
    REPORT,
    VERIFICATION,
    VERIFY_GROUP,
    version_of,
)
from etl_assets.assets.outcomes import desk_link, failures
from etl_assets.assets.resources import Access, Stores
from etl_assets.core.lists.changes import balance_change_lines, balance_lines, change_lines
from etl_assets.core.lists.quarantine import quarantine_lines
from etl_assets.core.lists.report_facts import report_facts
from etl_assets.core.memory.counted import was_counted_by
from etl_assets.core.verify.last_found import keep_left, last_left, last_verified
from etl_assets.core.verify.remembered import has_reconciled
from etl_assets.model.errors import ArtifactError
from etl_assets.model.report import LeftLine, ReportFacts, Verified
from etl_assets.report.page import html_page, markdown_page, verdict
from etl_assets.report.points import open_points
from etl_assets.spec.model import Spec


def gather(connection: Connection, stores: Access, spec: Spec, *, run: str) -> ReportFacts:
    """The facts of this moment, with those of the last verification, whichever machine it ran on.

    Raises:
        ArtifactError: nothing was verified yet.
    """
    with reading(connection):
        verified = last_verified(connection)
    if verified is None:
        raise ArtifactError("Nothing was verified yet: materialize `verification` first.")
    left, links = _left_behind(connection, stores, spec, run=run), stores.links(connection, spec)
    with reading(connection):
        return report_facts(connection, links, verified, left=left)


def _left_behind(connection: Connection, stores: Access, spec: Spec, *, run: str) -> tuple[LeftLine, ...]:
    """What the spec leaves in the legacy app, counted once for a snapshot: it is a reading of everything there.

    In the live file where that is what was copied: after `forget` a snapshot holds only what the spec reads. On a
    machine without the snapshot it is what was counted last.
    """
    with reading(connection):
        of, known = last_left(connection)
    artifacts = stores.artifacts()
    snapshot = artifacts.current_snapshot_or_none()
    if snapshot is None or not artifacts.snapshot_path(snapshot.id).exists():
        return known
    wanted = [snapshot.id, spec.digest, snapshot.suppressed]
    if of == wanted:
        return known
    legacy = stores.settings().legacy_file()
    is_as_copied = legacy.exists() and sees_change(stores.settings(), snapshot.source) is False
    with open_read_only(legacy if is_as_copied else artifacts.snapshot_path(snapshot.id)) as copy:
        found = tuple(left_behind(copy, spec))
    with writing(connection, run=run):
        keep_left(connection, found, of=wanted)
    return found


def publish_quarantine(connection: Connection, stores: Access, spec: Spec, verified: Verified | None = None) -> Path:
    """Writes every quarantined cell and row to a CSV for people; after a cleanup, what etl.quarantine still has.

    With a verification of this moment, rows are looked for only in tables of which it counted some.
    """
    links = stores.links(connection, spec)
    with reading(connection):
        tables = links.tables
        if verified is not None:
            counted = {
                book.table for book in verified.books.tables for g in book.groups if g.state == "quarantined" and g.rows
            }
            tables = tuple(name for name in tables if name in counted)
        return stores.artifacts().publish_report(QUARANTINE_LIST, quarantine_lines(connection, links, tables))


def publish_changes(connection: Connection, stores: Access, spec: Spec, verified: Verified) -> Path:
    """Writes every loaded row, and every balance, that the legacy app has changed since to a CSV for people.

    Only tables of which the verification counted such rows are read again.
    """
    links = stores.links(connection, spec)
    with reading(connection):
        changed = {line.table for line in verified.rows if line.changed_in_legacy + line.vanished}
        tables = [name for name in links.tables if name in changed]
        lines = change_lines(connection, links, tables)
        if any(line.changed for line in verified.balances):
            lines = chain(lines, balance_change_lines(connection, links))
        return stores.artifacts().publish_report(CHANGE_LIST, lines)


def publish_balances(connection: Connection, stores: Access, spec: Spec) -> Path:
    """Writes every user's balance that differs somewhere or was not compared to a CSV for people."""
    links = stores.links(connection, spec)
    with reading(connection):
        return stores.artifacts().publish_report(BALANCE_LIST, balance_lines(connection, links))


def build_report_asset(spec: Spec) -> dg.AssetsDefinition:
    """The asset `migration_report`."""

    @dg.asset(
        key=REPORT,
        deps=[VERIFICATION],
        group_name=VERIFY_GROUP,
        kinds={"html"},
        owners=OWNERS,
        code_version=version_of(spec),
    )
    def migration_report(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
        """One page that says what arrived, what waits, what was set aside and why, with a box to sign.

        The page is a file that needs nothing else, for a browser or a printer; its path is shown here, and its text
        too. It holds counts and legacy ids and no address. Beside it lie lists for a spreadsheet: the quarantine with
        the refused values, what the legacy app changed or removed after the load, and balances that
        differ. Safe to re-run: all are replaced whole; a wave that stages nothing keeps the first two as they are.
        """
        with failures():
            return write_report(stores, spec, run=context.run.run_id)

    return migration_report


def write_report(stores: Access, spec: Spec, *, run: str) -> dg.MaterializeResult:
    """Writes the page and the lists beside it."""
    with stores.target() as connection:
        facts, artifacts = gather(connection, stores, spec, run=run), stores.artifacts()
        path = artifacts.publish_report(PAGE, [html_page(facts)])
        with reading(connection):
            keeps = _keeps_lists(connection, spec, run=run)
        # Both are found by reading everybody's rows.
        quarantine = keeps and artifacts.find_report(QUARANTINE_LIST)
        quarantine = quarantine or publish_quarantine(connection, stores, spec, facts.verified)
        changes = keeps and artifacts.find_report(CHANGE_LIST)
        changes = changes or publish_changes(connection, stores, spec, facts.verified)
        money = {}
        if spec.balances:
            money["balances"] = dg.MetadataValue.path(publish_balances(connection, stores, spec))
        stores.note(connection)
    return dg.MaterializeResult(
        metadata={
            "report": dg.MetadataValue.md(markdown_page(facts)),
            "page": dg.MetadataValue.path(path),
            "quarantine_list": dg.MetadataValue.path(quarantine),
            "legacy_changes": dg.MetadataValue.path(changes),
            **money,
            "verdict": verdict(facts),
            "open_points": len(open_points(facts)),
            **desk_link("/"),
        }
    )


def _keeps_lists(connection: Connection, spec: Spec, *, run: str) -> bool:
    """True for a wave that has carried the books: neither the quarantine nor the legacy app's changes are others."""
    is_carried = has_reconciled(connection, run=run) and not was_counted_by(connection, run)
    return is_carried and not spec.policy.updates
