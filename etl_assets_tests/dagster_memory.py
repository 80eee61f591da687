"""Dagster's memory for one test: its own in-memory stores, without what these do anew for every event.

They open a connection and say two PRAGMAs for each statement, and make their tables for each instance (dagster
1.13.27). What only tells how a run went is written when somebody reads a run's events, which few tests do.
"""

import functools
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.instance import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import TemporaryLocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

KIND = dg.DagsterEventType
# Nobody asks for these but who reads all that a run has said.
TOLD_LATER = {
    KIND.ENGINE_EVENT,
    KIND.HANDLED_OUTPUT,
    KIND.LOGS_CAPTURED,
    KIND.RESOURCE_INIT_STARTED,
    KIND.RESOURCE_INIT_SUCCESS,
    KIND.STEP_OUTPUT,
    KIND.STEP_START,
    KIND.STEP_SUCCESS,
}


def an_instance() -> dg.DagsterInstance:
    """What `DagsterInstance.ephemeral()` gives, on the stores below."""
    return dg.DagsterInstance(
        instance_type=InstanceType.EPHEMERAL,
        local_artifact_storage=TemporaryLocalArtifactStorage(),
        run_storage=Runs(),
        event_storage=Events(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=SyncInMemoryRunLauncher(),
    )


class _OneConnection:
    """One connection, and one transaction at a time."""

    def _open(self, empty: sqlite3.Connection) -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        empty.backup(connection)
        self._engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        self._held_conn = self._engine.connect()
        self._alone = threading.RLock()

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._alone:
            if self._held_conn.in_transaction():
                yield self._held_conn
            else:
                with self._held_conn.begin():
                    yield self._held_conn


class Runs(_OneConnection, InMemoryRunStorage):
    """Runs."""

    def __init__(self) -> None:
        self._open(_empty(InMemoryRunStorage))

    def connect(self) -> Any:
        return self._connect()


class Events(_OneConnection, InMemoryEventLogStorage):
    """Events; what is told later stands behind the rest of its run."""

    def __init__(self) -> None:
        self._inst_data, self._handlers, self._storage_id = None, defaultdict(set), 0
        self._open(_empty(InMemoryEventLogStorage))
        self._later: list[dg.EventLogEntry] = []

    def has_table(self, table_name: str) -> bool:
        """All of this release's are there; Dagster asks at each event."""
        return True

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return True

    def store_event(self, event: dg.EventLogEntry) -> None:
        if event.is_dagster_event and event.dagster_event_type in TOLD_LATER:
            self._later.append(event)
        else:
            super().store_event(event)

    def get_records_for_run(self, *arguments: Any, **more: Any) -> Any:
        later, self._later = self._later, []
        for event in later:
            super().store_event(event)
        return super().get_records_for_run(*arguments, **more)


@functools.cache
def _empty(storage: Any) -> sqlite3.Connection:
    """The tables of a store, made once."""
    made, kept = storage(), sqlite3.connect(":memory:", check_same_thread=False)
    made._held_conn.connection.dbapi_connection.backup(kept)
    made.dispose()
    return kept
