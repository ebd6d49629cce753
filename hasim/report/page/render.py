"""A page as one HTML file: no script, nothing loaded from elsewhere, everything that a user named is escaped."""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hasim.report.charts.style import Chart
from hasim.report.numbers import duration_text
from hasim.report.page.content import Code, Figure, Findings, Page, Paragraph, Part, Story
from hasim.report.page.figures import inline_svg, texts_of
from hasim.report.story import Event, clock, since_fault
from hasim.report.tables import MET, MISSED, UNDECIDED, Table
from hasim.report.values import held_html

__all__ = ["page_html", "write_page"]

_KINDS: dict[type, str] = {
    Paragraph: "paragraph",
    Figure: "figure",
    Table: "table",
    Story: "story",
    Findings: "findings",
    Code: "code",
}
_TONES = {MET: "good", MISSED: "bad", UNDECIDED: "open"}


def page_html(page: Page) -> str:
    """The whole document; the same page gives the same text."""
    numbers = count(1)

    def svg(chart: Chart, also: str = "") -> Markup:
        return Markup(inline_svg(chart, f"chart{next(numbers)}", also))

    return _environment().get_template("page.html").render(page=page, svg=svg)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hasim.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        texts=texts_of,
        kind=_kind,
        tone=lambda text: _TONES.get(text, ""),
        duration=duration_text,
        clock=clock,
        since_fault=since_fault,
        is_event=lambda item: isinstance(item, Event),
    )
    environment.filters["held"] = lambda text: Markup(held_html(text))
    return environment


def write_page(page: Page, path: Path) -> None:
    """Write the page; ``path`` is replaced only when the file is complete.

    Raises:
        OSError: it cannot be written.
    """
    text = page_html(page)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None  # nobody asked for the file beside it
    finally:
        part.unlink(missing_ok=True)


def _kind(part: Part) -> str:
    return _KINDS[type(part)]
