"""What `init` makes of each schema of `judgements`: nothing wrong, and little left to the operator."""

from pathlib import Path

import pytest

from etl_assets_tests.judged import counted, schemas, scores


@pytest.mark.parametrize("name", schemas())
def test_nothing_is_judged_wrong_and_little_is_asked(name: str, tmp_path: Path) -> None:
    found = scores(name, tmp_path)
    assert [f"{score.subject}: {score.right}, not {score.found}" for score in found if score.verdict == "wrong"] == []
    assert counted(found)["asked"] <= 1 + len(found) // 10
