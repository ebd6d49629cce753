"""The chart of failover latency: how long the address was gone, as a distribution, with percentiles and the SLO."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hasim.measure.model import UNRESOLVED
from hasim.report.charts.style import (
    BAD,
    BLACK,
    DARK_GREY,
    WHITE_OUTLINE,
    Chart,
    blank_chart,
    caption_of,
    distinct,
    frame,
    line_style,
    quiet_axes,
    say_nothing_happened,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, log_duration_ticks, set_ticks
from hasim.report.numbers import duration_text
from hasim.study import StudyResult
from hasim.units import SECOND, counted, format_duration

__all__ = ["failover_latency"]

_WIDTH_IN = 9.2
_HEIGHT_IN = 5.0
_FRAME_IN = 1.6
_LEGEND_ROW_IN = 0.2
_NAME_CHARACTERS = 28
_MOST_NAMED = 3
_MARKED = (0.5, 0.95, 0.99)
_WIDE_RANGE = 25.0
"""From this ratio of the longest to the shortest on, the axis is logarithmic."""

_CHARACTER_SHARE, _ROW_SHARE = 0.0108, 0.07
"""How wide a character of a label and how high its row are, as parts of the axes."""

_UNUSUAL_PARTS = 100
"""The shortest hundredth of the failovers does not decide where the axis begins."""


@styled
def failover_latency(*results: StudyResult) -> Chart:
    """The share of failovers that took at most so long (an ECDF), a line per result.

    For one result p50, p95 and p99 are marked, each with its confidence interval, and the SLO's percentiles are drawn.
    """
    lines = [_latencies_s(result) for result in results]
    chart = blank_chart(_WIDTH_IN, max(_HEIGHT_IN, _FRAME_IN + _LEGEND_ROW_IN * len(results)))
    axes = chart.add_subplot()
    if not any(lines):
        say_nothing_happened(axes, "No outage ended with a failover in any replication.")
        frame(chart, "No failover", f"{caption_of(*results)}{_left_out(results)}")
        return chart
    limits_ns = [limit for result in results for limit in result.scenario.slo.failover_percentiles.values()]
    _set_axes(axes, [value for line in lines for value in line], [limit / SECOND for limit in limits_ns])
    labels = distinct([result.scenario.name for result in results], _NAME_CHARACTERS)
    names = [labels[result.scenario.name] for result in results]
    for number, (name, values) in enumerate(zip(names, lines, strict=True)):
        _draw_ecdf(axes, values, number, f"{name} (n={len(values):,})")
    if len(results) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3.2)
        title, marked = _comparison(names, lines), ""
    else:
        title, marked = _finding(results[0], lines[0]), _mark_percentiles(axes, results[0])
    _draw_slo(axes, results)
    count = counted(sum(map(len, lines)), "failover")
    frame(chart, title, f"{caption_of(*results)}; n={count}{_left_out(results)}{marked}")
    return chart


def _latencies_s(result: StudyResult) -> list[float]:
    return sorted(length_ns / SECOND for length_ns in result.failovers.column("duration_ns").tolist())


def _left_out(results: Sequence[StudyResult]) -> str:
    """Outages whose failover was not seen: the longest ones are missing in the distribution."""
    endless = sum(map(_endless, results))
    verb = "is" if endless == 1 else "are"
    return f"; {counted(endless, 'outage')} without end {verb} not in it" if endless else ""


def _endless(result: StudyResult) -> int:
    return len(result.outages.only(resolution=UNRESOLVED))


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
    left, right = axes.get_xlim()
    positions = [min(left, *values_s), *values_s, right] if values_s else [left, right]
    heights = [0.0, *((rank + 1) / len(values_s) for rank in range(len(values_s))), 1.0] if values_s else [0.0, 0.0]
    axes.step(positions, heights, where="post", linewidth=1.8, label=label, zorder=3, **line_style(number))


def _mark_percentiles(axes: Any, result: StudyResult) -> str:
    """A dot on the line and its interval as a bar; returns what the caption says about them."""
    if len(result.failovers) < 2:
        return ""
    estimates = [(share, found) for share in _MARKED if (found := result.failover_percentile(share)) is not None]
    left, right = axes.get_xlim()
    for share, estimate in estimates:
        value, low, high = (number / SECOND for number in (estimate.value, estimate.low, estimate.high))
        low, high = max(low, left), min(high, right)
        axes.plot([low, high], [share, share], color=DARK_GREY, linewidth=3.2, alpha=0.45, zorder=2)
        axes.plot([value], [share], marker="o", markersize=6, color=BLACK, markeredgecolor="white", zorder=4)
        text = f"p{100 * share:g}  {duration_text(estimate.value)}"
        end = high if high < right else value  # a bar that leaves the chart would take its name with it
        is_left = _is_crossed(axes, end, share, text, result)
        axes.annotate(
            text, (low if is_left else end, share), xytext=(-7, 8) if is_left else (7, -8),
            textcoords="offset points", fontsize=9, fontweight="bold", path_effects=WHITE_OUTLINE,
            horizontalalignment="right" if is_left else "left", verticalalignment="center", zorder=3.5,
        )  # fmt: skip
    return f"; grey bars: {estimates[0][1].confidence:.0%} intervals" if estimates else ""


def _is_crossed(axes: Any, begin_s: float, share: float, text: str, result: StudyResult) -> bool:
    """Whether a label that begins there, below and to the right of the distribution, lies on a line of the SLO."""
    begin = _across(axes, begin_s)
    end = begin + (len(text) + 2) * _CHARACTER_SHARE
    return any(
        begin < _across(axes, limit_ns / SECOND) < end and share < wanted + _ROW_SHARE
        for wanted, limit_ns in result.scenario.slo.failover_percentiles.items()
    )


def _across(axes: Any, value_s: float) -> float:
    """Where a latency lies between the left edge of the axes (0) and the right one (1)."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform((value_s, 0.5)))[0])


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
        at_edge = _across(axes, limit_s) < _ROW_SHARE / 2
        axes.annotate(
            text, (limit_s, 0.02), xytext=(4 if at_edge else -3, 0), textcoords="offset points", rotation=90,
            fontsize=8, color=DARK_GREY, path_effects=WHITE_OUTLINE, verticalalignment="bottom",
            horizontalalignment="left" if at_edge else "right", zorder=3.5,
        )  # fmt: skip


def _comparison(names: Sequence[str], lines: Sequence[Sequence[float]]) -> str:
    """The medians; of many variants, the least ones."""
    medians = [(values[(len(values) - 1) // 2], name) for name, values in zip(names, lines, strict=True) if values]
    more = len(medians) - _MOST_NAMED
    if more > 0:
        medians = sorted(medians, key=lambda median: median[0])[:_MOST_NAMED]
    text = ", ".join(f"{name} {duration_text(median_s * SECOND)}" for median_s, name in medians)
    return f"Half of the failovers take at most: {text}{f', and {more} more no less' if more > 0 else ''}"


def _finding(result: StudyResult, values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"The only failover took {duration_text(values[0] * SECOND)}"
    estimates = [(share, result.failover_percentile(share)) for share in reversed(_MARKED)]
    bounded = [(share, found) for share, found in estimates if found is not None and not math.isinf(found.high)]
    if not bounded:
        return f"{len(values)} failovers took from {duration_text(values[0] * SECOND)} to {_longest(values)}"
    share, most = bounded[0]
    median = result.failover_percentile(0.5)
    if median is None or share == 0.5:
        ended = " that ended" if _endless(result) else ""
        half = duration_text(most.value)
        return f"Half of the failovers take at most {half}; the longest{ended} took {_longest(values)}"
    half, high = duration_text(median.value), duration_text(most.value)
    return f"Half of the failovers take at most {half}, {share:.0%} at most {high}"


def _longest(values_s: Sequence[float]) -> str:
    return duration_text(values_s[-1] * SECOND)
