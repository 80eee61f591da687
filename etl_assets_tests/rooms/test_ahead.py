import threading
from collections.abc import Iterator

import pytest

from etl_assets.core.staging.ahead import one_ahead


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_the_batches_are_the_same_in_the_same_order(count: int) -> None:
    assert list(one_ahead(range(count))) == list(range(count))


def test_one_is_made_ahead_and_no_more() -> None:
    made: list[int] = []

    def making() -> Iterator[int]:
        for number in range(9):
            made.append(number)
            yield number

    batches = one_ahead(making())
    assert next(batches) == 0
    batches.close()  # type: ignore[attr-defined]
    assert made in ([0, 1], [0])


def test_what_a_batch_raises_is_raised_in_its_place() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    batches = one_ahead(making())
    assert next(batches) == 1
    with pytest.raises(ValueError, match="the second"):
        next(batches)


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    for batch in one_ahead(range(5)):
        if batch == 2:
            break
    assert threading.active_count() == before
