"""What `etl-assets spec` prints: the page about the spec, a part of it, or the JSON schema."""

from etl_assets.model.errors import SettingsError
from etl_assets.spec.page.json_schema import json_schema
from etl_assets.spec.page.page import about, page


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
