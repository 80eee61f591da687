"""What an operator says about who may claim whom."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Claim:
    """One legacy user and the account that may claim it; None puts the user on hold."""

    legacy_user_id: str
    account: UUID | None
    reason: str


@dataclass(frozen=True)
class Claims:
    """All lines of the claims file, and its sha256."""

    all: tuple[Claim, ...] = ()
    sha256: str = ""

    @property
    def holds(self) -> int:
        """How many users are put on hold."""
        return sum(claim.account is None for claim in self.all)
