"""Progress as a picture: one bar per line, parts side by side, as SVG that reads well on light and on dark."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from etl_assets.model.books import Books

WIDTH, LABEL_WIDTH, BAR_HEIGHT, LINE_HEIGHT, LEGEND_HEIGHT = 720, 170, 16, 30, 34
NUMBER_WIDTH, CHART_HEIGHT = 90, 190
INK = "#7d858f"  # on white and on black alike
COLOURS = {
    "arrived": "#2f9e6e",
    "waiting": "#c9a227",
    "set aside": "#c2554d",
    "left behind": "#9aa3ad",
}


@dataclass(frozen=True)
class Bar:
    """One line: its label, and how many of each part."""

    label: str
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All parts."""
        return sum(self.parts.values())


def user_bar(users: dict[str, int]) -> Bar:
    """The users' line, from their number per state."""
    done = users.get("resolved", 0)
    aside = sum(users.get(state, 0) for state in ("ambiguous", "held", "invalid_email", "no_email"))
    waiting = sum(users.get(state, 0) for state in ("waiting", "claimable", "unconfirmed"))
    return Bar("users", {"arrived": done, "waiting": waiting, "set aside": aside})


def bars_of(books: Books) -> list[Bar]:
    """The books as bars: the users first, then each table."""
    bars = [user_bar(books.users)] if books.users.get("total") else []
    for book in books.tables:
        parts = {"arrived": book.loaded, "waiting": book.waiting, "set aside": book.quarantined}
        bars.append(Bar(book.table, {**parts, "left behind": book.excluded}))
    return bars


def progress_svg(bars: Sequence[Bar]) -> str:
    """One SVG element; widths are shares of each line's own total."""
    height = LEGEND_HEIGHT + LINE_HEIGHT * len(bars)
    body = [_legend()]
    for number, bar in enumerate(bars):
        body.append(_line(bar, top=LEGEND_HEIGHT + number * LINE_HEIGHT))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}" role="img" '
        f'aria-label="Progress of the migration">{"".join(body)}</svg>'
    )


def arrivals_svg(days: Sequence[tuple[date, int]], total: int) -> str:
    """How many users had arrived by each day, of all of them: an SVG element, empty before the first wave."""
    if not days or not total:
        return ""
    first, last = days[0][0], days[-1][0]
    span = max((last - first).days, 1)
    room, floor = WIDTH - LABEL_WIDTH - NUMBER_WIDTH, CHART_HEIGHT - 24
    steps, height = [f"M{LABEL_WIDTH},{floor}"], float(floor)
    for day, arrived in days:
        left = LABEL_WIDTH + room * (day - first).days / span
        steps.append(f"L{left:.1f},{height:.1f}")
        height = floor - (floor - 12) * arrived / total
        steps.append(f"L{left:.1f},{height:.1f}")
    steps.append(f"L{WIDTH - NUMBER_WIDTH},{height:.1f}")
    line, area = " ".join(steps), f"{' '.join(steps)} L{WIDTH - NUMBER_WIDTH},{floor} Z"
    end, arrived = WIDTH - NUMBER_WIDTH, days[-1][1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {CHART_HEIGHT}" width="{WIDTH}" '
        f'height="{CHART_HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="{INK}" role="img" '
        f'aria-label="{arrived:,} of {total:,} users had arrived by {last}">'
        f'<path d="{area}" fill="{COLOURS["arrived"]}" opacity=".25"/>'
        f'<path d="{line}" fill="none" stroke="{COLOURS["arrived"]}" stroke-width="2"/>'
        f'<path d="M{LABEL_WIDTH},12 H{end} M{LABEL_WIDTH},{floor} H{end}" stroke="{INK}" opacity=".35"/>'
        f'<text x="{LABEL_WIDTH - 10}" y="16" text-anchor="end">{total:,} users</text>'
        f'<text x="{LABEL_WIDTH}" y="{CHART_HEIGHT - 6}">{first}</text>'
        f'<text x="{end}" y="{CHART_HEIGHT - 6}" text-anchor="end">{last}</text>'
        f'<text x="{end + 10}" y="{height + 4:.1f}">{arrived:,}</text></svg>'
    )


def as_markdown(svg: str) -> str:
    """A picture that Dagster's Markdown shows in place."""
    return f"![Progress](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _legend() -> str:
    parts, left = [], LABEL_WIDTH
    for name, colour in COLOURS.items():
        parts.append(f'<rect x="{left}" y="6" width="10" height="10" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{left + 15}" y="15">{name}</text>')
        left += 40 + 7 * len(name)
    return "".join(parts)


def _line(bar: Bar, *, top: int) -> str:
    room = WIDTH - LABEL_WIDTH - NUMBER_WIDTH
    label = bar.label if len(bar.label) <= 22 else f"{bar.label[:21]}…"
    parts = [f'<text x="{LABEL_WIDTH - 10}" y="{top + 13}" text-anchor="end">{escape(label)}</text>']
    parts.append(
        f'<rect x="{LABEL_WIDTH}" y="{top}" width="{room}" height="{BAR_HEIGHT}" rx="3" fill="{INK}" opacity=".18"/>'
    )
    left = float(LABEL_WIDTH)
    for name, count in bar.parts.items():
        width = room * count / bar.total if bar.total else 0
        if width:
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}" fill="{COLOURS[name]}">'
                f"<title>{escape(bar.label)}: {count:,} {name}</title></rect>"
            )
            left += width
    share = f"{100 * bar.parts['arrived'] // bar.total} %" if bar.total else "none"
    parts.append(f'<text x="{WIDTH - NUMBER_WIDTH + 10}" y="{top + 13}">{share}</text>')
    return "".join(parts)
