"""The desk on a migration, served on a port of its own, and browsers without a screen."""

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar

import pytest
import uvicorn

from etl_assets.desk.looking import Desk
from etl_assets.desk.site import build_site
from etl_assets_tests.site import free_port, until
from etl_assets_tests.world import World

TOKEN = "a-token"  # noqa: S105 - of the tests
START_S = 30


@dataclass(frozen=True)
class Answer:
    """What came of a request, where it led, and the answers on the way there."""

    status: int
    text: str
    headers: Message
    url: str
    before: tuple["Answer", ...] = ()


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self) -> None:
        self.seen: list[Answer] = []

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        self.seen.append(Answer(code, "", headers, req.full_url))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Browser:
    """Keeps cookies and follows where it is led."""

    def __init__(self, base: str) -> None:
        self.base, self._redirects = base, _Redirects()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({}), self._redirects
        )

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask(urllib.request.Request(self.base + path, headers=headers))

    def post(self, path: str, *, who: str, **headers: str) -> Answer:
        body = urllib.parse.urlencode({"who": who}).encode()
        return self._ask(urllib.request.Request(self.base + path, body, headers))

    def _ask(self, request: urllib.request.Request) -> Answer:
        self._redirects.seen.clear()
        try:
            with self._opener.open(request, timeout=60) as found:
                told = found.status, found.read().decode(), found.headers, found.url
        except urllib.error.HTTPError as error:
            with error:
                told = error.code, error.read().decode(), error.headers, error.url
        return Answer(*told, tuple(self._redirects.seen))


@contextmanager
def a_desk(world: World, url: str = "") -> Iterator[Browser]:
    """A desk that asks the migration's target, and a browser that has not brought the token yet."""
    port = free_port()
    site = build_site(Desk(url or world.url, world.spec), token=TOKEN, hosts=frozenset({"127.0.0.1"}))
    config = uvicorn.Config(site, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, seconds=START_S)
        yield Browser(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(START_S)


@pytest.fixture
def visit() -> Iterator[Callable[..., Browser]]:
    """A browser that has opened the address with the token."""
    with ExitStack() as stack:

        def enter(world: World, url: str = "") -> Browser:
            browser = stack.enter_context(a_desk(world, url))
            browser.get(f"/?token={TOKEN}")
            return browser

        yield enter
