"""Messages to people, by whatever service their URLs name; apprise knows about a hundred."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from typing import Any

from etl_assets.model.errors import SettingsError

BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
CONNECT_S, ANSWER_S, ALL_S = 5, 10, 20


@dataclass(frozen=True)
class Service:
    """One of the URLs in ETL_ALERTS. What it is called holds no address, token or password."""

    name: str
    place: Any

    def tell(self, title: str, body: str) -> bool:
        """Whether the message was taken; it never raises."""
        try:
            return bool(self.place.notify(title=title, body=body, body_format="text"))
        except Exception:  # noqa: BLE001 - a hundred services, each with a library of its own
            return False


def services(urls: str) -> tuple[Service, ...]:
    """The services that ETL_ALERTS names, divided by spaces or commas; none where it is empty.

    Raises:
        SettingsError: apprise cannot make one of them out; the URL, which may hold a password, is not repeated.
    """
    parts = [part for part in BETWEEN.split(urls.strip()) if part]
    if not parts:
        return ()
    from apprise import Apprise, AppriseAsset, PersistentStoreMode  # noqa: PLC0415 - takes most of a second

    # Nothing on the disk, no code from elsewhere.
    asset = AppriseAsset(plugin_paths=[], storage_mode=PersistentStoreMode.MEMORY, secure_logging=True)
    found = []
    for number, part in enumerate(parts, start=1):
        place = Apprise.instantiate(_bounded(part), asset=asset, suppress_exceptions=True)
        if place is None:
            schema = part.partition("://")[0] if "://" in part else "no schema"
            raise SettingsError(
                f"ETL_ALERTS: apprise cannot read number {number} of {len(parts)} ({schema[:20]}); "
                "https://github.com/caronc/apprise/wiki says how a service's URL is written"
            )
        found.append(Service(f"{place.service_name}, number {number} of ETL_ALERTS", Apprise(place, asset=asset)))
    return tuple(found)


def tell_all(places: Sequence[Service], title: str, body: str) -> list[Service]:
    """Sends to all at once, and returns those that did not take it within ALL_S."""
    if not places:
        return []
    pool = ThreadPoolExecutor(max_workers=len(places), thread_name_prefix="alerts")
    asked = [(place, pool.submit(place.tell, title, body)) for place in places]
    pool.shutdown(wait=False)
    failed = []
    for place, answer in asked:
        try:
            if not answer.result(timeout=ALL_S):
                failed.append(place)
        except Late:
            failed.append(place)
    return failed


def _bounded(url: str) -> str:
    """The URL with short waits, unless it names its own: https://github.com/caronc/apprise/wiki/URLBasics."""
    more = [f"{name}={value}" for name, value in (("cto", CONNECT_S), ("rto", ANSWER_S)) if f"{name}=" not in url]
    return url + ("&" if "?" in url else "?") + "&".join(more) if more else url
