"""The chart of a drill: for each kind of outage its measured latency over the simulated one, and every phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hasim.drill.comparison import EpisodeResult, Group, PhaseVerdict
from hasim.drill.machine import TOTAL
from hasim.report.charts.style import (
    BAD,
    BLACK,
    BLUE,
    DARK_GREY,
    LIGHT_GREY,
    MID_GREY,
    SKY,
    Chart,
    blank_chart,
    capitalised,
    frame,
    quiet_axes,
    say_nothing_happened,
    shorten,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, set_ticks
from hasim.report.numbers import duration_text
from hasim.units import SECOND, counted

if TYPE_CHECKING:
    from hasim.drill import DrillResult

__all__ = ["measured_over_simulated"]

_WIDTH_IN = 11.0
_GROUP_IN = 2.9
_FRAME_IN = 1.3
_MOST_GROUPS = 8
_ROOM = 1.08
_BOX = (0.05, 0.95)
_JITTER = 0.22


@styled
def measured_over_simulated(result: DrillResult) -> Chart:
    """Two panels per kind of outage: the share that took at most so long (simulated line, measured steps and dots), and
    the range of every phase with each measured one as a dot on it."""
    both = [(episode, group) for episode in result.episodes for group in episode.groups]
    groups = [(episode, group) for episode, group in both if group.measured and group.simulated][:_MOST_GROUPS]
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _GROUP_IN * max(len(groups), 1))
    if not groups:
        say_nothing_happened(chart.add_subplot(), "No outage was measured.")
        frame(chart, "No outage to compare", _caption(result))
        return chart
    rows = chart.subplots(len(groups), 2, squeeze=False, width_ratios=(5, 6))
    for (left, right), (episode, group) in zip(rows, groups, strict=True):
        _draw_shares(left, episode, group)
        _draw_phases(right, group)
    rows[0][0].legend(loc="lower right")
    frame(chart, _finding(result), _caption(result))
    return chart


def _draw_shares(axes: Any, episode: EpisodeResult, group: Group) -> None:
    total = next(verdict for verdict in group.verdicts if verdict.phase == TOTAL)
    simulated, measured = _seconds(total.simulated_ns), _seconds(total.measured_ns)
    longest = max(simulated[-1], measured[-1]) * _ROOM
    _draw_steps(axes, simulated, longest, color=BLUE, linewidth=1.8, label=f"simulated (n={len(simulated):,})")
    _draw_steps(
        axes,
        measured,
        longest,
        color=BLACK,
        linewidth=1.2,
        linestyle=(0, (4, 1.5)),
        label=f"drilled (n={len(measured)})",
    )
    axes.plot(measured, _shares(measured), linestyle="none", marker="o", markersize=5, color=BLACK, zorder=4)
    axes.set_xlim(0, longest)
    axes.set_ylim(0, 1.04)
    set_ticks(axes.xaxis, duration_ticks(longest))
    set_ticks(axes.yaxis, [(part / 4, f"{25 * part}%") for part in range(5)])
    axes.set_title(f"{shorten(episode.episode.name, 40)}: {group.title}", loc="left", fontweight="bold")
    axes.set_xlabel("time without service")
    quiet_axes(axes, grid="both")


def _draw_steps(axes: Any, values: Sequence[float], longest: float, **style: Any) -> None:
    axes.step([0, *values, longest], [0, *_shares(values), 1], where="post", **style)


def _draw_phases(axes: Any, group: Group) -> None:
    """A row per phase: the whole simulated range thin, its middle nine tenths thick, the measured ones as dots."""
    shown = [verdict for verdict in group.verdicts if verdict.matters and verdict.phase != TOTAL]
    for row, verdict in enumerate(shown):
        _draw_phase(axes, row, verdict)
    longest = max((max(verdict.simulated_ns[-1], verdict.measured_ns[-1]) for verdict in shown), default=1) / SECOND
    axes.set_xlim(0, longest * _ROOM)
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    set_ticks(axes.xaxis, duration_ticks(longest * _ROOM))
    set_ticks(axes.yaxis, [(row, verdict.phase) for row, verdict in enumerate(shown)])
    axes.set_xlabel("bar: simulated (thick: 90% of them); dots: drilled")
    quiet_axes(axes, grid="x")


def _draw_phase(axes: Any, row: int, verdict: PhaseVerdict) -> None:
    simulated = _seconds(verdict.simulated_ns)
    low, high = (simulated[round(share * (len(simulated) - 1))] for share in _BOX)
    axes.plot([simulated[0], simulated[-1]], [row, row], color=MID_GREY, linewidth=1.6, zorder=1)
    axes.barh(row, high - low, left=low, height=0.5, color=SKY, edgecolor=LIGHT_GREY, zorder=2)
    left = list(verdict.outside_ns)
    for index, measured_ns in enumerate(verdict.measured_ns):
        height = row + _JITTER * ((index % 3) - 1)
        is_outside = measured_ns in left
        if is_outside:
            left.remove(measured_ns)
        marker, color = ("X", BAD) if is_outside else ("o", BLACK)
        axes.plot([measured_ns / SECOND], [height], marker=marker, markersize=4.5, color=color, zorder=3)
    if verdict.outside:
        text = f"{len(verdict.outside)} outside"
        where = {"transform": axes.get_yaxis_transform(), "horizontalalignment": "right"}
        axes.text(1.0, row - 0.36, text, fontsize=8, color=DARK_GREY, **where)


def _seconds(times_ns: Sequence[int]) -> list[float]:
    return [time_ns / SECOND for time_ns in times_ns]


def _shares(values: Sequence[float]) -> list[float]:
    return [(rank + 1) / len(values) for rank in range(len(values))]


def _finding(result: DrillResult) -> str:
    groups = [group for episode in result.episodes for group in episode.groups if group.measured]
    outages = sum(len(group.measured) for group in groups)
    many = f"{outages} drilled outages" if outages != 1 else "the only drilled outage"
    if result.inside:
        return capitalised(f"{many}: every phase within the simulated range")
    outside = sum(len(verdict.outside) > 0 for group in groups for verdict in group.verdicts)
    unknown = sum(not group.simulated for group in groups)
    parts = [f"{outside} phases outside the simulated range"] if outside else []
    parts += [f"{unknown} kinds of outage that the simulation does not have"] if unknown else []
    return capitalised(f"{many}: {', '.join(parts)}")


def _caption(result: DrillResult) -> str:
    overhead_ns = max(
        (repetition.times.overhead_ns(TOTAL) for episode in result.episodes for repetition in episode.repetitions),
        default=0,
    )
    return (
        f"{result.scenario.name}: real keepalived, {counted(result.options.times, 'repetition')} of each fault; the "
        f"simulation has this machine's start-up times; measuring costs up to {duration_text(overhead_ns)}"
    )
