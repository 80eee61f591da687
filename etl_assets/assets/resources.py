"""Settings and connections for assets; opens what an asset needs, when it needs it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from weakref import WeakSet

import dagster as dg
from pydantic import PrivateAttr

from etl_assets.access.files.artifacts import Artifacts
from etl_assets.access.postgres.connection import Connection, connect, reading
from etl_assets.access.postgres.dagster_pool import remember_columns, try_before_use
from etl_assets.access.postgres.lanes import Connect
from etl_assets.access.postgres.servers import target_url
from etl_assets.assets.keys import HOST_TAG
from etl_assets.core.links.links import Links
from etl_assets.core.memory.schema import ensure_schema
from etl_assets.core.presence.presence import hold, host, keep
from etl_assets.core.restored.restored import require_not_put_back, with_seen
from etl_assets.core.shelf.shelved import Shelved
from etl_assets.core.users.users import marked, read_links
from etl_assets.settings import Settings, read_settings
from etl_assets.spec.model import Spec

RECYCLE_S, MORE_CONNECTIONS = 3_600, 10
_kept: "WeakSet[dg.DagsterInstance]" = WeakSet()


class Access(ABC):
    """What assets need of the outside: the artifact folder, the legacy file and the target."""

    def settings(self) -> Settings:
        """The environment's settings."""
        return read_settings()

    @abstractmethod
    def artifacts(self) -> Artifacts:
        """The artifact folder."""

    @abstractmethod
    def target_as_it_is(self) -> AbstractContextManager[Connection]:
        """A connection to the target, on which schema `etl` may be missing: for those who only look."""

    def is_dry(self) -> bool:
        """True where nothing may stay of what is done, outside the target too."""
        return False

    def another(self) -> Connect | None:
        """What opens a further connection to the target, where there may be more than one."""
        return None

    @contextmanager
    def target(self) -> Iterator[Connection]:
        """A connection to the target, whose schema `etl` is there."""
        with self.target_as_it_is() as connection:
            self.look(connection)
            ensure_schema(connection)
            yield connection

    def look(self, connection: Connection) -> None:
        """Raises where the target is not the one that it was."""
        return

    def note(self, connection: Connection) -> None:
        """Notes what the target holds now."""
        return

    @abstractmethod
    def known_links(self) -> dict[str, Links]:
        """What this run has read of the target's catalog, by the digest of the spec."""

    def links(self, connection: Connection, spec: Spec, *, anew: bool = False) -> Links:
        """The link statements of a spec against the target's tables, as this run read them first.

        Whoever writes production rows reads them `anew`: a target that is another by now than the one that was staged
        for is refused.
        """
        known = self.known_links()
        with reading(connection):
            if anew or spec.digest not in known:
                known[spec.digest] = read_links(connection, spec)
                return known[spec.digest]
            return marked(connection, known[spec.digest])


class Stores(Access, dg.ConfigurableResource):
    """The artifact folder, the legacy file and the target, as the environment names them.

    It has no fields: Dagster stores a resource's configuration in its event log, and a DSN may hold a password.
    """

    _known: dict[str, Links] = PrivateAttr(default_factory=dict)
    _has_looked: bool = PrivateAttr(default=False)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Notes that this process executes the run, so that a crash can be told from a long step."""
        self._known = {}
        if context.instance is not None:
            keep_connections(context.instance)
        run, instance = context.run, context.instance
        if run is None or instance is None or not hold(target_url(self.settings()), run.run_id):
            return
        if HOST_TAG not in run.tags:
            instance.add_run_tags(run.run_id, {HOST_TAG: host()})

    def known_links(self) -> dict[str, Links]:
        """Those of the run for which this resource was made."""
        return self._known

    def artifacts(self) -> Artifacts:
        """The artifact folder that the settings name, with the shelf that they name beside it, if any."""
        settings = self.settings()
        root, url = settings.artifacts, settings.shelf_url
        return Artifacts(root, Shelved(url, root, self.target_as_it_is) if url else None)

    @contextmanager
    def target_as_it_is(self) -> Iterator[Connection]:
        """A connection of its own."""
        keep()
        with connect(target_url(self.settings())) as connection:
            yield connection

    def look(self, connection: Connection) -> None:
        """Raises where the target was put back to an earlier time; once for each run.

        Raises:
            TargetRestored: it was.
        """
        if not self._has_looked:
            artifacts = self.artifacts()
            artifacts.shelf.tidy()
            require_not_put_back(connection, artifacts.read_seen())
            self._has_looked = True

    def note(self, connection: Connection) -> None:
        """Notes what the target holds now, so that it is missed when it is gone."""
        artifacts = self.artifacts()
        artifacts.write_seen(with_seen(artifacts.read_seen(), connection))

    def another(self) -> Connect | None:
        """Opens one of its own."""
        return self.target_as_it_is


class Borrowed(Access):
    """One connection and one artifact folder for everything: a dry run's, of which nothing stays."""

    def __init__(self, connection: Connection, artifacts: Path) -> None:
        """Keeps both; whoever opened them closes them."""
        self._connection, self._artifacts = connection, artifacts
        self._known: dict[str, Links] = {}

    def known_links(self) -> dict[str, Links]:
        """Those of the dry run."""
        return self._known

    def is_dry(self) -> bool:
        """Nothing of it stays."""
        return True

    def artifacts(self) -> Artifacts:
        """The folder that was lent."""
        return Artifacts(self._artifacts)

    @contextmanager
    def target_as_it_is(self) -> Iterator[Connection]:
        """The connection that was lent."""
        yield self._connection


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Lets each of Dagster's stores keep a connection, as the webserver does, instead of one per statement.

    dagster-postgres 0.29 opened 1,059 in a `migrate` of 100 rows.
    """
    if instance in _kept:
        return
    _kept.add(instance)
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=RECYCLE_S, max_overflow=MORE_CONNECTIONS)
    remember_columns(instance.event_log_storage)
    try_before_use()
