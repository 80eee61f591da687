"""Legacy keys and cells as SQLite expressions: what the export writes of a row."""

from etl_assets.access.legacy.database import LegacyTable, fill, quoted
from etl_assets.spec.exports import Export


def cell_text(source: str) -> str:
    """An SQLite expression's value as the text that the export writes."""
    # `CAST(real AS TEXT)` keeps 15 digits; repr() is the shortest text that reads back the same.
    return fill(
        "CASE typeof({cell}) WHEN 'real' THEN etl_real({cell}) WHEN 'blob' THEN hex({cell})"
        " ELSE CAST({cell} AS TEXT) END",
        cell=source,
    )


def key_part(name: str) -> str:
    """An SQLite expression's value as a legacy key; `transform.identify.key_text` does the same to exported cells."""
    # A BLOB is written as SQLite writes it, so that x'17' and 17 stay two keys.
    return fill(
        "CASE WHEN typeof({value}) = 'real' AND {value} = CAST({value} AS INTEGER)"
        " THEN CAST(CAST({value} AS INTEGER) AS TEXT)"
        " WHEN typeof({value}) = 'blob' THEN 'x''' || hex({value}) || '''' ELSE {cell} END",
        value=name,
        cell=cell_text(name),
    )


def key_text(export: Export, table: LegacyTable) -> str:
    """A row's key in SQLite, NULL where it is missing."""
    key = export.key or table.primary_key
    if len(key) == 1:
        return key_part(quoted(key[0]))
    # Parts are joined by a slash, so a slash inside a part must not look like one.
    escaped = "replace(replace({part}, '%', '%25'), '/', '%2F')"
    return " || '/' || ".join(fill(escaped, part=key_part(quoted(column))) for column in key)
