"""The JSON schema of the spec: it lets through what loads, and underlines what is mistyped."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from etl_assets.model.errors import SpecError
from etl_assets.settings import DEFAULT_SPEC
from etl_assets.spec.loader import load_spec
from etl_assets.spec.page.json_schema import json_schema
from etl_assets_tests.rooms.test_cookbook import APART, RECIPES, SHARED, merged
from etl_assets_tests.spec.test_page import ENTRIES, spec_with

SCHEMA = json.loads(json_schema())
VALID = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
CORE = {
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
    "true": True,
    "True": True,
    "false": False,
    "False": False,
}
HEAD = "source: {timezone: UTC}\nnamespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52\nusers: {}\n"


def as_an_editor(node: yaml.Node) -> Any:
    """A document as editors read it: scalars without quotes are numbers, truth values and null (YAML 1.2, core schema)."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: as_an_editor(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [as_an_editor(value) for value in node.value]
    if node.style is not None:
        return node.value
    if node.value in CORE:
        return CORE[node.value]
    for kind in (int, float):
        try:
            return kind(node.value)
        except ValueError:
            continue
    return node.value


def faults(text: str) -> list[str]:
    return [error.message for error in VALID.iter_errors(as_an_editor(yaml.compose(text)))]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


TESTS = Path(__file__).parents[1]
COOKBOOK = {
    "cookbook": merged([SHARED, *(r for r in RECIPES if r.title != APART)]),
    "apart": merged([r for r in RECIPES if r.title == APART]),
}
FILES = (
    path for path in TESTS.rglob("*.yaml") if path.parent.name != "judgements"
)  # those hold schemas and what is right
SPECS = {
    **{path.name: path.read_text(encoding="utf-8") for path in (DEFAULT_SPEC, *FILES)},
    **{name: yaml.safe_dump(spec, sort_keys=False) for name, spec in COOKBOOK.items()},
    **{entry.address: spec_with(entry) for entry in ENTRIES},
    "words": HEAD + "tables: {a: {owner: none, columns: {null: text, 012: {type: text, default: null, map: {yes: 012, 1: no}}}}}",
    "switches": HEAD + "policy: {max_changed: unlimited}\ntables: {a: {owner: none, optional: yes, columns: {b: {type: date, required: True, empty: null}}}}",
    "otherwise": HEAD + "tables: {a: {owner: none, columns: {b: {type: uuid, references: {table: a, otherwise: null}}}}}",
    "lists": HEAD + 'tables: {a: {owner: none, columns: {b: "timestamptz[]", c: {type: "date[]", format: "%d/%m/%Y"}}}}',
}  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
def test_what_loads_is_valid(name: str) -> None:
    load_spec(SPECS[name], file=name)
    assert faults(SPECS[name]) == []


TABLE = HEAD + "tables:\n  a:\n    owner: {owner}\n    columns: {columns}\n"


def table(columns: str, owner: str = "user_id") -> str:
    return TABLE.replace("{owner}", owner).replace("{columns}", columns)


MISTAKES = {
    "a misspelled section": HEAD + "tabels: {}\n",
    "no tables": HEAD,
    "an empty section of tables": HEAD + "tables: {}\n",
    "no zone": table("{b: text}").replace("source: {timezone: UTC}", "source: {}"),
    "no namespace": table("{b: text}").replace("namespace", "# namespace"),
    "a namespace that is no UUID": table("{b: text}").replace("8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52", "myapp"),
    "a type that there is not": table("{b: string}"),
    "a list of lists": table('{b: "text[][]"}'),
    "a column without a type": table("{b: {from: c}}"),
    "a misspelled key of a column": table("{b: {type: text, form: c}}"),
    "from and expr": table("{b: {type: text, from: c, expr: d}}"),
    "a unit of text": table("{b: {type: text, unit: s}}"),
    "an unknown unit": table("{b: {type: timestamptz, unit: seconds}}"),
    "a secret allowed by yes": table("{b: {type: text, secret: yes}}"),
    "a map that is a list": table("{b: {type: text, map: [a, b]}}"),
    "a truth value in other words": table("{b: {type: text, required: always}}"),
    "references without a table": table("{b: {type: uuid, references: {otherwise: keep}}}"),
    "references by nothing": table("{b: {type: uuid, references: {tables: {A: a}}}}"),
    "an unknown otherwise": table('{b: {type: uuid, references: {table: a, otherwise: "ignore"}}}'),
    "no owner": table("{b: text}").replace("    owner: user_id\n", ""),
    "an owner without a way": table("{b: text}", "{to: user_id}"),
    "an owner with two ways": table("{b: text}", "{from: c, to: d, via: b}"),
    "an owner without the column that takes it": table("{b: text}", "{from: c}"),
    "a table called users": table("{b: text}").replace("  a:\n", "  users:\n"),
    "a table in capitals": table("{b: text}").replace("  a:\n", "  Jobs:\n"),
    "an unknown id": table("{b: text}") + "    id: serial\n",
    "a key that is one word": table("{b: text}") + "    key: b\n",
    "an unknown policy": table("{b: text}") + "policy: {on_change: overwrite}\n",
    "a share in words": table("{b: text}") + "policy: {max_changed: some}\n",
    "triggers that are refused one by one": table("{b: text}") + "policy: {triggers: {a: refuse}}\n",
    "accounts from elsewhere": table("{b: text}") + "accounts: {from: ldap}\n",
    "a balance from a table": table("{b: integer}") + "balances: {profiles.c: {from: a.b, apply: add}}\n",
    "a balance that is not applied": table("{b: integer}") + "balances: {profiles.c: {from: users.c}}\n",
    "an attribute by an expression": table("{b: text}") + "profile: {c: {from: users.c, expr: d, type: text, apply: set}}\n",
    "what the loader fills in": table("{b: text}") + "digest: abc\n",
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_typical_mistake_is_refused_by_both(name: str) -> None:
    with pytest.raises(SpecError):
        load_spec(MISTAKES[name], file=name)
    assert faults(MISTAKES[name])


def test_every_key_tells_the_editor_what_it_means() -> None:
    sections = [SCHEMA, *SCHEMA["$defs"].values()]
    told = [field.get("description", "") for section in sections for field in section.get("properties", {}).values()]
    assert len(told) > 80
    assert all("Example: " in words for words in told)
