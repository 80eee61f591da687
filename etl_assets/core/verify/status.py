"""The books of a target, read from outside of any run."""

from etl_assets.access.postgres.connection import Connection, connect, reading
from etl_assets.core.books.books import read_books
from etl_assets.core.memory.schema import exists
from etl_assets.core.users.users import read_links
from etl_assets.model.books import Books, TableBook
from etl_assets.spec.model import Spec


def status(url: str, spec: Spec) -> Books:
    """The books of this moment; all zeros on a target that was never migrated to. Writes nothing."""
    with connect(url) as connection:
        return books_of(connection, spec)


def books_of(connection: Connection, spec: Spec) -> Books:
    """Reads the books and the waves over an open connection."""
    with reading(connection):
        if not exists(connection):
            return Books(tuple(TableBook(name) for name in spec.tables), complete=False)
        return read_books(connection, read_links(connection, spec))
