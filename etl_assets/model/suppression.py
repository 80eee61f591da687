"""Who was forgotten: keyed digests of legacy users, from which nobody can be read."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import NamedTuple

KEY_BYTES = 32
BLANKS = " \t\n\r\x0b\x0c"


class Person(NamedTuple):
    """Somebody who was forgotten: digests of the legacy id, and of it with the address and the sign-up, where known."""

    keyed: bytes
    by_address: bytes | None = None
    by_created: bytes | None = None


@dataclass(frozen=True)
class Suppressions:
    """The key and the people. Of ids alone, equal to `etl.is_forgotten` in the target."""

    key: bytes = field(default=b"", repr=False)
    people: frozenset[Person] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        """True when anybody was forgotten."""
        return bool(self.people)

    @property
    def digest(self) -> str:
        """Changes whenever somebody is forgotten; empty before the first."""
        told = sorted(b"/".join(part or b"" for part in person) for person in self.people)
        return hashlib.sha256(b"".join(told)).hexdigest()[:32] if told else ""

    def names(self, user: str) -> bool:
        """True when somebody with this legacy id was forgotten; it may be another person's by now."""
        return bool(self.people) and keyed_id(self.key, user) in {person.keyed for person in self.people}

    def covers(self, user: str, email: str | None, created: str | None) -> bool:
        """True when the legacy user of this id, address and sign-up (as it is written) was forgotten.

        SQLite hands a deleted user's id out again: whoever has neither the address nor the sign-up is somebody else.
        """
        now = person_of(self.key, user, email, created)
        return any(_is_same(known, now) for known in self.people if known.keyed == now.keyed)


def person_of(key: bytes, user: str, email: str | None, created: str | None) -> Person:
    """The digests of one legacy user."""
    address = (email or "").strip(BLANKS).lower()
    return Person(
        keyed_id(key, user),
        keyed_id(key, f"{user}\0address\0{address}") if address else None,
        keyed_id(key, f"{user}\0created\0{created}") if created else None,
    )


def keyed_id(key: bytes, user: str) -> bytes:
    """HMAC-SHA256 of a legacy user id, as the export writes it."""
    return hmac.new(key, user.encode(), hashlib.sha256).digest()


def _is_same(known: Person, now: Person) -> bool:
    pairs = [(known.by_address, now.by_address), (known.by_created, now.by_created)]
    told = [(one, other) for one, other in pairs if one and other]
    return not told or any(one == other for one, other in told)
