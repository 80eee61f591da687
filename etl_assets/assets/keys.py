"""Names that stages share: asset keys, groups, the wave partition, owners."""

import dagster as dg

from etl_assets.spec.model import Spec

LEGACY, ACCOUNTS = dg.AssetKey("legacy_database"), dg.AssetKey("accounts")  # not ours to make
TARGET = dg.AssetKey("target")
SNAPSHOT = dg.AssetKey("legacy_snapshot")
USER_MAP = dg.AssetKey("legacy_user_map")
RESOLVED = dg.AssetKey("resolved_users")
RECONCILIATION = dg.AssetKey("reconciliation")
VERIFICATION = dg.AssetKey("verification")
REPORT = dg.AssetKey("migration_report")
WAITING = dg.AssetKey("waiting_users")
CLOSING = (VERIFICATION, REPORT, WAITING)  # what ends each run; WAITING only where there are users
USERS_EXPORT = dg.AssetKey(["exports", "users"])

FILES_GROUP = "files"
OUTSIDE_GROUP, TARGET_GROUP, EXPORT_GROUP, STAGING_GROUP, USERS_GROUP, PRODUCTION_GROUP, VERIFY_GROUP = (
    "outside target export staging users production verify".split()
)
MIGRATE, LOAD_WAVE, NEW_WAVE, RESTAGE, VERIFY, CLEANUP = "migrate load_wave new_wave restage verify cleanup".split()
UNDO, FREEZE, BACKFILL = "undo", "freeze", "backfill"
PAUSE, RESUME = "pause", "resume"
FORGET, HOUSEKEEPING = "forget", "housekeeping"
WHERE_IS, BRING_BACK = "where_is", "bring_back"
COMMAND_TAG = "etl_assets/command"  # on the runs of the command line, which divides `migrate` into several
SAMPLE_TAG = "etl_assets/sample"  # `<number>/<seed>`: claim only so many users
AGAIN_TAG = "etl_assets/again"  # an operator runs an undone wave again
SENSOR_TAG = "dagster/sensor_name"
# Dagster's UI hides what begins so: nobody reads it on every line of the list of runs (dagster-webserver 1.13.27).
HOST_TAG = ".dagster/etl_assets_host"  # where the process is that executes a run
USERS_TAG, ROWS_TAG = "etl_assets/users", "etl_assets/rows"  # how many a wave's run brought
PARTITION_TAG = "dagster/partition"
# The report, and the quarantine and the missing users for people.
PAGE, QUARANTINE_LIST = "migration_report.html", "quarantine.csv"
CHANGE_LIST, BALANCE_LIST = "legacy_changes.csv", "balances.csv"
WAITING_LIST = "waiting_users.csv"

OWNERS = ["team:migration"]

# One key per login wave: a partition per user would cost seconds each (dagster 1.13: 10,000 keys in one run, 608 s).
LOGIN_WAVES = dg.DynamicPartitionsDefinition(name="login_wave")


def version_of(spec: Spec) -> str:
    """What Dagster compares to say that an asset was made by another spec."""
    return spec.digest[:12]


def export_key(table: str) -> dg.AssetKey:
    """`exports/<table>`."""
    return dg.AssetKey(["exports", table])


def staging_key(table: str) -> dg.AssetKey:
    """`staging/<table>`."""
    return dg.AssetKey(["staging", table])


def production_key(table: str) -> dg.AssetKey:
    """`production/<table>`."""
    return dg.AssetKey(["production", table])


def files_key(table: str) -> dg.AssetKey:
    """`files/<table>`."""
    return dg.AssetKey(["files", table])


def key_of(asset: str) -> dg.AssetKey:
    """The key behind `staging/jobs`, as validations name assets."""
    return dg.AssetKey(asset.split("/"))


def is_by_hand(run: dg.DagsterRun) -> bool:
    """True when an operator asked for this very wave: in the UI, or by `migrate --wave`; not for whatever is due."""
    return AGAIN_TAG in run.tags or not ({SENSOR_TAG, COMMAND_TAG} & run.tags.keys())


def is_migrate(run: dg.DagsterRun) -> bool:
    """True for a run by which an operator migrates: the job, the command or "Materialize all".

    Never a sensor's, and never one of a sample: that is a rehearsal, which the sensors must not complete.
    """
    if {SENSOR_TAG, SAMPLE_TAG} & run.tags.keys():
        return False
    everything = {SNAPSHOT, VERIFICATION} <= (run.asset_selection or set())
    return run.job_name == MIGRATE or run.tags.get(COMMAND_TAG) == MIGRATE or everything
