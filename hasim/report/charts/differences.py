"""The charts of a comparison: how much each variant differs from the baseline, and all of them side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, isinf
from typing import Any

from hasim.report.charts.latency import failover_latency
from hasim.report.charts.phases import phases_stacked
from hasim.report.charts.style import (
    BLACK,
    BLUE,
    DARK_GREY,
    LABEL_BOX,
    MID_GREY,
    VERMILLION,
    Chart,
    blank_chart,
    capitalised,
    caption_of,
    distinct,
    frame,
    quiet_axes,
    set_rows,
    styled,
)
from hasim.report.charts.ticks import number_ticks, set_ticks, signed_duration_ticks
from hasim.report.comparison import luck_note
from hasim.report.numbers import signed_text
from hasim.study.compare import Comparison, Difference, Metric
from hasim.units import SECOND

__all__ = ["CHART_NAMES", "DIFFERENCE_STYLES", "comparison_charts", "finding", "paired_differences", "value_scale"]

CHART_NAMES = ("differences", "phases", "failover-latency")
"""The files that :func:`comparison_charts` gives, without their suffix."""

_WIDTH_IN = 10.5
_COLUMNS = 2
_ROW_IN = 0.42
_PANEL_IN = 1.15
_FRAME_IN = 1.2
_NAME_CHARACTERS = 26

DIFFERENCE_STYLES: dict[int, tuple[str, dict[str, Any]]] = {
    -1: ("less: better", {"color": BLUE, "marker": "o", "markerfacecolor": BLUE}),
    0: ("undecided", {"color": MID_GREY, "marker": "o", "markerfacecolor": "white"}),
    1: ("more: worse", {"color": VERMILLION, "marker": "D", "markerfacecolor": VERMILLION}),
}
"""What a decided or undecided difference looks like, by its sign."""


def value_scale(unit: str) -> float:
    """What a number is divided by before it is drawn: durations are drawn in seconds."""
    return float(SECOND) if unit == "ns" else 1.0


@styled
def paired_differences(comparison: Comparison) -> Chart:
    """For each metric, what each variant has more or less than the baseline, with its interval."""
    others = comparison.names[1:]
    columns = min(_COLUMNS, len(comparison.metrics))
    lines = ceil(len(comparison.metrics) / columns)
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + lines * (_PANEL_IN + _ROW_IN * max(len(others), 2)))
    panels = chart.subplots(lines, columns, squeeze=False, sharey=True).flatten()
    labels = distinct(others, _NAME_CHARACTERS)
    drawn: set[int] = set()
    for axes, metric in zip(panels, comparison.metrics, strict=False):
        found = {name: comparison.difference(metric, name) for name in others}
        drawn |= {difference.sign for difference in found.values() if difference is not None}
        _draw_metric(axes, metric, list(found.values()), comparison.names[0])
        axes.set_yticks(range(len(others)), [labels[name] for name in others])
        set_rows(axes, len(others))
        axes.tick_params(axis="y", length=0, labelcolor=BLACK)
    for axes in panels[len(comparison.metrics) :]:
        axes.set_axis_off()
    _legend(chart, drawn)
    frame(chart, finding(comparison), _caption(comparison), share=0.6)
    return chart


def _draw_metric(axes: Any, metric: Metric, differences: Sequence[Difference | None], baseline: str) -> None:
    scale = value_scale(metric.unit)
    left, right = _limits([difference for difference in differences if difference is not None], scale)
    axes.axvline(0, color=DARK_GREY, linewidth=1.2, zorder=1)
    for row, difference in enumerate(differences):
        if difference is None:
            axes.annotate("none to compare", (0, row), xytext=(4, 0), textcoords="offset points", fontsize=9,
                          color=DARK_GREY, verticalalignment="center", bbox=LABEL_BOX)  # fmt: skip
            continue
        _draw_difference(axes, row, difference, metric.unit, (left, right))
    axes.set_xlim(left, right)
    ticks = signed_duration_ticks(left, right) if metric.unit == "ns" else number_ticks(left, right)
    set_ticks(axes.xaxis, ticks)
    axes.set_title(f"{metric.label}, against {_short(baseline)}", loc="left", fontsize=9.5)
    quiet_axes(axes, grid="x")


def _draw_difference(axes: Any, row: int, difference: Difference, unit: str, limits: tuple[float, float]) -> None:
    _, look = DIFFERENCE_STYLES[difference.sign]
    scale, estimate = value_scale(unit), difference.estimate
    low, high = max(estimate.low / scale, limits[0]), min(estimate.high / scale, limits[1])
    axes.plot([low, high], [row, row], color=look["color"], linewidth=2.2, solid_capstyle="butt", zorder=2)
    for end, bound in ((low, estimate.low), (high, estimate.high)):
        if end == bound / scale:
            axes.plot([end], [row], marker="|", markersize=9, color=look["color"], zorder=2)
    axes.plot([estimate.value / scale], [row], markersize=7, linestyle="none", zorder=3, **look)
    axes.annotate(
        signed_text(estimate.value, unit), (estimate.value / scale, row), xytext=(0, 8), textcoords="offset points",
        fontsize=8.5, horizontalalignment="center", verticalalignment="bottom", bbox=LABEL_BOX, zorder=4,
    )  # fmt: skip


def _limits(differences: Sequence[Difference], scale: float) -> tuple[float, float]:
    """Room for zero, for every difference, for the bounds of those that the pairing measured, and for the labels.

    Where few replications differ the bounds may be far wider than all the others: then they run off the edge.
    """
    measured = [difference for difference in differences if difference.gain is not None] or differences
    ends = [0.0, *(difference.estimate.value / scale for difference in differences)]
    for difference in measured:
        bounds = difference.estimate.low, difference.estimate.high
        ends += [end / scale for end in bounds if not isinf(end)]
    low, high = min(ends), max(ends)
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def _short(name: str) -> str:
    return distinct([name], _NAME_CHARACTERS)[name]


def _legend(chart: Chart, drawn: set[int]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linewidth=2.2, markersize=7, label=label, **look)
        for sign, (label, look) in DIFFERENCE_STYLES.items()
        if sign in drawn
    ]
    if handles:
        chart.legend(handles=handles, loc="outside upper right", ncols=len(handles))


def finding(comparison: Comparison) -> str:
    """Who wins in the first metric."""
    metric = comparison.metrics[0]
    winner = comparison.winner(metric)
    label = capitalised(metric.label)
    if winner.decided and winner.leader is not None:
        return f"{label}: {_short(winner.leader)} has least, with {100 * winner.confidence:.4g}% confidence"
    better = [name for name in comparison.names[1:] if _sign(comparison, metric, name) < 0]
    if better:
        words = " and ".join(map(_short, better)) if len(better) < 4 else f"{len(better)} variants"
        least = ", which of them has least is undecided" if len(better) > 1 else ""
        return f"{label}: {words} better than {_short(comparison.names[0])}{least}"
    return f"{label}: undecided, no variant is certainly better than {_short(comparison.names[0])}"


def _sign(comparison: Comparison, metric: Metric, name: str) -> int:
    difference = comparison.difference(metric, name)
    return 0 if difference is None else difference.sign


def _caption(comparison: Comparison) -> str:
    source = caption_of(comparison.results[0])
    luck = luck_note("all variants", comparison.foreign_faults)
    return f"{source}; {luck}; {100 * comparison.confidence_each:.4g}% intervals"


def comparison_charts(comparison: Comparison) -> Iterator[tuple[str, Chart]]:
    """Every chart, with the name that its file has."""
    named = comparison.named_results()
    yield CHART_NAMES[0], paired_differences(comparison)
    yield CHART_NAMES[1], phases_stacked(*named)
    yield CHART_NAMES[2], failover_latency(*named)
