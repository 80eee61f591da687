import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from etl_assets.transform.users import comparable_users, folded
from etl_assets_tests.transform.cells import FAST

BLANKS = " \t\n\r\x0b\x0c"
KELVIN, DOTLESS_I, DOTTED_I, LONG_S = "\u212a", "\u0131", "\u0130", "\u017f"


def emails(*values: str | None) -> pl.DataFrame:
    keys = [str(number) for number in range(1, len(values) + 1)]
    return pl.DataFrame({"_key": keys, "email": values}, schema={"_key": pl.String, "email": pl.String})


def email_keys(*values: str | None) -> list[str | None]:
    return comparable_users(emails(*values), email="email", verified=None)["email_key"].to_list()


@pytest.mark.parametrize(
    ("email", "key"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann@Example.COM", "ann@example.com"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ@X.ORG", "abcdefghijklmnopqrstuvwxyz@x.org"),
        (f"{BLANKS}ann@example.com{BLANKS}", "ann@example.com"),
        ("ann+tag@example.com", "ann+tag@example.com"),
        ("a.n.n@gmail.com", "a.n.n@gmail.com"),
        ("o'neil_{x}!#$%&*/=?^`|~-9@sub-1.example.com", "o'neil_{x}!#$%&*/=?^`|~-9@sub-1.example.com"),
        ("ann@localhost", "ann@localhost"),
        ("a@b", "a@b"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_an_ascii_address_compares_without_blanks_around_it_and_without_ascii_case(email: str, key: str) -> None:
    assert email_keys(email) == [key]


@pytest.mark.parametrize(
    "email",
    [
        f"{KELVIN}im@example.com",
        f"kim@{KELVIN}.com",
        f"l{DOTLESS_I}sa@example.com",
        f"{DOTTED_I}nes@example.com",
        f"{LONG_S}am@example.com",
        "ａｎｎ@example.com",
        "ann＠example.com",
        "ann@example。com",
        "аnn@example.com",
        "jürgen@example.com",
        "ann@bücher.example",
        "\u00a0ann@example.com",
        "ann@example.com\u00a0",
        "\u200bann@example.com",
        "ann@example.com\u200b",
        "an\u200bn@example.com",
        "an\u00adn@example.com",
        "\ufeffann@example.com",
        "ann@example.com\u2028",
        "ann@example.com\u202e",
        "\x1cann@example.com",
        "ann@example.com\x00",
        "an\x00n@example.com",
        "an\x7fn@example.com",
    ],
)
def test_an_address_with_characters_outside_printable_ascii_is_never_matched(email: str) -> None:
    assert email_keys(email) == [None]


@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        BLANKS,
        "ann",
        "@",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "a@b@example.com",
        "an n@example.com",
        "ann@exam ple.com",
        "ann@example.com, bob@example.com",
        "ann@example.com\nbob@example.com",
        "Ann <ann@example.com>",
        "ann@-example.com",
        "ann@example.com.",
        "ann@exam_ple.com",
        "a" * 65 + "@example.com",
        "616E6E406578616D706C652E636F6D",
    ],
)
def test_what_is_no_address_is_never_matched(email: str | None) -> None:
    assert email_keys(email) == [None]


def test_plus_tags_and_dots_tell_users_apart() -> None:
    keys = email_keys("ann@gmail.com", "ann+x@gmail.com", "a.nn@gmail.com", "ann@googlemail.com")
    assert len(set(keys)) == 4


def test_a_look_alike_is_not_folded_into_the_victims_address() -> None:
    values = [
        f"{KELVIN}im@example.com",
        f"K{DOTLESS_I}M@example.com",
        "ＫＩＭ@example.com",
        f"k{DOTTED_I}m@example.com",
    ]
    keys = emails(*values).select(folded(pl.col("email")))["email"].to_list()
    assert "kim@example.com" not in keys
    # Python's own lower() would have done it.
    assert f"{KELVIN}im@example.com".lower() == "kim@example.com"


def folded_by_hand(email: str) -> str:
    return re.sub("[A-Z]", lambda letter: chr(ord(letter[0]) + 32), email.strip(BLANKS))


@FAST
@given(
    st.lists(st.text(max_size=12) | st.text("aKk@. \t\n\x1f\u00a0\u212a\u0131İſ", max_size=10), min_size=1, max_size=60)
)
def test_folding_changes_ascii_case_and_blanks_at_the_ends_and_nothing_else(values: list[str]) -> None:
    found = emails(*values).select(folded(pl.col("email")))["email"].to_list()
    assert found == [folded_by_hand(value) for value in values]


@FAST
@given(st.lists(st.text("aZ0.+-@ é\u212a\x7f", max_size=10), min_size=1, max_size=60))
def test_every_key_is_ascii_lower_case_and_one_address(values: list[str]) -> None:
    for value, key in zip(values, email_keys(*values), strict=True):
        if key is not None:
            assert key.isascii()
            assert key == folded_by_hand(value)
            assert re.fullmatch("[!-?A-~]+@[a-z0-9.-]+", key)
            assert key.count("@") == 1


def test_users_keep_their_rows_their_order_and_their_addresses_as_they_stand() -> None:
    users = pl.DataFrame(
        {
            "_key": ["7", "3", "9"],
            "mail": [" Ann@Example.com", None, "no address"],
            "is_ok": ["1", "0", None],
            "created_at": ["2024-01-01", None, "not a date"],
        }
    )
    expected = pl.DataFrame(
        {
            "legacy_user_id": ["7", "3", "9"],
            "email": [" Ann@Example.com", None, "no address"],
            "email_key": ["ann@example.com", None, None],
            "verified": [True, False, False],
            "created_value": ["2024-01-01", None, "not a date"],
        }
    )
    assert_frame_equal(comparable_users(users, email="mail", verified="is_ok"), expected)


def test_users_without_created_at_have_null_there() -> None:
    found = comparable_users(emails("ann@example.com"), email="email", verified=None)
    assert found.schema["created_value"] == pl.String
    assert found["created_value"].to_list() == [None]


def test_two_users_with_one_address_stay_two_rows_with_one_key() -> None:
    assert email_keys("Ann@example.com", "ann@example.com ") == ["ann@example.com", "ann@example.com"]


@pytest.mark.parametrize("flag", ["1", "t", "TRUE", "true", "y", "Yes", "on"])
def test_a_verified_flag_says_yes_in_words(flag: str) -> None:
    users = emails("a@b").with_columns(ok=pl.lit(flag))
    assert comparable_users(users, email="email", verified="ok")["verified"].to_list() == [True]


@pytest.mark.parametrize("flag", ["0", "f", "false", "no", "off", "", "2", "maybe", "yes!", "2024-01-01", None])
def test_any_other_verified_flag_is_not_claimable(flag: str | None) -> None:
    users = emails("a@b").with_columns(ok=pl.lit(flag, dtype=pl.String))
    assert comparable_users(users, email="email", verified="ok")["verified"].to_list() == [False]


def test_without_a_verified_column_every_user_may_be_claimed() -> None:
    assert comparable_users(emails("a@b", None), email="email", verified=None)["verified"].to_list() == [True, True]
