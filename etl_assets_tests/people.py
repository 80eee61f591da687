"""Who is told: a mail server and a web server on the loopback, as real as they come."""

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from etl_assets_tests.site import free_port


@dataclass
class Mailbox:
    """The mails that have arrived: subject and text."""

    port: int
    mails: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=etl@example.com&to=operator@example.com&name=etl"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain", "html"))
        self.mails.append((str(mail["Subject"]), body.get_content() if body else ""))
        return "250 OK"


@contextmanager
def a_mail_server() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Page:
    """A web server: what it was asked, and the status that it answers with."""

    port: int
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200

    @property
    def posts(self) -> list[Any]:
        return [json.loads(body) for method, body in self.asked if method == "POST"]

    @property
    def gets(self) -> int:
        return sum(method == "GET" for method, _ in self.asked)


@contextmanager
def a_web_server() -> Iterator[Page]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            page.asked.append((self.command, self.rfile.read(length).decode()))
            self.send_response(page.status)
            self.end_headers()

        do_GET = do_POST = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    page = Page(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield page
    finally:
        server.shutdown()
        server.server_close()
