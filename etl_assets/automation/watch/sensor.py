"""The sensor `alerts`: looks, remembers, tells, and beats."""

import socket
import time
from collections.abc import Sequence

import dagster as dg

from etl_assets.access.alerts.heartbeat import beat
from etl_assets.access.alerts.messages import Service, services, tell_all
from etl_assets.assets.resources import Access, Stores
from etl_assets.automation.watch.failures import failed_runs
from etl_assets.automation.watch.memory import Memory, Notice
from etl_assets.automation.watch.states import Look, digest, nightly_failed
from etl_assets.model.errors import SettingsError
from etl_assets.model.words import counted
from etl_assets.spec.model import Spec
from etl_assets.upkeep import Upkeep, read_upkeep

INTERVAL_S = 60
OVERLAP_S = 600  # a run is noted with the clock of the machine that ran it
RUNS = "runs looked at"
NOBODY = "Nobody is to be told: ETL_ALERTS names whom, and ETL_HEARTBEAT what is fetched while all is well."
BUDGET_S = 30  # for one tick's messages: Dagster ends a tick after a minute


def build_alerts(spec: Spec) -> dg.SensorDefinition:
    """`alerts`, running from the start; it does nothing before somebody is to be told."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells whom ETL_ALERTS names, once each: red books, a refused load, a wave that gave up, a legacy "
        "database that does not change or cannot be read, a target or a disk that is full; and, if ETL_DIGEST asks for "
        "it, the day's numbers. Fetches ETL_HEARTBEAT while all is well. A message holds no address and no row's key.",
    )
    def alerts(context: dg.SensorEvaluationContext, stores: Stores):  # type: ignore[no-untyped-def]
        try:
            upkeep = read_upkeep()
            if not upkeep.alerts and not upkeep.heartbeat:
                return dg.SkipReason(NOBODY)
            memory = Memory.read(context.cursor)
            said = watch(context.instance, stores, spec, upkeep, memory)
        except SettingsError as problem:
            return dg.SkipReason(str(problem))
        return dg.SensorResult(skip_reason=" ".join(said), cursor=memory.written())

    return alerts


def watch(instance: dg.DagsterInstance, stores: Access, spec: Spec, upkeep: Upkeep, memory: Memory) -> list[str]:
    """One look at everything; what was done, in sentences. What is to be told later is in the memory."""
    now, places = time.time(), services(upkeep.alerts)
    since = float(memory.value.get(RUNS, now)) - OVERLAP_S
    look = Look(stores, spec, upkeep, memory, now)
    notices = [*failed_runs(instance, since), *look.notices(), *digest(instance, look)]
    memory.value[RUNS] = str(now)
    said = _tell(places, memory, notices, now) if places else []
    is_well = look.well and not nightly_failed(instance)
    if upkeep.heartbeat:
        wrong = beat(upkeep.heartbeat) if is_well else "not fetched, because something is wrong"
        said.append(f"Heartbeat: {wrong or 'fetched'}.")
    return said or ["There is nothing to tell."]


def _tell(places: Sequence[Service], memory: Memory, notices: list[Notice], now: float) -> list[str]:
    memory.post(notices, now)
    due = memory.due(now)
    if not due:
        waiting = len(memory.letters)
        return [f"{counted(waiting, 'message')} will be tried again."] if waiting else []
    said = []
    for letter in due:
        if time.time() > now + BUDGET_S:
            break
        numbers = range(len(places)) if letter.services is None else letter.services
        asked = [places[number] for number in numbers if number < len(places)]
        title = f"etl-assets on {socket.gethostname()}: {letter.notice.title}"
        failed = tell_all(asked, title, letter.notice.body)
        memory.sent(letter, [places.index(place) for place in failed], now)
        names = "; ".join(place.name for place in failed)
        said.append(f"Told: {letter.notice.title}." if not failed else f"Not told: {letter.notice.title} ({names}).")
    return said
