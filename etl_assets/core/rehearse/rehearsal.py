"""Staging rehearsed: done whole in a transaction that is rolled back, so that `check` says what would happen."""

from collections.abc import Callable
from dataclasses import dataclass, field

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements
from etl_assets.core.books.books import read_books
from etl_assets.core.files.survey import Surveyed
from etl_assets.core.gate.table_rules import staging_validations
from etl_assets.core.gate.user_rules import claims_file_is_met
from etl_assets.core.links.links import Links
from etl_assets.core.links.places import count_places
from etl_assets.core.load.load import load_unowned, load_wave
from etl_assets.core.load.loader import KeyColumns, Loader
from etl_assets.core.memory.schema import rolled_back
from etl_assets.core.rehearse.dry_run import hold_sequences
from etl_assets.core.staging.table import StagingSource, replace_staging
from etl_assets.core.users.users import count_claimable, marked, next_wave_key, read_links, seal_wave
from etl_assets.model.books import TableBook
from etl_assets.model.errors import EtlError, SettingsError, sample_of
from etl_assets.model.words import counted
from etl_assets.spec.model import Spec
from etl_assets.spec.shapes import Rounding

SQL = Statements(__file__)

RUN = "check"
MOST_REHEARSED = 200  # users; the app's own inserts into tables with serial ids wait meanwhile


@dataclass(frozen=True)
class CellFaults:
    """Cells of one column that one rule refuses, with a few legacy ids."""

    table: str
    column: str
    rule: str
    rows: int
    sample: str


@dataclass
class Rehearsal:
    """What staging would come to: refused cells, each table's book, what blocks, dead claims, and where rows fail.

    `rounded` has per column what the operator lets be rounded. `inserted` says of whom the insert was
    rehearsed, or why it was not; `refused` what the target would not take; `files` what each column names.
    """

    cells: list[CellFaults] = field(default_factory=list)
    rounded: dict[str, Rounding] = field(default_factory=dict)
    books: list[TableBook] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    unmet_claims: str = ""
    inserted: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    places: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    files: dict[str, Surveyed] = field(default_factory=dict)


def rehearse_staging(
    connection: Connection,
    links: Links,
    sources: dict[str, Callable[[], StagingSource]],
    stage_users: Callable[[Connection], None],
    keys: KeyColumns,
) -> Rehearsal:
    """Stages everything, looks, and rolls back: afterwards the target is as it was.

    It takes the writers' lock, as every staging does, so that no run is disturbed.

    Args:
        connection: from `connect`.
        links: of the tables that the target has.
        sources: per table key, what makes its source when its turn comes.
        stage_users: takes the legacy users into the map.
        keys: each table's key columns.
    """
    found = Rehearsal()
    with rolled_back(connection, run=RUN):
        stage_users(connection)
        for name in links.tables:
            source = sources[name]()
            replace_staging(connection, links, links.spec.tables[name], source=source, run=RUN)
            found.rounded |= {f"{name}.{column}": some for column, some in source.corrected.rounded.items()}
        links = marked(connection, links)
        found.cells = [
            CellFaults(table, column, rule, int(count), sample_of(tuple(ids)))
            for table, column, rule, count, ids in SQL("describe_quarantine").many(connection)
        ]
        found.books = list(read_books(connection, links).tables)
        for book in found.books:
            if any(group.state == "quarantined" for group in book.groups):
                told = count_places(connection, links, book.table)
                found.places |= {(book.table, reason): places for reason, places in told.items()}
        found.refusals = _refusals(connection, links.spec, links)
        found.unmet_claims = _unmet_claims(connection, links) if links.spec.owned else ""
        if not found.refusals:
            _rehearse_insert(connection, links.spec, found, keys)
    return found


def _rehearse_insert(connection: Connection, spec: Spec, found: Rehearsal, keys: KeyColumns) -> None:
    """Inserts the rows of users who can claim now, with their balances: what only the insert can show."""
    try:
        with connection.transaction():
            hold_sequences(connection, spec)
            links = read_links(connection, spec)
            loader = Loader(connection, links, keys, RUN)
            loaded = sum(load_unowned(loader, name) for name in spec.unowned if name in links.tables)
            found.inserted = f"{counted(loaded, 'row')} of lookup tables"
            if spec.owned:
                claimable, key = count_claimable(connection, links), next_wave_key(connection)
                wave = seal_wave(connection, links, key=key, run=RUN, sample=f"{MOST_REHEARSED}/{RUN}")
                done = load_wave(loader, wave=wave.key, progress=lambda *_: None)
                found.inserted += f", {done.written:,} rows and balances of {counted(wave.users, 'user')}"
                found.inserted += f" (of {claimable:,} who can claim now)"
            query = SQL("count_refused")
            for table, rule, count, ids in query.many(connection, run=RUN):
                found.refused[table] = f"the target would refuse {count:,}: {rule} (ids {sample_of(tuple(ids))})"
    except SettingsError as problem:
        found.inserted = f"nothing: {problem}"
    except EtlError as problem:
        found.refusals["insert"] = str(problem)


def _refusals(connection: Connection, spec: Spec, links: Links) -> dict[str, str]:
    found = {}
    for name in links.tables:
        for validation in staging_validations(spec, name):
            if validation.blocking:
                finding = validation.find(connection, links)
                if finding.count > validation.allowed:
                    told = f"{finding.count:,} found. {validation.remedy}"
                    found[f"{name}: {validation.name}"] = told
    return found


def _unmet_claims(connection: Connection, links: Links) -> str:
    rule = claims_file_is_met()
    finding = rule.find(connection, links)
    return (
        f"{counted(finding.count, 'line')} cannot come true (ids {sample_of(finding.sample)}). {rule.remedy}"
        if finding.count
        else ""
    )
