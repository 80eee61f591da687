"""Ids within JSON: found by a path, and written anew where they stand; everything else stays as it is, to the byte."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

SPACE = re.compile(r"[ \t\n\r]*")
SCALAR = re.compile(r"[^\s,\]}]+")
WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
Step = str | None  # the name of a member, or every element
DECODER = json.JSONDecoder()


class UnreadableId(ValueError):
    """What stands at the path is no id, or where the path leads is no array or object."""


@dataclass
class _Walk:
    """One document: where the ids are, with what each says."""

    text: str
    steps: tuple[Step, ...]
    found: list[tuple[int, int, str]] = field(default_factory=list)

    def value(self, at: int, done: int) -> int:
        """Walks over the value that begins here, `done` steps along the path; returns where it ends."""
        start = self._space(at)
        first = self.text[start]
        if done == len(self.steps):
            return self._id(start)
        if self.text.startswith("null", start):
            return start + 4
        if first != ("[" if self.steps[done] is None else "{"):
            raise UnreadableId
        return self._elements(start, done) if first == "[" else self._members(start, done)

    def _elements(self, start: int, done: int) -> int:
        at = self._space(start + 1)
        if self.text[at] == "]":
            return at + 1
        while True:
            at = self._space(self.value(at, done + 1))
            if self.text[at] == "]":
                return at + 1
            at += 1

    def _members(self, start: int, done: int) -> int:
        at = self._space(start + 1)
        if self.text[at] == "}":
            return at + 1
        while True:
            name, at = DECODER.raw_decode(self.text, at)
            at = self._space(self._space(at) + 1)
            at = self.value(at, done + 1) if name == self.steps[done] else DECODER.raw_decode(self.text, at)[1]
            at = self._space(at)
            if self.text[at] == "}":
                return at + 1
            at = self._space(at + 1)

    def _id(self, start: int) -> int:
        if self.text[start] == '"':
            said, end = DECODER.raw_decode(self.text, start)
            if "\x00" in said or any("\ud800" <= char <= "\udfff" for char in said):
                raise UnreadableId
            self.found.append((start, end, said))
            return end
        token = SCALAR.match(self.text, start)
        digits = token[0] if token else ""
        if token and digits != "null":
            self.found.append((start, token.end(), _whole(digits)))
        if token is None:
            raise UnreadableId
        return token.end()

    def _space(self, at: int) -> int:
        found = SPACE.match(self.text, at)
        return found.end() if found else at


def _whole(digits: str) -> str:
    """A number as a legacy key: `7.0` names the row 7, as it does for SQLite's `=`."""
    if WHOLE.fullmatch(digits):
        return digits
    try:
        number = float(digits)
    except ValueError:
        raise UnreadableId from None  # true, false
    return str(int(number)) if number.is_integer() and abs(number) < 2.0**63 else repr(number)


def with_ids(text: str, steps: tuple[Step, ...], rename: Callable[[str], str | None]) -> tuple[str, list[str]]:
    """The text with each id at the path renamed, and the ids as legacy keys, each once.

    Args:
        text: valid JSON.
        steps: the path.
        rename: the id that a legacy key gets, None where it stays as it is written.

    Raises:
        UnreadableId: something else than a text, a number or null stands at the path, or on the way to it.
        ValueError: the text is no JSON.
    """
    walk = _Walk(text, steps)
    try:
        walk.value(0, 0)
    except IndexError:
        raise ValueError("no JSON") from None
    parts, last = [], 0
    for start, end, key in walk.found:
        new_id = rename(key)
        if new_id is not None:
            parts += [text[last:start], json.dumps(new_id)]
            last = end
    return "".join([*parts, text[last:]]), list(dict.fromkeys(key for _, _, key in walk.found))


def array_literal(keys: list[str]) -> str | None:
    """Texts as Postgres reads an array of them (https://www.postgresql.org/docs/current/arrays.html); NULL for none."""
    quoted = ('"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys)
    return "{" + ",".join(quoted) + "}" if keys else None
