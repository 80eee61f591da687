"""Attributes of the profile that are no number: given once, noted, given back, never over what was changed since."""

import pytest

from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.automation.forgetting import forget
from etl_assets.core.staging.corrections_file import read_corrections
from etl_assets.model.errors import CorrectionsError, SpecError
from etl_assets.settings import DEFAULT_SPEC, read_settings
from etl_assets.spec.loader import load_spec
from etl_assets_tests.core import migrate_dry_here
from etl_assets_tests.scenario import LEGACY
from etl_assets_tests.world import LEGACY_SCHEMA, World

pytestmark = pytest.mark.usefixtures("without_dagster")

SCHEMA = LEGACY_SCHEMA.replace("created_at TEXT);", "created_at TEXT, plan, renewed, credits);", 1)
PLAN = "subscription: {{from: users.plan, type: text, map: {{P: paid, F: free}}, apply: {apply}}}"
RENEWED = "renewed_at: {from: users.renewed, type: timestamptz, unit: s, apply: set}"


@pytest.fixture
def planned(world: World) -> World:
    """Ann has paid and Bob's plan is the free one; the new app says `trial` of Ann already."""
    rows = LEGACY.replace("INSERT INTO users VALUES", "INSERT INTO users (id, email, password_hash, created_at) VALUES")
    world.legacy(rows, schema=SCHEMA)
    world.legacy(
        "UPDATE users SET plan = 'P', renewed = 1700000000 WHERE id = 1; UPDATE users SET plan = 'F' WHERE id = 2"
    )
    world.execute(
        "ALTER TABLE public.profiles ADD subscription varchar(8), ADD renewed_at timestamptz, ADD credits int"
    )
    world.sign_up("ann@example.com", "bob@example.com")
    world.execute("UPDATE public.profiles SET subscription = 'trial' WHERE email = 'ann@example.com'")
    return world


def spec_with(world: World, *attributes: str, more: str = "") -> None:
    section = "profile:\n  " + "\n  ".join(attributes)
    world.write_spec(("tables:\n  jobs:", f"{more}{section}\n\ntables:\n  jobs:"))


def profiles(world: World) -> dict[str, tuple[str | None, int | None]]:
    query = "SELECT split_part(email, '@', 1), subscription, extract(epoch FROM renewed_at)::int FROM public.profiles"
    return {name: (plan, at) for name, plan, at in world.query(query)}


def take_out(world: World, user: str) -> None:
    undo(Stores(), world.spec, wave="", user=user, run="test")


@pytest.mark.parametrize(("apply", "ann"), [("set", "paid"), ("if_null", "trial")])
def test_an_attribute_is_given_once_and_given_back(planned: World, apply: str, ann: str) -> None:
    spec_with(planned, PLAN.format(apply=apply), RENEWED)
    before = planned.checksum("public.profiles")
    assert migrate_dry_here(read_settings(), planned.spec, say=planned.said.append).exit_code == 0
    assert planned.checksum("public.profiles") == before
    assert planned.migrate().exit_code == 0, planned.said
    assert profiles(planned) == {"ann": (ann, 1700000000), "bob": ("free", None)}
    # Later changes on either side stay where they are, a value that the new app took away among them.
    planned.legacy("UPDATE users SET plan = 'F' WHERE id = 1; UPDATE users SET plan = 'P' WHERE id = 2")
    planned.execute("UPDATE public.profiles SET subscription = NULL WHERE email = 'bob@example.com'")
    assert planned.migrate().exit_code == 0
    assert profiles(planned) == {"ann": (ann, 1700000000), "bob": (None, None)}
    take_out(planned, "1")
    assert profiles(planned)["ann"] == ("trial", None)
    planned.execute("UPDATE public.profiles SET subscription = 'gold' WHERE email = 'bob@example.com'")
    take_out(planned, "2")
    assert profiles(planned)["bob"] == ("gold", None)
    assert planned.query("SELECT count(*) FROM etl.profile_values") == [(0,)]


def test_a_value_that_cannot_be_read_holds_its_user_until_it_is_corrected(planned: World) -> None:
    balance = "balances:\n  profiles.credits: {from: users.credits, apply: add}\n"
    planned.legacy(
        "UPDATE users SET plan = 'X', credits = '70 EUR' WHERE id = 1; UPDATE users SET plan = 'F' WHERE id = 2"
    )
    spec_with(planned, PLAN.format(apply="set"), more=balance)
    assert planned.migrate().exit_code == 0
    assert profiles(planned) == {"ann": ("trial", None), "bob": ("free", None)}
    assert planned.query("SELECT state FROM etl.legacy_user_map WHERE legacy_user_id = '1'") == [("held",)]
    refused = 'SELECT "column", value, rule FROM etl.quarantine WHERE "table" = \'users\' ORDER BY 1'
    assert planned.query(refused) == [("credits", "70 EUR", "not_an_integer"), ("plan", "X", "not_in_map")]
    path = read_settings().corrections_path
    path.write_text("table,legacy_id,column,value,reason\nusers,1,plan,P,asked her\nusers,1,credits,70,asked her\n")
    checked = planned.cli("check", ETL_SPEC=str(planned.spec_path))
    assert "not in map" not in checked.stdout + checked.stderr
    assert planned.migrate().exit_code == 0
    assert profiles(planned)["ann"] == ("paid", None)
    assert planned.query("SELECT credits FROM public.profiles WHERE email = 'ann@example.com'") == [(70,)]
    noted = 'SELECT "column", found FROM etl.corrections WHERE "table" = \'users\' ORDER BY 1'
    assert planned.query(noted) == [("credits", True), ("plan", True)]


@pytest.mark.parametrize("more", ["", "balances:\n  profiles.credits: {from: users.credits, apply: add}\n"])
def test_a_value_that_the_profile_refuses_holds_its_user_alone(planned: World, more: str) -> None:
    planned.execute("ALTER TABLE public.profiles ADD CONSTRAINT cheap CHECK (subscription <> 'paid')")
    planned.legacy("UPDATE users SET credits = 70")
    spec_with(planned, PLAN.format(apply="set"), more=more)
    checked = planned.cli("check", ETL_SPEC=str(planned.spec_path))
    assert "cheap" in checked.stdout
    for _ in range(2):
        assert planned.migrate().exit_code == 1
        assert profiles(planned) == {"ann": ("trial", None), "bob": ("free", None)}
        noted = 'SELECT "table", legacy_id, rule FROM etl.refused'
        assert planned.query(noted) == [("users", "1", "cheap")]
    assert planned.query("SELECT state FROM etl.legacy_user_map WHERE legacy_user_id = '1'") == [("held",)]
    planned.legacy("UPDATE users SET plan = 'F' WHERE id = 1")
    assert planned.migrate().exit_code == 0
    assert profiles(planned)["ann"] == ("free", None)


def test_nothing_of_a_profile_is_left_of_whoever_is_forgotten(planned: World) -> None:
    planned.legacy("UPDATE users SET plan = 'X' WHERE id = 4; UPDATE users SET plan = 'P' WHERE id = 3")
    spec_with(planned, PLAN.format(apply="set"))
    path = read_settings().corrections_path
    path.parent.mkdir(exist_ok=True)
    path.write_text("table,legacy_id,column,value,reason\nusers,4,plan,P,Eve said so\n")
    assert planned.migrate().exit_code == 0
    kept = "SELECT count(*) FROM etl.legacy_profile WHERE legacy_user_id IN ('3', '4')"
    noted = "SELECT count(*) FROM etl.corrections WHERE reason = 'Eve said so'"
    assert (planned.query(kept), planned.query(noted)) == ([(2,)], [(1,)])
    for user in "34":
        forget(Stores(), planned.spec, user, run="test")
    assert (planned.query(kept), planned.query(noted)) == ([(0,)], [(0,)])


@pytest.mark.parametrize("column", ["email", "created_at", "_key", "id", ""])
def test_what_is_evidence_for_a_claim_cannot_be_corrected(planned: World, column: str) -> None:
    spec_with(planned, PLAN.format(apply="set"))
    path = read_settings().corrections_path
    path.parent.mkdir(exist_ok=True)
    value = "x" if column else "drop"
    path.write_text(f"table,legacy_id,column,value,reason\nusers,1,{column},{value},asked her\n")
    with pytest.raises(CorrectionsError, match="claims file"):
        read_corrections(path, planned.spec)


def test_a_trigger_is_asked_about_and_may_not_rewrite(planned: World) -> None:
    planned.execute(
        "CREATE FUNCTION public.shout() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.subscription = upper(NEW.subscription); RETURN NEW; END';"
        "CREATE TRIGGER shout BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION public.shout()"
    )
    before = planned.checksum("public.profiles", "public.jobs")
    spec_with(planned, PLAN.format(apply="set"))
    assert planned.migrate().exit_code == 1
    agreed = planned.spec_path.read_text().replace("policy:", "policy:\n  triggers: {profiles: fire}")
    planned.spec_path.write_text(agreed)
    planned.use_spec(planned.spec_path)
    assert planned.migrate().exit_code == 1
    assert planned.checksum("public.profiles", "public.jobs") == before


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("plan: {from: plan, type: text, apply: set}", "`from` is `users.COLUMN`"),
        ("plan: {from: users.plan, type: text}", "is missing"),
        ("plan: {from: users.plan, type: text, apply: add}", "not 'add'"),
        ("plan: {from: users.api_token, type: text, apply: set}", "looks like a secret"),
        ("plan: {from: users.plan, type: text, unit: s, apply: set}", "is for columns of type"),
        ("id: {from: users.plan, type: text, apply: set}", "has its value already"),
    ],
)
def test_a_section_that_cannot_be_meant_is_one_sentence(attribute: str, words: str) -> None:
    text = DEFAULT_SPEC.read_text(encoding="utf-8").replace(
        "tables:\n  jobs:", f"profile:\n  {attribute}\ntables:\n  jobs:"
    )
    with pytest.raises(SpecError, match=words) as refused:
        load_spec(text, file="migration.yaml")
    assert "profile." in str(refused.value)
