"""What `etl-assets docs` prints, and `etl-assets spec`."""

from importlib.resources import files

from etl_assets.model.errors import SettingsError
from etl_assets.spec.page.json_schema import json_schema
from etl_assets.spec.page.page import about, page

GENERATED = "troubleshooting"
ABOUT = {
    "files": "the files that rows point at: uploads and results, copied before their rows",
    "accounts": "how users get accounts: invite, sign-up, confirm; what the Supabase project must have set",
    "rules": "what becomes of rows and users: states, corrections, claims, balances, references, changes, erasure",
    "commands": "every command, variable, button and sensor",
    "operating": "six weeks: nightly runs, alerts, the desk, other machines, backup and restore, upgrade",
    "cutover": "the checklist from the first look to the day the old server goes",
    "security": "where personal data lies, who reads what, grants, network",
    "sizing": "measured times, disk, WAL and locks; what a returning user costs",
    "troubleshooting": "every failure, check and reason: what it means, and what to do",
    "spec": "every key of the spec, with a cookbook; `etl-assets spec KEY` for one",
    "glossary": "our words",
}


def document(name: str) -> str:
    """A page in Markdown.

    Raises:
        SettingsError: there is none of that name.
    """
    if name == "spec":
        return page()
    if name not in ABOUT:
        raise SettingsError(f"there is no page {name!r}; there are {', '.join(ABOUT)}")
    return files("etl_assets.docs").joinpath(f"{name}.md").read_text(encoding="utf-8")


def reference_text(key: str | None, *, as_schema: bool) -> str:
    """The whole page, what it says of a key, or the schema.

    Raises:
        SettingsError: a key and the schema are asked for at once.
        UnknownKey: the spec has no such key.
    """
    if as_schema and key is not None:
        raise SettingsError("`--json-schema` prints the whole schema: leave KEY out")
    if as_schema:
        return json_schema()
    return page() if key is None else about(key)
