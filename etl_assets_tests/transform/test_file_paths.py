"""Legacy paths as apps and attackers write them: where each leads, and what key its file gets."""

import unicodedata

import pytest

from etl_assets.transform.file_paths import NAME_BYTES, key_of, read_path, safe_name

STRIP = (
    "/var/www/app/",
    "/srv/old",
    "C:\\inetpub\\app\\",
    "https://old.example.com/media/",
    "http://old.example.com/media",
)
INSIDE = {
    # As they stand.
    "a.txt": "a.txt",
    "2024/05/a.txt": "2024/05/a.txt",
    "./a.txt": "a.txt",
    "a//b.txt": "a/b.txt",
    "a/./b.txt": "a/b.txt",
    "a/../b.txt": "b.txt",
    "a/b/": "a/b",
    "name with spaces.pdf": "name with spaces.pdf",
    " leading.txt": " leading.txt",
    "...": "...",
    "..a/b": "..a/b",
    "a..": "a..",
    ".hidden": ".hidden",
    "-rf": "-rf",
    "~/a.txt": "~/a.txt",
    "$HOME/a": "$HOME/a",
    "*.txt": "*.txt",
    "[x].txt": "[x].txt",
    "a?b#c": "a?b#c",
    "ab::c": "ab::c",
    "a\nb": "a\nb",
    "100%.txt": "100%.txt",
    "100%FF.txt": "100%FF.txt",
    "a;rm -rf b": "a;rm -rf b",
    "'; DROP TABLE x; --": "'; DROP TABLE x; --",
    # Under a former root.
    "/var/www/app/uploads/a.txt": "uploads/a.txt",
    "/var/www/app//a.txt": "a.txt",
    "/srv/old/a.txt": "a.txt",
    "C:\\inetpub\\app\\up\\a.txt": "up/a.txt",
    "C:/inetpub/app/a.txt": "a.txt",
    "https://old.example.com/media/a.txt": "a.txt",
    "https://old.example.com/media/a%20b.txt?v=1#top": "a b.txt",
    "http://old.example.com/media/x/a.txt": "x/a.txt",
    # Windows.
    "up\\a.txt": "up/a.txt",
    ".\\up\\a.txt": "up/a.txt",
    # Unicode.
    "Gr\u00fc\u00dfe.txt": "Gr\u00fc\u00dfe.txt",
    "\u65e5\u672c.txt": "\u65e5\u672c.txt",
}
OUTSIDE = [
    "..", ".", "/", "../a", "../../etc/passwd", "a/../../b", "a/../..", "./../a", "/etc/passwd", "//etc/passwd", "///a",
    "/var/www/app-secret/a", "/var/www/app/../secret", "/var/www/app/../../../etc/passwd", "/var/www/other/a", "/srv/older/a",
    "..\\a", "..\\..\\windows\\win.ini", "a\\..\\..\\b", "C:\\windows\\win.ini", "C:a.txt", "c:/a", "\\\\server\\share\\a",
    "//server/share/a", "\\a", "%2e%2e/a", "%2E%2E%2Fa", "..%2fa", "..%5ca", "%2fetc%2fpasswd", "%252e%252e/a",
    "%25252e%25252e%25252fa", "a/%2e%2e/%2e%2e/b", "a\0.txt", "a%00.txt", "/var/www/app/%2e%2e/a", "file:///etc/passwd",
    "file:/etc/passwd", "https://evil.example.com/a", "https://old.example.com.evil.com/media/a", "https://old.example.com/other/a",
    "https://old.example.com/media/../a", "https://old.example.com/media/%2e%2e/a", "https://old.example.com/media@evil.com/a",
    "s3://bucket/a", "ftp://host/a", "\uff0e\uff0e/a", "\u2025/a", "C:\\inetpub\\app\\..\\a",
]  # fmt: skip
OTHER = {
    "": "empty",
    " ": "empty",
    "   ": "empty",
    '["a.txt"]': "path_is_a_list",
    ' ["a.txt", "b.txt"]': "path_is_a_list",
    "[]": "path_is_a_list",
}


@pytest.mark.parametrize("text", INSIDE)
def test_a_path_inside_is_looked_for_where_it_says(text: str) -> None:
    found = read_path(text, STRIP)
    assert (found.verdict, found.places[0]) == ("inside", INSIDE[text])


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_path_that_leads_out_is_never_looked_for(text: str) -> None:
    found = read_path(text, STRIP)
    assert (found.verdict, found.places) == ("path_outside", ())


@pytest.mark.parametrize("text", OTHER)
def test_what_is_no_path_is_said_to_be_none(text: str) -> None:
    assert read_path(text, STRIP).verdict == OTHER[text]


def test_the_list_is_as_long_as_it_has_to_be() -> None:
    assert len(INSIDE) + len(OUTSIDE) + len(OTHER) >= 60


def test_a_name_is_looked_for_in_each_spelling() -> None:
    composed, decomposed = "\u00fc.txt", "u\u0308.txt"
    assert set(read_path(composed).places) == set(read_path(decomposed).places) == {composed, decomposed}
    assert read_path(decomposed).places[0] == decomposed
    assert read_path("a%20b.txt").places == ("a%20b.txt", "a b.txt")


HOSTILE_NAMES = [
    "..", ".", "...", "", "a/b", "../../x", "..\\x", "a\0b", "%2e%2e%2f", "\u00fc.txt", "\U0001f600.png", "a b", "a=b", "a%b",
    "x" * 400 + ".pdf", "\u65e5" * 200, "{account}", "?versionId=1", "#", "a\nb", "~", "-", ".htaccess", "con", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_leads_out_of_the_accounts_folder(name: str) -> None:
    key = key_of(
        "{account}/{table}/{new_id}/{column}/{name}", place=name, account="A", table="t", new_id="1", column="c"
    )
    assert key.startswith("A/t/1/c/")
    last = key.removeprefix("A/t/1/c/")
    assert last
    assert last.strip(".")
    assert "/" not in last
    assert len(last) <= NAME_BYTES
    assert last.isascii()
    assert last.replace("=", "").replace("-", "").replace("_", "").replace(".", "").isalnum() or last == "-"


def test_names_that_differ_get_keys_that_differ() -> None:
    names = ["a=2Fb", "a b", "a=20b", "A B", "x" * 400, "x" * 401, "x" * 399 + ".a", "a\u200bb", "ab"]
    assert len({safe_name(name) for name in names}) == len(names)
    assert safe_name(unicodedata.normalize("NFD", "\u00fc")) == safe_name("\u00fc") == "=C3=BC"
