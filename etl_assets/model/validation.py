"""What a validation found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The number of offenders (0 is the good news), a few of their legacy ids, and the statement that counted them.

    `places` says where their fault is, where that is known: a column, a constraint.
    """

    count: int
    sample: tuple[str, ...]
    query: str
    places: tuple[str, ...] = ()
