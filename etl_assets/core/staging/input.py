"""What Postgres makes of texts: its input functions asked, value by value, in a session of their own."""

import psycopg

from etl_assets.access.postgres.connection import Connection, beside, speak
from etl_assets.access.postgres.refusals import translated
from etl_assets.access.postgres.statements import Statements

SQL = Statements(__file__)


class InputReader:
    """Asks the server of a connection, which may be busy meanwhile: from a thread of its own, say.

    Each question opens a session, which costs a few milliseconds; a batch asks one per column. `failed` is why one was
    not answered: on its way through polars an error loses what it is.
    """

    def __init__(self, connection: Connection) -> None:
        """Remembers where the connection leads to."""
        self._parameters = beside(connection)
        self.failed: Exception | None = None

    def __call__(self, type_: str, texts: list[str]) -> list[str | None]:
        """How Postgres writes each text as this type, None where it refuses it.

        Raises:
            Unavailable: the server does not answer.
        """
        try:
            with psycopg.connect(**self._parameters) as session:  # type: ignore[arg-type]
                speak(session)
                SQL("make_reader").exec(session)
                return [spelled for (spelled,) in SQL("read_texts").many(session, type=type_, texts=texts)]
        except psycopg.Error as error:
            self.failed = translated(error)
            raise self.failed from None
