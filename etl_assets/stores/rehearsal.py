"""Staging rehearsed: done whole in a transaction that is rolled back, so that `check` says what would happen."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from etl_assets.model.books import TableBook
from etl_assets.model.errors import sample_of
from etl_assets.spec.model import Spec
from etl_assets.stores.accounting import read_books
from etl_assets.stores.links import Links
from etl_assets.stores.postgres import Connection, rows
from etl_assets.stores.reissued import reissued_tables
from etl_assets.stores.schema import rolled_back
from etl_assets.stores.staging import StagingSource, replace_staging
from etl_assets.stores.statements import statement
from etl_assets.stores.user_validations import claims_file_is_met
from etl_assets.stores.validations import staging_validations

RUN = "check"


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
    """What staging would come to: refused cells, each table's book, what blocks, and dead claims."""

    cells: list[CellFaults] = field(default_factory=list)
    books: list[TableBook] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    unmet_claims: str = ""


def rehearse_staging(
    connection: Connection,
    links: Links,
    sources: dict[str, Callable[[], StagingSource]],
    stage_users: Callable[[Connection], None],
) -> Rehearsal:
    """Stages everything, looks, and rolls back: afterwards the target is as it was.

    It takes the writers' lock, as every staging does, so that no run is disturbed.

    Args:
        connection: from `connect`.
        links: of the tables that the target has.
        sources: per table key, what makes its source when its turn comes.
        stage_users: takes the legacy users into the map.
    """
    found = Rehearsal()
    with rolled_back(connection, run=RUN):
        stage_users(connection)
        for name in links.tables:
            replace_staging(connection, links, links.spec.tables[name], source=sources[name](), run=RUN)
        links = replace(links, reissued=reissued_tables(connection))
        found.cells = [
            CellFaults(table, column, rule, int(count), sample_of(tuple(ids)))
            for table, column, rule, count, ids in rows(connection, statement("describe_quarantine"))
        ]
        found.books = list(read_books(connection, links).tables)
        found.refusals = _refusals(connection, links.spec, links)
        found.unmet_claims = _unmet_claims(connection, links) if links.spec.owned else ""
    return found


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
        f"{finding.count:,} lines cannot come true (ids {sample_of(finding.sample)}). {rule.remedy}"
        if finding.count
        else ""
    )
