"""Frames of rows sent to Postgres through COPY, counted when they arrive."""

import io

import polars as pl

from etl_assets.access.postgres.connection import Connection
from etl_assets.access.postgres.statements import Statement, without_parameters
from etl_assets.model.errors import ArtifactError

TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def copy_frame(connection: Connection, query: Statement, frame: pl.DataFrame) -> None:
    """Sends one frame through a COPY statement and counts what arrived.

    Raises:
        ArtifactError: fewer rows arrived than were sent.
    """
    with connection.cursor() as cursor:
        with cursor.copy(without_parameters(query.of_kind("copy"), connection)) as copy:
            copy.write(csv_of(frame))
        require_all_arrived(cursor.rowcount, frame.height, "a batch")


def csv_of(frame: pl.DataFrame) -> bytes:
    """A frame as COPY reads it."""
    # Quoted text keeps `''` apart from NULL, and a lone `\.` from Postgres' end-of-data mark.
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, quote_style="non_numeric", datetime_format=TIMESTAMP_FORMAT)
    return buffer.getvalue()


def require_all_arrived(arrived: int, sent: int, what: str) -> None:
    """Raises ArtifactError where COPY has taken fewer rows than were sent."""
    if arrived != sent:
        raise ArtifactError(f"COPY took {arrived:,} of {sent:,} rows of {what}; nothing was kept. Run it again.")


def without_nul(*columns: str) -> pl.Expr:
    """NUL cannot be stored in Postgres text; it is shown as a replacement character."""
    return pl.col(*columns).str.replace_all("\x00", "\ufffd", literal=True)
