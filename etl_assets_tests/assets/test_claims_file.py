"""The claims file: an operator settles whom no address settles, and never at somebody else's cost."""

import json
import uuid
from collections.abc import Callable

import pytest

from etl_assets.access.postgres.connection import connect, reading
from etl_assets.assets.keys import LOAD_WAVE, MIGRATE, USER_MAP
from etl_assets.commands.check import examine
from etl_assets.core.lists.support import answer
from etl_assets.core.users.claims_file import read_claims
from etl_assets.core.users.users import find_candidates, read_links
from etl_assets.model.errors import CorrectionsError
from etl_assets.settings import read_settings
from etl_assets_tests.scenario import begin
from etl_assets_tests.world import AT, World, failed_checks, failure_of
from etl_assets_tests.worlds import Press

pytestmark = pytest.mark.usefixtures("without_dagster")

HEADER = "legacy_user_id,supabase_user_id,reason\n"
MERGE = ("profiles: public.profiles", "profiles: public.profiles\n  merge_duplicates: true")


def state(world: World, user: str) -> tuple[str, str | None]:
    [(state, reason)] = world.query("SELECT state, reason FROM etl.legacy_user_map WHERE legacy_user_id = %s", user)
    return state, reason


def owner(world: World, user: str) -> str | None:
    [(found,)] = world.query("SELECT supabase_user_id::text FROM etl.legacy_user_map WHERE legacy_user_id = %s", user)
    return found


def candidates(world: World) -> set[str]:
    with connect(world.url) as connection, reading(connection):
        return set(find_candidates(connection, read_links(connection, world.spec)))


def unmet(world: World) -> set[str]:
    """What the check says after the file was read: the legacy ids of its sample."""
    result = world.materialize(USER_MAP)
    [check] = [one for one in result.get_asset_check_evaluations() if one.check_name == "claims_file_is_met"]
    assert not check.blocking
    assert ("claims_file_is_met" in failed_checks(result)) == bool(check.metadata["count"].value)
    sample = str(check.metadata["sample"].value).split(", ") if "sample" in check.metadata else []
    assert len(sample) == check.metadata["count"].value
    return set(sample)


NAMED = {"3": "unconfirmed", "4": "waiting", "5": "ambiguous", "8": "no_email", "9": "invalid_email"}


def name_accounts(world: World) -> None:
    """An operator names an account for each user whom no address settles."""
    begin(world)
    world.sign_up(*(f"new{user}@example.org" for user in NAMED))
    world.migrate()
    assert {user: state(world, user)[0] for user in NAMED} == NAMED
    world.claim(*(f'{user},{world.account(f"new{user}@example.org")},"the ticket, page 2"' for user in NAMED))
    assert unmet(world) == set()
    outcome = world.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert unmet(world) == set()


@pytest.mark.parametrize("user", NAMED, ids=NAMED.get)
def test_a_named_account_claims_whatever_the_address_says(after: Callable[[Press], World], user: str) -> None:
    world = after(name_accounts)
    assert owner(world, user) == world.account(f"new{user}@example.org")
    missing = world.query("SELECT count(*) FROM etl.stg_jobs WHERE _legacy_user_id = %s", user)
    assert (
        world.query("SELECT count(*) FROM etl.loaded WHERE \"table\" = 'jobs' AND legacy_user_id = %s", user) == missing
    )


def test_a_legacy_address_that_was_never_verified_is_no_hindrance(world: World) -> None:
    world.legacy(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT, ok INTEGER);"
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT,"
        " updated_at TEXT, source_file TEXT, result_file TEXT, metadata TEXT);"
        "CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER,"
        " transaction_type TEXT, reference_id TEXT, created_at TEXT, description TEXT);"
        "INSERT INTO users VALUES (1, 'ann@example.com', NULL, 0)",
        schema="",
    )
    world.write_spec(("email: email}", "email: email, verified: ok}"))
    world.sign_up("ann@example.com")
    world.migrate()
    assert state(world, "1")[0] == "unconfirmed"
    world.claim(f"1,{world.account('ann@example.com')},seen her passport")
    world.migrate()
    assert state(world, "1")[0] == "resolved"


def test_the_claim_keeps_its_evidence_and_the_operator_s_word(awkward: World) -> None:
    awkward.claim(f"5,{awkward.account('eve@example.com')},the ticket")
    awkward.migrate()
    assert awkward.query(
        "SELECT legacy_user_id, claimed_by_operator, confirmed_at IS NOT NULL, wave IS NOT NULL, claimed_by_run IS NOT NULL "
        "FROM etl.legacy_user_map WHERE supabase_user_id IS NOT NULL ORDER BY 1"
    ) == [("1", None, True, True, True), ("2", None, True, True, True), ("5", "the ticket", True, True, True)]
    assert answer(awkward.url, awkward.spec, "5").by_operator == "the ticket"
    assert answer(awkward.url, awkward.spec, "1").by_operator is None
    assert "By an operator's word: the ticket." in awkward.cli("user", "5").stdout


def test_the_file_outranks_the_user_s_own_address(awkward: World) -> None:
    awkward.sign_up("other@example.org")
    awkward.claim(f"1,{awkward.account('other@example.org')},lost the mailbox")
    awkward.migrate()
    assert owner(awkward, "1") == awkward.account("other@example.org")


def test_an_account_that_may_not_claim_does_not_and_nobody_else_is_guessed(awkward: World) -> None:
    awkward.sign_up("banned@example.org", banned_until="2999-01-01")
    awkward.sign_up("deleted@example.org", deleted_at=AT)
    awkward.sign_up("nobody@example.org", is_anonymous=True)
    awkward.sign_up("sso@example.org", is_sso_user=True)
    awkward.sign_up("late@example.org", confirmed=False)
    awkward.sign_up("bare@example.org")
    awkward.execute("DELETE FROM public.profiles WHERE email = 'bare@example.org'")
    names = {"1": "banned", "2": "deleted", "3": "nobody", "4": "sso", "5": "late", "6": "bare"}
    lines = [f"{user},{awkward.account(f'{name}@example.org')},x" for user, name in names.items()]
    awkward.claim(*lines, f"9,{uuid.uuid4()},not there")
    assert awkward.migrate().exit_code == 0
    for user in (*names, "9"):
        # Users 1 and 2 have addresses of confirmed accounts: what the operator says of them is still not guessed at.
        assert state(awkward, user) == (
            "unconfirmed",
            "the account in the claims file is not there or may not claim",
        ), user
        assert owner(awkward, user) is None
    awkward.claim(*lines[:5])
    assert unmet(awkward) == {"1", "2", "3", "4", "5"}
    assert "claims file" in answer(awkward.url, awkward.spec, "1").remedy
    awkward.claim(f"9,{uuid.uuid4()},not there")
    assert unmet(awkward) == {"9"}


def test_a_sso_account_of_a_domain_that_was_opted_in_may(awkward: World) -> None:
    awkward.write_spec(("profiles: public.profiles", "profiles: public.profiles\n  sso_domains: [example.org]"))
    awkward.sign_up("sso@example.org", is_sso_user=True)
    awkward.claim(f"4,{awkward.account('sso@example.org')},x")
    awkward.migrate()
    assert state(awkward, "4")[0] == "resolved"


def test_an_account_that_was_claimed_is_not_given_again(migrated: World) -> None:
    migrated.claim(f"4,{migrated.account('ann@example.com')},x")
    assert unmet(migrated) == {"4"}
    migrated.migrate()
    assert state(migrated, "4") == ("ambiguous", "the account was claimed by another legacy user")
    assert owner(migrated, "1") == migrated.account("ann@example.com")


def test_one_account_is_not_given_to_two(awkward: World) -> None:
    eve = awkward.account("eve@example.com")
    awkward.claim(f"5,{eve},x", f"4,{eve},y")
    awkward.migrate()
    for user in ("4", "5"):
        assert state(awkward, user) == ("ambiguous", "the claims file gives the account to two legacy users")
    assert unmet(awkward) == {"4", "5"}


def test_merging_lets_one_account_be_given_to_two(awkward: World) -> None:
    awkward.write_spec(MERGE)
    ann = awkward.account("ann@example.com")
    awkward.claim(f"8,{ann},x", f"4,{ann},y")
    assert awkward.migrate().exit_code == 0
    assert owner(awkward, "1") == owner(awkward, "4") == owner(awkward, "8") == ann
    assert unmet(awkward) == set()
    assert not {"4", "8"} & candidates(awkward)
    awkward.claim(f"9,{ann},z")
    awkward.migrate()
    assert owner(awkward, "9") == ann


def test_who_has_the_address_of_a_given_account_does_not_get_it(awkward: World) -> None:
    awkward.claim(f"4,{awkward.account('ann@example.com')},really dan's")
    awkward.migrate()
    assert owner(awkward, "4") == awkward.account("ann@example.com")
    assert owner(awkward, "1") is None
    # Once it has claimed, the plain reason holds.
    assert state(awkward, "1") == ("ambiguous", "the account was claimed by another legacy user")


def test_a_given_account_is_kept_from_its_address_even_while_the_line_cannot_come_true(awkward: World) -> None:
    ann = awkward.account("ann@example.com")
    awkward.claim(f"7,{ann},held as incomplete")
    awkward.migrate()
    assert state(awkward, "7") == ("held", "has quarantined rows")
    assert state(awkward, "1") == ("ambiguous", "the claims file gives the account to another legacy user")
    awkward.claim(f"4711,{ann},a slip of the key")
    awkward.migrate()
    assert owner(awkward, "1") is None
    awkward.claim()
    awkward.migrate()
    assert owner(awkward, "1") == ann


def test_a_claim_that_was_made_is_never_moved(awkward: World) -> None:
    awkward.sign_up("other@example.org")
    awkward.migrate()
    before = awkward.query("SELECT * FROM etl.legacy_user_map WHERE legacy_user_id = '1'")
    ann = awkward.account("ann@example.com")
    awkward.claim(f"1,{awkward.account('other@example.org')},too late", "2,,too late")
    assert unmet(awkward) == {"1", "2"}
    awkward.migrate()
    [(snapshot_of_it,)] = awkward.query(
        "SELECT supabase_user_id::text FROM etl.legacy_user_map WHERE legacy_user_id = '1'"
    )
    assert snapshot_of_it == ann
    assert state(awkward, "1") == ("resolved", None)
    assert state(awkward, "2") == ("resolved", None)
    assert len(before) == 1
    assert awkward.query("SELECT DISTINCT user_id::text FROM public.jobs WHERE source_file = 'a.wav'") == [(ann,)]
    awkward.claim(f"1,{ann},what is so already")
    assert unmet(awkward) == set()
    awkward.migrate()
    assert awkward.query("SELECT claimed_by_operator FROM etl.legacy_user_map WHERE legacy_user_id = '1'") == [(None,)]


def test_taking_a_line_out_takes_no_claim_back(awkward: World) -> None:
    awkward.claim(f"5,{awkward.account('eve@example.com')},the ticket")
    awkward.migrate()
    (awkward.folder / "artifacts" / "claims.csv").unlink()
    awkward.migrate()
    assert awkward.query("SELECT count(*) FROM etl.claims") == [(0,)]
    assert owner(awkward, "5") == awkward.account("eve@example.com")
    assert state(awkward, "6")[0] == "ambiguous"


def test_an_incomplete_user_stays_held_and_moves_when_that_is_settled(awkward: World) -> None:
    awkward.sign_up("new@example.org")
    awkward.claim(f"7,{awkward.account('new@example.org')},x")
    awkward.migrate()
    assert state(awkward, "7") == ("held", "has quarantined rows")
    assert unmet(awkward) == set()  # it can come true
    awkward.legacy(f"UPDATE jobs SET created_at = '{AT}' WHERE id = 7")
    awkward.migrate()
    assert owner(awkward, "7") == awkward.account("new@example.org")


def test_a_user_held_otherwise_stays_held(awkward: World) -> None:
    awkward.sign_up("new@example.org")
    awkward.run(MIGRATE)
    awkward.execute("UPDATE etl.legacy_user_map SET held = 'undone' WHERE legacy_user_id = '4'")
    awkward.claim(f"4,{awkward.account('new@example.org')},x")
    awkward.migrate()
    assert state(awkward, "4") == ("held", "undone")
    assert owner(awkward, "4") is None


def test_a_line_without_an_account_holds(awkward: World) -> None:
    awkward.claim("1,,lawyers", "8, ,no address either")
    outcome = awkward.migrate()
    assert outcome.exit_code == 0
    assert outcome.books.closed
    assert state(awkward, "1") == state(awkward, "8") == ("held", "by an operator")
    assert unmet(awkward) == set()
    assert owner(awkward, "2") == awkward.account("bob@example.com")
    assert awkward.query("SELECT count(*) FROM public.jobs") == [(1,)]
    assert "Take the line out" in answer(awkward.url, awkward.spec, "1").remedy
    awkward.claim()
    awkward.migrate()
    assert owner(awkward, "1") == awkward.account("ann@example.com")


def test_a_legacy_id_that_is_missing_is_never_claimed(world: World) -> None:
    world.legacy(
        "CREATE TABLE users (id INTEGER, email TEXT, created_at TEXT);"
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, user_id INTEGER, job_type TEXT, status TEXT, created_at TEXT,"
        " updated_at TEXT, source_file TEXT, result_file TEXT, metadata TEXT);"
        "CREATE TABLE credit_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER,"
        " transaction_type TEXT, reference_id TEXT, created_at TEXT, description TEXT);"
        "INSERT INTO users VALUES (1, 'ann@example.com', NULL), (NULL, 'bob@example.com', NULL)",
        schema="",
    )
    world.sign_up("new@example.org")
    world.run(MIGRATE)
    [(nameless,)] = world.query("SELECT legacy_user_id FROM etl.legacy_user_map WHERE legacy_user_id <> '1'")
    assert nameless.startswith("rowid:")
    world.claim(f"{nameless},{world.account('new@example.org')},x")
    world.migrate()
    assert state(world, nameless) == ("ambiguous", "the legacy id is missing or repeated")
    assert unmet(world) == {nameless}


def test_an_unknown_user_is_told(awkward: World) -> None:
    awkward.claim(f"4711,{awkward.account('eve@example.com')},x", "4712,,y")
    awkward.migrate()
    assert unmet(awkward) == {"4711", "4712"}


def test_candidates_are_those_of_the_file_too_and_never_who_is_on_hold(pressed: World) -> None:
    assert candidates(pressed) == {"1", "2", "5", "6", "7"}
    pressed.claim("1,,hold", f"4,{pressed.account('eve@example.com')},x", f"8,{uuid.uuid4()},not there")
    pressed.materialize(USER_MAP)
    assert candidates(pressed) == {"2", "4", "5", "6", "7"}


def test_profiles_alone_can_be_named(awkward: World) -> None:
    awkward.write_spec(("from: auth  ", "from: profiles\n  accept_unconfirmed: true  "))
    awkward.sign_up("new@example.org", confirmed=False)
    awkward.claim(f"8,{awkward.account('new@example.org')},x")
    assert awkward.migrate().exit_code == 0
    assert owner(awkward, "8") == awkward.account("new@example.org")


def test_the_load_of_a_claim_by_the_file_is_gated_like_any_other(awkward: World) -> None:
    awkward.claim(f"4,{awkward.account('eve@example.com')},x")
    wave = awkward.stage()
    awkward.execute("UPDATE etl.legacy_user_map SET confirmed_at = NULL WHERE legacy_user_id = '4'")
    assert awkward.run(LOAD_WAVE, wave=wave) == 1


def test_the_file_is_kept_whole_and_audited_without_what_it_says(awkward: World) -> None:
    eve = awkward.account("eve@example.com")
    awkward.claim(f"5,{eve.upper()},the ticket", "6,,CANARY", f"9,{eve.replace('-', '')},x")
    awkward.run(MIGRATE)
    assert awkward.query("SELECT legacy_user_id, supabase_user_id::text, reason FROM etl.claims ORDER BY 1") == [
        ("5", eve, "the ticket"),
        ("6", None, "CANARY"),
        ("9", eve, "x"),
    ]
    [(detail,)] = awkward.query("SELECT detail FROM etl.audit_log WHERE action = 'claims_file'")
    assert (detail["lines"], detail["holds"], detail["former"], len(detail["claims"])) == (3, 1, 0, 64)
    assert "CANARY" not in json.dumps(detail)
    awkward.claim()
    awkward.materialize(USER_MAP)
    awkward.materialize(USER_MAP)
    told = awkward.query(
        "SELECT detail -> 'lines', detail -> 'former' FROM etl.audit_log WHERE action = 'claims_file' ORDER BY id"
    )
    assert told == [(3, 0), (0, 3)]  # nothing to say the second time


def test_the_path_can_be_chosen(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = awkward.folder / "elsewhere.csv"
    path.write_text(f"{HEADER}1,,hold\n", encoding="utf-8")
    monkeypatch.setenv("ETL_CLAIMS", str(path))
    awkward.migrate()
    assert state(awkward, "1")[0] == "held"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("legacy_user_id,reason\n", "claims.csv:1: the first line must be legacy_user_id,supabase_user_id,reason"),
        ("", "claims.csv:1: the first line must be"),
        (f"{HEADER}1,CANARY@example.com,x\n", "claims.csv:2: the supabase_user_id is not a uuid"),
        (f"{HEADER}1,{{6f1c2b8e-0d5c-4a58-9a53-5b0a1c4f7e21}},x\n", "claims.csv:2: the supabase_user_id is not a uuid"),
        (f"{HEADER}1,6f1c2b8e0d5c-4a58-9a53-5b0a1c4f7e21,x\n", "claims.csv:2: the supabase_user_id is not a uuid"),
        (f"{HEADER}\n ,,x\n", "claims.csv:3: names no legacy user"),
        (f"{HEADER}1,, \n", "claims.csv:2: gives no reason"),
        (f"{HEADER}1,,x\n2,,x\n1,,y\n", "claims.csv:4: is the second line about its legacy user"),
        (f"{HEADER}1,,x,y\n", "claims.csv:2: has 4 cells instead of 3"),
        (f'{HEADER}1,,"x\n', "claims.csv:1: cannot be read as UTF-8 CSV"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_with_its_number(awkward: World, text: str, words: str) -> None:
    awkward.claim()
    path = awkward.folder / "artifacts" / "claims.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorrectionsError) as caught:
        read_claims(path)
    assert words in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_bad_file_stops_the_map_and_leaves_it_as_it_was(awkward: World) -> None:
    awkward.claim("1,,hold")
    awkward.run(MIGRATE)
    awkward.claim("1,nonsense,x")
    assert "claims.csv:2: the supabase_user_id is not a uuid" in failure_of(awkward.materialize(USER_MAP))
    assert awkward.query("SELECT legacy_user_id, reason FROM etl.claims") == [("1", "hold")]
    assert awkward.migrate().exit_code == 2


def test_a_bad_file_fails_the_rehearsal_and_a_good_one_leaves_no_trace(pressed: World) -> None:
    pressed.claim("1,,hold", f"8,{uuid.uuid4()},x", "4711,,y")
    [line] = [line for line in examine(read_settings(), pressed.spec) if line.subject == "claims file"]
    assert (line.holds, line.warns) == (True, True)
    assert line.words.startswith("2 lines cannot come true (ids 4711, 8). Look at")
    assert pressed.query("SELECT count(*) FROM etl.claims") == [(0,)]
    pressed.claim("1,,hold")
    assert "claims file" not in {line.subject for line in examine(read_settings(), pressed.spec)}
    pressed.claim("1,nonsense,x")
    result = pressed.cli("check")
    assert result.returncode == 2
    assert "claims.csv:2: the supabase_user_id is not a uuid" in result.stderr
