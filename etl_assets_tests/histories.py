"""Random histories of a migration under way, and what must hold after each step.

The legacy app, its users and the operator all act at once; the machine knows what it did and nothing of how the
migration works.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from etl_assets import faults
from etl_assets.assets.resources import Stores
from etl_assets.automation.decisions import undo
from etl_assets.model.errors import UndoRefused
from etl_assets.settings import Settings
from etl_assets_tests.world import AT, World
from etl_assets_tests.worlds import a_world

POINTS = (
    "staging.copied",
    "resolve.committed",
    "load.gated",
    "load.table",
    "load.before_commit",
    "load.committed",
    "verify.counted",
)
PRODUCTION = ("public.jobs", "public.credit_transactions")


class Killed(BaseException):
    """The process is gone; no handler of ours or of Dagster's may catch it."""


class Histories(RuleBasedStateMachine):
    """One migration. `server` is set by whoever runs it."""

    server: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.world: World = self.stack.enter_context(a_world(self.server, folder))
        self.jobs: dict[
            int, dict[str, Any]
        ] = {}  # what the legacy app has, or had when it was deleted there, by number
        self.emails: dict[int, str] = {}
        self.persons: dict[int, str] = {}  # who has a legacy user id now
        self.handed_out: set[int] = set()  # user ids that more than one person had
        self.signed_up: set[str] = set()
        self.edited: dict[int, str] = {}  # job -> what its user made of it in the new app
        self.removed: dict[int, str] = {}  # jobs that their users deleted in the new app, and their ids there

    def teardown(self) -> None:
        self.stack.close()

    @initialize(update=st.booleans())
    def begin(self, update: bool) -> None:
        self.updates = update
        self.world.write_spec(("policy:", f"policy:\n  on_change: {'update' if update else 'report'}"))
        self.world.legacy("")
        self.people = 0
        for _ in range(3):
            self.new_user()
        for user in (1, 1, 2):
            self.new_job(user)
        # A history is about what comes after the first wave.
        for email in ("u1@example.com", "u2@example.com"):
            self.signed_up.add(email)
            self.world.sign_up(email)
        self.the_operator_migrates()

    def new_user(self, user: int = 0, *, has_date: bool = True) -> int:
        user = user or len(self.emails) + 1
        self.people += 1
        self.persons[user] = f"u{self.people}"
        self.emails[user] = f"{self.persons[user]}@example.com"
        created = f"'2024-05-06 07:{self.people % 60:02d}:{self.people // 60:02d}'" if has_date else "NULL"
        self.world.legacy(f"INSERT INTO users VALUES ({user}, '{self.emails[user]}', NULL, {created})")
        return user

    def new_job(self, user: int, *, key: int = 0, at: str = AT) -> None:
        """`job_type` says which row it is, whatever id it has in the legacy app or the new one."""
        job = len(self.jobs) + 1
        key = key or 1000 + job
        first = {"key": key, "user": user, "person": self.persons[user], "status": "v0", "versions": {"v0"}}
        self.jobs[job] = {**first, "is_there": True}
        self.world.legacy(
            f"INSERT INTO jobs VALUES ({key}, {user}, 'e{job}', 'v0', '{at}', NULL, NULL, NULL, NULL);"
            f"INSERT INTO credit_transactions VALUES ({job}, {user}, {job * 7}, 'p', 'job_{job}', '{AT}', NULL)"
        )

    def delete_job(self, job: int) -> None:
        self.jobs[job]["is_there"] = False
        self.world.legacy(f"DELETE FROM jobs WHERE id = {self.jobs[job]['key']}")

    def pick(self, number: int, among: Any) -> Any:
        """One of some things, by a number that Hypothesis can shrink."""
        found = sorted(among)
        return found[number % len(found)] if found else None

    # What the legacy app does

    @rule(number=st.integers(0, 30))
    def legacy_grows(self, number: int) -> None:
        self.new_job(self.new_user() if number % 4 == 0 else self.pick(number, self.emails))

    @rule(number=st.integers(0, 30))
    def legacy_edits_a_job(self, number: int) -> None:
        job = self.pick(number, [job for job, found in self.jobs.items() if found["is_there"]])
        if job is None:
            return
        status = f"v{len(self.jobs[job]['versions'])}"
        self.jobs[job]["versions"].add(status)
        self.jobs[job]["status"] = status
        self.world.legacy(f"UPDATE jobs SET status = '{status}' WHERE id = {self.jobs[job]['key']}")

    @rule(number=st.integers(0, 30))
    def legacy_deletes_a_job(self, number: int) -> None:
        job = self.pick(number, [job for job, found in self.jobs.items() if found["is_there"]])
        if job is not None:
            self.delete_job(job)

    @rule(number=st.integers(0, 30), has_date=st.booleans())
    def legacy_hands_a_user_id_out_again(self, number: int, has_date: bool) -> None:
        """Somebody deletes the account with all jobs, and the next to register is given the id."""
        user = self.pick(number, self.emails)
        for job, found in self.jobs.items():
            if found["is_there"] and found["user"] == user:
                self.delete_job(job)
        self.world.legacy(
            f"DELETE FROM credit_transactions WHERE user_id = {user}; DELETE FROM users WHERE id = {user}"
        )
        self.handed_out.add(user)
        self.new_user(user, has_date=has_date)
        self.new_job(user)

    @rule(number=st.integers(0, 30), to=st.integers(0, 30), has_date=st.booleans())
    def legacy_hands_a_row_id_out_again(self, number: int, to: int, has_date: bool) -> None:
        job = self.pick(number, [job for job, found in self.jobs.items() if found["is_there"]])
        if job is None:
            return
        user = self.pick(to, self.emails)
        self.delete_job(job)
        # One person's two rows under one id and of one moment are an edited row, for anybody who looks.
        is_another_moment = has_date or self.persons[user] == self.jobs[job]["person"]
        later = f"2025-01-01 00:{len(self.jobs) // 60:02d}:{len(self.jobs) % 60:02d}"
        self.new_job(user, key=self.jobs[job]["key"], at=later if is_another_moment else AT)

    @rule(number=st.integers(0, 30))
    def legacy_changes_an_address(self, number: int) -> None:
        """Of anybody, claimed or not; a claim must not move."""
        user = self.pick(number, self.emails)
        self.emails[user] = f"{self.emails[user].partition('@')[0]}x@example.com"
        self.world.legacy(f"UPDATE users SET email = '{self.emails[user]}' WHERE id = {user}")

    # What the users do

    @rule(number=st.integers(0, 30))
    def somebody_signs_up(self, number: int) -> None:
        email = self.pick(number, set(self.emails.values()) - self.signed_up)
        if email is not None:
            self.signed_up.add(email)
            self.world.sign_up(email)

    @rule(number=st.integers(0, 30))
    def a_user_edits_a_row(self, number: int) -> None:
        job = self.pick(number, self.in_production())
        if job is not None:
            self.edited[job] = f"mine {job}"
            self.world.execute(f"UPDATE public.jobs SET status = 'mine {job}' WHERE job_type = 'e{job}'")

    @rule(number=st.integers(0, 30))
    def a_user_deletes_a_row(self, number: int) -> None:
        job = self.pick(number, self.in_production())
        if job is not None:
            [(self.removed[job],)] = self.world.query(f"SELECT id::text FROM public.jobs WHERE job_type = 'e{job}'")
            self.edited.pop(job, None)
            self.world.execute(f"DELETE FROM public.jobs WHERE job_type = 'e{job}'")

    @rule(number=st.integers(0, 30))
    def a_user_adds_a_row(self, number: int) -> None:
        email = self.pick(number, self.signed_up)
        if email is not None:
            self.world.execute(
                "INSERT INTO public.jobs (user_id, job_type, status)"
                f" SELECT id, 'native', 'native' FROM public.profiles WHERE email = '{email}'"
            )

    # What the operator does

    @rule()
    def the_operator_migrates(self) -> None:
        outcome = self.world.migrate()
        assert outcome.exit_code == 0, self.world.said[-5:]
        assert outcome.books.closed
        self.everything_arrived()

    @rule(point=st.sampled_from(POINTS), times=st.integers(1, 3))
    def a_run_is_killed(self, point: str, times: int) -> None:
        def die(*_: object) -> None:
            raise Killed

        faults.passed.clear()
        os.environ["ETL_FAULT"] = f"{point}:{times}"
        kill, faults.os.kill = faults.os.kill, die  # type: ignore[assignment]
        try:
            self.world.migrate()
        except Killed:
            pass
        finally:
            faults.os.kill = kill
            del os.environ["ETL_FAULT"]

    @precondition(lambda self: self.waves())
    @rule(number=st.integers(0, 30))
    def the_operator_undoes_a_wave(self, number: int) -> None:
        wave = self.pick(number, self.waves())
        self.undo(wave=wave)

    @rule(number=st.integers(0, 30))
    def the_operator_undoes_a_user(self, number: int) -> None:
        user = self.pick(
            number, self.ids("SELECT legacy_user_id::int FROM etl.legacy_user_map WHERE supabase_user_id IS NOT NULL")
        )
        if user is not None:
            self.undo(user=str(user))

    @rule(number=st.integers(0, 30))
    def the_operator_runs_an_undone_wave_again(self, number: int) -> None:
        wave = self.pick(number, self.undone())
        if wave is not None:
            outcome = self.world.migrate(again=str(wave))
            assert outcome.exit_code == 0
            assert outcome.books.closed

    def undo(self, *, wave: str = "", user: str = "") -> None:
        before = self.world.checksum(*PRODUCTION, "etl.loaded", "etl.legacy_user_map")
        rows_before = self.in_production()
        try:
            undo(Stores(), self.world.spec, wave=wave, user=user, run="test")
        except UndoRefused as refused:
            assert self.world.checksum(*PRODUCTION, "etl.loaded", "etl.legacy_user_map") == before
            named = {int(key.partition("~")[0]) for table, key, why in refused.rows if "changed in production" in why}
            assert named <= {self.jobs[job]["key"] for job in self.edited}, "refused for rows that nobody edited"
            return
        gone = rows_before - self.in_production()
        assert not gone & set(self.edited), "took an edited row out"

    # What must hold

    def everything_arrived(self) -> None:
        """After a whole run: every row of a claimed user who is not held, in its last version where updates are wanted."""
        claimed = self.ids(
            "SELECT legacy_user_id::int FROM etl.legacy_user_map WHERE supabase_user_id IS NOT NULL AND held IS NULL"
        )
        present = self.production()
        keys = [found["key"] for found in self.jobs.values()]
        for job, found in self.jobs.items():
            # What waits for an operator's word may wait: all under an id that several had.
            if found["user"] in self.handed_out or keys.count(found["key"]) > 1:
                continue
            if found["is_there"] and found["user"] in claimed and job not in self.removed:
                assert job in present, f"job {job} is lost"
                if self.updates and job not in self.edited:
                    assert present[job][1] == found["status"], f"job {job} is not in its last version"
        for email in self.signed_up:
            holders = [user for user, address in self.emails.items() if address == email]
            known = self.ids("SELECT legacy_user_id::int FROM etl.legacy_user_map WHERE held IS NULL")
            if len(holders) == 1 and holders[0] in known and not self.is_taken(email, holders[0]):
                assert holders[0] in claimed, f"user {holders[0]} was not claimed"

    def is_taken(self, email: str, user: int) -> bool:
        """Somebody else claimed the account under this address before."""
        return bool(
            self.world.query(
                "SELECT 1 FROM etl.legacy_user_map AS m JOIN auth.users AS a ON a.id = m.supabase_user_id"
                " WHERE a.email = %s AND m.legacy_user_id <> %s",
                email,
                str(user),
            )
        )

    @invariant()
    def nothing_is_misowned_overwritten_or_resurrected(self) -> None:
        if not self.has_schema():
            return
        present = self.production()
        for job, (email, status) in present.items():
            person = self.jobs[job]["person"]
            assert email.partition("@")[0].rstrip("x") == person, f"job {job} of {person} is under {email}"
            assert job not in self.removed, f"job {job} came back"
            if job in self.edited:
                assert status == self.edited[job], f"job {job} was overwritten"
            else:
                assert status in self.jobs[job]["versions"]
        for job in set(self.edited) - set(present):
            raise AssertionError(f"job {job}, which its user edited, is gone")
        ledger = self.ids("SELECT new_id FROM etl.loaded WHERE \"table\" = 'jobs'")
        there = self.ids("SELECT id::text FROM public.jobs WHERE status <> 'native'")
        assert there | (ledger & set(self.removed.values())) == ledger, "ledger and production differ"
        doubled = self.world.query("SELECT reference_id FROM public.credit_transactions GROUP BY 1 HAVING count(*) > 1")
        assert not doubled
        wrong = self.world.query(
            "SELECT count(*) FROM public.credit_transactions WHERE amount <> 7 * split_part(reference_id, '_', 2)::int"
        )
        assert wrong == [(0,)]

    # Looking

    def has_schema(self) -> bool:
        return self.world.query("SELECT to_regclass('etl.balances_account') IS NOT NULL") == [(True,)]

    def ids(self, statement: str) -> set[int]:
        return {found for (found,) in self.world.query(statement)} if self.has_schema() else set()

    def waves(self) -> set[Any]:
        return self.ids("SELECT wave FROM etl.waves WHERE undone_at IS NULL")

    def undone(self) -> set[Any]:
        return self.ids(
            "SELECT wave FROM etl.waves WHERE undone_at IS NOT NULL"
            " OR wave IN (SELECT held_wave FROM etl.legacy_user_map WHERE held IS NOT NULL)"
        )

    def production(self) -> dict[int, tuple[str, str]]:
        """Migrated jobs in production by number: under which address, in which state."""
        rows = self.world.query(
            "SELECT substr(j.job_type, 2)::int, a.email, j.status FROM public.jobs AS j JOIN auth.users AS a ON a.id = j.user_id"
            " WHERE j.status <> 'native'"
        )
        found = {job: (email, status) for job, email, status in rows}
        assert len(found) == len(rows), "a row arrived twice"
        return found

    def in_production(self) -> set[int]:
        return set(self.production())
