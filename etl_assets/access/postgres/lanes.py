"""Lanes: transactions that write side by side, all of one writer's turn, each on a connection of its own.

A turn with lanes holds the writers' lock and writes nothing itself. A lane takes the lanes' lock, shared, and then
looks whether its turn still holds the writers' lock; every other writer takes both locks, or looks for lanes once it
has the first. So no writer gets its turn beside a lane, also when the turn's own connection is lost: the lane ends
first. The lanes' epochs do for their commits what `etl.writer.epoch` does for those of a turn (`connection.writing`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from etl_assets.access.postgres.connection import WRITER_LOCK, Connection, transaction, try_lock, writing
from etl_assets.access.postgres.statements import Statements
from etl_assets.model.errors import Unavailable

SQL = Statements(__file__)

LANES = 2
SIGN_OF_LIFE_S = 5.0  # well below the silence after which `doctor` takes a holder of the lock for stopped
Connect = Callable[[], AbstractContextManager[Connection]]
Part = TypeVar("Part")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Lane:
    """One lane of a turn: its connection, its number, and the turn's mark."""

    connection: Connection
    number: int
    turn: str

    @contextmanager
    def writing(self, *, run: str) -> Iterator[None]:
        """The lane's transaction, on a view from within its turn.

        Raises:
            Unavailable: the turn is over, because its connection was lost.
        """
        with transaction(self.connection, read_only=False):
            is_its_turn = try_lock(self.connection, SQL("take_lane_lock"), run=run) and bool(
                SQL("is_still_its_turn").one(self.connection, turn=self.turn, writer=WRITER_LOCK)[0]
            )
            if not is_its_turn:
                raise Unavailable("The connection that held the writers' lock for this load was lost.")
            if SQL("move_lane").exec(self.connection, lane=self.number) != 1:
                raise LookupError(f"etl.lanes has no lane {self.number}")
            yield


def make_lanes(connection: Connection, count: int) -> None:
    """Lets so many lanes write from here on; inside `writing`, whose epoch tells those who began before."""
    SQL("make_lanes").exec(connection, count=count)


def in_lanes(
    connection: Connection,
    connect: Connect,
    parts: Sequence[Part],
    work: Callable[[Lane, Part], Result],
    *,
    run: str,
    count: int = LANES,
) -> Iterator[list[Result]]:
    """Does the work for each part, `count` of them at a time; yields the results of each turn.

    Between two turns other writers may have theirs. Where a lane fails, the others of its turn still end theirs.

    Args:
        connection: the leader's, from `connect`.
        connect: opens a lane's connection.
        parts: in their order; the work for none of them needs what that for another writes.
        work: opens the lane's transaction.
        run: the Dagster run, for whoever waits.
        count: of the lanes, which `make_lanes` has made.
    """
    with ExitStack() as stack:
        lanes = [stack.enter_context(connect()) for _ in range(min(count, len(parts)))]
        pool = stack.enter_context(ThreadPoolExecutor(len(lanes), thread_name_prefix="lane"))
        for start in range(0, len(parts), count):
            with writing(connection, run=run, with_lanes=True):
                turn = str(SQL("find_turn").one(connection)[0])
                jobs = [
                    pool.submit(work, Lane(lane, number, turn), part)
                    for number, (lane, part) in enumerate(zip(lanes, parts[start : start + count], strict=False))
                ]
                try:
                    _stay(connection, jobs)
                except BaseException:
                    for lane in lanes:  # or the pool would wait for their statements
                        with suppress(psycopg.Error):
                            lane.cancel_safe(timeout=SIGN_OF_LIFE_S)
                    raise
            yield [job.result() for job in jobs]


def _stay(connection: Connection, jobs: "list[Future[Result]]") -> None:
    """Waits for the lanes, and shows meanwhile that the holder of the lock is alive."""
    while wait(jobs, timeout=SIGN_OF_LIFE_S).not_done:
        connection.execute("SELECT 1")
