"""The chart of failover latency: how long the address was gone, as a distribution, with percentiles and the SLO."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hasim.measure.model import FAILOVER
from hasim.report.charts.style import (
    BAD,
    BLACK,
    DARK_GREY,
    LABEL_BOX,
    LINE_STYLES,
    Chart,
    blank_chart,
    caption_of,
    frame,
    quiet_axes,
    say_nothing_happened,
    shorten,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, log_duration_ticks, set_ticks
from hasim.report.numbers import duration_text
from hasim.study import StudyResult
from hasim.units import SECOND, counted, format_duration

__all__ = ["failover_latency"]

_WIDTH_IN = 9.2
_HEIGHT_IN = 5.0
_MARKED = (0.5, 0.95, 0.99)
_WIDE_RANGE = 25.0
"""From this ratio of the longest to the shortest on, the axis is logarithmic."""

_UNUSUAL_PARTS = 100
"""The shortest hundredth of the failovers does not decide where the axis begins."""


@styled
def failover_latency(*results: StudyResult) -> Chart:
    """The share of failovers that took at most so long (an ECDF), a line per result.

    For one result p50, p95 and p99 are marked, each with its confidence interval, and the SLO's percentiles are drawn.
    """
    lines = [_latencies_s(result) for result in results]
    chart = blank_chart(_WIDTH_IN, _HEIGHT_IN)
    axes = chart.add_subplot()
    if not any(lines):
        say_nothing_happened(axes, "No outage ended with a failover in any replication.")
        frame(chart, "No failover", caption_of(*results))
        return chart
    limits_ns = [limit for result in results for limit in result.scenario.slo.failover_percentiles.values()]
    _set_axes(axes, [value for line in lines for value in line], [limit / SECOND for limit in limits_ns])
    for number, (result, values) in enumerate(zip(results, lines, strict=True)):
        _draw_ecdf(axes, values, number, f"{shorten(result.scenario.name)} (n={len(values):,})")
    if len(results) == 1:
        _mark_percentiles(axes, results[0])
    else:
        axes.legend(loc="lower right")
    _draw_slo(axes, results)
    frame(chart, _finding(results, lines), f"{caption_of(*results)}; n={counted(sum(map(len, lines)), 'failover')}")
    return chart


def _latencies_s(result: StudyResult) -> list[float]:
    return sorted(
        outage.duration_ns / SECOND
        for outcome in result.outcomes
        for outage in outcome.outages
        if outage.resolution == FAILOVER
    )


def _set_axes(axes: Any, values_s: Sequence[float], wanted_s: Sequence[float]) -> None:
    ordered = sorted(values_s)
    usual = ordered[len(ordered) // _UNUSUAL_PARTS]
    shortest, longest = min([usual, *wanted_s]), max([*ordered, *wanted_s])
    if shortest > 0 and longest / shortest > _WIDE_RANGE:
        axes.set_xscale("log")
        axes.set_xlim(shortest / 1.6, longest * 1.6)
        set_ticks(axes.xaxis, log_duration_ticks(shortest / 1.6, longest * 1.6))
    else:
        longest = longest or 1.0
        axes.set_xlim(0, longest * 1.22)
        set_ticks(axes.xaxis, duration_ticks(longest * 1.22))
    axes.set_ylim(0, 1.03)
    set_ticks(axes.yaxis, [(part / 5, f"{20 * part}%") for part in range(6)])
    axes.set_xlabel("time without service, from losing it until the other instance serves")
    axes.set_ylabel("failovers that took at most so long")
    quiet_axes(axes, grid="both")


def _draw_ecdf(axes: Any, values_s: Sequence[float], number: int, label: str) -> None:
    color, dashes = LINE_STYLES[number % len(LINE_STYLES)]
    left, right = axes.get_xlim()
    positions = [min(left, *values_s), *values_s, right] if values_s else [left, right]
    heights = [0.0, *((rank + 1) / len(values_s) for rank in range(len(values_s))), 1.0] if values_s else [0.0, 0.0]
    axes.step(positions, heights, where="post", color=color, linestyle=dashes, linewidth=1.8, label=label, zorder=3)


def _mark_percentiles(axes: Any, result: StudyResult) -> None:
    """A dot on the line and its interval as a bar; labels to the right, where an ECDF leaves room."""
    if len(result.failovers) < 2:
        return
    for share in _MARKED:
        estimate = result.failover_percentile(share)
        if estimate is None:
            continue
        value, low, high = (number / SECOND for number in (estimate.value, estimate.low, estimate.high))
        right = axes.get_xlim()[1]
        axes.plot([low, min(high, right)], [share, share], color=DARK_GREY, linewidth=3.2, alpha=0.45, zorder=2)
        axes.plot([value], [share], marker="o", markersize=6, color=BLACK, markeredgecolor="white", zorder=4)
        text = f"p{100 * share:g}  {duration_text(estimate.value)}"
        axes.annotate(
            text, (min(high, right), share), xytext=(7, -8), textcoords="offset points", fontsize=9, fontweight="bold",
            verticalalignment="center", bbox=LABEL_BOX, zorder=5,
        )  # fmt: skip


def _draw_slo(axes: Any, results: Sequence[StudyResult]) -> None:
    """A line up to each wanted point: the distribution must pass above and to the left of its end."""
    words = {True: ", met", False: ", NOT MET", None: ", undecided"}
    verdicts = {verdict.name: words[verdict.met] for verdict in results[0].verdicts} if len(results) == 1 else {}
    drawn = {item for result in results for item in result.scenario.slo.failover_percentiles.items()}
    for share, limit_ns in sorted(drawn):
        limit_s = limit_ns / SECOND
        name = f"p{100 * share:.10g}"
        text = f"SLO: {name} ≤ {format_duration(limit_ns)}{verdicts.get(f'failover {name}', '')}"
        axes.plot([limit_s, limit_s], [0, share], color=BAD, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
        axes.plot([limit_s], [share], marker="v", markersize=7, color=BAD, markeredgecolor="white", zorder=4)
        axes.annotate(
            text, (limit_s, 0.02), xytext=(-3, 0), textcoords="offset points", rotation=90, fontsize=8,
            color=DARK_GREY, horizontalalignment="right", verticalalignment="bottom",
        )  # fmt: skip


def _finding(results: Sequence[StudyResult], lines: Sequence[Sequence[float]]) -> str:
    if len(results) > 1:
        medians = [
            f"{shorten(result.scenario.name, 30)} {duration_text(values[(len(values) - 1) // 2] * SECOND)}"
            for result, values in zip(results, lines, strict=True)
            if values
        ]
        return f"Half of the failovers take at most: {', '.join(medians)}"
    values = lines[0]
    if len(values) == 1:
        return f"The only failover took {duration_text(values[0] * SECOND)}"
    estimates = [(share, result.failover_percentile(share)) for result in results for share in reversed(_MARKED)]
    bounded = [(share, found) for share, found in estimates if found is not None and not math.isinf(found.high)]
    if not bounded:
        return f"{len(values)} failovers took from {duration_text(values[0] * SECOND)} to {_longest(values)}"
    share, most = bounded[0]
    median = results[0].failover_percentile(0.5)
    if median is None or share == 0.5:
        return f"Half of the failovers take at most {duration_text(most.value)}; the longest took {_longest(values)}"
    half, high = duration_text(median.value), duration_text(most.value)
    return f"Half of the failovers take at most {half}, {share:.0%} at most {high}"


def _longest(values_s: Sequence[float]) -> str:
    return duration_text(values_s[-1] * SECOND)
