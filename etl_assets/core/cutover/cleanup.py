"""After sign-off: staging goes, what answers questions later stays."""

from etl_assets.access.postgres.connection import Connection, writing
from etl_assets.core.books.books import read_books
from etl_assets.core.books.pages import clear_books
from etl_assets.core.links.links import Links
from etl_assets.core.load.late import unfinished_waves
from etl_assets.core.memory.audit import audit
from etl_assets.core.memory.final_books import keep_final_books
from etl_assets.core.memory.staged import clear_staged, staged_tables
from etl_assets.core.staging.table import drop_table
from etl_assets.core.verify.rows import compare_all
from etl_assets.model.books import Books
from etl_assets.model.errors import BooksOpen, CleanupRefused, sample_of
from etl_assets.model.words import said


def drop_staging(connection: Connection, links: Links, *, run: str) -> list[str]:
    """Drops the staging tables in one transaction and puts the books down for good; returns the tables' keys.

    `etl.legacy_user_map`, the ledger, the quarantine and the audit trail stay. Users who log in later need `migrate`
    again, which stages everything anew.

    Raises:
        BooksOpen: a row is unaccounted for, or not everything was staged.
        CleanupRefused: a wave is unfinished, or a loaded row is not what was loaded.
    """
    with writing(connection, run=run):
        tables, books = require_droppable(connection, links)
        for name in tables:
            drop_table(connection, name)
        if staged_tables(connection):
            keep_final_books(connection, books.as_json(), run=run)
            clear_staged(connection)
            clear_books(connection)
            audit(connection, run=run, action="cleaned", tables=tables, books=books.as_json()["tables"])
    return tables


def require_droppable(connection: Connection, links: Links) -> tuple[list[str], Books]:
    """The staging tables that a cleanup drops, and the books that stand then; raises as `drop_staging` does."""
    staged = staged_tables(connection)
    books = read_books(connection, links)
    if not books.closed:
        missing = [f"{book.table} {book.missing:+,}" for book in books.tables if book.missing]
        raise BooksOpen(
            f"Nothing was cleaned up: the books are open ({', '.join(missing) or 'not everything is staged'}). "
            "Run the job `migrate` until they close."
        )
    unfinished = unfinished_waves(connection)
    if unfinished:
        raise CleanupRefused(
            f"Nothing was cleaned up: {said(len(unfinished), 'wave', 'are not finished')} "
            f"({sample_of(unfinished)}). Run the job `new_wave`, which finishes them."
        )
    tables = [name for name in links.tables if name in staged]
    for found in (compare_all(connection, links, name) for name in tables):
        if found.faults:
            raise CleanupRefused(
                f"Nothing was cleaned up: {found.faults:,} loaded rows of {found.table} are not what was loaded "
                f"(legacy ids {sample_of(found.fault_sample)}), and staging is what they are compared with."
            )
    return tables, books
