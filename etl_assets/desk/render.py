"""The pages' HTML, escaped throughout."""

from functools import cache
from typing import Any

import jinja2
from starlette.responses import HTMLResponse

from etl_assets.model.money import BALANCE_HEADER
from etl_assets.model.remedies import CHANGE_REMEDIES
from etl_assets.report.words import code

PAGES = {
    "overview": ("/", "Overview"),
    "person": ("/person", "Person"),
    "waiting": ("/waiting", "Waiting"),
    "quarantine": ("/quarantine", "Set aside"),
    "changes": ("/changes", "Changes"),
    "waves": ("/waves", "Waves"),
    "report": ("/report", "Report"),
}


# The words of the overview, on every page.
SHOWN = {"loaded": "arrived", "quarantined": "set aside", "excluded": "left behind"}


def page(name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page by the name of its template; `PAGES` has those of the menu."""
    return HTMLResponse(_templates().get_template(f"{name}.html.j2").render(here=name, **values), status)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("etl_assets.desk", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"pages": PAGES, "balance_header": BALANCE_HEADER[2:], "change_remedies": CHANGE_REMEDIES}
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "code": code,
        "words": lambda name: str(name or "").replace("_", " "),
        "shown": lambda state: SHOWN.get(state, str(state).replace("_", " ")),
        "time": lambda moment: f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "",
    }
    return environment
