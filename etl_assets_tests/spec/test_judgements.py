"""What `init` makes of each schema of `judgements`: nothing wrong, and little left to the operator."""

from pathlib import Path

import pytest

from etl_assets.init.draft_yaml import yaml_of
from etl_assets.init.drafting import draft_spec
from etl_assets_tests.judged import counted, make_database, schemas, scores
from etl_assets_tests.spec.test_json_schema import faults


@pytest.mark.parametrize("name", schemas())
def test_nothing_is_judged_wrong_and_little_is_asked(name: str, tmp_path: Path) -> None:
    found = scores(name, tmp_path)
    assert [f"{score.subject}: {score.right}, not {score.found}" for score in found if score.verdict == "wrong"] == []
    assert counted(found)["asked"] <= 1 + len(found) // 10


@pytest.mark.parametrize("name", ["clinic", "desktop", "telegram", "dotnet"])
def test_what_init_writes_is_valid_for_editors_too(name: str, tmp_path: Path) -> None:
    make_database(name, tmp_path / "app.db")
    assert faults(yaml_of(draft_spec(tmp_path / "app.db"))) == []
