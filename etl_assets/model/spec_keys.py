"""Where a text names a key of the spec, it says where that is explained: `etl-assets spec KEY`."""

import re

# Those of the model; the rooms below it do not know that one, and a test holds the two equal.
KEYS = frozenset(
    "accept_unconfirmed accounts against ambiguous app_status apply balances by checks columns created default email "
    "empty encoding expr file files foreign_keys format from id incomplete_users key map marker match max_changed "
    "max_quarantined merge_duplicates missing namespace on_change optional otherwise owner path policy profile "
    "profiles references required round rule secret severity source split sso_domains strip sum table tables target "
    "target_timezone timezone to triggers trust_autoconfirm type unique unit unresolved url users verified via where "
    "write".split()
)
COMMAND = "etl-assets spec"
QUOTED = re.compile(r"`([^`]+)`")
PLAIN = re.compile(r"[a-z_]+(\.[a-z_]+)*")
BEFORE_COLON = re.compile(r"([a-z_]+):")


def named_key(text: str) -> str | None:
    """The first key that a text names between backticks, `policy.triggers`; None where it names none."""
    return next((key for quoted in QUOTED.findall(text) if (key := _key(quoted))), None)


def _key(quoted: str) -> str:
    """`unit`, `source.timezone`, and `policy.triggers` of `policy: {triggers: {jobs: fire}}`; empty for other words."""
    if PLAIN.fullmatch(quoted):
        return quoted if set(quoted.split(".")) <= KEYS else ""
    words = BEFORE_COLON.findall(quoted)
    if not words or not quoted.startswith(words[0]) or words[0] not in KEYS:
        return ""
    return ".".join(words[:2]) if words[1:2] and words[1] in KEYS else words[0]


def pointed(text: str) -> str:
    """The text, and after it where the key that it names is explained."""
    key = None if COMMAND in text else named_key(text)
    if key is None:
        return text
    return f"{text} See `{COMMAND} {key}`." if text.endswith(".") else f"{text}; see `{COMMAND} {key}`"
