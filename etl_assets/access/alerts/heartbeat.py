"""A sign of life for whoever notices silence: healthchecks.io, Uptime Kuma, a dead man's snitch."""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

from etl_assets.model.errors import SettingsError

TIMEOUT_S = 5


def require_url(url: str) -> str:
    """The URL of ETL_HEARTBEAT, empty where there is none.

    Raises:
        SettingsError: it is no http or https URL; it is not repeated, because it is a secret.
    """
    wrong = SettingsError("ETL_HEARTBEAT is not the http or https URL of a page that can be fetched")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise wrong from None
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in url)):
        raise wrong
    return url


def beat(url: str) -> str:
    """Fetches it; returns what went wrong, empty when nothing did. It never raises."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "etl-assets"})  # noqa: S310 - see require_url
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            answer.read(1)
    except urllib.error.HTTPError as error:
        return f"its server answers {error.code}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it holds and fails nothing
        return f"it cannot be fetched ({type(error).__name__})"
    return ""
