"""What the report tells, read from the target."""

from etl_assets.access.postgres.connection import Connection, server_facts
from etl_assets.access.postgres.statements import Statements, literal
from etl_assets.core.cutover.freeze import find_freeze
from etl_assets.core.cutover.switched_off import find_switched_off
from etl_assets.core.links.links import Links
from etl_assets.core.load.late import unfinished_waves
from etl_assets.core.memory.facts import rounded_in
from etl_assets.model.books import Books
from etl_assets.model.report import (
    CorrectionLine,
    LeftLine,
    RefusalLine,
    ReportFacts,
    RoundedLine,
    UserLine,
    Verified,
)

SQL = Statements(__file__)


def report_facts(
    connection: Connection, links: Links, verified: Verified, *, left: tuple[LeftLine, ...] = ()
) -> ReportFacts:
    """What the last verification found, with the users and the refusals of this moment; runs inside `reading`."""
    facts = server_facts(connection)
    return ReportFacts(
        place=f"PostgreSQL {facts['version'].split()[0]}, database {facts['database']}",
        snapshot=verified.snapshot,
        verified=verified,
        refusals=_refusals(connection, verified.books),
        users=_users(connection) if links.spec.users else (),
        unfinished=tuple(unfinished_waves(connection)),
        frozen=find_freeze(connection),
        switched_off=find_switched_off(connection, links.spec),
        corrections=tuple(CorrectionLine(*line) for line in SQL("describe_corrections").many(connection)),
        left=left,
        rounded=tuple(
            RoundedLine(f"{name}.{column}", found.times, found.most)
            for name, table in links.spec.tables.items()
            if any(column.round for column in table.columns.values())
            for column, found in rounded_in(connection, name).items()
        ),
    )


def _users(connection: Connection) -> tuple[UserLine, ...]:
    """The users by state and reason. One query with all samples sorts everybody: 3 s for a million users."""
    found = SQL("count_users_by_reason").many(connection)
    lines = []
    for state, reason, count in found:
        sample = SQL("sample_users", state=literal(state), reason=literal(reason)).many(connection)
        lines.append(UserLine(state, reason, int(count), tuple(user for (user,) in sample)))
    return tuple(lines)


def _refusals(connection: Connection, books: Books) -> tuple[RefusalLine, ...]:
    """Every reason for which a row is not loaded: what is not even staged first, then links."""
    found = [
        RefusalLine(table, state, rule, int(count))
        for table, state, rule, count in SQL("count_refusals").many(connection)
    ]
    linked = [
        RefusalLine(book.table, group.state, group.reason, group.rows)
        for book in books.tables
        for group in book.groups
        if group.reason and group.state in ("quarantined", "waiting", "excluded")
    ]
    return (*found, *linked)
