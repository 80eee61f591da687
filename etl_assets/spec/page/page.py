"""The page about the spec: `etl-assets spec` prints it, `.github/SPEC.md` holds it."""

import difflib
import re
import textwrap
from pathlib import Path

from etl_assets.model.errors import UnknownKey
from etl_assets.spec.page.entries import Entry, Section, sections
from etl_assets.spec.types import HOLDS, INPUT, READ_BY_POSTGRES

WIDTH = 100
COOKBOOK = "cookbook"
RECIPES = Path(__file__).with_name("cookbook.md")
COLUMN_TYPE = "tables.TABLE.columns.COLUMN.type"
COLUMN = "tables.TABLE.columns.COLUMN"
Words = tuple[str, ...]
PLACEHOLDER = re.compile(r"[A-Z]+")
INTRO = """# The spec

One YAML file says what is migrated; `ETL_SPEC` names it. `etl-assets init LEGACY.db` writes a first one, `etl-assets
check` says what would come of it, and a mistake in it is one sentence with its line.

`etl-assets spec KEY` prints the part of this page about one key: `etl-assets spec unit`, `etl-assets spec owner.via`,
or a path as an error names it, `etl-assets spec tables.jobs.columns.status.map`. `etl-assets spec cookbook` prints the
recipes at the end. `etl-assets spec --json-schema` prints a JSON schema, with which an editor completes and checks the
file while you write it.

A small spec, whole:

```yaml
source: {timezone: UTC}
namespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52
users: {table: users, id: id, email: email}
tables:
  jobs:                            # from the legacy table jobs into public.jobs
    owner: user_id                 # whose a row is
    columns:                       # only what is named here leaves the legacy database
      status: text
      created_at: timestamptz
```

Every value is read as text, so `no`, `null` and `012` mean what they say, and whether one stands in quotes makes no
difference; YAML itself wants quotes around `*`, `{` and `#`. Words in capitals stand for names of your own: TABLE is
the key of a table, COLUMN a column of the target."""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [INTRO, *(_section(section) for section in sections()), cookbook()]
    return "\n\n".join(parts) + "\n"


def cookbook() -> str:
    """The recipes, which the tests run."""
    return RECIPES.read_text(encoding="utf-8").strip()


def about(key: str) -> str:
    """What the page says of a key: its name, the end of its path, or a path as an error writes it.

    Raises:
        UnknownKey: the spec has none that could be meant; names some that are close.
    """
    if key == COOKBOOK:
        return cookbook() + "\n"
    known = sections()
    entries = [entry for section in known for entry in section.entries]
    wanted = re.sub(r"\.[0-9]+(?=\.|$)", "", key.strip().strip("`").rstrip(":"))
    found = _by_path(wanted, known, entries) or _by_words(wanted, entries)
    if not found:
        raise UnknownKey(key, _close(wanted, entries))
    parts = []
    for path in found:
        parts += [_entry(entry) for entry in entries if entry.path == path]
        parts += [_section(section) for section in known if section.path and _is_below(section.path, path)]
    return "\n\n".join(parts) + "\n"


def _is_below(section: Words, path: Words) -> bool:
    """True for the section of a key, which stands at its path, or below it under a name."""
    return section[: len(path)] == path and all(PLACEHOLDER.fullmatch(word) for word in section[len(path) :])


def _by_path(wanted: str, known: list[Section], entries: list[Entry]) -> list[Words]:
    """The one place that a path of several words names, with the operator's names in it or without them."""
    if "." not in wanted:
        return []
    at_columns = {(*section.path, key): (*COLUMN.split("."), key) for section in known for key in section.shared}
    paths = {*(section.path for section in known), *(entry.path for entry in entries), *at_columns}
    bare = [path for path in paths if ".".join(word for word in path if not PLACEHOLDER.fullmatch(word)) == wanted]
    fitting = [path for path in paths if re.fullmatch(_pattern(path), wanted)]
    found = min(bare, key=len) if bare else max(fitting, key=len, default=None)
    return [at_columns.get(found, found)] if found else []


def _pattern(path: Words) -> str:
    """Names have no dots, but for the profiles, which may be named with their schema."""
    names = {"PROFILES": ".+"}
    return r"\.".join(names.get(w, "[^.]+") if PLACEHOLDER.fullmatch(w) else re.escape(w) for w in path)


def _by_words(wanted: str, entries: list[Entry]) -> list[Words]:
    """Every key whose path ends with these words; between them others may stand."""
    *before, last = wanted.split(".")
    return [entry.path for entry in entries if entry.path[-1] == last and _stand_in(before, list(entry.path[:-1]))]


def _stand_in(words: list[str], path: list[str]) -> bool:
    rest = iter(path)
    return all(word in rest for word in words)


def _close(wanted: str, entries: list[Entry]) -> list[str]:
    names = dict.fromkeys(entry.path[-1] for entry in entries)
    return difflib.get_close_matches(wanted.rpartition(".")[2], [*names, COOKBOOK], n=3)


def _section(section: Section) -> str:
    parts = [f"## `{section.address}`", _wrapped(section.text)] if section.path else ["## The file", section.text]
    if section.shared:
        words = ", ".join(f"`{key}`" for key in section.shared)
        parts.append(_wrapped(f"As at a column (`{COLUMN}`): {words}."))
    return "\n\n".join([*parts, *(_entry(entry) for entry in section.entries)])


def _entry(entry: Entry) -> str:
    default = "Required." if entry.default is None else f"Default: `{entry.default}`." if entry.default else "Optional."
    parts = [
        f"### `{entry.address}`",
        _wrapped(f"Takes {entry.takes}. {default}"),
        _wrapped(entry.text),
        f"```yaml\n{entry.example}\n```",
    ]
    if entry.refused:
        parts.append(_wrapped(f"Refused: {entry.refused}"))
    if entry.address == COLUMN_TYPE:
        parts.append(_types())
    return "\n\n".join(parts)


def _types() -> str:
    rows = [f"| `{name}` | {', '.join(targets)} |" for name, targets in HOLDS.items()]
    read = ", ".join(f"`{name}`" for name in READ_BY_POSTGRES)
    return "\n\n".join(
        [
            "\n".join(["| type | columns of the target that hold it |", "|---|---|", *rows]),
            _wrapped(
                f"Of these Postgres reads the text itself, and the value is quarantined unless it comes back the same: "
                f"{read}. `{INPUT}` is the same for any other type of the target. A list is a type with `[]`, such as "
                "`text[]`: a JSON array, or text that `split` separates."
            ),
        ]
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
