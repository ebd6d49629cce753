"""The chart of the downtime of one run: how likely more than so much is, from runs put together from episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hasim.report.charts.style import (
    BAD,
    BLACK,
    BLUE,
    LABEL_BOX,
    SKY,
    Chart,
    blank_chart,
    caption_of_episodes,
    frame,
    quiet_axes,
    say_nothing_happened,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, log_duration_ticks, set_ticks
from hasim.report.numbers import duration_text, percentage_without, share_text
from hasim.study.episodes import EpisodesResult
from hasim.study.episodes.horizons import Horizons
from hasim.units import SECOND, format_duration

__all__ = ["downtime_of_a_run"]

_WIDTH_IN, _HEIGHT_IN = 9.2, 5.2
_POINTS = 40
_LEAST_RUNS = 20
"""The curve ends where fewer of the runs have more downtime."""

_WIDE_RANGE = 25.0
"""From this ratio of the longest to the shortest on, the axis is logarithmic."""

_ROOM_FOR_WORDS = 0.8
"""Beyond this part of the axis words have no room on the right of a line."""

_MARKED = (0.5, 0.9, 0.99)
_SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 1e-3, 1e-4)


@styled
def downtime_of_a_run(result: EpisodesResult) -> Chart:
    """The share of runs of the scenario's horizon with more downtime than that, with its interval and the SLO."""
    chart = blank_chart(_WIDTH_IN, _HEIGHT_IN)
    axes = chart.add_subplot()
    found, horizon = result.horizons, format_duration(result.scenario.horizon_ns)
    caption = caption_of_episodes(result)
    if found is None or not found.downtime_ns[-1]:
        words = f"No run of {horizon} put together from the episodes has any downtime."
        if found is None:
            words = "A time to failure has a memory, or a run has too many episodes to put it together from them."
        say_nothing_happened(axes, words)
        frame(chart, "Nothing to show", caption)
        return chart
    least = _LEAST_RUNS / found.runs
    allowed_ns = _allowed_ns(result)
    shortest_s, longest_s = _set_axes(axes, found, least, allowed_ns)
    limits_s = _limits_s(shortest_s, longest_s, logarithmic=axes.get_xscale() == "log")
    _draw_interval(axes, found, limits_s, least)
    _draw_curve(axes, found, least)
    _mark_percentiles(axes, found)
    _draw_slo(axes, result, allowed_ns)
    axes.set_ylabel("runs with more downtime than that")
    axes.set_xlabel(f"downtime of a run of {horizon}")
    quiet_axes(axes, grid="both")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    frame(chart, _finding(result, found, horizon), f"{caption}; {found.runs:,} runs put together from them")
    return chart


def _allowed_ns(result: EpisodesResult) -> float | None:
    """The downtime of a run that the SLO allows; None if it does not say, or none."""
    wanted = result.scenario.slo.availability
    return None if wanted is None or wanted >= 1 else (1.0 - wanted) * result.scenario.horizon_ns


def _set_axes(axes: Any, found: Horizons, least: float, allowed_ns: float | None) -> tuple[float, float]:
    """Limits, scales and ticks; returns the shortest and the longest downtime (s) that the axis shows."""
    seen = [downtime_ns for downtime_ns in found.downtime_ns if downtime_ns]
    shortest_s, longest_s = seen[len(seen) // 50] / SECOND, float(found.quantile(1.0 - least)) / SECOND
    if allowed_ns is not None:
        longest_s = max(longest_s, 1.1 * allowed_ns / SECOND)
        shortest_s = max(min(shortest_s, allowed_ns / SECOND / 1.1), shortest_s / _WIDE_RANGE)
    longest_s = max(longest_s, 1.05 * shortest_s)
    if longest_s > _WIDE_RANGE * shortest_s:
        axes.set_xscale("log")
        axes.set_xlim(shortest_s, longest_s)
        set_ticks(axes.xaxis, log_duration_ticks(shortest_s, longest_s))
    else:
        shortest_s = 0.0
        axes.set_xlim(0.0, longest_s)
        set_ticks(axes.xaxis, duration_ticks(longest_s))
    axes.set_yscale("log")
    axes.set_ylim(least, 1.15)
    set_ticks(axes.yaxis, [(share, share_text(share)) for share in _SHARES if share >= least])
    return shortest_s, longest_s


def _limits_s(shortest_s: float, longest_s: float, *, logarithmic: bool) -> list[float]:
    spaced = np.geomspace if logarithmic else np.linspace
    limits_s: list[float] = spaced(shortest_s, longest_s, _POINTS).tolist()
    return limits_s


def _draw_interval(axes: Any, found: Horizons, limits_s: Sequence[float], least: float) -> None:
    chances = [found.chance_above(limit_s * SECOND) for limit_s in limits_s]
    axes.fill_between(
        limits_s,
        [max(chance.low, least / 10) for chance in chances],
        [chance.high for chance in chances],
        facecolor=SKY, alpha=0.35, hatch="....", edgecolor="white", linewidth=0,
        label=f"{chances[0].confidence:.0%} interval, with what so few episodes may not have shown",
    )  # fmt: skip


def _draw_curve(axes: Any, found: Horizons, least: float) -> None:
    shares = np.geomspace(1.0, least, 400)
    downtime_s = [found.quantile(1.0 - share) / SECOND for share in shares]
    axes.plot(downtime_s, shares, color=BLUE, linewidth=2, label="the runs")


def _mark_percentiles(axes: Any, found: Horizons) -> None:
    left, right = axes.get_xlim()
    for share in _MARKED:
        at_s = found.quantile(share) / SECOND
        if not left < at_s < right:
            continue
        axes.plot(at_s, 1.0 - share, marker="o", markersize=6, color=BLACK)
        axes.annotate(
            f"p{100 * share:.0f} {duration_text(at_s * SECOND)}", (at_s, 1.0 - share), xytext=(-8, -4),
            textcoords="offset points", horizontalalignment="right", verticalalignment="top", fontsize=9,
            bbox=LABEL_BOX,
        )  # fmt: skip


def _draw_slo(axes: Any, result: EpisodesResult, allowed_ns: float | None) -> None:
    if allowed_ns is None:
        return
    words = f"SLO {percentage_without(allowed_ns / result.scenario.horizon_ns)}"
    at_s, left_s = allowed_ns / SECOND, axes.get_xlim()[0]
    if at_s < left_s:
        at_s, words = left_s, f"{words}, further left: {duration_text(allowed_ns)}"
    else:
        axes.axvline(at_s, color=BAD, linewidth=1.6, linestyle=(0, (4, 2)))
    place = axes.transAxes.inverted().transform(axes.transData.transform((at_s, 1.0)))[0]
    side, shift = ("left", 4) if place < _ROOM_FOR_WORDS else ("right", -4)
    axes.annotate(
        words, (at_s, 1.0), xycoords=("data", "axes fraction"), xytext=(shift, -6),
        textcoords="offset points", horizontalalignment=side, verticalalignment="top", fontsize=9, color=BAD,
        bbox=LABEL_BOX,
    )  # fmt: skip


def _finding(result: EpisodesResult, found: Horizons, horizon: str) -> str:
    missing, wanted = result.chance_of_missing_availability, result.scenario.slo.availability
    median, far = (duration_text(found.percentile(share).value) for share in (0.5, 0.99))
    if missing is None or wanted is None:
        return f"Half of the runs of {horizon} have more downtime than {median}, one in a hundred more than {far}"
    interval = f"{share_text(missing.low)} to {share_text(missing.high)}"
    return f"{share_text(missing.value)} of the runs of {horizon} miss {percentage_without(1.0 - wanted)} ({interval})"
