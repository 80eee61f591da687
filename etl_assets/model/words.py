"""Numbers in sentences: `1 row was changed`, `2,431 rows were changed`."""

SINGULAR = {
    "were": "was",
    "are": "is",
    "have": "has",
    "differ": "differs",
    "stand": "stands",
    "name": "names",
    "leave": "leaves",
}


def counted(count: int, noun: str) -> str:
    """A number with its noun, which is given in the singular and takes an `s`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def agreed(count: int, words: str) -> str:
    """Words that begin with a verb in the plural, as the number wants it."""
    verb, space, rest = words.partition(" ")
    return SINGULAR.get(verb, verb) + space + rest if count == 1 else words


def said(count: int, noun: str, words: str) -> str:
    """`1 row was changed`: number, noun, and what is said of them, which begins with a verb in the plural."""
    return f"{counted(count, noun)} {agreed(count, words)}"
