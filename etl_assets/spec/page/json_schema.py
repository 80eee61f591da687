"""A JSON schema of the spec for editors: what the grammar refuses, they underline while the file is written."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from etl_assets.spec.loader import INNER
from etl_assets.spec.model import TABLE_KEY, USERS, Spec
from etl_assets.spec.page.entries import UNLIMITED, told
from etl_assets.spec.profiles import OF_TABLES_ALONE, SUM_OF, USERS_COLUMN
from etl_assets.spec.rules import OPTION_TYPES
from etl_assets.spec.types import HOLDS, INPUT, READ_BY_POSTGRES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Every scalar of the file is read as text, and an editor reads the same as a number, a truth value or null.
SCALAR = ["string", "number", "boolean", "null"]
YES, NO = ("true", "yes", "on", "t", "y", "1"), ("false", "no", "off", "f", "n", "0")
TYPES = (*HOLDS, *READ_BY_POSTGRES, INPUT)
Schema = dict[str, Any]


class _OfText(GenerateJsonSchema):
    """Scalars as an editor reads them."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return {"type": SCALAR}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return {"enum": [True, False, *YES, *NO, 1, 0]}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {"type": ["integer", "string"], "pattern": "^[+-]?[0-9]+$"}

    def uuid_schema(self, schema: core_schema.UuidSchema) -> JsonSchemaValue:
        return {"type": "string", "format": "uuid", "pattern": "^[0-9A-Fa-f-]{32,45}$|^urn:uuid:|^[{]"}

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        words = schema["expected"]
        return {"enum": [*words, None] if "null" in words else list(words)}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        # A key without a value is an empty text, and no key that was left out.
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if not isinstance(found.get("default"), bool | int) and not found.get("default"):
            found.pop("default", None)
        return {key: value for key, value in found.items() if key != "default" or not isinstance(value, dict)}


def json_schema() -> str:
    """The schema (draft 2020-12), as text."""
    schema = Spec.model_json_schema(by_alias=True, schema_generator=_OfText)
    sections = schema["$defs"]
    _leave_out_inner(schema)
    for section in (schema, *sections.values()):
        _describe(section)
    _widen(schema, sections)
    _narrow(sections)
    return json.dumps({"$schema": DIALECT, **schema, "title": "etl-assets: the spec"}, indent=1) + "\n"


def _leave_out_inner(schema: Schema) -> None:
    """Without what the loader fills in itself."""
    sections = schema["$defs"]
    for pattern in INNER:
        of = {1: schema, 3: sections["Table"], 4: sections["Owner"]}[len(pattern)]
        del of["properties"][pattern[-1]]


def _describe(section: Schema) -> None:
    """Docstrings as an editor shows them: one line for each of their parts."""
    section.pop("title", None)
    if "description" in section:
        section["description"] = " ".join(section["description"].split())
    for field in section.get("properties", {}).values():
        field.pop("title", None)
        text, example, refused = told(field.get("description", ""))
        told_of = [text, f"Example: {example}", f"Refused: {refused}" if refused else ""]
        field["description"] = "\n\n".join(part for part in told_of if part)


def _or(short: Schema, long: Schema) -> Schema:
    """A field that has a short form."""
    found: Schema = {"anyOf": [short, long]}
    return found | {key: long.pop(key) for key in ("description", "default") if key in long}


def _widen(schema: Schema, sections: dict[str, Schema]) -> None:
    """The short forms that the loader makes long."""
    text, table = {"type": SCALAR}, sections["Table"]["properties"]
    for of, key in (("Users", "created"), ("Table", "owner"), ("References", "key"), ("Files", "strip")):
        field = sections[of]["properties"]
        field[key] = _or(text, field[key])
    for of in ("Column", "Attribute", "Created"):
        field = sections[of]["properties"]
        field["format"] = _or(text, field["format"])
    table["id"] = _or({"enum": ["uuid5", "keep"]}, table["id"])
    table["columns"]["additionalProperties"] = {"anyOf": [{"$ref": "#/$defs/Type"}, {"$ref": "#/$defs/Column"}]}
    for key in UNLIMITED:
        field = sections["Policy"]["properties"]
        field[key] = _or({"const": "unlimited"}, field[key])
    sections["Type"] = _type()
    for of in ("Column", "Attribute"):
        field = sections[of]["properties"]
        field["type"] = {"$ref": "#/$defs/Type", "description": field["type"]["description"]}
    schema["properties"]["tables"] |= {
        "propertyNames": {"pattern": TABLE_KEY.pattern, "not": {"const": USERS}},
        "minProperties": 1,
    }


def _type() -> Schema:
    return {"anyOf": [{"enum": list(TYPES)}, {"type": "string", "pattern": rf"^({'|'.join(TYPES)})\[\]$"}]}


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^({pattern})$"}


def _narrow(sections: dict[str, Schema]) -> None:
    """What keys of one section say of one another, as far as a schema can tell it well."""
    for of in ("Column", "Attribute"):
        sections[of]["allOf"] = [
            {
                "if": {"required": [key]},
                "then": {"properties": {"type": {"pattern": rf"^({'|'.join(types)})(\[\])?$"}}},
            }
            for key, types in OPTION_TYPES.items()
            if key != "round"  # `round: false` says nothing, on any type
        ]
    for key in OF_TABLES_ALONE:
        del sections["Attribute"]["properties"][key]
    sections["Attribute"]["properties"]["from"] |= _text(USERS_COLUMN.pattern)
    sections["Balance"]["properties"]["from"] |= _text(f"{USERS_COLUMN.pattern}|{SUM_OF.pattern}")
    sections["Column"]["not"] = {"required": ["from", "expr"]}
    sections["Owner"] |= {"oneOf": [{"required": ["from", "to"]}, {"required": ["via"]}]}
    sections["References"] |= {"oneOf": [{"required": ["table"]}, {"required": ["by", "tables"]}]}
