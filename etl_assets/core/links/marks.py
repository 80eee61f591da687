"""What makes a table's link statements longer: rows that the target refused, legacy ids that were given again."""

from typing import NamedTuple

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


class Marks(NamedTuple):
    """The tables in which a legacy id stands for its second row, and those of which rows were refused.

    Balances that were refused stand for `users`.
    """

    reissued: frozenset[str]
    refused: frozenset[str]


def read_marks(connection: Connection) -> Marks:
    """The marks of this moment."""
    return Marks(*map(frozenset, SQL("list_marked_tables").one(connection)))
