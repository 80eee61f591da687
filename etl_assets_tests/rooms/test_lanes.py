"""Lanes write side by side, nobody writes beside them, and what they load is what one connection loads."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from etl_assets.access.postgres import connection as postgres
from etl_assets.access.postgres import lanes
from etl_assets.access.postgres.connection import Connection, connect, find_lock_holder, writing
from etl_assets.access.postgres.lanes import Lane, in_lanes
from etl_assets.core.load import load as loading
from etl_assets.core.memory import sessions
from etl_assets.core.verify.status import status
from etl_assets.model.errors import SettingsError, Unavailable
from etl_assets.settings import read_settings
from etl_assets_tests import forks
from etl_assets_tests.scenario import BOOKS, PRODUCTION
from etl_assets_tests.world import AT, World, selected

pytestmark = pytest.mark.usefixtures("without_dagster")

PATIENCE_S = 20.0
IN_LANES = {
    "etl_assets.core.load.load.USERS_FOR_LANES": 1,
    "etl_assets.core.load.load.USERS_PER_TRANSACTION": 1,
}


BY_USER = """
SELECT m.legacy_user_id, count(*), sum(x.amount)
FROM etl.legacy_user_map AS m
JOIN (SELECT user_id, 0 AS amount FROM public.jobs UNION ALL SELECT user_id, amount FROM public.credit_transactions) AS x
    ON x.user_id = m.supabase_user_id
GROUP BY m.legacy_user_id ORDER BY m.legacy_user_id::int
"""


def pid_of(connection: Connection) -> int:
    return connection.info.backend_pid


class Held:
    """Two lanes that have begun to write and wait for a word."""

    def __init__(self, world: World) -> None:
        self.world, self.go = world, threading.Event()
        self.begun = threading.Barrier(3)
        self.leader = self.lane = 0
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with connect(self.world.url) as connection:
                self.leader = pid_of(connection)
                for _ in in_lanes(connection, lambda: connect(self.world.url), ["a", "b"], self._write, run="first"):
                    pass
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.error = error

    def _write(self, lane: Lane, key: str) -> None:
        with lane.writing(run="first"):
            self.lane = pid_of(lane.connection)
            lane.connection.execute("INSERT INTO etl.meta (key, value) VALUES (%s, 'x')", [key])
            self.begun.wait(PATIENCE_S)
            self.go.wait(PATIENCE_S)


@contextmanager
def held(world: World) -> Iterator[Held]:
    found = Held(world)
    found.thread.start()
    found.begun.wait(PATIENCE_S)  # both lanes are within their transactions: they do run side by side
    try:
        yield found
    finally:
        found.go.set()
        found.thread.join(PATIENCE_S)


def turn_of(leader: Connection) -> str:
    return str(lanes.SQL("find_turn").one(leader)[0])


def keys(world: World) -> list[str]:
    return [key for (key,) in world.query("SELECT key FROM etl.meta WHERE key <> 'schema' ORDER BY key")]


def another_writes(world: World) -> list[str]:
    with connect(world.url) as connection, writing(connection, run="second"):
        return [
            key
            for (key,) in connection.execute("SELECT key FROM etl.meta WHERE key <> 'schema' ORDER BY key").fetchall()
        ]


def test_two_lanes_write_at_once_and_the_next_writer_sees_both(ready: World) -> None:
    with held(ready):
        assert keys(ready) == []
    assert another_writes(ready) == ["a", "b"]


def test_results_come_turn_by_turn_in_order(ready: World) -> None:
    def double(lane: Lane, part: int) -> int:
        with lane.writing(run="x"):
            return 2 * part

    with connect(ready.url) as connection:
        found = list(in_lanes(connection, lambda: connect(ready.url), [1, 2, 3, 4, 5], double, run="x"))
    assert found == [[2, 4], [6, 8], [10]]


def test_nobody_writes_beside_lanes_and_is_told_who_does(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_S", 0.5)
    with held(ready) as first:
        with pytest.raises(Unavailable, match=f"etl-assets first.*server process {first.leader}"):
            another_writes(ready)
        with (
            connect(ready.url) as connection,
            pytest.raises(Unavailable),
            writing(connection, run="x", with_lanes=True),
        ):
            pytest.fail("two leaders at once")
    assert first.error is None


def test_lanes_whose_leader_is_lost_end_before_anybody_writes(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_S", 0.5)
    monkeypatch.setattr(lanes, "SIGN_OF_LIFE_S", 0.1)
    with held(ready) as first:
        ready.query("SELECT pg_terminate_backend(%s, 10000)", first.leader)
        for with_lanes in (False, True):
            with (
                connect(ready.url) as connection,
                pytest.raises(Unavailable, match="etl-assets first"),
                writing(connection, run="second", with_lanes=with_lanes),
            ):
                pytest.fail("a writer beside a lane")
    assert isinstance(first.error, Unavailable)
    # A lane that notices is cancelled, one that was ready to commit has committed: the next writer sees what there is.
    assert another_writes(ready) == keys(ready)


def test_a_lane_of_a_turn_that_is_over_writes_nothing(ready: World) -> None:
    with connect(ready.url) as leader, connect(ready.url) as connection:
        with writing(leader, run="first", with_lanes=True):
            turn = turn_of(leader)
            with Lane(connection, 0, turn).writing(run="first"):
                connection.execute("INSERT INTO etl.meta (key, value) VALUES ('a', 'x')")
        with pytest.raises(Unavailable), Lane(connection, 0, turn).writing(run="first"):
            pytest.fail("without a leader")
        with (
            writing(leader, run="second"),
            pytest.raises(Unavailable),
            Lane(connection, 0, turn).writing(run="first"),
        ):
            pytest.fail("beside another writer")
        with (
            writing(leader, run="third", with_lanes=True),
            pytest.raises(Unavailable),
            Lane(connection, 0, turn).writing(run="first"),
        ):
            pytest.fail("beside another writer's lanes")
    assert keys(ready) == ["a"]


def test_a_writer_whose_view_is_older_than_a_lanes_commit_begins_anew(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, tries = postgres.try_lock, []

    def take_late(connection: Connection, how: str, *, run: str) -> bool:
        if run == "second":
            tries.append(how)
            if len(tries) == 1:  # its view is taken; now a lane commits, and its leader is lost
                with pytest.raises(ZeroDivisionError):
                    commit_without_leader(ready)
        return take(connection, how, run=run)

    monkeypatch.setattr(postgres, "try_lock", take_late)
    assert another_writes(ready) == ["late"]
    assert len(tries) == 2


def commit_without_leader(world: World) -> None:
    with connect(world.url) as leader, connect(world.url) as other, writing(leader, run="first", with_lanes=True):
        with Lane(other, 1, turn_of(leader)).writing(run="first"):
            other.execute("INSERT INTO etl.meta (key, value) VALUES ('late', 'x')")
        raise ZeroDivisionError


def test_doctor_ends_the_leader_and_its_lanes(ready: World) -> None:
    with held(ready) as first, connect(ready.url) as connection:
        holder = find_lock_holder(connection)
        assert holder is not None
        assert holder.pid == first.leader
        assert sessions.end_session(connection, holder, run="doctor")
    assert isinstance(first.error, Unavailable)
    assert keys(ready) == []
    with connect(ready.url) as connection:
        assert find_lock_holder(connection) is None


def test_a_wave_in_lanes_is_the_wave_of_one_connection(awkward: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "USERS_FOR_LANES", 1)
    written: list[str] = []
    through = Lane.writing

    def noted(lane: Lane, *, run: str):  # type: ignore[no-untyped-def]
        written.append(lane.turn)
        return through(lane, run=run)

    monkeypatch.setattr(Lane, "writing", noted)
    outcome = awkward.migrate()
    assert outcome.books.as_json()["tables"] == BOOKS
    assert len(written) == 2  # ann and bob, each in a lane, of one turn
    assert len(set(written)) == 1
    assert awkward.query("SELECT count(*), count(DISTINCT xid::text) FROM etl.loaded") == [(6, 2)]
    gone = awkward.query(
        "SELECT count(*) FROM etl.audit_log WHERE action = 'loaded' AND detail ->> 'wave' IS NOT NULL AND (detail ->> 'users')::int = 1"
    )
    assert gone == [(2,)]


@pytest.mark.parametrize(
    "change",
    [
        "CREATE UNIQUE INDEX ON public.credit_transactions (lower(reference_id)) WHERE amount < 0",
        "ALTER TABLE public.jobs ADD CONSTRAINT one_at_once EXCLUDE USING btree (created_at WITH =, user_id WITH =)",
        "CREATE FUNCTION public.noop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
        "CREATE TRIGGER noop AFTER INSERT ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.noop()",
    ],
)
def test_where_rows_of_two_users_can_meet_one_connection_loads(
    awkward: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(loading, "USERS_FOR_LANES", 1)
    monkeypatch.setattr(loading, "in_lanes", lambda *_, **__: pytest.fail("in lanes"))
    awkward.write_spec(("policy:\n", "policy:\n  triggers: {jobs: fire}\n"))
    awkward.execute(change)
    assert awkward.migrate().books.as_json()["tables"] == BOOKS


KILLS = ("load.rows:2", "load.before_commit:1", "load.before_commit:2", "load.committed:1")


@pytest.mark.parametrize("fault", selected(KILLS, ["load.before_commit:2", "load.committed:1"]))
def test_a_kill_among_lanes_leaves_whole_users(awkward: World, fault: str) -> None:
    def run(fault: str = "") -> int:
        environment = {**os.environ, "ETL_FAULT": fault}
        return forks.warm().run("core", environment=environment, output=awkward.folder / "said", patches=IN_LANES)

    assert run(fault) == -signal.SIGKILL
    per_user = awkward.query("SELECT legacy_user_id, count(*) FROM etl.loaded GROUP BY 1 ORDER BY 1")
    assert set(per_user) <= {("1", 4), ("2", 2)}
    assert run() == 0, (awkward.folder / "said.err").read_text()
    assert status(awkward.url, awkward.spec).as_json()["tables"] == BOOKS
    before = awkward.checksum(*PRODUCTION)
    assert run() == 0
    assert awkward.checksum(*PRODUCTION) == before


def many(world: World, count: int = 24) -> None:
    """An app of users with a job and two transactions each, all of whom have come back."""
    rows = [(n, n * 10) for n in range(1, count + 1)]
    world.legacy(
        "".join(
            f"INSERT INTO users VALUES ({n}, 'u{n}@example.com', '', '{AT}');"
            f"INSERT INTO jobs VALUES ({n}, {n}, 'export', 'done', '{AT}', NULL, NULL, NULL, NULL);"
            f"INSERT INTO credit_transactions VALUES ({ten}, {n}, {n}, 'bonus', NULL, '{AT}', NULL);"
            f"INSERT INTO credit_transactions VALUES ({ten + 1}, {n}, -1, 'use', NULL, '{AT}', NULL);"
            for n, ten in rows
        )
    )
    world.sign_up(*(f"u{n}@example.com" for n, _ in rows))


@pytest.mark.parametrize("lanes", selected(["1", "2", "4", "8"], ["4"]))
def test_a_wave_is_the_same_in_any_number_of_lanes_killed_and_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch, lanes: str
) -> None:
    monkeypatch.setenv("ETL_LANES", lanes)
    many(world)

    def run(fault: str = "") -> int:
        environment = {**os.environ, "ETL_FAULT": fault}
        return forks.warm().run("core", environment=environment, output=world.folder / "said", patches=IN_LANES)

    assert run("load.before_commit:3") == -signal.SIGKILL
    per_user = world.query("SELECT count(*) FROM etl.loaded GROUP BY legacy_user_id")
    assert {count for (count,) in per_user} <= {3}
    assert run() == 0, (world.folder / "said.err").read_text()
    assert world.query(BY_USER) == [(str(n), 3, n - 1) for n in range(1, 25)]
    assert world.query("SELECT count(*) FROM etl.lanes") == [(max(int(lanes), 2),)]
    books = status(world.url, world.spec)
    assert books.closed
    assert books.as_json()["tables"]["credit_transactions"]["loaded"] == 48


@pytest.mark.parametrize("lanes", ["0", "33", "two", "-1", "2.5"])
def test_a_number_of_lanes_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, lanes: str) -> None:
    monkeypatch.setenv("ETL_LANES", lanes)
    with pytest.raises(SettingsError, match=f"ETL_LANES={lanes} is no number from 1 to 32"):
        read_settings()
