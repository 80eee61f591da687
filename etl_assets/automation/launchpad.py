"""What an operator types into the Launchpad."""

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
