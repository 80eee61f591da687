"""What staging would come to, cell by cell, without leaving a trace: the second half of `check`."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.files.whole import sha256_of
from etl_assets.access.legacy.database import copy_database, count_rows, open_read_only
from etl_assets.access.legacy.export import ExportReader, key_columns, open_export
from etl_assets.access.legacy.lookup import Seeker
from etl_assets.access.legacy.scrub import Scrub, Scrubbed, scrub
from etl_assets.access.postgres.connection import Connection, reading
from etl_assets.commands.disk import shown_bytes
from etl_assets.core.balances.people import People, read_people, stage_people
from etl_assets.core.files.survey import THERE, Survey, Surveyed
from etl_assets.core.links.links import Links
from etl_assets.core.memory.suppressions import read_suppressions
from etl_assets.core.rehearse.rehearsal import CellFaults, Rehearsal, rehearse_staging
from etl_assets.core.staging.corrections_file import read_corrections
from etl_assets.core.staging.frames import staged_batches
from etl_assets.core.staging.input import InputReader
from etl_assets.core.staging.lineage import ACCEPTED_LENGTH, require_the_same_file
from etl_assets.core.staging.table import Corrected, StagingSource
from etl_assets.core.users.claims_file import read_claims
from etl_assets.model.books import TableBook
from etl_assets.model.claims import Claims
from etl_assets.model.corrections import CorrectionsFile
from etl_assets.model.target import Reader
from etl_assets.model.words import counted
from etl_assets.settings import Settings
from etl_assets.spec.exports import Export, exports_of
from etl_assets.spec.model import USERS, Spec
from etl_assets.transform.staging import StagePlan

SNAPSHOT = "check"


def rehearse(connection: Connection, settings: Settings, spec: Spec, links: Links) -> Rehearsal:
    """Stages a copy of the legacy database in a transaction that is rolled back.

    From a copy, because a long read of a live file in rollback-journal mode keeps the app from writing.
    """
    artifacts = Artifacts(settings.artifacts)
    whole, clean = artifacts.scratch_path("check.db"), artifacts.scratch_path("clean.db")
    try:
        copy_database(settings.legacy_file(), whole)
        with reading(connection):
            require_the_same_file(connection, whole, spec, digest=sha256_of(whole)[:ACCEPTED_LENGTH])
        claims = read_claims(settings.claims_path) if spec.users else Claims()
        read = InputReader(connection)
        file, gone, copy = read_corrections(settings.corrections_path, spec), Scrubbed(), whole
        suppressions = read_suppressions(connection)
        if suppressions:
            gone, copy = scrub(whole, clean, Scrub(spec, suppressions, file)), clean
        survey = Survey(spec)

        def source(name: str) -> StagingSource:
            found = _source(copy, spec, links, name, (file, gone), read)
            return replace(found, batches=survey.watch(spec.tables[name], found.batches))

        found = rehearse_staging(
            connection,
            links,
            {name: partial(source, name) for name in links.tables},
            lambda inner: _stage_users(inner, copy, spec, Corrected(file.of(USERS)), claims),
            key_columns(copy, spec),
        )
        found.files = survey.found
        return found
    finally:
        whole.unlink(missing_ok=True)
        clean.unlink(missing_ok=True)


def _source(
    copy: Path, spec: Spec, links: Links, name: str, laid_over: tuple[CorrectionsFile, Scrubbed], read: Reader
) -> StagingSource:
    file, forgotten = laid_over[0], laid_over[1].rows.get(name, [])
    export = exports_of(spec)[name]
    with open_read_only(copy) as connection:
        reader = open_export(connection, export)
        if reader is None:
            return StagingSource(SNAPSHOT, 0, excluded=[], batches=[])
        total = count_rows(connection, reader.table) + len(forgotten)
        excluded = [key for keys in reader.excluded() for key in keys["_key"].to_list()]
        plan = StagePlan(spec, spec.tables[name], links.targets[name], reader.labels, reader.usual, read, Seeker(copy))
    laid = Corrected(file.of(name), file.sha256)
    return StagingSource(
        SNAPSHOT,
        total,
        excluded,
        batches=staged_batches(_batches(copy, export), plan, laid),
        corrected=laid,
        forgotten=forgotten,
    )


def _batches(copy: Path, export: Export) -> Iterator[pl.DataFrame]:
    with open_read_only(copy) as connection:
        yield from _reader(connection, export).batches()


def _reader(connection: object, export: Export) -> ExportReader:
    reader = open_export(connection, export)  # type: ignore[arg-type]
    assert reader is not None  # noqa: S101 - it was there a moment ago, in our own copy
    return reader


def _stage_users(connection: Connection, copy: Path, spec: Spec, laid: Corrected, claims: Claims) -> None:
    users = spec.users
    if users is None:
        return
    with open_read_only(copy) as legacy:
        reader = _reader(legacy, exports_of(spec)["users"])
        people = People(reader.batches, reader.labels, reader.usual, SNAPSHOT, count_rows(legacy, reader.table), laid)
        stage_people(connection, spec, users, read_people(connection, spec, people), claims=claims, run=SNAPSHOT)


def rehearsal_lines(found: Rehearsal) -> list[tuple[str, bool, str, bool]]:
    """Lines for `check`: subject, whether it holds, words, whether it warns. Refused values alone fail nothing."""
    lines = [(_subject(column), True, _cells(faults), True) for column, faults in _by_column(found.cells).items()]
    words = "would be rounded, by the spec's word, and by at most"
    lines += [
        (column, True, f"{counted(some.times, 'value')} {words} {some.most}", True)
        for column, some in found.rounded.items()
    ]
    lines += [
        (
            f"rows {book.table}",
            True,
            f"{group.rows:,} would be {group.state}: {_why(found, book.table, group.reason or '')}",
            True,
        )
        for book in found.books
        for group in book.groups
        if group.state in ("quarantined", "excluded")
    ]
    lines += [(f"files {column}", True, _files(told), bool(told.sample)) for column, told in found.files.items()]
    lines += [(f"books {book.table}", book.missing == 0, _sum(book), False) for book in found.books]
    lines += [(name, False, words, False) for name, words in found.refusals.items()]
    lines += [(f"rows {table}", False, words, False) for table, words in found.refused.items()]
    lines += [("insert", True, f"rehearsed and rolled back: {found.inserted}", False)] if found.inserted else []
    lines += [("claims file", True, found.unmet_claims, True)] if found.unmet_claims else []
    return lines


def _why(found: Rehearsal, table: str, reason: str) -> str:
    places = ", ".join(found.places.get((table, reason), ()))
    return reason.replace("_", " ") + (f": {places}" if places else "")


def _by_column(cells: list[CellFaults]) -> dict[tuple[str, str], list[CellFaults]]:
    columns: dict[tuple[str, str], list[CellFaults]] = defaultdict(list)
    for cell in cells:
        columns[cell.table, cell.column].append(cell)
    return columns


def _subject(column: tuple[str, str]) -> str:
    return f"values {'.'.join(column)}"


def _cells(faults: list[CellFaults]) -> str:
    rules = "; ".join(f"{fault.rows:,} {fault.rule.replace('_', ' ')} (ids {fault.sample})" for fault in faults)
    return f"would be quarantined: {rules}"


def _files(told: Surveyed) -> str:
    there = f"{counted(told.files[THERE], 'file')} of {shown_bytes(told.size)} would be copied"
    others = "; ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in told.files.items() if state != THERE)
    return there + (f"; {others} (ids {', '.join(told.sample)})" if others else "")


def _sum(book: TableBook) -> str:
    kept = book.loaded + book.waiting
    return f"{book.source:,} rows: {kept:,} can move, {book.quarantined:,} quarantined, {book.excluded:,} excluded"
