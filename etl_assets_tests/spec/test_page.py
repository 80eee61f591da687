"""The page about the spec: whole, true, and the same as the file in the repository."""

import re
from pathlib import Path

import pytest
import yaml

from etl_assets.commands.documents import reference_text
from etl_assets.model.errors import SettingsError, UnknownKey
from etl_assets.model.remedies import CHANGE_REMEDIES, REASON_REMEDIES, ROW_REMEDIES, USER_REMEDIES
from etl_assets.model.spec_keys import KEYS, pointed
from etl_assets.spec.loader import load_spec
from etl_assets.spec.page.entries import Entry, sections
from etl_assets.spec.page.page import RECIPES, about, page

WRITTEN = Path(__file__).parents[2] / ".github" / "SPEC.md"
ENTRIES = [entry for section in sections() for entry in section.entries]
HEAD = """
source: {timezone: UTC}
namespace: 8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52
users: {}
files:
  results: {from: /srv/app, to: "s3://results", url: "https://cdn.example.com"}
  avatars: {from: /srv/app, to: "s3://avatars"}
tables:
  credit_transactions: {owner: user_id, columns: {amount: integer, reference_id: text}}
  jobs: {owner: user_id, columns: {status: text}}
  posts: {owner: user_id, columns: {status: text}}
  comments: {owner: user_id, columns: {status: text}}
  tags: {owner: none, columns: {name: text}}
  folders: {owner: user_id, columns: {name: text}}
  customers: {owner: user_id, columns: {code: text}}
  order_lines: {owner: user_id, columns: {order_id: integer, line_no: integer}}
"""
ITEMS = {
    "owner": "user_id",
    "columns": {
        "name": "text",
        "sku": "text",
        "reference_id": "text",
        "amount": "integer",
        "order_id": "integer",
        "line_no": "integer",
        "job_id": {"type": "uuid", "references": {"table": "jobs"}},
    },
}


def spec_with(entry: Entry) -> str:
    """A spec in which the example of a key stands where it belongs."""
    spec, example = (yaml.load(text, Loader=yaml.BaseLoader) for text in (HEAD, entry.example))  # noqa: S506
    place = [word for word in entry.path[:-1] if word.islower()]
    [key] = example
    if place[:2] == ["tables", "columns"] and key != "references":
        return yaml.safe_dump(
            spec | {"tables": spec["tables"] | {"items": {**ITEMS, "columns": ITEMS["columns"] | example}}}
        )
    if entry.path[0] == "tables" and key != "tables":
        return yaml.safe_dump(spec | {"tables": spec["tables"] | {"items": ITEMS | example}})
    return yaml.safe_dump(spec | example)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.address)
def test_every_key_is_explained_with_an_example_that_can_be_read(entry: Entry) -> None:
    assert len(entry.text) > 15
    assert entry.text[-1] == "."
    assert not entry.refused or entry.refused[-1] == "."
    assert re.search(rf"\b{entry.path[-1]}\b", entry.example) or entry.address.endswith(("COLUMN.type", "id.rule"))
    load_spec(spec_with(entry), file="example.yaml")


def test_the_page_has_every_key_once_and_every_recipe() -> None:
    headings = re.findall(r"^### `(.+)`$", page(), re.MULTILINE)
    assert headings == [entry.address for entry in ENTRIES]
    assert len(headings) > 70
    assert page().endswith(RECIPES.read_text(encoding="utf-8"))


def test_the_file_in_the_repository_is_the_page() -> None:
    """`etl-assets spec > .github/SPEC.md` renews it."""
    assert WRITTEN.read_text(encoding="utf-8") == page()


def found(key: str) -> list[str]:
    return re.findall(r"^### `(.+)`$", about(key), re.MULTILINE)


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("unit", ["tables.TABLE.columns.COLUMN.unit"]),
        ("`unit:`", ["tables.TABLE.columns.COLUMN.unit"]),
        ("owner.via", ["tables.TABLE.owner.via"]),
        ("policy.triggers", ["policy.triggers"]),
        ("tables.columns.map", ["tables.TABLE.columns.COLUMN.map"]),
        ("tables.jobs.columns.status.map", ["tables.TABLE.columns.COLUMN.map"]),
        ("tables.jobs.checks.unique.0.severity", ["tables.TABLE.checks.unique.severity"]),
        ("balances.profiles.credits.apply", ["balances.PROFILES.COLUMN.apply"]),
        ("created", ["users.created", "users.created.from", "users.created.type", "tables.TABLE.created"]),
        ("source", ["source", "source.timezone", "tables.TABLE.source"]),
    ],
)
def test_a_key_is_found_by_its_name_by_the_end_of_its_path_and_by_an_errors_path(key: str, keys: list[str]) -> None:
    assert found(key) == keys


def test_every_key_is_found_by_its_own_address() -> None:
    for entry in ENTRIES:
        assert found(entry.address)[0] == entry.address


def test_a_section_is_printed_with_its_keys() -> None:
    assert len(found("policy")) == 7
    assert "tables.TABLE.columns.COLUMN.encoding" in found("tables.jobs.columns.status")
    assert found("tables.jobs.owner")[0] == "tables.TABLE.owner"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("unnit", "no key 'unnit'. Did you mean `unit`"),
        ("policy.trigers", "Did you mean `triggers`"),
        ("zzz", "no key 'zzz'. `etl-assets spec` prints all of them."),
        ("cookbok", "`cookbook`"),
        ("policy.unit", "no key 'policy.unit'"),
    ],
)
def test_an_unknown_key_is_one_sentence_with_what_is_close(key: str, words: str) -> None:
    with pytest.raises(UnknownKey, match=re.escape(words)):
        about(key)


def test_the_cookbook_is_printed_alone_and_the_schema_takes_no_key() -> None:
    assert reference_text("cookbook", as_schema=False) == RECIPES.read_text(encoding="utf-8")
    with pytest.raises(SettingsError, match="leave KEY out"):
        reference_text("unit", as_schema=True)


def test_the_words_that_remedies_know_are_the_keys_of_the_spec() -> None:
    assert {entry.path[-1] for entry in ENTRIES} == KEYS


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Say its `unit` in the spec.", "unit"),
        ("Correct `source.timezone`.", "source.timezone"),
        ("Say `policy: {triggers: {jobs: fire}}`.", "policy.triggers"),
        ('Say `otherwise: "null"`.', "otherwise"),
        ("See `accounts:` there.", "accounts"),
        ("Say `users: {created: COLUMN}`.", "users.created"),
    ],
)
def test_a_remedy_that_names_a_key_says_where_it_is_explained(text: str, key: str) -> None:
    assert pointed(text) == f"{text} See `etl-assets spec {key}`."
    assert pointed(pointed(text)) == pointed(text)
    assert found(key)


@pytest.mark.parametrize(
    "text", ["Run `migrate` again.", "Look at `balances.csv`.", "Say `{ops: {a: 1}}`.", "`etl-assets undo --user`."]
)
def test_other_words_are_no_keys(text: str) -> None:
    assert pointed(text) == text


def test_what_remedies_point_at_is_there() -> None:
    texts = [
        text
        for remedies in (USER_REMEDIES, REASON_REMEDIES, ROW_REMEDIES, CHANGE_REMEDIES)
        for text in remedies.values()
    ]
    keys = [key for text in texts for key in re.findall(r"etl-assets spec ([a-z_.]+)", text)]
    assert len(keys) > 15
    assert all(found(key) for key in keys)
