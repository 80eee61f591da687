"""Several validations at once, in as few readings of the tables as they need."""

from collections import defaultdict
from collections.abc import Iterable

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements, literals, shown
from etl_assets.core.books.pages import has_books, reasons_by_table
from etl_assets.core.gate.validation import Validation
from etl_assets.core.links.conflicts import conflicts
from etl_assets.core.links.links import Links
from etl_assets.core.links.places import count_places
from etl_assets.model.errors import SAMPLE_SIZE
from etl_assets.model.validation import Finding

SQL = Statements(__file__)

ByReason = dict[str, tuple[int, list[str]]]


def find_all(connection: Connection, links: Links, validations: Iterable[Validation]) -> dict[str, Finding]:
    """Each validation's finding by its name; those about the reasons of one table's rows share one reading of it.

    Each still shows its own statement, which finds the same. Where the books know of no such row, none is read.
    """
    validations = list(validations)
    wanted: dict[str, set[str]] = defaultdict(set)
    for validation in validations:
        wanted[validation.table] |= set(validation.reasons)
    asked = {name: reasons for name, reasons in wanted.items() if reasons}
    present = reasons_by_table(connection) if asked and has_books(connection, links) else None
    counted = {name: _count(connection, links, name, reasons, present) for name, reasons in asked.items()}
    told = {name: count_places(connection, links, name) for name, found in counted.items() if found}
    return {
        validation.name: _picked(
            counted[validation.table],
            validation,
            shown(validation.compose(links), connection),
            told.get(validation.table, {}),
        )
        if validation.reasons
        else validation.find(connection, links)
        for validation in validations
    }


def _count(
    connection: Connection, links: Links, name: str, reasons: set[str], present: set[tuple[str, str]] | None
) -> ByReason:
    # The books know what our own tables say; what the target would refuse can be another thing by now.
    if present is not None and not conflicts(links, name) and not any((name, reason) in present for reason in reasons):
        return {}
    query = SQL("count_by_reason", links=links.as_whole.rows(name), reasons=literals(tuple(sorted(reasons))))
    return {reason: (int(count), list(sample)) for reason, count, sample in query.many(connection)}


def _picked(counted: ByReason, validation: Validation, query: str, told: dict[str, tuple[str, ...]]) -> Finding:
    found = [counted[reason] for reason in validation.reasons if reason in counted]
    sample = sorted(key for _, keys in found for key in keys)[: SAMPLE_SIZE + 1]
    places = tuple(place for reason in validation.reasons for place in told.get(reason, ()))
    return Finding(sum(count for count, _ in found), tuple(sample), query, places)
