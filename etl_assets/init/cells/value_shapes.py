"""What a text looks like: a date, a number, a UUID, JSON; and which date formats read it.

The shapes follow the rules of `transform.values`, so that a type is chosen only where its rule takes the values.
"""

import functools
import json
import re
from datetime import date

BOOLEAN_WORDS = frozenset("t f true false y n yes no on off".split())
UUID_36 = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
UUID_32 = re.compile(r"(?=.*[a-fA-F])[0-9a-fA-F]{32}")
DIGITS = re.compile(r"[+-]?[0-9]+")
ZERO_LED = re.compile(r"[+-]?0[0-9]+")
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+")
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,12})?)?"
OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?"
ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})([T ]{CLOCK}{OFFSET})?")
MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0{1,12})?)?(?:Z|[+-]00(?::?00)?)?")
CLOCK_ALONE = re.compile(CLOCK)
NO_DATE = re.compile(r"0000-00-00(?:[T ]00:00:00)?")  # what MySQL says for none
FINER = re.compile(r"\.[0-9]{6}0*[1-9]")
# An address needs no dot: `admin@localhost`, `ann@intranet`.
EMAIL = re.compile(r"[^@\s<>,;:/]+@[^@\s<>,;:/]*[^@\s<>,;:/.]")
# What nobody but its owner should have: digests of passwords (crypt, PHC strings, Django, Werkzeug, ASP.NET), JWTs,
# private keys, and the tokens of services that mark them by a prefix of their own.
CREDENTIAL = re.compile(
    r"\$(?:2[abxy]?|argon2(?:id|i|d)|scrypt|pbkdf2[-a-z0-9]*|bcrypt-sha256|yescrypt|[y1567PHS])\$[-./+=,$A-Za-z0-9]{20,}"
    r"|(?:pbkdf2_sha\d+|bcrypt(?:_sha256)?|argon2|scrypt)\$[-./+=,$A-Za-z0-9]{20,}"
    r"|(?:pbkdf2|scrypt):[a-z0-9:]+\$[^$\s]+\$[0-9a-f]{32,}"
    r"|AQAAAA[EI]AA[A-Za-z0-9+/=]{40,}"
    r"|\$P\$[./A-Za-z0-9]{31}"
    r"|eyJ[-\w]{8,}\.[-\w]{8,}\.[-\w.]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
    r"|(?:sk|rk)_(?:live|test)_\w{10,}|whsec_\w{16,}|sk-[-\w]{20,}|gh[pousr]_\w{30,}|github_pat_\w{20,}"
    r"|glpat-[-\w]{20,}|xox[abeprs]-[-\w]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[-\w]{35}|ya29\.[-\w]{20,}"
    r"|SG\.[-\w]{16,}\.[-\w]{16,}|shp(?:at|ss|ca|pa)_[0-9a-f]{32}|hf_\w{30,}|npm_\w{30,}|dop_v1_[0-9a-f]{60,}"
    r"|pypi-AgEI[-\w]{20,}"
)
SECRET_MEMBER = re.compile(
    r'"[^"]*(?:passw|secret|token|api_?key|private_?key|credential)[^"]*"\s*:\s*"[^"]{6,}"', re.IGNORECASE
)
CREDENTIAL_STARTS = frozenset("$pbAeswrgxSyhnd-{")
SMALL, BIG = 2**31, 2**63
LONGEST_DATE = 70
ANY_DIGIT = re.compile(r"[0-9]")
LONGEST_SHAPE = 40  # no date, UUID or number of a common size is longer

DAYS = (
    "%d/%m/%Y %m/%d/%Y %d.%m.%Y %m.%d.%Y %d-%m-%Y %m-%d-%Y %Y-%m-%d %Y/%m/%d %Y/%d/%m %Y.%m.%d %Y%m%d "
    "%d/%m/%y %m/%d/%y %d.%m.%y %m.%d.%y %d-%m-%y %m-%d-%y %d-%b-%y %d-%b-%Y %d/%b/%Y"
).split()
DAYS += ["%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d %b %y"]
RFC_1123 = "%a, %d %b %Y %H:%M:%S %z"
# As Sequelize, PHP and others write an offset, JavaScript's String(date), Go's time.String() and C's ctime().
WITH_OFFSET = [
    RFC_1123,
    "%Y-%m-%d %H:%M:%S.%f %z",
    "%Y-%m-%d %H:%M:%S %z",
    "%a %b %d %Y %H:%M:%S GMT%z %Z",
    "%a %b %d %Y %H:%M:%S GMT%z",
    "%Y-%m-%d %H:%M:%S.%f %z %Z",
    "%Y-%m-%d %H:%M:%S %z %Z",
    "%a %b %d %H:%M:%S %Y",
]
TIMES = ["%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p"]
MONTHS = "january february march april may june july august september october november december".split()
DIRECTIVES = {
    "%d": r"(?P<d>[0-9]{1,2})",
    "%m": r"(?P<m>[0-9]{1,2})",
    "%Y": r"(?P<Y>[0-9]{4})",
    "%y": r"(?P<y>[0-9]{2})",
    "%b": "(?P<b>" + "|".join(month[:3] for month in MONTHS) + ")",
    "%B": "(?P<b>" + "|".join(MONTHS) + ")",
    "%H": "(?:[01]?[0-9]|2[0-3])",
    "%I": "(?:0?[1-9]|1[0-2])",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
    "%p": "(?:am|pm)",
    "%a": "(?:mon|tue|wed|thu|fri|sat|sun)",
    "%z": "(?:z|gmt|utc|[+-][0-9]{2}:?[0-9]{2})",
    "%f": "[0-9]{1,12}",
    "%Z": r"(?:\([^()]{1,60}\)|[a-z]{2,5})",
}


def _refused(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


STRICT_JSON = json.JSONDecoder(parse_constant=_refused)  # once: json.loads would make one per call


def _pattern(format_: str) -> re.Pattern[str]:
    packed = format_.startswith("%Y%m")  # without separators each part has all its digits
    parts = re.split(r"(%.)", format_)
    text = "".join(DIRECTIVES.get(part, re.escape(part)) for part in parts)
    return re.compile(text.replace("{1,2}", "{2}") if packed else text, re.IGNORECASE | re.ASCII)


FORMATS: dict[str, re.Pattern[str]] = {
    format_: _pattern(format_)
    for format_ in [
        *DAYS,
        "%Y%m%d%H%M%S",
        *WITH_OFFSET,
        *(f"{day} {time}" for day in DAYS if day != "%Y%m%d" for time in TIMES),
    ]
}


def has_clock(format_: str) -> bool:
    """True for formats that hold a time of day."""
    return "%M" in format_


@functools.lru_cache(maxsize=65_536)
def text_shape(text: str) -> str:
    """The most specific name for a text, as `transform.values` would see it.

    Returns:
        empty, undecodable (surrogates stand for what is not UTF-8), nul, zero_or_one, boolean, zero_led, small, big,
        digits, decimal, float, date, midnight, timestamp, finer (than microseconds), clock, no_date, uuid,
        hex32, json, or other.
    """
    if not text:
        return "empty"
    if "\x00" in text:
        return "nul"
    if not text.isascii() and not _is_utf8(text):
        return "undecodable"
    if text[0] in "{[":
        return "json" if _is_json(text) else "other"
    return _short_shape(text) if len(text) <= LONGEST_SHAPE else "other"


def _short_shape(text: str) -> str:
    if text.lower() in BOOLEAN_WORDS:
        return "boolean"
    if text[0] in "+-.0123456789" and (found := _number_shape(text) or _iso_shape(text)):
        return found
    if UUID_36.fullmatch(text):
        return "uuid"
    return "hex32" if UUID_32.fullmatch(text) else "other"


def _number_shape(text: str) -> str | None:
    if DIGITS.fullmatch(text):
        if text in ("0", "1"):
            return "zero_or_one"
        if ZERO_LED.fullmatch(text):
            return "zero_led"
        value = int(text)
        return "small" if -SMALL <= value < SMALL else "big" if -BIG <= value < BIG else "digits"
    if DECIMAL.fullmatch(text):
        return "decimal"
    return "float" if FLOAT.fullmatch(text) else None


def _iso_shape(text: str) -> str | None:
    found = ISO.fullmatch(text)
    if found is None:
        return "clock" if CLOCK_ALONE.fullmatch(text) else None
    if NO_DATE.fullmatch(text):
        return "no_date"
    if not _is_day(*found.group(1, 2, 3)):
        return None
    if found[4] is None:
        return "date"
    if MIDNIGHT.fullmatch(found[4]):
        return "midnight"
    return "finer" if FINER.search(found[4]) else "timestamp"


def _is_day(year: str | int, month: str | int, day: str | int) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_json(text: str) -> bool:
    try:
        STRICT_JSON.decode(text)
    except (ValueError, RecursionError):
        return False
    return "\\u0000" not in text


@functools.lru_cache(maxsize=65_536)
def is_credential(text: str) -> bool:
    """True for a password's digest, a token or a private key, and for JSON that holds one by name."""
    if len(text) < 16 or text[0] not in CREDENTIAL_STARTS:
        return False
    return bool(SECRET_MEMBER.search(text)) if text[0] == "{" else bool(CREDENTIAL.fullmatch(text))


def may_be_a_date(text: str) -> bool:
    """False for texts that no format reads: too long, or without a digit."""
    return len(text) <= LONGEST_DATE and ANY_DIGIT.search(text) is not None


def reads(format_: str, text: str) -> bool:
    """True when the format reads the text, and the day exists. Days and months may lack their leading zero."""
    found = FORMATS[format_].fullmatch(text) if len(text) <= LONGEST_DATE else None
    if found is None:
        return False
    part = found.groupdict()
    # Any year with the same leap days will do for two digits: 1904-2003 and 1969-2068 agree but for 1900 and 2100.
    year = part.get("Y") or 2000 + int(part["y"])
    month = part.get("m") or 1 + next(i for i, name in enumerate(MONTHS) if name.startswith(part["b"].lower()[:3]))
    return _is_day(year, month, part["d"])
