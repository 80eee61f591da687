"""Who is still missing: the list for the support team holds everybody whose history is not whole, and nobody else."""

import csv
import stat
from datetime import datetime, timezone

import pytest

from etl_assets.assets.keys import MIGRATE, VERIFICATION, WAITING
from etl_assets.core.lists.support import answer
from etl_assets_tests.assets.pressing import clean_up
from etl_assets_tests.world import AT, World

pytestmark = pytest.mark.usefixtures("without_dagster")

MONEY = "credit_transactions.amount"


def listed(world: World) -> dict[str, dict[str, str]]:
    path = world.folder / "artifacts" / "reports" / "waiting_users.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {line["legacy_user_id"]: line for line in csv.DictReader(file)}


def numbers(line: dict[str, str]) -> tuple[str, str, str]:
    return line["rows_waiting"], line["rows_quarantined"], line[MONEY]


def relist(world: World) -> dict[str, dict[str, str]]:
    assert world.materialize(VERIFICATION, WAITING).success
    return listed(world)


def test_everybody_who_has_not_moved_is_listed_with_what_waits(migrated: World) -> None:
    found = listed(migrated)
    assert {user: (line["state"], *numbers(line)) for user, line in found.items()} == {
        "3": ("unconfirmed", "2", "0", "0"),  # a job, and the artifact that comes with it
        "4": ("waiting", "2", "0", "5"),
        "5": ("ambiguous", "0", "0", "0"),
        "6": ("ambiguous", "0", "0", "0"),
        "7": ("held", "0", "2", "0"),  # the refused job, and its artifact
        "8": ("no_email", "1", "0", "0"),
        "9": ("invalid_email", "0", "0", "0"),
    }
    assert list(found["4"]) == [
        *("legacy_user_id", "email", "state", "reason", "since", "rows_waiting", "rows_quarantined"),
        MONEY,
        "remedy",
    ]
    assert found["4"]["remedy"].startswith("Invite this user")
    assert found["5"]["reason"] == "two legacy users share the address"
    assert all(line["remedy"] for line in found.values())


def test_the_counts_are_those_of_the_books(awkward: World) -> None:
    books = awkward.migrate().books
    waiting = sum(int(line["rows_waiting"]) for line in listed(awkward).values())
    assert waiting == sum(book.waiting for book in books.tables)


def test_a_row_with_two_refused_cells_is_one_row_and_so_is_its_child(awkward: World) -> None:
    awkward.legacy("UPDATE jobs SET metadata = '{', updated_at = 'never' WHERE id = 7")
    awkward.migrate()
    assert awkward.query("SELECT count(*) FROM etl.quarantine WHERE legacy_id = '7'") == [(3,)]
    assert numbers(listed(awkward)["7"]) == ("0", "2", "0")


def test_who_has_moved_is_listed_only_while_rows_are_missing(migrated: World) -> None:
    migrated.legacy(
        f"INSERT INTO jobs VALUES (20, 1, 'export', 'x', 'never', NULL, NULL, NULL, NULL);"
        f"INSERT INTO artifacts VALUES (20, 20, 'preview', 'p', 1, '{AT}');"
        f"INSERT INTO credit_transactions VALUES (20, 1, 11, 'purchase', NULL, '{AT}', NULL);"
        f"INSERT INTO credit_transactions VALUES (21, 1, 'much', 'purchase', NULL, '{AT}', NULL);"
    )
    assert migrated.run(MIGRATE) == 0
    line = listed(migrated)["1"]
    # The transaction that can be loaded waits for the next wave; of the other one, the amount is not known.
    assert (line["state"], *numbers(line)) == ("resolved", "1", "3", "11")
    assert "some rows are kept back" in line["remedy"]
    migrated.legacy(
        f"UPDATE jobs SET created_at = '{AT}' WHERE id = 20; UPDATE credit_transactions SET amount = 1 WHERE id = 21"
    )
    migrated.migrate()
    assert not {"1", "2"} & set(listed(migrated))


def test_a_loaded_row_that_is_refused_now_is_not_missing(migrated: World) -> None:
    migrated.legacy("UPDATE jobs SET created_at = 'never' WHERE id = 1")
    migrated.migrate()
    assert "1" not in listed(migrated)


def test_with_incomplete_users_loaded_what_was_left_out_is_listed(awkward: World) -> None:
    awkward.write_spec(("incomplete_users: hold", "incomplete_users: load"))
    awkward.legacy(f"INSERT INTO jobs VALUES (21, 7, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL)")
    awkward.migrate()
    line = listed(awkward)["7"]
    assert (line["state"], *numbers(line)) == ("resolved", "0", "2", "0")


def test_a_row_left_behind_on_purpose_is_not_missing(awkward: World) -> None:
    follows = '{type: text, references: {table: jobs, match: "^job_(?P<id>.+)$", otherwise: keep}}'
    awkward.write_spec(
        ("    source: jobs\n", '    source: jobs\n    where: "id NOT IN (1, 3)"\n'),
        ("      reference_id: text\n", f"      reference_id: {follows}\n"),
    )
    books = awkward.migrate().books.as_json()["tables"]
    assert (books["jobs"]["excluded"], books["credit_transactions"]["excluded"]) == (2, 1)
    assert numbers(listed(awkward)["3"]) == ("0", "0", "0")
    assert "1" not in listed(awkward)  # moved, and what refers to job 1 stays behind with it


def test_since_is_when_the_state_began_and_not_when_it_was_looked_at(awkward: World) -> None:
    awkward.migrate()
    first = listed(awkward)
    now = datetime.now(timezone.utc)
    for line in first.values():
        began = datetime.strptime(line["since"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
        assert abs((now - began).total_seconds()) < 300
    awkward.execute("UPDATE etl.legacy_user_map SET since = '2020-02-02 03:04:05+01'")
    awkward.sign_up("dan@example.com", confirmed=False)
    second = relist(awkward)
    assert second["3"]["since"] == second["7"]["since"] == "2020-02-02T02:04:05Z"
    assert second["4"]["state"] == "unconfirmed"
    assert second["4"]["since"] >= first["4"]["since"]
    assert answer(awkward.url, awkward.spec, "3").since == "2020-02-02 02:04:05 UTC"


def test_a_claim_begins_a_state_and_a_new_reason_alone_does_not(migrated: World) -> None:
    migrated.execute("UPDATE etl.legacy_user_map SET since = '2020-02-02 03:04:05+01'")
    migrated.sign_up("dan@example.com")
    assert relist(migrated)["4"]["reason"].startswith("claimable")
    assert listed(migrated)["4"]["since"] == "2020-02-02T02:04:05Z"
    migrated.migrate()
    assert migrated.query(
        "SELECT since > '2026-01-01' FROM etl.legacy_user_map WHERE legacy_user_id IN ('1', '4') ORDER BY 1"
    ) == [(False,), (True,)]


def test_the_support_desk_is_told_no_date_for_a_state_that_is_only_of_this_moment(migrated: World) -> None:
    assert answer(migrated.url, migrated.spec, "4").since
    migrated.sign_up("dan@example.com", confirmed=False)
    found = answer(migrated.url, migrated.spec, "4")
    assert (found.state, found.since) == ("unconfirmed", None)
    told = migrated.cli("user", "3").stdout
    assert "Since 20" in told


def test_addresses_can_be_invited_and_nothing_is_a_formula(awkward: World) -> None:
    awkward.legacy(
        "UPDATE users SET email = char(9) || ' Dan@Example.com' || char(10) WHERE id = 4;"
        "UPDATE users SET email = '=cmd|calc' WHERE id = 9;"
        "INSERT INTO users VALUES (10, 'a,\"b\nc', NULL, NULL)"
    )
    awkward.migrate()
    found = listed(awkward)
    assert found["4"]["email"] == "Dan@Example.com"
    assert found["9"]["email"] == "'=cmd|calc"
    assert found["10"]["email"] == 'a,"b\nc'
    assert found["8"]["email"] == ""


@pytest.mark.usefixtures("with_dagster")
def test_the_file_is_private_and_the_event_log_holds_no_address(awkward: World) -> None:
    awkward.migrate()
    path = awkward.folder / "artifacts" / "reports" / "waiting_users.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    event = awkward.instance.get_latest_materialization_event(WAITING)
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["users"].value == 7
    assert metadata["list"].value == str(path)
    states = {record.data["state"]: record.data["users"] for record in metadata["states"].value.records}
    assert states == {"ambiguous": 2, "held": 1, "invalid_email": 1, "no_email": 1, "unconfirmed": 1, "waiting": 1}
    assert "example.com" not in str(metadata)
    page = (path.parent / "migration_report.html").read_text(encoding="utf-8")
    assert "<code>waiting_users.csv</code>" in page


def test_after_a_cleanup_users_are_listed_without_counts(migrated: World) -> None:
    assert clean_up(migrated).success
    assert migrated.materialize(WAITING).success
    found = listed(migrated)
    assert set(found) == {"3", "4", "5", "6", "7", "8", "9"}
    assert {numbers(line) for line in found.values()} == {("", "", "")}


def test_before_anything_is_staged_the_list_is_empty(awkward: World) -> None:
    assert awkward.materialize(WAITING).success
    assert listed(awkward) == {}


def test_a_spec_without_users_has_no_such_asset(world: World) -> None:
    path = world.folder / "lookup.yaml"
    path.write_text(
        "source: {timezone: UTC}\nnamespace: 11111111-2222-5333-8444-555555555555\n"
        "tables: {kinds: {target: public.kinds, owner: none, columns: {name: text}}}\n",
        encoding="utf-8",
    )
    world.use_spec(path)
    world.execute("CREATE TABLE public.kinds (id uuid PRIMARY KEY, name text)")
    world.legacy("CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO kinds VALUES (1, 'a')", schema="")
    assert world.migrate().exit_code == 0
    assert WAITING not in world.definitions().resolve_asset_graph().materializable_asset_keys
