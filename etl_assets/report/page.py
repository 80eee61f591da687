"""The migration report: one HTML page that needs nothing else, and the same in Markdown for the Dagster UI."""

from functools import cache

import jinja2

from etl_assets.model.remedies import USER_REMEDIES, row_remedy
from etl_assets.model.report import ReportFacts, Verified
from etl_assets.model.words import counted
from etl_assets.report.picture import as_markdown, bars_of, progress_svg
from etl_assets.report.points import open_points
from etl_assets.report.words import code

WAVES_SHOWN = 40


def verdict(facts: ReportFacts) -> str:
    """The first sentence: may this be signed?"""
    if not facts.books.complete:
        return "Not everything has been read yet, so nothing can be said."
    faults = [point for point in open_points(facts) if point.weight == 0]
    if faults:
        return f"Not ready to sign: {len(faults)} thing{'s are' if len(faults) > 1 else ' is'} wrong."
    kept = sum(book.waiting + book.quarantined for book in facts.books.tables)
    if facts.frozen is not None:
        return _frozen_verdict(sum(line.changed for line in facts.verified.balances), kept)
    if kept:
        return f"The books close: every legacy row is accounted for, and {kept:,} of them have not arrived yet."
    return "The books close: every legacy row has arrived, or was left behind on purpose."


def _frozen_verdict(moved: int, kept: int) -> str:
    if moved:
        return (
            f"To decide before signing: the legacy app has changed {counted(moved, 'balance')} since they were "
            "applied. It is frozen, and every one of its rows is accounted for."
        )
    if kept:
        return (
            f"Ready to sign. The legacy app is frozen, and every one of its rows is accounted for; {kept:,} of them "
            "have not arrived yet, for the reasons below."
        )
    return "Ready to sign. The legacy app is frozen, and every one of its rows has arrived or was left on purpose."


def html_page(facts: ReportFacts) -> str:
    """The page, escaped throughout."""
    return _template("page.html.j2").render(**_values(facts))


def markdown_page(facts: ReportFacts) -> str:
    """The facts of the report as Markdown; the picture is inline."""
    picture = as_markdown(progress_svg(bars_of(facts.books)))
    return _template("page.md.j2").render(**_values(facts), picture=picture)


def _values(facts: ReportFacts) -> dict[str, object]:
    waves, points = facts.books.waves, open_points(facts)
    return {
        "facts": facts,
        "books": facts.books,
        "verdict": verdict(facts),
        "is_ready": facts.books.complete
        and not any(point.weight == 0 for point in points)
        and not (facts.frozen and any(line.changed for line in facts.verified.balances)),
        "svg": progress_svg(bars_of(facts.books)),
        "points": points,
        "waves": waves[-WAVES_SHOWN:],
        "earlier_waves": max(len(waves) - WAVES_SHOWN, 0),
        "largest_wave": max((wave.users for wave in waves), default=0) or 1,
        "user_remedies": USER_REMEDIES,
        "row_remedy": row_remedy,
        "snapshot": facts.snapshot,
        "at": _moments(facts.verified),
    }


def _moments(verified: Verified) -> str:
    """When it was verified; and when the rows of earlier waves were read, where that was before."""
    moments = [moment.replace("T", " ").replace("Z", " UTC") for moment in (verified.at, verified.since or verified.at)]
    return moments[0] if moments[0] == moments[1] else f"{moments[0]}, rows of earlier waves at {moments[1]}"


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("etl_assets.report", "."),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["code"] = code
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    return environment.get_template(name)
