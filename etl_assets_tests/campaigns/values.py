"""`python -m etl_assets_tests.campaigns.values [--count 100000]`: generated cells of every type, against the reference.

Prints a line per type: cells, how many were taken, seconds, and differences, of which there must be none.
"""

import argparse
import json
import random
import struct
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from etl_assets_tests.transform import reference
from etl_assets_tests.transform.cells import judged

Cell = tuple[str | None, str]
BATCH = 5_000
ALPHABET = "0123456789+-.eE:TZ /abtrueyn\u00e9\u20ac\U0001f600,'\"\\{}[]\x00 "


def junk(rng: random.Random) -> Cell:
    """Anything at all."""
    kind = rng.choice("tttib")
    text = "".join(rng.choices(ALPHABET, k=rng.randrange(12)))
    if kind == "i":
        return str(rng.randrange(-(2**63), 2**63)), "i"
    return (text.encode().hex().upper(), "b") if kind == "b" else (text, "t")


def real(rng: random.Random) -> Cell:
    """Any double, or one of a usual size."""
    bits = struct.unpack("d", rng.randbytes(8))[0]
    return repr(rng.choice((bits, round(rng.uniform(-1e6, 1e6), rng.randrange(6)), float(rng.randrange(10**6))))), "r"


def usual_real(rng: random.Random) -> Cell:
    """A double of at most 13 digits: of the others SQLite 3.40 does not always round the 15th as arithmetic has it."""
    return repr(round(rng.uniform(-1e6, 1e6), rng.randrange(7))), "r"


def number(rng: random.Random) -> Cell:
    """Whole numbers around every limit, and decimals as text."""
    whole = rng.choice(
        (rng.randrange(-(2**63), 2**63), rng.choice((2**15, 2**31, 2**53, 2**63)) + rng.randrange(-2, 3))
    )
    whole = max(-(2**63), min(whole, 2**63 - 1))
    text = f"{rng.choice(('', '+', '-'))}{rng.randrange(10 ** rng.randrange(1, 20))}.{rng.randrange(10**6)}"
    return rng.choice(((str(whole), "i"), (str(whole), "t"), (text, "t"), (f"{whole}abc", "t")))


def moment(rng: random.Random) -> Cell:
    """ISO 8601 and near misses."""
    at = datetime(1, 1, 1) + timedelta(seconds=rng.randrange(3_155_378_975 * 100 // 1))
    text = at.isoformat(
        sep=rng.choice("T "), timespec=rng.choice(("minutes", "seconds", "milliseconds", "microseconds"))
    )
    text = text.replace("-0", rng.choice(("-0", "-")), rng.randrange(2)) + rng.choice(
        ("", "Z", "+02:00", "-0530", "+16:00")
    )
    return rng.choice(((text, "t"), (text[:10], "t"), (text[: rng.randrange(20)], "t")))


def value_of_json(rng: random.Random) -> Cell:
    """JSON and damaged JSON."""
    text = json.dumps(
        {"a": [rng.random(), None, True], rng.choice("ab"): rng.choice(("\u00e9", "\ud83d\ude00", 10**30))}
    )
    cut = rng.randrange(len(text))
    return rng.choice(((text, "t"), (text[:cut] + rng.choice(ALPHABET) + text[cut:], "t"), (text[:cut], "t")))


def word(rng: random.Random) -> Cell:
    """Words for yes and no."""
    return rng.choice(("yes", "No", "TRUE", "f", "on", "OFF", "1", "0", "2", "maybe")), rng.choice("tti")


def identity(rng: random.Random) -> Cell:
    """UUIDs in every form, and one digit too few."""
    text = str(uuid.UUID(int=rng.getrandbits(128)))
    forms = (
        (text, "t"),
        (text.upper(), "t"),
        (text.replace("-", ""), "t"),
        (text[:-1], "t"),
        (text.replace("-", ""), "b"),
    )
    return rng.choice(forms)


TYPES: dict[str, tuple[tuple[Callable[[random.Random], Cell], ...], Callable[..., reference.Judged]]] = {
    "text": ((junk, usual_real, number), lambda text, kind: reference.text_value(text, kind, None)),
    "integer": ((junk, real, number), lambda text, kind: reference.integer(text, kind, 32)),
    "bigint": ((junk, real, number), lambda text, kind: reference.integer(text, kind, 64)),
    "numeric": ((junk, real, number), lambda text, kind: reference.numeric(text, kind, None, 0)),
    "double": ((junk, real, number), reference.double),
    "boolean": ((junk, word, number), reference.boolean),
    "uuid": ((junk, identity), reference.uuid_text),
    "jsonb": ((junk, value_of_json), reference.jsonb),
    "timestamptz": (
        (junk, moment, number),
        lambda text, kind: reference.timestamptz(text, kind, "America/New_York", 6),
    ),
    "date": ((junk, moment, number), reference.date_value),
}


def run(type_name: str, count: int, seed: int) -> tuple[int, list[str]]:
    """How many of the cells were taken, and every difference from the reference."""
    rng, taken, wrong = random.Random(f"{type_name} {seed}"), 0, []
    makers, rule = TYPES[type_name]
    for _ in range(0, count, BATCH):
        cells = [rng.choice(makers)(rng) for _ in range(min(BATCH, count))]
        options: dict[str, Any] = {"timezone": "America/New_York"} if type_name == "timestamptz" else {}
        for cell, (value, fault) in zip(cells, judged(type_name, cells, **options), strict=True):
            expected, refused = ("", "empty") if cell == ("", "t") and type_name != "text" else rule(*cell)
            taken += fault is None
            same = (fault is None) == (refused is None) and (fault is not None or _same(type_name, value, expected))
            if not same:
                wrong.append(f"{cell}: {value!r} {fault} is not {expected!r}")
    return taken, wrong


def _same(type_name: str, value: Any, expected: Any) -> bool:
    if type_name == "numeric" and value is not None:
        return reference.Decimal(value) == expected
    return bool(value == expected)


def main() -> int:
    """Runs every type; exit code 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    failed = False
    for type_name in TYPES:
        began = time.monotonic()
        taken, wrong = run(type_name, asked.count, asked.seed)
        failed = failed or bool(wrong)
        told = f"{type_name:<12} {asked.count:>9,} cells, {taken:>9,} taken, {time.monotonic() - began:6.1f} s"
        sys.stdout.write(f"{told}, {len(wrong)} differences {wrong[:3] or ''}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
