"""Charts as SVG elements inside a page: identifiers of their own, sizes that follow the page, text alternatives."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree

from hasim.report.charts.style import Chart, write_chart

__all__ = ["inline_svg", "texts_of"]

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LEAST_PIXELS_PER_INCH = 62
"""Smaller than this nobody reads the letters: on a phone the chart is pushed sideways instead."""

_DROPPED = (f"{_SVG}metadata", f"{_SVG}title", f"{_SVG}style")


def inline_svg(chart: Chart, prefix: str, also: str = "") -> str:
    """The chart as an ``svg`` element. ``prefix`` keeps its identifiers apart from those of the page's other charts."""
    buffer = io.BytesIO()
    with _without_texts(chart):
        write_chart(chart, buffer, "svg")
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in root.iter():
        for child in [child for child in parent if child.tag in _DROPPED]:  # the page has their like
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        _rename(element, prefix)
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    finding, shown, _ = texts_of(chart)
    root.attrib |= {
        "role": "img",
        "aria-label": finding,
        "aria-describedby": f"{prefix}-text",
        "style": f"min-width:{chart.get_figwidth() * _LEAST_PIXELS_PER_INCH:.0f}px",
    }
    text = ElementTree.Element("desc", {"id": f"{prefix}-text"})
    text.text = " ".join(filter(None, (shown, also))) or finding
    root.insert(0, text)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def texts_of(chart: Chart) -> tuple[str, str, str]:
    """What the chart says in words: its finding, what its axes show, and where that comes from."""
    finding = " ".join(chart.get_suptitle().split())
    labels = (label for axes in chart.axes for label in (axes.get_xlabel(), axes.get_ylabel()))
    shown = ", ".join(dict.fromkeys(" ".join(label.split()) for label in labels if label))
    return finding or "Chart", f"Shown: {shown}." if shown else "", " ".join(chart.get_supxlabel().split())


@contextmanager
def _without_texts(chart: Chart) -> Iterator[None]:
    """The chart without its finding and its caption, which the page has as texts; the axes take their room."""
    texts = [text for text in chart.texts if text.get_text() in (chart.get_suptitle(), chart.get_supxlabel())]
    for text in texts:
        text.set_visible(False)
        text.set_in_layout(False)
    yield
    for text in texts:
        text.set_visible(True)
        text.set_in_layout(True)


def _rename(element: ElementTree.Element, prefix: str) -> None:
    link = element.attrib.pop(_LINK, None)
    if link is not None:
        inside = link.startswith("#")  # a heat map brings its picture along, as a data: URL
        element.attrib["href"] = f"#{prefix}-{link[1:]}" if inside else "".join(link.split())
    for name, value in element.attrib.items():
        if name == "id":
            element.attrib[name] = f"{prefix}-{value}"
        elif "url(#" in value:
            element.attrib[name] = _REFERENCE.sub(rf"url(#{prefix}-\1)", value)
