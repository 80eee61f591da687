"""Where the file lies that a legacy column names, and the key under which the new app finds it: pure text, no look.

A legacy path is whatever an app wrote over the years. What may lead out of the folder is judged here before anything
is opened; links on the way are judged by who opens it (`access/stores`).
"""

import hashlib
import json
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

Verdict = Literal["inside", "empty", "path_outside", "path_is_a_list"]

SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/")
DRIVE = re.compile(r"^[A-Za-z]:")
WEB = ("http://", "https://")
MOST_DECODED = 4  # `%25252e` is a dot to somebody who decodes as long as there is something to decode
# What Supabase Storage takes in a key and no tool reads as anything else; all else is written `=C3=BC`, because the
# per cent sign is not among them. https://github.com/supabase/storage/blob/master/src/storage/limits.ts
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
NAME_BYTES, TAIL_BYTES = 180, 20
NO_NAME = "file"


@dataclass(frozen=True)
class Named:
    """What a legacy path says: a verdict and, where it is inside, the places below the folder to look at, in turn."""

    verdict: Verdict
    places: tuple[str, ...] = ()


def read_path(text: str, strip: tuple[str, ...] = ()) -> Named:
    """The places that a legacy path may mean, relative to the folder of the files.

    The path as it stands comes first, then without per cent signs, then both in Unicode's two forms: a name that was
    written on a Mac is decomposed, and the same name in a database seldom is.

    Args:
        text: the cell.
        strip: former roots, paths or URLs, which an absolute path or a URL has to begin with.
    """
    if not text.strip(" "):
        return Named("empty")
    if _is_list(text):
        return Named("path_is_a_list")
    rest = _stripped(text, strip)
    if rest is None:
        return Named("path_outside")
    found: dict[str, None] = {}
    for spelling in _spellings(rest, is_web=text.lower().startswith(WEB)):
        place = _inside(spelling)
        if place is None:
            return Named("path_outside")
        found |= dict.fromkeys((place, unicodedata.normalize("NFC", place), unicodedata.normalize("NFD", place)))
    return Named("inside", tuple(found)) if all(_stays_inside(place) for place in found) else Named("path_outside")


def _is_list(text: str) -> bool:
    if not text.lstrip().startswith("["):
        return False
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


def _stripped(text: str, strip: tuple[str, ...]) -> str | None:
    """What is below the longest of the former roots; None for an absolute path or a URL that is below none of them."""
    for root in sorted(strip, key=len, reverse=True):
        for path, start in ((text, root), (text.replace("\\", "/"), root.replace("\\", "/"))):
            is_whole = start.endswith("/") or path[len(start) : len(start) + 1] == "/"
            if path.startswith(start) and is_whole:
                return path[len(start) :].lstrip("/")
    path = text.replace("\\", "/")
    return None if path.startswith("/") or SCHEME.match(path) or DRIVE.match(path) else text


def _spellings(rest: str, *, is_web: bool) -> list[str]:
    if is_web:
        return [unquote(re.split("[?#]", rest, maxsplit=1)[0])]
    try:
        return list(dict.fromkeys((rest, unquote(rest, errors="strict"))))
    except UnicodeDecodeError:
        return [rest]  # a name with a per cent sign of its own


def _inside(path: str) -> str | None:
    """The path without `.`, `..` and doubled separators; None where it leads out."""
    place = path.replace("\\", "/")
    if "\0" in place or place.startswith("/") or DRIVE.match(place):
        return None
    place = posixpath.normpath(place)
    return None if place == ".." or place.startswith(("../", "/")) or place == "." else place


def _stays_inside(place: str) -> bool:
    """True where no further decoding, by a server on the way, would lead out of the folder either."""
    for _ in range(MOST_DECODED):
        decoded = unicodedata.normalize("NFKC", unquote(place))
        if _inside(decoded) is None:
            return False
        if decoded == place:
            return True
        place = decoded
    return False


def safe_name(place: str) -> str:
    """The last part of a path as every store takes it: no separator, no dots alone, at most 180 bytes.

    Two names that differ stay two: `=` is written `=3D`, and a long name keeps a digest of all of it.
    """
    name = unicodedata.normalize("NFC", place.replace("\\", "/").rstrip("/").rpartition("/")[2])
    encoded = "".join(chr(byte) if byte in PLAIN else f"={byte:02X}" for byte in name.encode("utf-8", "surrogatepass"))
    if not encoded.strip("."):
        encoded = encoded.replace(".", "=2E") or NO_NAME
    if len(encoded) <= NAME_BYTES:
        return encoded
    stem, dot, ending = encoded.rpartition(".")
    tail = f"{dot}{ending}" if stem and len(ending) < TAIL_BYTES else ""
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{encoded[: NAME_BYTES - len(tail) - 17]}-{mark}{tail}"


def key_of(template: str, *, place: str, version: str = "", **parts: str) -> str:
    """The key of an object: the template with account, table, column, new id and the safe name filled in.

    Each part is one segment of the key, so that nothing leads out of the account's prefix. With a `version`, any text
    that tells this content from what the row had before, the name has a digest of it in front of its ending.
    """
    filled = {part: safe_name(value) for part, value in parts.items()}
    name = safe_name(place)
    if version:
        stem, dot, ending = name.rpartition(".")
        mark = hashlib.sha256(version.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        name = f"{stem}-{mark}{dot}{ending}" if stem else f"{name}-{mark}"
    return template.format(**filled, name=name)
