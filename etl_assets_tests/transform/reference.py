"""The value rules once more: slow, one cell at a time, written from the design's table and not from our code.

Each takes a cell's text and storage class letter and gives `(value, None)`, or `(None, reason)` where the cell is
refused. Only the presence of a reason is compared: the tables in the tests pin the names of the rules.
"""

import re
import sqlite3
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

ASCII_DIGITS = set("0123456789")
REFUSED = "refused"
Judged = tuple[Any, str | None]
_refused: Judged = (None, REFUSED)
_sqlite = sqlite3.connect(":memory:", check_same_thread=False)


def null_aware(rule: Callable[..., Judged]) -> Callable[..., Judged]:
    def judged(text: str | None, kind: str, *more: Any) -> Judged:
        return (None, None) if text is None else rule(text, kind, *more)

    return judged


def _is_digits(text: str) -> bool:
    return text != "" and set(text) <= ASCII_DIGITS


def _unsigned(text: str) -> str:
    return text[1:] if text[:1] in ("+", "-") else text


@null_aware
def integer(text: str, kind: str, bits: int) -> Judged:
    if kind in ("i", "t") and _is_digits(_unsigned(text)):
        number = int(text)
    elif kind == "r" and float(text).is_integer():
        number = int(float(text))
    else:
        return _refused
    return (number, None) if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1) else _refused


@null_aware
def numeric(text: str, kind: str, precision: int | None, scale: int) -> Judged:
    whole, point, fraction = _unsigned(text).partition(".")
    plain = _is_digits(whole + fraction) and (point or not fraction)
    if not (kind == "r" or (kind in ("i", "t") and plain)):
        return _refused
    number = Decimal(text)
    if not number.is_finite():
        return _refused
    if precision is not None:
        with localcontext() as context:
            context.prec = 2_000
            if number.scaleb(scale) % 1 != 0 or abs(number) >= Decimal(10) ** (precision - scale):
                return _refused
    return number, None


@null_aware
def double(text: str, kind: str) -> Judged:
    if kind not in ("i", "r", "t"):
        return _refused
    mantissa, e, exponent = _unsigned(text).lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    if not _is_digits(whole + fraction) or (e and not _is_digits(_unsigned(exponent))):
        return _refused
    number = float(text)
    is_whole = kind != "r" and _is_digits(_unsigned(text))
    if number in (float("inf"), float("-inf")) or (is_whole and int(number) != int(text)):
        return _refused
    return number, None


@null_aware
def boolean(text: str, kind: str) -> Judged:
    words = {"1": True, "t": True, "true": True, "y": True, "yes": True, "on": True}
    words |= {"0": False, "f": False, "false": False, "n": False, "no": False, "off": False}
    if kind not in ("i", "t") or not text.isascii() or text.lower() not in words:
        return _refused
    return words[text.lower()], None


@null_aware
def uuid_text(text: str, kind: str) -> Judged:
    is_hyphenated = len(text) == 36 and [i for i, char in enumerate(text) if char == "-"] == [8, 13, 18, 23]
    digits = text.replace("-", "") if is_hyphenated and kind == "t" else text
    if kind not in ("t", "b") or len(digits) != 32 or not set(digits.lower()) <= set("0123456789abcdef"):
        return _refused
    return str(uuid.UUID(hex=digits)), None


@null_aware
def text_value(text: str, kind: str, length: int | None) -> Judged:
    if kind == "r":
        number = float(text)
        text = _sqlite.execute("SELECT CAST(? AS TEXT)", [number]).fetchone()[0]
        text = text if float(text) == number else str(number)
    if kind in ("b", "T") or "\x00" in text or (length is not None and len(text) > length):
        return _refused
    return text, None


STAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


@null_aware
def timestamptz(text: str, kind: str, zone: str, digits: int) -> Judged:
    found = STAMP.fullmatch(text)
    if kind != "t" or not found:
        return _refused
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    microsecond = int((fraction or "").ljust(6, "0"))
    try:
        clock = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond
        )
        moment = _at_offset(clock, offset) if offset else _in_zone(clock, zone)
    except (ValueError, OverflowError):
        return _refused
    if moment is None or moment.microsecond % 10 ** (6 - digits):
        return _refused
    return moment, None


def _at_offset(clock: datetime, offset: str) -> datetime | None:
    if offset == "Z":
        return clock.replace(tzinfo=timezone.utc)
    hours, minutes = int(offset[1:3]), int(offset[3:].strip(":") or 0)
    if hours > 15 or minutes > 59:
        return None
    east = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
    return (clock - east).replace(tzinfo=timezone.utc)


def _in_zone(clock: datetime, zone: str) -> datetime | None:
    """The one instant at which clocks of the zone show this, or None where there is none, or two, or no rule is known."""
    if zone != "UTC" and clock.year > 2099:
        return None
    moments = set()
    for fold in (0, 1):
        moment = clock.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(timezone.utc)
        if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == clock:
            moments.add(moment)
    return moments.pop() if len(moments) == 1 else None


@null_aware
def date_value(text: str, kind: str) -> Judged:
    day, rest = text[:10], text[10:]
    midnight = re.fullmatch(r"(?:[T ]00:00(?::00(?:\.0{1,6})?)?(?:Z|[+-]00(?::?00)?)?)?", rest)
    if kind != "t" or not midnight or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
        return _refused
    try:
        return date(int(day[:4]), int(day[5:7]), int(day[8:])), None
    except ValueError:
        return _refused


@null_aware
def jsonb(text: str, kind: str) -> Judged:
    if kind != "t":
        return _refused
    try:
        end = _Json(text).document()
    except (_NotJson, IndexError):
        return _refused
    return (text, None) if end == len(text) else _refused


class _NotJson(Exception):
    pass


class _Json:
    """RFC 8259, read by hand: positions in, positions out, an exception at the first thing that jsonb refuses."""

    def __init__(self, text: str) -> None:
        self.text = text

    def document(self) -> int:
        return self.blank(self.value(self.blank(0), 1))

    def blank(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in " \t\n\r":
            at += 1
        return at

    def require(self, at: int, word: str) -> int:
        if not self.text.startswith(word, at):
            raise _NotJson
        return at + len(word)

    def value(self, at: int, depth: int) -> int:
        first = self.text[at]
        if first in "{[" and depth > 500:
            raise _NotJson
        if first == "{":
            return self.mapping(at, depth)
        if first == "[":
            return self.sequence(at, depth)
        if first == '"':
            return self.string(at)[0]
        for word in ("true", "false", "null"):
            if self.text.startswith(word, at):
                return at + len(word)
        return self.number(at)

    def mapping(self, at: int, depth: int) -> int:
        seen: set[str] = set()
        at = self.blank(at + 1)
        if self.text[at] == "}":
            return at + 1
        while True:
            at, key = self.string(self.blank(at))
            if key in seen:
                raise _NotJson
            seen.add(key)
            at = self.require(self.blank(at), ":")
            at = self.blank(self.value(self.blank(at), depth + 1))
            if self.text[at] == "}":
                return at + 1
            at = self.require(at, ",")

    def sequence(self, at: int, depth: int) -> int:
        at = self.blank(at + 1)
        if self.text[at] == "]":
            return at + 1
        while True:
            at = self.blank(self.value(self.blank(at), depth + 1))
            if self.text[at] == "]":
                return at + 1
            at = self.require(at, ",")

    def string(self, at: int) -> tuple[int, str]:
        at, units = self.require(at, '"'), []
        while self.text[at] != '"':
            char = self.text[at]
            at += 1
            if char < " ":
                raise _NotJson
            if char == "\\":
                at, char = self.escape(at)
            units.append(char)
        # Escaped halves make one character when they stand in order; what is left over is no text.
        try:
            return at + 1, "".join(units).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise _NotJson from None

    def escape(self, at: int) -> tuple[int, str]:
        short = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
        letter = self.text[at]
        if letter in short:
            return at + 1, short[letter]
        code = self.text[at + 1 : at + 5]
        if letter != "u" or len(code) != 4 or not set(code.lower()) <= set("0123456789abcdef") or code == "0000":
            raise _NotJson
        return at + 5, chr(int(code, 16))

    def number(self, at: int) -> int:
        start = at
        if self.text[at] == "-":
            at += 1
        at = at + 1 if self.text[at : at + 1] == "0" else self.digits(at)
        if self.text[at : at + 1] == ".":
            at = self.digits(at + 1)
        if self.text[at : at + 1] in ("e", "E"):
            at += 2 if self.text[at + 1 : at + 2] in ("+", "-") else 1
            at = self.digits(at)
        return self.in_range(start, at)

    def in_range(self, start: int, end: int) -> int:
        """jsonb's numbers are `numeric`: 131,072 digits before the point, 16,383 after it."""
        number = self.text[start:end]
        if len(number.lower().partition("e")[2]) > 9:
            raise _NotJson
        _, digits, scale = Decimal(number).as_tuple()
        if (any(digits) and len(digits) + int(scale) > 131_072) or -int(scale) > 16_383:
            raise _NotJson
        return end

    def digits(self, at: int) -> int:
        start = at
        while at < len(self.text) and self.text[at] in ASCII_DIGITS:
            at += 1
        if at == start:
            raise _NotJson
        return at


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@null_aware
def epoch(text: str, kind: str, unit: str) -> Judged:
    """A number of seconds, milliseconds or microseconds; anything else is refused."""
    if kind not in ("i", "r", "t") or (kind == "t" and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", text)):
        return _refused
    is_whole = kind == "r" and float(text).is_integer()  # beyond 2^53 the shortest decimal is not the number itself
    micros = Decimal(int(float(text)) if is_whole else text) * {"s": 10**6, "ms": 10**3, "us": 1}[unit]
    if not micros.is_finite() or micros != micros.to_integral_value():
        return _refused
    try:
        return EPOCH + timedelta(microseconds=int(micros)), None
    except OverflowError:
        return _refused


@null_aware
def julian(text: str, kind: str) -> Judged:
    """What SQLite itself says of a Julian day."""
    if kind != "r":
        return _refused
    [(found,)] = _sqlite.execute("SELECT strftime('%Y-%m-%d %H:%M:%f', ?)", [float(text)])
    if found is None or not "0001" <= found[:4] <= "9999" or found.startswith("-"):
        return _refused
    return datetime.strptime(found, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=timezone.utc), None


def either_time(clock: datetime, zone: str, ambiguous: str) -> datetime:
    """The earlier or the later reading of a local time, by its two folds."""
    moments = [clock.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(timezone.utc) for fold in (0, 1)]
    return min(moments) if ambiguous == "earliest" else max(moments)
