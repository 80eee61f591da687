"""What an operator types into the Launchpad."""

import hmac
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BeforeValidator


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # YAML reads 1e3 and `yes` as something else than was typed, and nobody can tell what that was.
    raise ValueError("an id is text or a whole number; put it between quotes")


# Any to Dagster, whose own `str` refuses the number that YAML makes of an id.
LegacyId = Annotated[Any, BeforeValidator(_as_text)]

CONFIRM = "The word that the run before has printed. Without it nothing is done, and the run says what would be."
WORD_LENGTH = 8
LETTERS = str.maketrans("0123456789", "ghjkmnpqrs")  # YAML makes numbers of digits, and one of 1e345678


def word_for(*facts: object) -> str:
    """The word that stands for what an operator was shown; another word once that is something else."""
    return sha256("\0".join(map(str, facts)).encode()).hexdigest()[:WORD_LENGTH].translate(LETTERS)


def is_word(given: str, *facts: object) -> bool:
    """True when it was given for just these facts."""
    return hmac.compare_digest(given.strip(), word_for(*facts))
