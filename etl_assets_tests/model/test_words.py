"""Numbers inflect."""

import pytest

from etl_assets.model.words import agreed, counted, said


@pytest.mark.parametrize(("count", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (2431, "2,431 rows")])
def test_a_number_and_its_noun_agree(count: int, words: str) -> None:
    assert counted(count, "row") == words


def test_a_number_and_its_verb_agree() -> None:
    assert said(1, "user", "are held") == "1 user is held"
    assert said(2, "user", "are held") == "2 users are held"
    assert agreed(1, "did not arrive") == "did not arrive"
