"""The support desk's answer about one user."""

import json

import pytest

from etl_assets.core.lists.support import answer
from etl_assets.model.errors import SettingsError
from etl_assets_tests.world import World

pytestmark = pytest.mark.usefixtures("without_dagster")


def test_a_user_who_has_moved_has_an_account_a_wave_and_rows(migrated: World) -> None:
    found = answer(migrated.url, migrated.spec, "1")
    [(account,)] = migrated.query("SELECT id::text FROM auth.users WHERE email = 'ann@example.com'")
    assert (found.state, found.account) == ("resolved", account)
    assert found.loaded == {"jobs": 1, "credit_transactions": 2, "artifacts": 1}
    money = next(line for line in found.rows if line.table == "credit_transactions")
    assert (money.state, money.rows, money.sums) == ("loaded", 2, {"amount": "70"})


@pytest.mark.parametrize(
    ("user", "state", "words"),
    [
        ("3", "unconfirmed", "not proven"),
        ("4", "waiting", "Invite this user"),
        ("5", "ambiguous", "Two could claim"),
        ("7", "held", "Correct this user's quarantined rows"),
        ("8", "no_email", "Enter one"),
        ("9", "invalid_email", "Correct it"),
    ],
)
def test_each_state_has_its_remedy(migrated: World, user: str, state: str, words: str) -> None:
    found = answer(migrated.url, migrated.spec, user)
    assert found.state == state
    assert words in found.remedy
    assert found.account is None
    assert not any(found.loaded.values())


def test_a_held_user_is_told_which_value_and_which_children(migrated: World) -> None:
    rows = {(line.table, line.reason): line for line in answer(migrated.url, migrated.spec, "7").rows}
    assert rows["jobs", "not_iso_8601"].legacy_ids == ("7",)
    assert rows["artifacts", "reference_quarantined"].legacy_ids == ("4",)


def test_a_user_who_has_just_confirmed_is_told_that_a_wave_comes(migrated: World) -> None:
    migrated.sign_up("dan@example.com")
    found = answer(migrated.url, migrated.spec, "4")
    assert (found.state, found.remedy) == ("waiting", "Nothing to do: the next wave brings the rows.")


def test_an_unknown_id_is_one_sentence(awkward: World) -> None:
    with pytest.raises(SettingsError, match="no legacy user has the id '99'"):
        answer(awkward.url, awkward.spec, "99")
    awkward.migrate()
    with pytest.raises(SettingsError, match="no legacy user has the id '99'"):
        answer(awkward.url, awkward.spec, "99")


def test_the_command_prints_ids_and_no_address(migrated: World) -> None:
    told = migrated.cli("user", "7")
    assert told.returncode == 0, told.stderr
    assert "Legacy user 7: held" in told.stdout
    assert "example.com" not in told.stdout + told.stderr
    as_json = json.loads(migrated.cli("user", "1", "--json").stdout)
    assert as_json["state"] == "resolved"
    unknown = migrated.cli("user", "x'; DROP TABLE etl.loaded")
    assert unknown.returncode == 2
    assert "no legacy user" in unknown.stderr
