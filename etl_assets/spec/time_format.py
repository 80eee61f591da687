"""Times in a form of their own: a `format` such as `%d/%m/%Y %H:%M`, taken apart."""

import re
from dataclasses import dataclass

MONTHS = (
    "january february march april may june july august september october november december".split()  # English alone
)
# Directive -> what it takes. Digits may miss their leading zero; nothing else is loose.
DIRECTIVES = {
    "Y": r"[0-9]{4}",
    "y": r"[0-9]{2}",
    "m": r"[0-9]{1,2}",
    "d": r"[0-9]{1,2}",
    "b": "|".join(month[:3] for month in MONTHS),
    "B": "|".join(MONTHS),
    "H": r"[0-9]{1,2}",
    "I": r"[0-9]{1,2}",
    "M": r"[0-9]{1,2}",
    "S": r"[0-9]{1,2}",
    "f": r"[0-9]{1,12}",
    "p": r"[ap]m",
    "z": r"z|gmt|utc|[+-][0-9]{2}(?::?[0-9]{2})?",
    # What is said once more in words, and not read: the day of the week, the zone behind its offset.
    "a": r"mon|tue|wed|thu|fri|sat|sun",
    "A": r"monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    "Z": r"\([^()]{1,60}\)|[a-z]{2,5}",
}
ONE_OF = {"year": "Yy", "month": "mbB", "day": "d", "hour": "HI"}


@dataclass(frozen=True)
class TimeFormat:
    """A format as one pattern over lower-case text; `directives` are its groups, in order."""

    pattern: str
    directives: tuple[str, ...]

    def group(self, directive: str) -> int:
        """The number of a directive's group, 0 where the format does not have it."""
        return self.directives.index(directive) + 1 if directive in self.directives else 0


def parse_format(text: str) -> TimeFormat:
    """The pattern of a format.

    Raises:
        ValueError: a directive is unknown or repeated, or year, month and day are not all there.
    """
    pattern, found, position = "", [], 0
    while position < len(text):
        char = text[position]
        if char != "%":
            pattern += re.escape(char.lower())
            position += 1
            continue
        directive = text[position + 1 : position + 2]
        if directive == "%":
            pattern += "%"
        elif directive in DIRECTIVES and directive not in found:
            pattern += f"({DIRECTIVES[directive]})"
            found.append(directive)
        else:
            known = " ".join(f"%{name}" for name in DIRECTIVES)
            raise ValueError(f"has the directive {f'%{directive}'!r}, unknown or twice; known are {known}")
        position += 2
    for part, choices in ONE_OF.items():
        count = sum(choice in found for choice in choices)
        if count > 1 or (count == 0 and part != "hour"):
            wanted = " or ".join(f"%{choice}" for choice in choices)
            raise ValueError(f"needs exactly one {part} ({wanted})" if part != "hour" else "has two hours")
    if ("I" in found) != ("p" in found):
        raise ValueError("%I and %p go together: a twelve-hour clock alone names two hours")
    if ("M" in found and not {"H", "I"} & set(found)) or ("S" in found and "M" not in found):
        raise ValueError("has minutes without hours, or seconds without minutes")
    if "f" in found and "S" not in found:
        raise ValueError("has a fraction (%f) without seconds")
    return TimeFormat(f"^(?:{pattern})$", tuple(found))
