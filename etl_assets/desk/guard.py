"""Who may see the desk: whoever has opened the address with the token, from this machine's own name, once."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp

COOKIE = "etl_desk"
# Nothing from elsewhere, no script, nobody's frame (https://developer.mozilla.org/docs/Web/HTTP/CSP).
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers call our own form's origin "null"
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}
STRANGER = "This is the desk of etl-assets. Open the address with the token that `etl-assets desk` or `ui` has printed."


class Guard(BaseHTTPMiddleware):
    """Lets in who brings the token, in the address once and in a cookie from then on; and sets the headers.

    Another `Host` than ours is a page elsewhere that points its own name at this machine (DNS rebinding); another
    `Origin` is one that sends a form here.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: frozenset[str]) -> None:
        """`hosts` are the names that a browser may call us by, without the port."""
        super().__init__(app)
        self._token, self._hosts = token, hosts

    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Answers, refuses, or takes the token out of the address."""
        answer = await self._answer(request, call_next)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    async def _answer(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        host = request.headers.get("host", "")
        if host.rpartition(":")[0].strip("[]") not in self._hosts and host not in self._hosts:
            return PlainTextResponse("The desk is not known by this name.", status_code=421)
        origin = request.headers.get("origin")
        if request.method == "POST" and origin not in (None, f"{request.url.scheme}://{host}"):
            return PlainTextResponse("A form of another site.", status_code=403)
        if self._is_token(request.query_params.get("token")):
            answer = RedirectResponse(request.url.remove_query_params("token").replace(scheme="", netloc=""), 303)
            answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict", path="/")
            return answer
        if not self._is_token(request.cookies.get(COOKIE)):
            return PlainTextResponse(STRANGER, status_code=401)
        return await call_next(request)

    def _is_token(self, given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), self._token.encode())
