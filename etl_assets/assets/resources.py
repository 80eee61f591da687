"""Settings and stores for assets; opens what an asset needs, when it needs it."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from etl_assets.demo.target import target_url
from etl_assets.spec.model import Spec
from etl_assets.stores.artifacts import Artifacts
from etl_assets.stores.links import Links
from etl_assets.stores.postgres import Connection, connect, reading
from etl_assets.stores.run_locks import RunLocks
from etl_assets.stores.schema import ensure_schema
from etl_assets.stores.settings import Settings, read_settings
from etl_assets.stores.targets import read_targets


class Stores(dg.ConfigurableResource):
    """The artifact folder, the legacy file and the target, as the environment names them.

    It has no fields: Dagster stores a resource's configuration in its event log, and a DSN may hold a password.
    """

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Notes that this process executes the run, so that a crash can be told from a long step."""
        if context.run is not None:
            RunLocks(self.settings().artifacts).hold(context.run.run_id)

    def settings(self) -> Settings:
        """The environment's settings."""
        return read_settings()

    def artifacts(self) -> Artifacts:
        """The artifact folder."""
        return Artifacts(self.settings().artifacts)

    @contextmanager
    def target_as_it_is(self) -> Iterator[Connection]:
        """A connection to the target, on which schema `etl` may be missing: for those who only look."""
        with connect(target_url(self.settings())) as connection:
            yield connection

    @contextmanager
    def target(self) -> Iterator[Connection]:
        """A connection to the target, whose schema `etl` is there."""
        with connect(target_url(self.settings())) as connection:
            ensure_schema(connection)
            yield connection

    def links(self, connection: Connection, spec: Spec) -> Links:
        """The link statements of a spec against the target's tables of this moment."""
        with reading(connection):
            return Links(spec, read_targets(connection, spec))
