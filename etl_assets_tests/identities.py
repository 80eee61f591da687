"""Random histories of accounts and addresses, and who may own which row after each step.

The steps write to the target as Supabase Auth, the app and attackers do; waves, loads and undos are the functions that
the assets call, without Dagster. The model beside them decides by rules of its own who may claim what.
"""

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import psycopg

from etl_assets.access.postgres.connection import connect, reading, writing
from etl_assets.core.load.load import load_wave
from etl_assets.core.load.loader import Loader
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.core.staging.frames import users_frames
from etl_assets.core.staging.table import StagingSource, replace_staging
from etl_assets.core.undo.undo import undo_user, undo_wave
from etl_assets.core.users.claims_file import replace_claims
from etl_assets.core.users.holds import release
from etl_assets.core.users.users import next_wave_key, read_links, replace_users, seal_wave
from etl_assets.model.claims import Claim, Claims
from etl_assets.model.errors import UndoRefused
from etl_assets.spec.loader import load_spec
from etl_assets.spec.shapes import QUARANTINE_SCHEMA, Staged

SPEC = """
source: {timezone: UTC}
namespace: 11111111-2222-5333-8444-555555555555
users: {table: users, id: id, email: email, verified: email_verified, created: joined}
policy: {incomplete_users: load}
tables:
  jobs:
    target: public.jobs
    owner: user_id
    columns: {job_type: text, status: text, created_at: timestamptz}
"""
NAMES = ("kate", "ann", "bob", "sam")
# What people and attackers make of an address: the first four are the same one, the others are somebody else's.
FORMS = (
    "{}@x.org",
    "{}@X.ORG",
    " {}@x.org",
    "{}@x.org\n",
    "\u212a{}@x.org",
    "\u200b{}@x.org",
    "{}+1@x.org",
    "\u00a0{}@x.org",
)
AT = "2024-05-06 07:08:09"


def address_key(email: str | None) -> str | None:
    """The address as two people would agree that it is the same one; None where it cannot be compared."""
    bare = (email or "").strip(" \t\n\r\x0b\x0c")
    if not bare.isascii() or not re.fullmatch(r"[^\s@]+@[a-zA-Z0-9.-]+", bare):
        return None
    return bare.lower()


@dataclass
class Account:
    """What an account is, or was."""

    email: str
    confirmed: bool = True
    deleted: bool = False
    banned: bool = False
    anonymous: bool = False
    sso: bool = False
    profile: bool = True

    @property
    def is_good(self) -> bool:
        return self.confirmed and self.profile and not (self.deleted or self.banned or self.anonymous or self.sso)


@dataclass
class LegacyUser:
    """What the legacy app says, and what came of it. `key` is the address that counts: the claimed one after a claim."""

    email: str | None
    verified: bool = True
    key: str | None = None
    account: str | None = None
    wave: str | None = None
    is_undone: bool = False
    created: str | None = None
    person: int = 0
    claimed_as: tuple[str | None, str | None, int] = (None, None, 0)  # address and sign-up as they stood, the person


@dataclass(frozen=True)
class Job:
    """A legacy row: whose it is, who really made it, and when. `content` is no other job's."""

    owner: str
    person: int
    created: str
    content: str


@dataclass
class Identities:
    """One history on a database that is wiped at its beginning."""

    url: str
    seed: int
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.spec = load_spec(SPEC, file="identities.yaml")
        self.accounts: dict[str, Account] = {}
        self.users: dict[str, LegacyUser] = {}
        self.lines: dict[str, str | None] = {}  # the claims file
        self.jobs: dict[str, Job] = {}
        self.ledger: dict[str, Job] = {}  # by the id in production, what was loaded
        self.loaded_as: dict[str, str] = {}  # legacy id -> id in production of the row that was loaded under it
        self.second: dict[str, str] = {}  # legacy id -> id in production of its second row
        self.owners: dict[str, str] = {}  # id in production -> account
        self.excused: set[str] = set()  # rows that a mistaken operator, or the same address, let through
        self.spoken_for: dict[tuple[str, str], tuple[str | None, str | None]] = {}  # by whom a line was about
        # Does the legacy app say when somebody signed up: of each, of nobody, or the same of all?
        self.dates = self.rng.choice(("each", "none", "shared"))
        self.count = 0
        self.wave: str | None = None
        self.claimed = self.loaded = 0

    # The outside

    def sql(self, statement: str, *values: Any) -> bool:
        """Runs a statement of the app; False where a unique address stands against it."""
        try:
            self.app.execute(statement.encode(), values or None)
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def any_address(self) -> str:
        return self.rng.choice(FORMS if self.rng.random() < 0.25 else FORMS[:1]).format(self.rng.choice(NAMES))

    def some(self, wanted: Callable[[Account], bool] = lambda _: True) -> str | None:
        found = [key for key, account in self.accounts.items() if wanted(account)]
        return self.rng.choice(found) if found else None

    def sign_up(self, email: str | None = None, **more: Any) -> None:
        key, account = str(uuid.UUID(int=self.rng.getrandbits(128))), Account(email or self.any_address(), **more)
        confirmed = "now()" if account.confirmed else "NULL"
        if self.sql(
            f"INSERT INTO auth.users (id, email, email_confirmed_at, is_sso_user, is_anonymous)"
            f" VALUES (%s, %s, {confirmed}, %s, %s)",
            key, account.email, account.sso, account.anonymous,
        ):  # fmt: skip
            self.accounts[key] = account

    def sign_up_unconfirmed(self) -> None:
        self.sign_up(confirmed=False)

    def sso_twin(self) -> None:
        key = self.some()
        if key is not None:
            self.sign_up(self.accounts[key].email, sso=True)

    def anonymous_comes(self) -> None:
        self.sign_up(anonymous=True)

    def flag(self, name: str, column: str, yes: str, no: str) -> None:
        key = self.some()
        if key is None:
            return
        value = not getattr(self.accounts[key], name)
        if self.sql(f"UPDATE auth.users SET {column} = {yes if value else no} WHERE id = %s", key):
            setattr(self.accounts[key], name, value)

    def confirm_or_unconfirm(self) -> None:
        self.flag("confirmed", "email_confirmed_at", "now()", "NULL")

    def ban_or_unban(self) -> None:
        self.flag("banned", "banned_until", "now() + interval '1 day'", "now() - interval '1 day'")

    def anonymous_or_not(self) -> None:
        self.flag("anonymous", "is_anonymous", "true", "false")

    def sso_or_not(self) -> None:
        self.flag("sso", "is_sso_user", "true", "false")

    def change_address(self, key: str | None = None, email: str | None = None) -> None:
        """Also to one that somebody else has just left."""
        key, email = key or self.some(), email or self.any_address()
        if key is not None and self.sql("UPDATE auth.users SET email = %s WHERE id = %s", email, key):
            self.accounts[key].email = email

    def swap_addresses(self) -> None:
        one, other = self.some(), self.some()
        if one is None or other is None or one == other:
            return
        mine, theirs = self.accounts[one].email, self.accounts[other].email
        self.change_address(one, f"swap{self.rng.random()}@x.org")
        self.change_address(other, mine)
        self.change_address(one, theirs)

    def soft_delete(self) -> None:
        key = self.some(lambda account: not account.deleted)
        if key is not None:
            self.change_address(key, f"{key}@deleted.invalid")
            self.sql("UPDATE auth.users SET deleted_at = now() WHERE id = %s", key)
            self.accounts[key].deleted = True

    def hard_delete(self) -> None:
        key = self.some()
        if key is not None:
            self.sql("DELETE FROM auth.users WHERE id = %s", key)
            self.forget_account(key)
            email = self.accounts.pop(key).email
            if self.rng.random() < 0.5:
                self.sign_up(email)

    def profile_goes_or_comes(self) -> None:
        key = self.some()
        if key is None:
            return
        if self.accounts[key].profile:
            self.sql("DELETE FROM public.profiles WHERE id = %s", key)
            self.forget_account(key)
        else:
            self.sql("INSERT INTO public.profiles (id) VALUES (%s)", key)
        self.accounts[key].profile = not self.accounts[key].profile

    def forget_account(self, key: str) -> None:
        self.owners = {job: owner for job, owner in self.owners.items() if owner != key}

    def attacker_edits_a_profile(self) -> None:
        self.sql("UPDATE public.profiles SET email = %s WHERE id = %s", self.any_address(), self.some())

    # The legacy app and the operator

    def legacy_grows(self) -> None:
        if len(self.users) < 6 and self.rng.random() < 0.6:
            name = str(len(self.users) + 1)
            email = None if self.rng.random() < 0.05 else self.any_address()
            self.new_user(name, email, verified=self.rng.random() < 0.85)
        for _ in range(self.rng.randrange(1, 3)):
            self.new_job(self.rng.choice(sorted(self.users)))
        self.stage()

    def moment(self) -> str:
        """A time of its own, as the legacy app writes it."""
        self.count += 1
        return f"2020-01-01 {self.count // 3600:02d}:{self.count // 60 % 60:02d}:{self.count % 60:02d}"

    def signed_up(self) -> str | None:
        return {"each": self.moment(), "none": None, "shared": AT}[self.dates]

    def new_user(self, name: str, email: str | None, *, verified: bool = True) -> None:
        self.users[name] = LegacyUser(
            email, verified, address_key(email), created=self.signed_up(), person=self.person()
        )

    def person(self) -> int:
        self.count += 1
        return self.count

    def new_job(self, owner: str, *, name: str = "") -> None:
        self.count += 1
        name = name or str(max((int(job) for job in {*self.jobs, *self.loaded_as, *self.second}), default=0) + 1)
        self.jobs[name] = Job(owner, self.users[owner].person, self.moment(), f"job {self.count}")

    def user_id_handed_out_again(self) -> None:
        """Somebody deletes her legacy account with all that is hers, and the next one gets her id, or she does."""
        name = self.rng.choice(sorted(self.users))
        user, email = self.users[name], self.any_address()
        gone = [job for job, found in self.jobs.items() if found.owner == name]
        self.jobs = {job: found for job, found in self.jobs.items() if found.owner != name}
        user.person, user.created, user.verified = self.person(), self.signed_up(), self.rng.random() < 0.9
        user.email = email
        if user.account is None:
            user.key = address_key(email)
        for job in self.rng.sample(gone, self.rng.randrange(0, len(gone) + 1)):
            self.new_job(self.rng.choice([name, *sorted(self.users)]), name=job)
        self.new_job(name)
        self.stage()

    def row_id_handed_out_again(self) -> None:
        if self.jobs:
            name = self.rng.choice(sorted(self.jobs))
            del self.jobs[name]
            self.new_job(self.rng.choice(sorted(self.users)), name=name)
            self.stage()

    def legacy_changes_an_address(self) -> None:
        name = self.rng.choice(sorted(self.users))
        user = self.users[name]
        user.email, user.verified = self.any_address(), self.rng.random() < 0.85
        if user.account is None:
            user.key = address_key(user.email)
        self.stage()

    def claims_file(self) -> None:
        self.lines = {}
        for name in self.rng.sample(sorted(self.users), self.rng.randrange(0, min(3, len(self.users)) + 1)):
            self.lines[name] = self.rng.choice([None, self.some(), self.some(), str(uuid.uuid4())])
        self.stage()

    def stage(self) -> None:
        """What one run of `migrate` leaves: users, claims file and rows of a snapshot."""
        people = pl.DataFrame(
            {
                "_key": list(self.users),
                "email": [user.email for user in self.users.values()],
                "email_verified": [str(int(user.verified)) for user in self.users.values()],
                "joined": [user.created for user in self.users.values()],
            },
            schema_overrides={"email": pl.String, "joined": pl.String},
        )
        rows = pl.DataFrame(
            {
                "_legacy_id": list(self.jobs),
                "_new_id": [self.new_id(job) for job in self.jobs],
                "_legacy_user_id": [job.owner for job in self.jobs.values()],
                "_created": [job.created for job in self.jobs.values()],
                "job_type": [job.content for job in self.jobs.values()],
                "status": ["s"] * len(self.jobs),
                "created_at": [f"{job.created}Z" for job in self.jobs.values()],
            }
        )
        lines = [Claim(name, uuid.UUID(key) if key else None, "seen") for name, key in self.lines.items()]
        assert self.spec.users is not None
        with reading(self.etl):
            links = read_links(self.etl, self.spec)
        with writing(self.etl, run="stage") as connection:
            frames = users_frames([people], self.spec.users, timezone="UTC")
            replace_users(connection, frames, snapshot="s", source_rows=len(self.users), spec=self.spec, run="stage")
            replace_claims(connection, Claims(tuple(lines), "x"), run="stage")
            source = StagingSource("s", len(self.jobs), [], [Staged(rows, QUARANTINE_SCHEMA.to_frame())])
            replace_staging(connection, links, self.spec.tables["jobs"], source=source, run="stage")
        said = {
            (name, key): (self.users[name].email, self.users[name].created) for name, key in self.lines.items() if key
        }
        self.spoken_for = {line: self.spoken_for.get(line, about) for line, about in said.items()}
        for name, job in self.jobs.items():
            before = self.ledger[self.loaded_as[name]] if name in self.loaded_as else None
            if before and before.created != job.created and before.owner != job.owner:
                del self.loaded_as[name]
                self.second[name] = self.new_id(f"{name}#{job.created}")

    def is_trusted(self, name: str) -> bool:
        """Is whoever has this legacy id now the one who claimed, as far as anybody can tell?"""
        user = self.users[name]
        email, created, _ = user.claimed_as
        if self.spoken_for.get((name, user.account or "")) == (user.email, user.created):
            return True
        if user.created and created and user.created != created:
            return False
        is_same, key = user.email == email, address_key(user.email)
        if user.key or key:
            is_same = user.key == key
        is_alone = all(other is user or other.created != user.created for other in self.users.values())
        return is_same or (user.created is not None and user.created == created and is_alone)

    def resolve(self) -> None:
        expected = self.due()
        with reading(self.etl):
            links, self.wave = read_links(self.etl, self.spec), next_wave_key(self.etl)
        with writing(self.etl, run="resolve"):
            seal_wave(self.etl, links, key=self.wave, run="resolve")
        self.claimed += len(expected)
        for name, key in expected.items():
            user = self.users[name]
            user.account, user.wave = key, self.wave
            user.claimed_as = (user.email, user.created, user.person)

    def due(self) -> dict[str, str]:
        """Whom a wave may claim now, and the account: the model's own rules."""
        taken = {user.account for user in self.users.values() if user.account}
        given = [key for key in self.lines.values() if key]
        found = {}
        for name, user in self.users.items():
            if user.account or user.is_undone:
                continue
            if name in self.lines:
                key = self.lines[name]
                candidates = [key] if key in self.accounts and self.accounts[key].is_good else []
                if key in taken or given.count(key) > 1:
                    candidates = []
            else:
                is_alone = sum(other.key == user.key for other in self.users.values()) == 1
                candidates = self.holders(user.key) if user.key and user.verified and is_alone else []
                candidates = candidates if not set(candidates) & (taken | set(given)) else []
            if len(candidates) == 1:
                found[name] = str(candidates[0])
        return found

    def holders(self, key: str | None) -> list[str]:
        return [
            name for name, account in self.accounts.items() if account.is_good and address_key(account.email) == key
        ]

    def load(self) -> None:
        if self.wave is None or self.wave in self.undone_waves():
            return
        with reading(self.etl):
            links = read_links(self.etl, self.spec)
        load_wave(Loader(self.etl, links, {"jobs": ("id",)}, "load"), wave=self.wave, progress=lambda *_: None)
        for job, found in self.jobs.items():
            user = self.users[found.owner]
            is_good = user.account in self.accounts and self.accounts[user.account].is_good
            if not user.account or not is_good or user.is_undone or job in self.loaded_as:
                continue
            if self.is_trusted(found.owner):
                new_id = self.second.get(job, self.new_id(job))
                self.ledger[new_id], self.loaded_as[job], self.owners[new_id] = found, new_id, user.account
                self.loaded += 1
                if self.dates != "each" or (found.owner, user.account) in self.spoken_for:
                    self.excused.add(new_id)

    def resolve_and_load(self) -> None:
        self.resolve()
        self.load()

    def undone_waves(self) -> set[str]:
        found = self.app.execute("SELECT wave FROM etl.waves WHERE undone_at IS NOT NULL").fetchall()
        return {wave for (wave,) in found}

    def undo_a_user(self) -> None:
        claimed = sorted(name for name, user in self.users.items() if user.account)
        if claimed:
            self.undo([self.rng.choice(claimed)], wave=None)

    def undo_the_last_wave(self) -> None:
        if self.wave is not None and self.wave not in self.undone_waves():
            self.undo([name for name, user in self.users.items() if user.wave == self.wave], wave=self.wave)

    def undo(self, names: list[str], *, wave: str | None) -> None:
        """Also takes out what the wave brought to users of earlier waves, who keep their claims."""
        ledger = self.app.execute("SELECT new_id, legacy_user_id, wave FROM etl.loaded").fetchall()
        with reading(self.etl):
            links = read_links(self.etl, self.spec)
        try:
            if wave is None:
                undo_user(self.etl, links, user=names[0], run="undo")
            else:
                undo_wave(self.etl, links, wave=wave, run="undo")
        except UndoRefused as refused:
            raise AssertionError(str(refused)) from refused
        touched = set(names)
        for job, name, brought_by in ledger:
            if name in names or (wave and brought_by == wave):
                touched.add(name)
                account = self.users[name].account
                is_there = account in self.accounts and self.accounts[account].profile
                if self.owners.pop(job, None) or not is_there:
                    self.ledger.pop(job, None)
                    self.loaded_as = {key: new_id for key, new_id in self.loaded_as.items() if new_id != job}
        for name in touched:
            self.users[name].is_undone = True
        for name in names:
            user = self.users[name]
            user.account, user.wave, user.key = None, None, address_key(user.email)

    def release_a_user(self) -> None:
        undone = sorted(name for name, user in self.users.items() if user.is_undone)
        if undone:
            name = self.rng.choice(undone)
            with writing(self.etl, run="release"):
                assert release(self.etl, user=name) == [name]
            self.users[name].is_undone = False

    # What must hold

    def new_id(self, job: str) -> str:
        return str(uuid.uuid5(self.spec.namespace, f"jobs/{job}"))

    def check(self) -> None:
        """Every claim and every owner is what the model says; the ledger too, so that nothing comes twice."""
        claims = dict(
            self.app.execute(
                "SELECT legacy_user_id, supabase_user_id::text FROM etl.legacy_user_map"
                " WHERE supabase_user_id IS NOT NULL"
            ).fetchall()
        )
        owners = dict(self.app.execute("SELECT id::text, user_id::text FROM public.jobs").fetchall())
        ledger = {new_id for (new_id,) in self.app.execute("SELECT new_id FROM etl.loaded").fetchall()}
        assert claims == {name: user.account for name, user in self.users.items() if user.account}
        assert owners == self.owners
        assert ledger == set(self.ledger)
        persons = {user.account: user.claimed_as[2] for user in self.users.values() if user.account}
        for new_id, owner in owners.items():
            assert owner in persons
            assert new_id in self.excused or self.ledger[new_id].person == persons[owner], "a stranger's row"

    STEPS = (
        (6, sign_up), (1, sign_up_unconfirmed), (1, sso_twin), (1, anonymous_comes), (1, confirm_or_unconfirm),
        (2, ban_or_unban), (1, anonymous_or_not), (1, sso_or_not), (3, change_address), (2, swap_addresses),
        (1, soft_delete), (2, hard_delete), (1, profile_goes_or_comes), (1, attacker_edits_a_profile),
        (3, legacy_grows), (1, legacy_changes_an_address), (1, claims_file),
        (2, user_id_handed_out_again), (2, row_id_handed_out_again), (2, resolve), (2, load),
        (6, resolve_and_load), (1, undo_a_user), (1, undo_the_last_wave), (3, release_a_user),
    )  # fmt: skip

    def run(self, steps: int) -> None:
        """A history of so many steps, checked after each.

        Raises:
            AssertionError: with the seed and the steps that led there.
        """
        with psycopg.connect(self.url, autocommit=True) as self.app, connect(self.url) as self.etl:
            self.app.execute("DROP SCHEMA IF EXISTS etl CASCADE")
            self.app.execute("TRUNCATE auth.users CASCADE")
            ensure_schema(self.etl)
            self.begin()
            weights, rules = zip(*self.STEPS, strict=True)
            for _ in range(steps):
                [rule] = self.rng.choices(rules, weights)
                self.said.append(rule.__name__)
                try:
                    rule(self)
                    self.check()
                except Exception as error:
                    raise AssertionError(f"seed {self.seed} after {' '.join(self.said)}: {error}") from error

    def begin(self) -> None:
        """Three legacy users with a job each, some of whom have accounts."""
        for name in NAMES[:3]:
            user = str(len(self.users) + 1)
            self.new_user(user, f"{name}@x.org")
            self.new_job(user)
            if self.rng.random() < 0.7:
                self.sign_up(f"{name}@x.org")
        self.stage()
