import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_assets.model.books import ROW_STATES, USER_STATES, Books, TableBook, WaveBook

counts = st.integers(0, 10**9)


@settings(database=None, deadline=None)
@given(counts, counts, counts, counts)
def test_a_table_closes_when_its_states_add_up_to_its_source(
    loaded: int, waiting: int, held: int, excluded: int
) -> None:
    book = TableBook("jobs", loaded + waiting + held + excluded, loaded, waiting, held, excluded)
    assert book.missing == 0
    assert Books((book,)).closed
    for off in (-1, 1):
        other = dataclasses.replace(book, source=book.source + off)
        assert other.missing == off
        assert not Books((book, other)).closed


@pytest.mark.parametrize("state", ROW_STATES)
def test_each_row_state_counts(state: str) -> None:
    assert TableBook("jobs", **{"source": 1, state: 1}).missing == 0
    assert TableBook("jobs", **{state: 1}).missing == -1


@pytest.mark.parametrize("state", USER_STATES)
def test_each_user_is_in_exactly_one_state(state: str) -> None:
    assert Books(users={"total": 2, state: 2}).closed
    assert not Books(users={"total": 1, state: 2}).closed
    assert not Books(users={state: 1}).closed


def test_two_errors_of_two_tables_do_not_cancel_out() -> None:
    assert not Books((TableBook("a", source=1), TableBook("b", loaded=1))).closed


def test_users_without_a_state_leave_the_books_open() -> None:
    assert not Books(users={"total": 1}).closed


def test_empty_books_are_closed() -> None:
    assert Books().closed


def test_json_has_the_contracts_keys_in_the_contracts_order() -> None:
    books = Books(
        (TableBook("jobs", 10, 1, 2, 3, 4), TableBook("artifacts")),
        {"total": 2, "resolved": 1, "held": 1},
        (WaveBook("2026-11-22T153000Z", 1, 5, "2026-11-22T15:30:00Z"),),
    )
    assert json.dumps(books.as_json()) == json.dumps(
        {
            "tables": {
                "jobs": {"source": 10, "loaded": 1, "waiting": 2, "quarantined": 3, "excluded": 4},
                "artifacts": {"source": 0, "loaded": 0, "waiting": 0, "quarantined": 0, "excluded": 0},
            },
            "users": {
                "total": 2,
                "resolved": 1,
                "waiting": 0,
                "unconfirmed": 0,
                "ambiguous": 0,
                "held": 1,
                "invalid_email": 0,
                "no_email": 0,
            },
            "waves": [{"key": "2026-11-22T153000Z", "users": 1, "rows": 5, "at": "2026-11-22T15:30:00Z"}],
            "closed": True,
        }
    )
