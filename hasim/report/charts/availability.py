"""The chart of availability per replication: how much one run differs from the next, on a scale of nines."""

from __future__ import annotations

from typing import Any

from hasim.report.charts.style import (
    BAD,
    BLUE,
    DARK_GREY,
    LABEL_BOX,
    LIGHT_GREY,
    SKY,
    Chart,
    blank_chart,
    caption_of,
    frame,
    quiet_axes,
    say_nothing_happened,
    styled,
)
from hasim.report.charts.ticks import set_ticks, unavailability_ticks
from hasim.report.numbers import percentage_without
from hasim.study import StudyResult
from hasim.study.summary import shares_of
from hasim.units import format_duration

__all__ = ["availability_per_replication"]

_WIDTH_IN = 9.2
_HEIGHT_IN = 5.2
_DOTS_UP_TO = 400
_PERFECT_BAND = 0.35
"""Height, in powers of ten, of the band that stands for replications without any downtime."""


@styled
def availability_per_replication(result: StudyResult) -> Chart:
    """Every replication's availability, the best first, with the mean, its confidence interval and the SLO.

    The scale is the logarithm of the unavailability, upside down; replications without downtime, which have no
    logarithm, stand in a band of their own on top.
    """
    chart = blank_chart(_WIDTH_IN, _HEIGHT_IN)
    axes = chart.add_subplot()
    lost = sorted(shares_of(result.outcomes, "downtime_ns"))
    if not lost:
        say_nothing_happened(axes, "No replication has finished.")
        frame(chart, "Nothing to show", caption_of(result))
        return chart
    lowest, highest = _limits(result, lost)
    top = lowest / 10**_PERFECT_BAND
    axes.set_yscale("log")
    axes.set_ylim(highest, top / 10 ** (_PERFECT_BAND / 2))
    axes.set_xlim(0, 100)
    _draw_interval(axes, result)
    _draw_replications(axes, lost, top)
    _draw_slo(axes, result)
    _label_axes(axes, result, lowest, highest, top)
    frame(chart, _finding(result, lost), caption_of(result))
    return chart


def _limits(result: StudyResult, lost: list[float]) -> tuple[float, float]:
    """The smallest and the largest unavailability that must be seen."""
    estimate, slo = result.availability, result.scenario.slo.availability
    seen = [value for value in lost if value > 0]
    seen += [1 - value for value in (estimate.value, estimate.high, estimate.low) if value < 1]
    seen += [1 - slo] if slo is not None and slo < 1 else []
    if not seen:
        return 1e-6, 1e-3
    return min(seen) / 1.6, min(max(seen) * 2.5, 1.0)


def _draw_replications(axes: Any, lost: list[float], top: float) -> None:
    count = len(lost)
    ranks = [100 * (index + 0.5) / count for index in range(count)]
    heights = [value if value > 0 else top for value in lost]
    if count <= _DOTS_UP_TO:
        size = 6 if count <= 60 else 3.5
        axes.plot(ranks, heights, linestyle="none", marker="o", markersize=size, color=BLUE, label="one replication")
    else:
        axes.step(ranks, heights, where="mid", color=BLUE, linewidth=2, label="the replications")


def _draw_interval(axes: Any, result: StudyResult) -> None:
    estimate = result.availability
    bottom, ceiling = axes.get_ylim()
    low, high = max(1 - estimate.high, ceiling), min(1 - estimate.low, bottom)
    look = {"facecolor": SKY, "alpha": 0.35, "hatch": "....", "edgecolor": "white", "linewidth": 0}
    axes.axhspan(low, high, label=f"{estimate.confidence:.0%} interval of the mean", zorder=0, **look)
    if estimate.value < 1:
        axes.axhline(
            1 - estimate.value, color=DARK_GREY, linewidth=1.6, linestyle=(0, (7, 2, 1.5, 2)), label="mean", zorder=1
        )


def _draw_slo(axes: Any, result: StudyResult) -> None:
    slo = result.scenario.slo.availability
    if slo is None or slo >= 1:
        return
    axes.axhline(1 - slo, color=BAD, linewidth=1.6, linestyle=(0, (4, 2)), zorder=2)
    axes.annotate(
        f"SLO {percentage_without(1 - slo)}", (100, 1 - slo), xytext=(-4, 4), textcoords="offset points",
        horizontalalignment="right", verticalalignment="bottom", fontsize=9, color=BAD, bbox=LABEL_BOX,
    )  # fmt: skip


def _label_axes(axes: Any, result: StudyResult, lowest: float, highest: float, top: float) -> None:
    ticks = unavailability_ticks(lowest, highest)
    set_ticks(axes.yaxis, [(top, "100%"), *ticks])
    axes.axhline(top * 10 ** (_PERFECT_BAND / 2), color=LIGHT_GREY, linewidth=1, zorder=0)
    axes.set_ylabel("availability of a replication")
    axes.set_xlabel("replications, the best first")
    set_ticks(axes.xaxis, [(value, f"{value}%") for value in (0, 25, 50, 75, 100)])
    horizon_ns = result.scenario.horizon_ns
    right = axes.secondary_yaxis("right")
    lengths = [(value, format_duration(round(value * horizon_ns), 1)) for value, _ in ticks]
    set_ticks(right.yaxis, [(top, "none"), *lengths])
    right.set_ylabel(f"time without service in {format_duration(horizon_ns)}")
    right.spines["right"].set_visible(False)
    quiet_axes(axes, grid="y")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)


def _finding(result: StudyResult, lost: list[float]) -> str:
    estimate = result.availability
    perfect = sum(value <= 0 for value in lost)
    mean, worst, best = (percentage_without(value, 3) for value in (1 - estimate.value, lost[-1], lost[0]))
    if perfect == len(lost):
        at_least = percentage_without(1 - estimate.low)
        return (
            f"No downtime in any replication: at least {at_least} available, with {estimate.confidence:.0%} confidence"
        )
    if len(lost) == 1:
        return f"Available {mean} in the one replication"
    if perfect:
        return f"Available {mean} on average; {perfect / len(lost):.0%} of the replications had no outage at all"
    return f"Available {mean} on average, from {worst} to {best}"
