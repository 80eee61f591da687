"""What the sensor `alerts` remembers from tick to tick, in its cursor: what it has said, and what it could not yet."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

SAY_AGAIN_S = 23 * 3_600  # once a day while it lasts, and for what is found every night
TRIES_S = (60, 120, 300, 900, 3_600, 7_200, 14_400, 28_800)  # half a day; then a message is given up
MOST_WAITING = 50


@dataclass(frozen=True)
class Notice:
    """One message: `key` tells it from others. It holds counts, names of tables, checks and jobs, and no row's key."""

    key: str
    title: str
    body: str


@dataclass
class Letter:
    """A notice on its way: the services that have yet to take it, by number (None: all), and the next try."""

    notice: Notice
    services: list[int] | None = None
    tries: int = 0
    next_at: float = 0.0


@dataclass
class Memory:
    """`said` by key, when; `since` by what, when it began; `value` by what; `letters` that wait for a service."""

    said: dict[str, float] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    value: dict[str, str] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """What the cursor holds; nothing, where somebody edited it."""
        try:
            raw: Any = json.loads(cursor or "{}")
            letters = [Letter(**{**letter, "notice": Notice(**letter["notice"])}) for letter in raw.pop("letters", [])]
            return cls(**raw, letters=letters)
        except (ValueError, TypeError, AttributeError, KeyError):
            return cls()

    def written(self) -> str:
        """The cursor."""
        return json.dumps(asdict(self))

    def lasts(self, what: str, now: float, *, holds: bool, value: str = "") -> float:
        """For how many seconds something has held, with the same value; 0 while it does not."""
        if not holds or self.value.get(what, value) != value:
            self.since.pop(what, None)
        if not holds:
            self.value.pop(what, None)
            return 0.0
        self.value[what] = value
        return now - self.since.setdefault(what, now)

    def post(self, notices: list[Notice], now: float) -> None:
        """Puts down what was not said within a day; what does not hold any more may be said anew when it does."""
        for notice in notices:
            if now - self.said.get(notice.key, 0.0) > SAY_AGAIN_S and len(self.letters) < MOST_WAITING:
                self.letters.append(Letter(notice))
                self.said[notice.key] = now
        self.said = {key: at for key, at in self.said.items() if now - at < 2 * SAY_AGAIN_S}

    def over(self, key: str) -> None:
        """Something has ended: when it begins again, that is news."""
        self.said.pop(key, None)

    def due(self, now: float) -> list[Letter]:
        """Letters that may be tried now."""
        return [letter for letter in self.letters if letter.next_at <= now]

    def sent(self, letter: Letter, missing: list[int], now: float) -> None:
        """Notes what became of a try: done, once more later, or given up."""
        if missing and letter.tries < len(TRIES_S):
            letter.services, letter.next_at = missing, now + TRIES_S[letter.tries]
            letter.tries += 1
        else:
            self.letters.remove(letter)
