"""Whether a text names a file, and below which root of the old server that file was."""

import functools
import posixpath
import re

LONGEST_PATH = 1_024
FILE_NAME = re.compile(
    r"(https?://[^\s?]*|([A-Za-z]:)?[^:*?<>|\r\n]*)\.(png|jpe?g|gif|webp|svg|heic|bmp|tiff?|ico|pdf|docx?|xlsx?|pptx?|"
    r"odt|ods|csv|tsv|txt|md|rtf|json|xml|ya?ml|html?|zip|gz|tar|7z|wav|mp3|m4a|ogg|flac|opus|mp4|mov|webm|avi|mkv|mid|"
    r"srt|vtt|eml|ics|parquet)(\?[^\s/]*)?",
    re.IGNORECASE,
)
HOST = re.compile(r"https?://[^/]+/")
MOST_ROOTS = 8  # more are no old server's
HERE = ""  # the root of a name that says none


@functools.lru_cache(maxsize=65_536)
def names_file(text: str) -> bool:
    """True for a path, a name or a URL that ends as files do that apps store for their users."""
    return len(text) <= LONGEST_PATH and FILE_NAME.fullmatch(text) is not None


def with_root(roots: frozenset[str], text: str) -> frozenset[str]:
    """The roots of names so far, with this one's: each host of a URL, one folder for all paths of a disk.

    `HERE` stands for names that are relative already.
    """
    if len(roots) > MOST_ROOTS:
        return roots
    host = HOST.match(text)
    if host:
        return roots | {host[0]}
    place = text.replace("\\", "/")
    if not (place.startswith("/") or place[1:3] == ":/"):
        return roots | {HERE}
    drive, folder = place.partition("/")[0], f"{posixpath.dirname(place).rstrip('/')}/"
    known = next((root for root in roots if root and root.partition("/")[0] == drive), folder)
    shared = posixpath.commonpath([known, folder])
    return roots - {known} | {f"{shared.rstrip('/')}/"}
