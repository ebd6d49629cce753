"""The tornado chart: what each parameter, low and high, does to a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hasim.report.charts.differences import value_scale
from hasim.report.charts.style import (
    BLACK,
    BLUE,
    DARK_GREY,
    ORANGE,
    WHITE_OUTLINE,
    Chart,
    blank_chart,
    caption_of,
    frame,
    quiet_axes,
    say_nothing_happened,
    set_rows,
    shorten,
    styled,
)
from hasim.report.charts.ticks import number_ticks, set_ticks, signed_duration_ticks
from hasim.report.comparison import luck_note
from hasim.report.numbers import amount_text
from hasim.report.tornado import AS_IT_IS, leading_text
from hasim.study.compare import Difference, Metric
from hasim.study.compare.variants import foreign_faults
from hasim.study.sensitivity import Sensitivity
from hasim.study.sensitivity.result import Moved
from hasim.units import counted

__all__ = ["sensitivity_charts", "tornado"]

_WIDTH_IN = 10.5
_ROW_IN = 0.46
_FRAME_IN = 1.7
_MOST_ROWS = 16
_BAR = 0.6
_TEXT_SHARE = 0.1
"""The part of the axis that the text at an end needs."""

_LINE_CHARACTERS = 42
_NO_DIFFERENCE = "no difference"

_LOOKS: dict[str, dict[str, Any]] = {
    "low": {"facecolor": BLUE, "edgecolor": "white", "hatch": "", "linewidth": 0.4},
    "high": {"facecolor": ORANGE, "edgecolor": BLACK, "hatch": "////", "linewidth": 0.4},
}


@styled
def tornado(sensitivity: Sensitivity, metric: Metric) -> Chart:
    """A bar per parameter from the number at its low end to that at its high end, what moves it most on top; whiskers
    are the intervals of either end's difference to the scenario as it is."""
    moved = [one for one in sensitivity.moved(metric) if one.is_seen][:_MOST_ROWS]
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _ROW_IN * max(len(moved), 4))
    axes = chart.add_subplot()
    estimate = sensitivity.estimate(metric)
    if not moved or estimate is None:
        say_nothing_happened(axes, f"No parameter moves the {metric.label} in any replication.")
        frame(chart, f"Nothing moves the {metric.label}", _caption(sensitivity, metric))
        return chart
    scale = value_scale(metric.unit)
    low, high = _limits(moved, scale)
    same_ends = sensitivity.same_ends
    for row, one in enumerate(moved):
        _draw_bar(axes, row, one, scale, (low, high))
        _say_what_is_not_drawn(axes, row, one, [text for name, text in same_ends if name == one.swing.uncertain.name])
    axes.axvline(0, color=DARK_GREY, linewidth=1.2, zorder=3)
    axes.set_xlim(low, high)
    set_ticks(axes.xaxis, signed_duration_ticks(low, high, 6) if metric.unit == "ns" else number_ticks(low, high, 6))
    axes.set_xlabel(f"{metric.label}, against {amount_text(estimate.value, metric.unit)} as it is")
    axes.set_yticks(range(len(moved)), [_row_label(one.swing.uncertain.name) for one in moved])
    axes.tick_params(axis="y", length=0, labelcolor=BLACK)
    set_rows(axes, len(moved))
    quiet_axes(axes, grid="x")
    handles: list[Any] = [Patch(label=f"{name} end", **look) for name, look in _LOOKS.items()]
    handles.append(Line2D([], [], color=DARK_GREY, linewidth=1.2, marker="|", markersize=8, label="interval"))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
    frame(chart, leading_text(sensitivity, metric), _caption(sensitivity, metric), share=0.93)
    return chart


def _row_label(name: str) -> str:
    """What a row is called, whole: in two lines where it is long, broken where it says what of a fault is meant."""
    if len(name) <= _LINE_CHARACTERS:
        return name
    fault, colon, what = name.rpartition(": ")
    return "\n".join(shorten(line, _LINE_CHARACTERS) for line in (f"{fault}{colon.strip()}", what) if line)


def _limits(moved: Sequence[Moved], scale: float) -> tuple[float, float]:
    """Room for all bars, for the bounds of the differences that are certain, and for the texts at the ends.

    An interval that is far wider than every bar is cut off at the edge.
    """
    ends = [0.0]
    for one in moved:
        for part in (one.low, one.high):
            if part is None:
                continue
            ends.append(part.estimate.value / scale)
            if part.sign:
                ends += [end / scale for end in (part.estimate.low, part.estimate.high) if not isinf(end)]
    low, high = min(ends), max(ends)
    margin = 0.2 * (high - low)
    return low - margin, high + margin


def _draw_bar(axes: Any, row: int, one: Moved, scale: float, limits: tuple[float, float]) -> None:
    uncertain = one.swing.uncertain
    parts = [("low", one.low, uncertain.low_text), ("high", one.high, uncertain.high_text)]
    shown = [(name, part, text) for name, part, text in parts if part is not None and part.estimate.value]
    same_side = len({part.estimate.value > 0 for _, part, _ in shown}) < len(shown)
    for name, part, text in shown:
        height = _BAR / 2 if same_side else _BAR
        middle = row + (_BAR / 4 if name == "high" else -_BAR / 4) * same_side
        axes.barh(middle, part.estimate.value / scale, height=height, zorder=1, **_LOOKS[name])
        _draw_whisker(axes, middle, part, scale, limits)
        others = [] if same_side else [_reach(other, scale, limits) for _, other, _ in shown if other is not part]
        edge, is_free = _text_place(part, scale, limits, others)
        above = 0 if is_free else -7 if same_side and name == "high" else 7
        axes.annotate(
            text, (edge, middle), xytext=(5 if part.estimate.value > 0 else -5, above), textcoords="offset points",
            fontsize=8, horizontalalignment="left" if part.estimate.value > 0 else "right",
            verticalalignment="center", path_effects=WHITE_OUTLINE, zorder=4, annotation_clip=True,
        )  # fmt: skip


def _say_what_is_not_drawn(axes: Any, row: int, one: Moved, same: Sequence[str]) -> None:
    """Why an end has no bar: at zero, on the side that the bar of the other end leaves free. ``same`` are the ends at
    which the scenario is no other one."""
    ends = [(one.low, one.swing.uncertain.low_text), (one.high, one.swing.uncertain.high_text)]
    drawn = [part for part, _ in ends if part is not None and part.estimate.value]
    words = [
        f"{text}: {AS_IT_IS if text in same else _NO_DIFFERENCE}"
        for part, text in ends
        if text in same or (part is not None and not part.estimate.value)
    ]
    if not words or not drawn:
        return
    side = -1 if drawn[0].estimate.value > 0 else 1
    axes.annotate(
        ", ".join(words), (0, row), xytext=(5 * side, 7), textcoords="offset points", fontsize=8,
        horizontalalignment="left" if side > 0 else "right", verticalalignment="center",
        path_effects=WHITE_OUTLINE, zorder=4, annotation_clip=True,
    )  # fmt: skip


def _reach(part: Difference, scale: float, limits: tuple[float, float]) -> tuple[float, float]:
    """The interval around the end of a bar, as far as the axis shows it."""
    return max(part.estimate.low / scale, limits[0]), min(part.estimate.high / scale, limits[1])


def _draw_whisker(axes: Any, row: float, part: Difference, scale: float, limits: tuple[float, float]) -> None:
    low, high = _reach(part, scale, limits)
    axes.plot([low, high], [row, row], color=DARK_GREY, linewidth=1.2, zorder=2)
    for end, bound in ((low, part.estimate.low / scale), (high, part.estimate.high / scale)):
        if end == bound:
            axes.plot([end], [row], marker="|", markersize=8, color=DARK_GREY, zorder=2)


def _text_place(
    part: Difference, scale: float, limits: tuple[float, float], others: Sequence[tuple[float, float]]
) -> tuple[float, bool]:
    """Where a text goes: beside the whisker where nothing is in its way, else above the end of the bar."""
    span, value = limits[1] - limits[0], part.estimate.value / scale
    low, high = _reach(part, scale, limits)
    outer, room = (high, limits[1] - high) if value > 0 else (low, low - limits[0])
    first, last = (outer, outer + _TEXT_SHARE * span) if value > 0 else (outer - _TEXT_SHARE * span, outer)
    is_crossed = any(first < other_high and other_low < last for other_low, other_high in others)
    is_free = room >= _TEXT_SHARE * span and abs(outer - value) < 0.3 * span and not is_crossed
    return (outer if is_free else value), is_free


def _caption(sensitivity: Sensitivity, metric: Metric) -> str:
    left = sum(one.is_seen for one in sensitivity.moved(metric)) - _MOST_ROWS
    more = f"; {counted(left, 'more parameter')} {'moves' if left == 1 else 'move'} it less" if left > 0 else ""
    level = f"{100 * sensitivity.confidence_each:.4g}% intervals, all together 95%"
    ends = [result.scenario for swing in sensitivity.swings for result in (swing.low, swing.high)]
    luck = luck_note("all", foreign_faults(sensitivity.base.scenario, *ends))
    return f"{caption_of(sensitivity.base)}; {luck}; {level}{more}"


def sensitivity_charts(sensitivity: Sensitivity) -> Iterator[tuple[str, Chart]]:
    """A tornado for each metric, with the name that its file has."""
    for metric in sensitivity.metrics:
        yield f"tornado-{metric.name.replace('_', '-')}", tornado(sensitivity, metric)
