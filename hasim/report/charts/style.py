"""How every chart looks: palette, hatches, fonts, the figure's frame, and saving with the same bytes for the same data.

Charts must survive a grey photocopy and a colour-blind reader, so nothing is told by colour alone: phases have hatches,
lines have styles, states have words. The palette is Okabe and Ito's, ordered so that neighbouring phases differ in
lightness. Figures are made with matplotlib's object interface; no backend is chosen and no pyplot state is touched.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from hasim.measure.model import PHASES
from hasim.report.names import distinct, shorten
from hasim.report.numbers import replications_text
from hasim.report.values import held, let_go
from hasim.report.wording import fault_title
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.study import StudyResult
    from hasim.study.episodes import EpisodesResult

__all__ = [
    "BAD",
    "BLACK",
    "BLUE",
    "DARK_GREY",
    "FORMATS",
    "GREEN",
    "LABEL_BOX",
    "LIGHT_GREY",
    "MID_GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "WHITE_OUTLINE",
    "YELLOW",
    "Chart",
    "blank_chart",
    "capitalised",
    "caption_of",
    "caption_of_episodes",
    "cause_label",
    "distinct",
    "fonts_among",
    "frame",
    "line_style",
    "phase_patches",
    "phase_style",
    "quiet_axes",
    "save",
    "say_nothing_happened",
    "set_rows",
    "shorten",
    "styled",
    "write_chart",
]

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
DARK_GREY = "#444444"
MID_GREY = "#8a8a8a"
LIGHT_GREY = "#e3e3e3"
BAD = VERMILLION

_LINE_STYLES: tuple[tuple[str, Any], ...] = (
    (BLACK, "-"),
    (BLUE, (0, (6, 2))),
    (VERMILLION, (0, (1.2, 1.4))),
    (GREEN, (0, (7, 2, 1.5, 2))),
    (PURPLE, (0, (3, 1.2))),
    (ORANGE, (0, (7, 2, 1.5, 2, 1.5, 2))),
)
_LINE_MARKERS = ("", "o", "s", "^", "D", "x")
"""What lies on the lines of the first round of styles, of the second, ..."""

LABEL_BOX: Any = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
"""Behind a label that may lie on a grid line."""

WHITE_OUTLINE = [withStroke(linewidth=2.5, foreground="white")]
"""Around a label that may lie on what must still be seen behind it."""

FORMATS = ("png", "svg")
"""What :func:`save` can write."""

_PHASE_STYLES = (
    (BLUE, "", "white"),
    (SKY, "////", BLACK),
    (GREEN, "....", "white"),
    (ORANGE, "", "white"),
    (VERMILLION, "\\\\\\\\", "white"),
    (YELLOW, "----", BLACK),
    (PURPLE, "xxxx", "white"),
    (DARK_GREY, "++++", "white"),
)
"""Face, hatch and hatch colour of the eight phases; light faces and dark ones alternate."""

_FONT = "DejaVu Sans"
_CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "PingFang HK",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti TC",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Of these, the first that is installed writes what the ordinary font, which comes with matplotlib, has no sign for."""


def fonts_among(installed: Iterable[str]) -> list[str]:
    """The font families to write with; none that is missing, because matplotlib would complain about it."""
    there = set(installed)
    return [_FONT, *[name for name in _CHINESE_FONTS if name in there][:1]]


_RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": fonts_among(font.name for font in fontManager.ttflist),
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.edgecolor": DARK_GREY,
    "axes.labelcolor": BLACK,
    "axes.facecolor": "white",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "hatch.linewidth": 0.6,
    "legend.fontsize": 9.0,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "hasim",
    "text.usetex": False,
    "text.parse_math": False,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
}
_DPI = 160
_CHARACTERS_PER_INCH = 10.0
_FEWEST_CHARACTERS = 10
_MARGIN = 0.012
_MOST_NAMED = 3


class Chart(Figure):
    """A figure that shows itself in a notebook without pyplot."""

    def draw(self, renderer: Any) -> None:
        """Draw. To be saved, a figure is drawn twice, the first time for nothing but its layout: that alone is done."""
        engine = self.get_layout_engine()
        with _without_glyph_warnings():
            if self.canvas.is_saving() and isinstance(engine, ConstrainedLayoutEngine):
                engine.execute(self)
            else:
                super().draw(renderer)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        write_chart(self, buffer, "png")
        return buffer.getvalue()


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """A sign in a user's names that no font has becomes a box, without a warning for each time it is drawn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


P = ParamSpec("P")


def styled(draw: Callable[P, Chart]) -> Callable[P, Chart]:
    """Draw under hasim's settings whatever the user's matplotlibrc says, and give the user's settings back."""

    @wraps(draw)
    def draw_with_style(*args: P.args, **kwargs: P.kwargs) -> Chart:
        with matplotlib.rc_context(_RC):
            return draw(*args, **kwargs)

    return draw_with_style


def blank_chart(width_in: float, height_in: float) -> Chart:
    """A figure of that size whose layout makes room for everything that is put on it."""
    chart = Chart(figsize=(width_in, height_in), dpi=_DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06))
    FigureCanvasAgg(chart)
    return chart


def frame(chart: Chart, finding: str, caption: str, share: float = 1.0) -> None:
    """Write the finding above the chart and where it comes from below it, within that share of the chart's width."""
    characters = int(chart.get_figwidth() * _CHARACTERS_PER_INCH * share)
    bold: dict[str, Any] = {"size": 12.5, "weight": "bold"}
    where: dict[str, Any] = {"x": _MARGIN, "horizontalalignment": "left"}
    chart.suptitle(_wrapped(chart, finding, characters, share, bold), fontproperties=FontProperties(**bold), **where)
    small: dict[str, Any] = {"size": 8}
    words = _wrapped(chart, caption, 2 * characters, share, small)
    chart.supxlabel(words, fontproperties=FontProperties(**small), color=DARK_GREY, **where)


def _wrapped(chart: Chart, text: str, characters: int, share: float, font: dict[str, Any]) -> str:
    """The text in lines of so many characters, or of fewer where these are wide."""
    room = (share - 2 * _MARGIN) * chart.bbox.width
    renderer, properties = chart.canvas.get_renderer(), FontProperties(**font)  # type: ignore[attr-defined]
    while True:
        lines = [let_go(line) for line in textwrap.wrap(held(text, characters), characters)]
        with _without_glyph_warnings():
            widths = [renderer.get_text_width_height_descent(line, properties, False)[0] for line in lines]
        if max(widths, default=0.0) <= room or characters <= _FEWEST_CHARACTERS:
            return "\n".join(lines)
        characters -= 2


def quiet_axes(axes: Any, grid: str = "") -> None:
    """Take the box away and leave a light grid along ``grid`` (``x``, ``y`` or none)."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=LIGHT_GREY, linewidth=0.8)


def line_style(number: int) -> dict[str, Any]:
    """Colour, dashes and markers of the line with that number (from 0); 36 lines differ, in grey print too."""
    color, dashes = _LINE_STYLES[number % len(_LINE_STYLES)]
    marker = _LINE_MARKERS[number // len(_LINE_STYLES) % len(_LINE_MARKERS)]
    first = 0.01 + 0.02 * (number % len(_LINE_STYLES))
    return {"color": color, "linestyle": dashes, "marker": marker, "markersize": 5, "markevery": (first, 0.12)}


def phase_style(index: int) -> dict[str, Any]:
    """Face colour, hatch and edge of the phase with that index in :data:`hasim.measure.PHASES`."""
    color, hatch, hatch_color = _PHASE_STYLES[index]
    return {"facecolor": color, "hatch": hatch, "edgecolor": hatch_color, "linewidth": 0.4}


def phase_patches(which: Sequence[int] | None = None) -> list[Patch]:
    """Legend entries of the phases (all eight unless told otherwise), in order."""
    indices = range(len(PHASES)) if which is None else which
    return [Patch(label=PHASES[index], **phase_style(index)) for index in indices]


def cause_label(cause: str) -> str:
    """A cause as people write it (``api_outage`` -> ``API outage``)."""
    return fault_title(cause, "")


def capitalised(words: str) -> str:
    """The words with a capital at the beginning of the sentence (and no other letter touched)."""
    return words[:1].upper() + words[1:]


def caption_of(*results: StudyResult) -> str:
    """Where the numbers come from: scenario, replications, horizon, seed; what several results share is said once."""
    names_of: dict[str, list[str]] = {}
    for result in results:
        many = replications_text(len(result.outcomes), result.scenario.horizon_ns)
        cut_short = ", interrupted" if result.interrupted else ""
        names_of.setdefault(f"{many}, seed {result.seed}{cut_short}", []).append(result.scenario.name)
    labels = distinct([result.scenario.name for result in results], 50)
    parts = []
    for what, names in names_of.items():
        short = [labels[name] for name in names]
        if len(names) > _MOST_NAMED:
            short = [f"{short[0]} and {len(names) - 1} others"]
        parts.append(f"{', '.join(short)}: {what}")
    return "; ".join(parts)


def caption_of_episodes(result: EpisodesResult) -> str:
    """What a chart of a study by episodes is of."""
    return (
        f"{shorten(result.scenario.name, 50)}: the long run from {counted(result.episodes, 'weighted episode')} "
        f"(--method {result.method}), seed {result.seed}"
    )


def say_nothing_happened(axes: Any, words: str) -> None:
    """An empty chart says why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, transform=axes.transAxes, fontsize=11, color=DARK_GREY, horizontalalignment="center")


def set_rows(axes: Any, count: int) -> None:
    """Room for that many horizontal bars, the first on top; a bar that is alone does not fill the chart."""
    slack = max(3 - count, 0) / 2
    axes.set_ylim(count - 0.4 + slack, -0.6 - slack)


def save(chart: Figure, path: Path) -> None:
    """Write the chart to ``path``, in the format of its suffix; the same chart gives the same bytes.

    Raises:
        OSError: the file cannot be written.
        ValueError: the suffix is none of :data:`FORMATS`.
    """
    extension = path.suffix.removeprefix(".")
    if extension not in FORMATS:
        raise ValueError(f"a chart is written as one of {', '.join(FORMATS)}, not {extension!r}")
    with path.open("wb") as file:
        write_chart(chart, file, extension)


def write_chart(chart: Figure, file: Any, extension: str) -> None:
    """Write the chart to a binary file in one of :data:`FORMATS`; the same chart gives the same bytes."""
    metadata = {"Date": None, "Creator": "hasim"} if extension == "svg" else {"Software": "hasim"}
    with matplotlib.rc_context(_RC):
        chart.savefig(file, format=extension, dpi=_DPI, metadata=metadata)
