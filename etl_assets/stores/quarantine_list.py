"""The quarantine as a CSV for people: safe to open in a spreadsheet, and the pattern for a corrections file."""

import csv
import io
import re
from collections.abc import Iterator

from etl_assets.model.remedies import row_remedy
from etl_assets.stores.links import Links
from etl_assets.stores.places import places
from etl_assets.stores.postgres import Connection, streamed
from etl_assets.stores.statements import literal, statement

HEADER = ("table", "legacy_id", "column", "storage_class", "value", "rule", "remedy")
# What a spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection); numbers stay numbers.
FORMULA, NUMBER = ("=", "+", "-", "@", "\t", "\r"), re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def harmless(cell: str | None) -> str:
    """The cell as a spreadsheet shows it: what would be a formula gets an apostrophe in front."""
    if not cell:
        return ""
    return f"'{cell}" if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell) else cell


def quarantine_lines(connection: Connection, links: Links, tables: tuple[str, ...]) -> Iterator[str]:
    """The lines of the CSV, header first, streamed: all refused cells, and refused rows of these tables."""
    yield csv_line(HEADER)
    queries = [statement("copy_out_quarantine")]
    queries += [
        statement("copy_out_links", table=literal(name), places=places(links.as_whole, name)) for name in tables
    ]
    for query in queries:
        for row in streamed(connection, query):
            yield csv_line((*(harmless(cell) for cell in row), row_remedy((row[-1] or "").partition(":")[0])))


def csv_line(cells: tuple[str, ...]) -> str:
    """One line, quoted where it has to be."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
