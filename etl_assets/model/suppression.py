"""Who was forgotten: keyed digests of legacy user ids, from which no id can be read."""

import hashlib
import hmac
from dataclasses import dataclass, field

KEY_BYTES = 32


@dataclass(frozen=True)
class Suppressions:
    """The key and the digests. Equal to `etl.is_forgotten` in the target, id by id."""

    key: bytes = field(default=b"", repr=False)
    keyed: frozenset[bytes] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        """True when anybody was forgotten."""
        return bool(self.keyed)

    @property
    def digest(self) -> str:
        """Changes whenever somebody is forgotten; empty before the first."""
        return hashlib.sha256(b"".join(sorted(self.keyed))).hexdigest()[:32] if self.keyed else ""

    def covers(self, user: str) -> bool:
        """True when the legacy user with this id was forgotten."""
        return bool(self.keyed) and keyed_id(self.key, user) in self.keyed


def keyed_id(key: bytes, user: str) -> bytes:
    """HMAC-SHA256 of a legacy user id, as the export writes it."""
    return hmac.new(key, user.encode(), hashlib.sha256).digest()
