import uuid
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_assets.model.ids import is_wave_key, new_id, wave_key

NAMESPACE = uuid.UUID("8f0c2f5e-6c0a-5d0b-9d1b-3c6a7e1f4a52")


def test_a_rows_id_is_the_one_that_it_always_had() -> None:
    # Frozen: every id in every target depends on it.
    assert new_id(NAMESPACE, "jobs", "1") == uuid.UUID("6150a6fa-f961-5cc4-8dd0-8ffa17f54097")


def test_a_rows_id_follows_namespace_table_and_key() -> None:
    ids = {
        new_id(NAMESPACE, "jobs", "1"),
        new_id(NAMESPACE, "jobs", "01"),
        new_id(NAMESPACE, "tasks", "1"),
        new_id(uuid.UUID(int=1), "jobs", "1"),
    }
    assert len(ids) == 4
    assert all(found.version == 5 for found in ids)


def test_a_slash_in_a_key_does_not_lead_into_another_table() -> None:
    # A table key has no slash, so the first one always ends the table's name.
    assert new_id(NAMESPACE, "a", "b/c") != new_id(NAMESPACE, "ab", "c")


@pytest.mark.parametrize(
    ("moment", "key"),
    [
        (datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc), "2026-11-22T153000Z"),
        (datetime(2026, 11, 22, 15, 30, 59, 999_999, tzinfo=timezone.utc), "2026-11-22T153059Z"),
        (datetime(2026, 11, 22, 16, 30, tzinfo=timezone(timedelta(hours=1))), "2026-11-22T153000Z"),
        (datetime(2026, 1, 1, 0, 30, tzinfo=ZoneInfo("Europe/Berlin")), "2025-12-31T233000Z"),
    ],
)
def test_a_wave_is_named_by_its_moment_in_utc(moment: datetime, key: str) -> None:
    assert wave_key(moment) == key
    assert is_wave_key(key)


@settings(database=None, deadline=None)
@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), min_size=2, max_size=10))
def test_wave_keys_sort_as_their_moments(moments: list[datetime]) -> None:
    known = sorted({moment.replace(microsecond=0, tzinfo=timezone.utc) for moment in moments})
    keys = [wave_key(moment) for moment in known]
    assert keys == sorted(set(keys))
    assert all(is_wave_key(key) for key in keys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T15:30:00Z",
        "2026-11-22T153000",
        "2026-11-22T153000Z\n",
        " 2026-11-22T153000Z",
        "2026-11-22t153000z",
        "2026-11-22T153000Z'; DROP TABLE users; --",
    ],
)
def test_anything_else_is_no_wave_key(text: str) -> None:
    assert not is_wave_key(text)


@pytest.mark.parametrize("text", ["٢٠٢٦-11-22T153000Z", "2026-13-41T996199Z"], ids=["arabic_digits", "no_such_moment"])
def test_a_wave_key_is_a_moment_in_ascii_digits(text: str) -> None:
    assert not is_wave_key(text)
