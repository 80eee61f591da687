"""New ids and references: a row's UUID is a function of its legacy key, wherever the key stands."""

import re
from uuid import UUID

import polars as pl
import polars_hash  # noqa: F401 - registers the `uuidhash` expressions

from etl_assets.model.errors import SpecError
from etl_assets.spec.references import References
from etl_assets.transform.values.kept import Keep

BIGINT = float(2**63)
UUID_36 = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
UUID_32 = r"^[0-9a-fA-F]{32}$"


def uuid5_of(key: pl.Expr, *, namespace: UUID, table: str) -> pl.Expr:
    """UUIDv5(namespace, "<table>/<legacy id>") as lower-case text; NULL keys stay NULL.

    Equal to `model.ids.new_id`, value by value.
    """
    name = pl.concat_str(pl.lit(f"{table}/"), key)
    return name.uuidhash.uuid5(str(namespace))  # type: ignore[attr-defined,no-any-return]


def uuid_digits(text: pl.Expr, keep: Keep) -> pl.Expr:
    """The 32 lower-case hex digits of a UUID in any usual spelling, NULL where the text is none.

    Those that Postgres reads (https://www.postgresql.org/docs/current/datatype-uuid.html), and `urn:uuid:` (RFC 9562).
    """
    bare = keep(text.str.to_lowercase().str.strip_prefix("urn:uuid:"))
    inner = keep(bare.str.extract(r"^\{(.*)\}$", 1).fill_null(bare))
    return pl.when(inner.str.contains(UUID_36) | inner.str.contains(UUID_32)).then(
        inner.str.replace_all("-", "", literal=True)
    )


def with_hyphens(digits: pl.Expr) -> pl.Expr:
    """32 hex digits as Postgres writes a uuid."""
    parts = [digits.str.slice(at, length) for at, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.concat_str(*parts, separator="-")


def key_text(text: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """A cell as a legacy key, as the export writes keys.

    `7.0` in a REAL column names the row 7, as it does for SQLite's `=`; a BLOB is `x'17'`, and never the text 17.
    """
    real = text.cast(pl.Float64, strict=False)
    whole = (kind == "r") & (real == real.floor()) & real.is_between(-BIGINT, BIGINT, closed="left")
    return (
        pl.when(whole)
        .then(real.cast(pl.Int64, strict=False).cast(pl.String))
        .when(kind.is_in(["b", "T"]))
        .then(pl.concat_str(pl.lit("x'"), text, pl.lit("'")))
        .otherwise(text)
    )


def referenced_key(text: pl.Expr, reference: References) -> pl.Expr:
    """The legacy key that a reference names; NULL where the text does not match its pattern.

    Raises:
        SpecError: polars' regular expressions lack what the pattern uses (look-around, back-references).
    """
    if reference.match is None:
        return text
    group = re.compile(reference.match).groupindex["id"]
    try:
        pl.select(pl.lit("").str.extract(reference.match, group))
    except pl.exceptions.ComputeError as error:
        raise SpecError(f"references.match: {str(error).splitlines()[0]}; use a pattern without look-around") from None
    return text.str.extract(reference.match, group)


def renamed_in_text(cells: pl.Series, *, pattern: str) -> pl.Series:
    """The texts of a struct series `(text, id)` with what group `id` of the pattern matched replaced by `id`.

    `job_17` becomes `job_<uuid>`. The position of a group is known to Python's `re` alone.
    """
    compiled = re.compile(pattern)

    def renamed(text: str | None, new_id: str | None) -> str | None:
        found = compiled.search(text) if text is not None and new_id is not None else None
        if text is None or new_id is None or found is None:
            return text
        return f"{text[: found.start('id')]}{new_id}{text[found.end('id') :]}"

    pairs = zip(cells.struct.field("text"), cells.struct.field("id"), strict=True)
    return pl.Series(cells.name, [renamed(text, new_id) for text, new_id in pairs], dtype=pl.String)
