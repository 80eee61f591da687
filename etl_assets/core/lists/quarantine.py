"""The quarantine as a CSV for people: safe to open in a spreadsheet, and the pattern for a corrections file."""

import csv
import io
import re
from collections.abc import Iterator

from etl_assets.access.postgres.connection import Connection, streamed
from etl_assets.access.postgres.statements import Statements, literal
from etl_assets.core.links.links import Links
from etl_assets.core.links.places import places
from etl_assets.core.memory.staged import are_staged
from etl_assets.model.remedies import row_remedy

SQL = Statements(__file__)

HEADER = ("table", "legacy_id", "column", "storage_class", "value", "rule", "remedy")
# What a spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection); numbers stay numbers.
# A reader that ends a line at any of Unicode's breaks, as Python's `splitlines` does, sees a cell begin after each, and
# some skip spaces before it; in East Asian locales the wide signs count too.
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
FORMULA = re.compile(
    "(^|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(?=[\t\r]|[^\\S\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*"
    "[=+\\-@\uff1d\uff0b\uff0d\uff20])"
)


def harmless(cell: str | None) -> str:
    """The cell as a spreadsheet shows it: what would be a formula, on any line of it, gets an apostrophe in front."""
    if not cell or NUMBER.fullmatch(cell):
        return cell or ""
    return FORMULA.sub(r"\1'", cell)


def quarantine_lines(connection: Connection, links: Links, tables: tuple[str, ...]) -> Iterator[str]:
    """The lines of the CSV, header first, streamed: all refused cells, and refused rows of these tables.

    After a cleanup no row can be looked for, and `etl.quarantine` is all that is left.
    """
    yield csv_line(HEADER)
    queries = [SQL("copy_out_quarantine")]
    if are_staged(connection, links.tables):
        queries += [SQL("copy_out_links", table=literal(name), places=places(links.as_whole, name)) for name in tables]
    for query in queries:
        for row in streamed(connection, query):
            yield csv_line((*(harmless(cell) for cell in row), row_remedy((row[-1] or "").partition(":")[0])))


def csv_line(cells: tuple[str, ...]) -> str:
    """One line. Every cell is quoted: a break of any kind within one is for no reader the end of the row."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)
    return buffer.getvalue()
