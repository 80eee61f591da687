"""What an operator types into the Launchpad."""

from hashlib import sha256
from typing import Annotated, Any

from pydantic import BeforeValidator

from etl_assets.model.errors import SettingsError


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


def missing_word(given: str, *facts: object, of: str) -> str:
    """The word that stands for what an operator is shown; empty where she has given just this one.

    Raises:
        SettingsError: she has given another, of facts that were something else.
    """
    word = sha256("\0".join(map(str, facts)).encode()).hexdigest()[:WORD_LENGTH].translate(LETTERS)
    if given.strip() == word:
        return ""
    if given:
        raise SettingsError(f"the word is not the one of {of}; run without it to see that")
    return word
