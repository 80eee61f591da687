"""The desk's addresses."""

from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from etl_assets.core.lists.desk import ORDERS, PAGE_ROWS
from etl_assets.desk.downloads import LISTS, download, invitations
from etl_assets.desk.guard import Guard
from etl_assets.desk.lines import claims_lines, corrections_lines
from etl_assets.desk.looking import Desk, NothingYet
from etl_assets.desk.render import page
from etl_assets.model.books import USER_STATES
from etl_assets.model.errors import EtlError, SettingsError
from etl_assets.model.remedies import USER_REMEDIES
from etl_assets.report.page import html_page, verdict
from etl_assets.report.picture import arrivals_svg, bars_of, progress_svg
from etl_assets.report.points import SETTLE_ROWS, open_points

OPEN_STATES = tuple(state for state in USER_STATES if state != "resolved")
# The report brings its own style, as it does in a file.
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
# What is printed to be signed has no way back.
BACK = '<nav class="back"><style>@media print {.back {display: none}}</style><a href="/">Back to the desk</a></nav>'
MOST_PAGES, MOST_TYPED = 100_000, 2_000
Endpoint = Callable[[Request], Response]


def build_site(desk: Desk, *, token: str, hosts: frozenset[str]) -> Starlette:
    """The ASGI application; `hosts` are the names by which browsers may call it."""
    pages: dict[str, Callable[[Desk, Request], Response]] = {
        "/": overview,
        "/person": person,
        "/waiting": waiting,
        "/invite.csv": invite,
        "/quarantine": quarantine,
        "/quarantine/rows": rows,
        "/changes": changes,
        "/waves": waves,
        "/report": report,
        "/lists/{name}.csv": as_csv,
    }
    routes = [Route(path, _endpoint(desk, make), methods=["GET"]) for path, make in pages.items()]
    routes += [Route("/search", _search(desk), methods=["POST"]), Route("/desk.css", _style)]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        exception_handlers={404: _not_found},
    )


def _endpoint(desk: Desk, make: Callable[[Desk, Request], Response]) -> Endpoint:
    # Starlette runs it in a thread, because it is no coroutine: psycopg's connections are not either.
    def answer(request: Request) -> Response:
        try:
            return make(desk, request)
        except NothingYet:
            return page("nothing")
        except SettingsError as problem:
            return page("problem", status=404, title="Not found", words=str(problem))
        except EtlError as problem:
            return page("problem", status=503, title="The target cannot be asked now", words=str(problem))

    return answer


def overview(desk: Desk, _request: Request) -> Response:
    """How far it is, what is open, what is running."""
    seen = desk.overview()
    facts = seen.facts
    return page(
        "overview",
        seen=seen,
        facts=facts,
        verdict=verdict(facts) if facts else "",
        points=open_points(facts) if facts else [],
        svg=progress_svg(bars_of(facts.books)) if facts else "",
        arrivals=arrivals_svg(seen.arrived, sum(seen.users.values())),
        total=sum(seen.users.values()),
        states={state: seen.users.get(state, 0) for state in ("resolved", "claimable", *OPEN_STATES)},
        settle=SETTLE_ROWS,
    )


def person(desk: Desk, request: Request) -> Response:
    """One user, by her legacy id."""
    user = request.query_params.get("id", "").strip()
    if not user:
        return page("search", words="", users=[])
    try:
        found = desk.person(user)
    except SettingsError as problem:
        return page("search", words=str(problem), users=[], status=404)
    cells = [(cell, corrections_lines(cell)) for cell in found.cells]
    return page("person", found=found.answer, cells=cells, claims=claims_lines(found.answer))


def _search(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    def found(request: Request, asked: str) -> Response:
        def look(desk: Desk, _request: Request) -> Response:
            try:
                users = desk.find(asked)
                if len(users) > 1:
                    return page("search", words="", users=users)
                return RedirectResponse(f"/person?id={quote(users[0], safe='')}", 303)
            except SettingsError as problem:
                return page("search", words=str(problem), users=[], status=404)

        return _endpoint(desk, look)(request)

    async def search(request: Request) -> Response:
        # What somebody types may be an address: it comes in a form, so that it stands in no address line and no log.
        typed = parse_qs((await request.body())[:MOST_TYPED].decode(errors="replace"))
        return await run_in_threadpool(found, request, typed.get("who", [""])[0])

    return search


def waiting(desk: Desk, request: Request) -> Response:
    """Who has not come back, or cannot be claimed."""
    state, order, number = (
        _one_of(request, "state", OPEN_STATES),
        _one_of(request, "order", tuple(ORDERS)),
        _page(request),
    )
    counts, people, more = desk.waiting(state, order=order, page=number)
    return page(
        "waiting",
        counts={name: counts.get(name, 0) for name in OPEN_STATES},
        people=people,
        state=state,
        order=order,
        orders=tuple(ORDERS),
        remedy=USER_REMEDIES[state],
        **_leaf(number, more=more),
    )


def invite(desk: Desk, request: Request) -> Response:
    """The addresses of one state."""
    state = _one_of(request, "state", OPEN_STATES)
    return _csv(invitations(desk, state), f"invite_{state}")


def quarantine(desk: Desk, _request: Request) -> Response:
    """What is set aside, by table and reason."""
    return page("quarantine", groups=desk.quarantine())


def rows(desk: Desk, request: Request) -> Response:
    """The rows that are set aside for one reason."""
    table, column, rule = (request.query_params.get(name, "") for name in ("table", "column", "rule"))
    number = _page(request)
    cells, more = desk.cells(table, column, rule, page=number)
    told = [(cell, corrections_lines(cell)) for cell in cells]
    return page("rows", table=table, column=column, rule=rule, cells=told, **_leaf(number, more=more))


def changes(desk: Desk, _request: Request) -> Response:
    """What was changed on either side since it was loaded."""
    return page("changes", facts=desk.facts())


def waves(desk: Desk, request: Request) -> Response:
    """The waves."""
    number = _page(request)
    found, more = desk.waves(page=number)
    return page("waves", waves=found, **_leaf(number, more=more))


def report(desk: Desk, _request: Request) -> Response:
    """The report, made of what is on the target: no file is needed."""
    found = html_page(desk.facts()).replace("<body>", f"<body>{BACK}", 1)
    return HTMLResponse(found, headers={"Content-Security-Policy": REPORT_POLICY})


def as_csv(desk: Desk, request: Request) -> Response:
    """A list as CSV."""
    name = request.path_params["name"]
    if name not in LISTS:
        raise SettingsError(f"there is no list {name!r}; there are {', '.join(LISTS)}")
    return _csv(download(desk, name), name)


def _csv(lines: Iterator[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _style(_request: Request) -> Response:
    text = files("etl_assets.desk").joinpath("templates/desk.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css")


def _not_found(_request: Request, _error: Exception) -> Response:
    return page("problem", status=404, title="Not found", words="There is no such page.")


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str:
    value = request.query_params.get(name, known[0])
    return value if value in known else known[0]


def _page(request: Request) -> int:
    value = request.query_params.get("page", "0")
    return min(int(value), MOST_PAGES) if value.isdecimal() and len(value) <= len(str(MOST_PAGES)) else 0


def _leaf(number: int, *, more: bool) -> dict[str, Any]:
    return {
        "before": number - 1 if number else None,
        "after": number + 1 if more else None,
        "first": number * PAGE_ROWS + 1,
    }
