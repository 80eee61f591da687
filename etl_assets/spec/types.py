"""The types that a column may be given, and the target types that hold every value which each lets through."""

import re
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator

from etl_assets.model.target import TargetColumn

# Where the target is narrower (smallint, numeric(p,s), varchar(n), timestamptz(3), real), the type's rule knows its
# limits and quarantines what does not fit.
HOLDS: dict[str, tuple[str, ...]] = {
    "text": ("text", "character varying", "character", "citext", "enum"),
    "smallint": ("smallint", "integer", "bigint", "numeric"),
    "integer": ("integer", "bigint", "smallint", "numeric"),
    "bigint": ("bigint", "integer", "smallint", "numeric"),
    "numeric": ("numeric", "bigint", "integer", "smallint"),
    "money": ("money",),
    "real": ("real", "double precision"),
    "double": ("double precision", "real"),
    "boolean": ("boolean",),
    "date": ("date",),
    "time": ("time without time zone",),
    "timetz": ("time with time zone",),
    "timestamp": ("timestamp without time zone",),
    "timestamptz": ("timestamp with time zone",),
    "interval": ("interval",),
    "uuid": ("uuid",),
    "json": ("json",),
    "jsonb": ("jsonb", "json"),
    "bytea": ("bytea",),
}
# Of these Postgres reads the text itself, and gives it back the same or the value is refused.
READ_BY_POSTGRES: dict[str, str] = {
    **{
        name: name
        for name in (
            "inet cidr macaddr macaddr8 bit xml tsvector tsquery int4range int8range numrange daterange tsrange "
            "tstzrange int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange point "
            "line lseg box path polygon circle jsonpath pg_lsn hstore ltree vector halfvec sparsevec geometry geography"
        ).split()
    },
    "varbit": "bit varying",
}
INPUT = "input"
LIST = "[]"
# They may stand in any schema of the target, `extensions` on Supabase.
OF_EXTENSIONS = frozenset("citext hstore ltree vector halfvec sparsevec geometry geography".split())
WHOLE_NUMBERS = ("smallint", "integer", "bigint")
JSON_TYPES = ("json", "jsonb")
EXACT_NUMBERS = ("smallint", "integer", "bigint", "numeric", "money")
NUMBERS = (*EXACT_NUMBERS, "double", "real")
CLOCKED = ("timestamptz", "timestamp")
TIMES = (*CLOCKED, "date")


def carries(base: str, other: str) -> bool:
    """True when a target column of one base type takes every value of another one's as it is."""
    if {base, other} <= set(WHOLE_NUMBERS):
        return WHOLE_NUMBERS.index(base) >= WHOLE_NUMBERS.index(other)
    return base == other or {base, other} == {"text", "character varying"}


def element_of(type_: str) -> str | None:
    """The type of a list's elements, None where the type is no list."""
    return type_.removesuffix(LIST) if type_.endswith(LIST) else None


def element_column(column: TargetColumn) -> TargetColumn:
    """The elements of a list's column as a column of their own, with the limits that the list's type names."""
    type_, base = column.type.removesuffix(LIST), column.base.removesuffix(LIST)
    first, second, *_ = (*map(int, re.findall(r"[0-9]+", type_.partition("(")[2])), None, None)
    if base in ("character varying", "character"):
        return replace(column, type=type_, base=base, length=first)
    return replace(column, type=type_, base=base, precision=first, scale=second)


def is_read_by_postgres(type_: str) -> bool:
    """True for types of which Postgres' own input function says what a text means."""
    return type_ == INPUT or type_ in READ_BY_POSTGRES


def without_schema(base: str) -> str:
    """A base type's name; one of an extension bare, whichever schema that stands in."""
    bare = base.rpartition(".")[2]
    return bare if bare in OF_EXTENSIONS else base


def holds(type_: str, base: str, *, is_enum: bool) -> bool:
    """True when a target column of this base type (`numeric`, `integer[]`) holds what the type's rule lets through."""
    if type_ == INPUT:
        return True
    element = element_of(type_)
    if element is not None:
        return base.endswith(LIST) and holds(element, base.removesuffix(LIST), is_enum=is_enum)
    known = without_schema(base)
    if type_ in READ_BY_POSTGRES:
        return known == READ_BY_POSTGRES[type_]
    return ("enum" if is_enum and not base.endswith(LIST) else known) in HOLDS[type_]


def _is_known(value: str) -> str:
    known = (*HOLDS, *READ_BY_POSTGRES, INPUT)
    if (element_of(value) or value) not in known:
        raise ValueError(
            f"{value!r} is no type; known are {', '.join(HOLDS)}, lists of them (`text[]`), and `{INPUT}` for any "
            "other, whose text Postgres reads itself"
        )
    return value


Type = Annotated[str, AfterValidator(_is_known)]
