"""The chart of a trade-off: how fast failovers are against how often there are false ones, or against the downtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf
from typing import Any

from hasim.report.advice import answer_text
from hasim.report.charts.differences import value_scale
from hasim.report.charts.labels import placed
from hasim.report.charts.style import (
    BLACK,
    BLUE,
    DARK_GREY,
    LIGHT_GREY,
    MID_GREY,
    VERMILLION,
    WHITE_OUTLINE,
    Chart,
    blank_chart,
    capitalised,
    distinct,
    frame,
    quiet_axes,
    say_nothing_happened,
    shorten,
    styled,
)
from hasim.report.charts.ticks import number_ticks, set_ticks, signed_duration_ticks
from hasim.study.advise import Advice, Judged, Standing
from hasim.study.compare import Metric
from hasim.study.estimators import Estimate
from hasim.units import counted, format_duration

__all__ = ["advice_charts", "pareto"]

_WIDTH_IN = 10.5
_HEIGHT_IN = 6.4
_NAME_CHARACTERS = 44
_MOST_NAMED = 6
_AXES_POINTS = (690.0, 375.0)
"""About as large are the axes, in points (1/72 inch)."""

_CHARACTER, _BOLD_CHARACTER, _LINE = 5.2, 6.0, 11.0
"""About as wide is a character of a name, and as high its line, in points."""

_LOOKS: dict[Standing, tuple[str, dict[str, Any]]] = {
    Standing.MEETS: ("meets the SLO", {"marker": "o", "color": BLUE, "markersize": 8}),
    Standing.IN_DOUBT: ("undecided", {"marker": "s", "color": MID_GREY, "markersize": 7, "markerfacecolor": "white"}),
    Standing.MISSES: ("misses the SLO", {"marker": "X", "color": VERMILLION, "markersize": 8}),
}


@styled
def pareto(advice: Advice) -> Chart:
    """Every candidate by the two traded numbers, with their intervals; a line joins those that none is better than in
    both, and they are named."""
    chart = blank_chart(_WIDTH_IN, _HEIGHT_IN)
    axes = chart.add_subplot()
    across, up = advice.trade_off
    placed = [(one, *pair) for one in advice.judged if (pair := _estimates(one, advice)) is not None]
    if not placed:
        say_nothing_happened(axes, "No failover in any replication.")
        frame(chart, answer_text(advice), _caption(advice))
        return chart
    x_scale, y_scale = value_scale(across.unit), value_scale(up.unit)
    _draw_front(axes, advice, x_scale, y_scale)
    for one, x, y in placed:
        _draw_candidate(axes, one, (x, y), (x_scale, y_scale))
    _set_axis(axes, axes.xaxis, across, [x for _, x, _ in placed])
    _set_axis(axes, axes.yaxis, up, [y for _, _, y in placed])
    _name(axes, advice, {one.candidate.name: (x.value / x_scale, y.value / y_scale) for one, x, y in placed})
    axes.set_xlabel(across.label)
    axes.set_ylabel(up.label)
    quiet_axes(axes, grid="both")
    _legend(axes, advice)
    frame(chart, capitalised(answer_text(advice)), _caption(advice), share=0.93)
    return chart


def _estimates(one: Judged, advice: Advice) -> tuple[Estimate, Estimate] | None:
    x, y = (advice.common_estimate(one, metric) for metric in advice.trade_off)
    return None if x is None or y is None else (x, y)


def _draw_front(axes: Any, advice: Advice, x_scale: float, y_scale: float) -> None:
    pairs = [pair for one in advice.front if (pair := _estimates(one, advice)) is not None]
    corners = sorted((x.value / x_scale, y.value / y_scale) for x, y in pairs)
    if len(corners) > 1:
        axes.step(
            [x for x, _ in corners], [y for _, y in corners], where="post", color=DARK_GREY, linewidth=1.2,
            linestyle=(0, (5, 2)), zorder=1,
        )  # fmt: skip


def _draw_candidate(axes: Any, one: Judged, found: tuple[Estimate, Estimate], scales: tuple[float, float]) -> None:
    (x, y), (x_scale, y_scale) = found, scales
    place = x.value / x_scale, y.value / y_scale
    ends = [x.low / x_scale, (x.value if isinf(x.high) else x.high) / x_scale]
    axes.plot(ends, [place[1]] * 2, color=LIGHT_GREY, linewidth=1.6, zorder=0)
    ends = [y.low / y_scale, (y.value if isinf(y.high) else y.high) / y_scale]
    axes.plot([place[0]] * 2, ends, color=LIGHT_GREY, linewidth=1.6, zorder=0)
    _, look = _LOOKS[one.standing]
    axes.plot([place[0]], [place[1]], linestyle="none", zorder=3, **look)


def _set_axis(axes: Any, axis: Any, metric: Metric, found: Sequence[Estimate]) -> None:
    """From 0, unless all candidates are far from it."""
    scale = value_scale(metric.unit)
    values = [estimate.value / scale for estimate in found]
    highs = [estimate.high / scale for estimate in found if not isinf(estimate.high)]
    lows = [estimate.low / scale for estimate in found]
    low, high = min(lows), max([*highs, *values])
    low = 0.0 if low < 0.5 * high else low - 0.1 * (high - low)
    high = high + 0.12 * (high - low) or 1.0
    low = low - 0.03 * (high - low) if low == 0 else low
    (axes.set_xlim if axis is axes.xaxis else axes.set_ylim)(low, high)
    shown = max(low, 0.0)
    set_ticks(axis, signed_duration_ticks(shown, high) if metric.unit == "ns" else number_ticks(shown, high))


def _name(axes: Any, advice: Advice, spots: dict[str, tuple[float, float]]) -> None:
    """Names of the answer, of the scenario as it is, and of the front."""
    wanted = [advice.judged[0], *([advice.answer] if advice.answer else []), *advice.front]
    names = list(dict.fromkeys(one.candidate.name for one in wanted if one.candidate.name in spots))[:_MOST_NAMED]
    answer = advice.answer.candidate.name if advice.answer else ""
    labels = distinct(names, _NAME_CHARACTERS)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    width, height = _AXES_POINTS

    def at(name: str) -> tuple[float, float]:
        x, y = spots[name]
        return (x - left) / (right - left) * width, (y - bottom) / (top - bottom) * height

    sizes = [(len(labels[name]) * (_BOLD_CHARACTER if name == answer else _CHARACTER), _LINE) for name in names]
    places = placed([at(name) for name in names], sizes, [at(name) for name in spots], _AXES_POINTS)
    for name, place in zip(names, places, strict=True):
        axes.annotate(
            labels[name], spots[name], xytext=(place.end[0] / width, place.end[1] / height),
            textcoords="axes fraction", fontsize=9, fontweight="bold" if name == answer else "normal", color=BLACK,
            horizontalalignment=place.horizontal, verticalalignment=place.vertical,
            path_effects=WHITE_OUTLINE, zorder=4,
            arrowprops={"arrowstyle": "-", "color": MID_GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4},
        )  # fmt: skip


def _legend(axes: Any, advice: Advice) -> None:
    from matplotlib.lines import Line2D

    present = {one.standing for one in advice.judged}
    handles = [
        Line2D([], [], linestyle="none", label=label, **look)
        for standing, (label, look) in _LOOKS.items()
        if standing in present
    ]
    if len(advice.front) > 1:
        handles.append(
            Line2D([], [], color=DARK_GREY, linewidth=1.2, linestyle=(0, (5, 2)), label="the best trade-offs")
        )
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.2)


def _caption(advice: Advice) -> str:
    horizon = format_duration(advice.scenario.horizon_ns)
    return (
        f"{shorten(advice.scenario.name, 50)}: {counted(len(advice.judged), 'candidate')}, the "
        f"{counted(advice.common_replications, 'replication')} of {horizon} that all of them had, seed "
        f"{advice.judged[0].result.seed}; 95% intervals, each by itself"
    )


def advice_charts(advice: Advice) -> Iterator[tuple[str, Chart]]:
    """The trade-off, with the name that its file has."""
    yield "trade-off", pareto(advice)
