"""Which columns of a table its loaded rows have: digests in the ledger are over these."""

import json
from collections.abc import Collection, Iterable

from etl_assets.model.words import counted

COLUMNS_OF = "columns of "


def as_fact(columns: Iterable[str]) -> str:
    """Names as a target remembers them, whatever stands in them."""
    return json.dumps(sorted(columns), ensure_ascii=False)


def difference(known: str, now: str) -> tuple[list[str], list[str]]:
    """The columns that a later spec has more, and those that it has no more."""
    before, after = set(json.loads(known)), set(json.loads(now))
    return sorted(after - before), sorted(before - after)


def follows(known: str, now: str, fillable: Collection[str]) -> bool:
    """True where the spec gave up columns that the target does not have any more, and names as many others at most."""
    more, less = difference(known, now)
    return bool(less) and set(less).isdisjoint(fillable) and len(more) <= len(less)


def contradiction(name: str, known: str, now: str, *, rows: int) -> str:
    """What is wrong, with the way on, where `rows` rows were loaded with other columns than the spec has now."""
    more, less = difference(known, now)
    those = "it was" if rows == 1 else "they were"
    if less:
        also = f", and {_named(more)} new in it" if more else ""
        return (
            f"{name}: {_named(less)} not in the spec any more{also}. {counted(rows, 'loaded row')} would keep what is "
            f"there, and nobody would compare it. Put it back; or take the rows out with `etl-assets undo`, with the "
            f"spec that {those} loaded with, and load anew"
        )
    words = " ".join(f"--backfill {name}.{column}" for column in more)
    return (
        f"{name}: {_named(more)} new in the spec, and {counted(rows, 'loaded row')} came without. "
        f"`etl-assets migrate {words}` fills it in"
    )


def _named(columns: list[str]) -> str:
    return f"{', '.join(map(repr, columns))} {'is' if len(columns) == 1 else 'are'}"
