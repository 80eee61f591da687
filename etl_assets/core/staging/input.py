"""What Postgres makes of texts: its input functions asked, value by value, in a session of their own."""

from functools import partial

import psycopg

from etl_assets.access.postgres.connection import Connection, beside, speak
from etl_assets.access.postgres.refusals import translated
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.target import Reader

SQL = Statements(__file__)


def reader_of(connection: Connection) -> Reader:
    """Asks the server of this connection, which may be busy meanwhile: from a thread of its own, say.

    Each question opens a session, which costs a few milliseconds; a batch asks one per column.
    """
    return partial(_read, beside(connection))


def _read(parameters: dict[str, str], type_: str, texts: list[str]) -> list[str | None]:
    try:
        with psycopg.connect(**parameters) as session:  # type: ignore[arg-type]
            speak(session)
            SQL("make_reader").exec(session)
            return [spelled for (spelled,) in SQL("read_texts").many(session, type=type_, texts=texts)]
    except psycopg.Error as error:
        raise translated(error) from None
