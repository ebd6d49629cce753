"""The charts of a study by episodes: what begins the downtime, how many faults it takes, and where a failover goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hasim.measure.model import PHASES
from hasim.report.charts.horizons import downtime_of_a_run
from hasim.report.charts.style import (
    BLACK,
    BLUE,
    DARK_GREY,
    LABEL_BOX,
    Chart,
    blank_chart,
    capitalised,
    caption_of_episodes,
    frame,
    phase_style,
    quiet_axes,
    say_nothing_happened,
    set_rows,
    shorten,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, power_ticks, set_ticks
from hasim.report.episodes import begun_by
from hasim.report.numbers import duration_text, per_year, small_text
from hasim.report.wording import largest_part
from hasim.study.episodes import EpisodesResult
from hasim.study.estimators import Estimate, scaled
from hasim.units import SECOND, YEAR

__all__ = ["downtime_by_faults", "downtime_by_initiator", "episodes_charts", "failover_by_phase"]

_WIDTH_IN = 10.0
_ROW_IN = 0.46
_FRAME_IN = 1.6
_MOST_ROWS = 14
_BAR: dict[str, Any] = {"facecolor": BLUE, "edgecolor": "white", "linewidth": 0.4}
_WHISKERS: dict[str, Any] = {"color": BLACK, "linewidth": 1.3, "capsize": 3.5}


@dataclass(frozen=True, slots=True)
class _Row:
    """A bar with its interval, what stands before and behind it, and how it looks."""

    label: str
    estimate: Estimate
    text: str
    look: dict[str, Any]


def episodes_charts(result: EpisodesResult) -> Iterator[tuple[str, Chart]]:
    """All of them, each with the name that its file has."""
    yield "downtime-by-initiator", downtime_by_initiator(result)
    yield "downtime-by-faults", downtime_by_faults(result)
    yield "failover-by-phase", failover_by_phase(result)
    yield "downtime-of-a-run", downtime_of_a_run(result)


@styled
def downtime_by_initiator(result: EpisodesResult) -> Chart:
    """A bar for what begins episodes: the downtime of a year that it costs, with its interval."""
    rows = [
        _Row(
            shorten(begun_by(row), 42),
            scaled(row.downtime_ns, row.per_year),
            f"{duration_text(row.per_year * row.downtime_ns.value)}, {row.share:.0%}: {per_year(row.per_year)} a year "
            f"of {duration_text(row.downtime_ns.value)}",
            _BAR,
        )
        for row in result.initiators[:_MOST_ROWS]
    ]
    if not result.unavailability.value:
        return _empty(result, "No downtime in any episode.")
    worst = result.initiators[0]
    part = capitalised(largest_part(worst.share))
    finding = f"{part} of the downtime is begun by {shorten(begun_by(worst), 60)}: {worst.share:.0%}"
    return _bars(result, rows, "downtime in a year", finding)


@styled
def downtime_by_faults(result: EpisodesResult) -> Chart:
    """A bar for each number of faults in force: the fraction of time without service, on a logarithmic axis."""
    table = result.unavailability_by_faults
    if not table:
        return _empty(result, "No downtime in any episode.")
    rows = [
        _Row(
            _count_text(count),
            lost,
            f"{small_text(lost.value)}, {duration_text(lost.value * YEAR)} a year",
            _BAR,
        )
        for count, lost in table.items()
    ]
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _ROW_IN * max(len(rows), 3))
    axes = chart.add_subplot()
    axes.set_xscale("log")
    least = min(lost.low or lost.value for lost in table.values())
    most = max(lost.high for lost in table.values())
    left, right = least / 3, most * (3 * most / least) ** 0.6
    axes.set_xlim(left, right)
    set_ticks(axes.xaxis, power_ticks(left, right))
    _draw(axes, rows, 1.0)
    axes.set_xlabel("unavailability")
    double = result.overlapping_unavailability.value / result.unavailability.value
    frame(chart, f"{double:.2%} of the downtime is while two faults or more are in force", _caption(result))
    return chart


@styled
def failover_by_phase(result: EpisodesResult) -> Chart:
    """A bar for each phase of the mean failover, with its interval."""
    phases = {phase: mean for phase, mean in result.phases_ns.items() if mean.value}
    if not phases:
        return _empty(result, "No failover in any episode.")
    total_ns = sum(mean.value for mean in phases.values())
    rows = [
        _Row(
            phase,
            mean,
            f"{duration_text(mean.value)}, {mean.value / total_ns:.0%}",
            phase_style(PHASES.index(phase)),
        )
        for phase, mean in phases.items()
    ]
    longest = max(phases, key=lambda phase: phases[phase].value)
    share = phases[longest].value / total_ns
    finding = f"The mean failover takes {duration_text(total_ns)}, {share:.0%} of it in the phase {longest}"
    return _bars(result, rows, "mean over all failovers", finding)


def _bars(result: EpisodesResult, rows: Sequence[_Row], axis: str, finding: str) -> Chart:
    """Bars of durations from 0."""
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _ROW_IN * max(len(rows), 3))
    axes = chart.add_subplot()
    longest_s = max(min(row.estimate.high, 3 * row.estimate.value) for row in rows) / SECOND * 1.5
    axes.set_xlim(0, longest_s)
    set_ticks(axes.xaxis, duration_ticks(longest_s))
    _draw(axes, rows, SECOND)
    axes.set_xlabel(axis)
    frame(chart, finding, _caption(result))
    return chart


def _draw(axes: Any, rows: Sequence[_Row], unit: float) -> None:
    edge = axes.get_xlim()[1]
    for position, row in enumerate(rows):
        value, low, high = (number / unit for number in (row.estimate.value, row.estimate.low, row.estimate.high))
        axes.barh(position, value, height=0.62, **row.look)
        axes.errorbar(value, position, xerr=[[value - low], [min(high, edge) - value]], **_WHISKERS)
        axes.annotate(
            row.text, (min(high, edge), position), xytext=(7, 0), textcoords="offset points", fontsize=9,
            verticalalignment="center", bbox=LABEL_BOX,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0, labelcolor=DARK_GREY)
    set_rows(axes, len(rows))
    quiet_axes(axes, grid="x")


def _empty(result: EpisodesResult, words: str) -> Chart:
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + 3 * _ROW_IN)
    say_nothing_happened(chart.add_subplot(), words)
    frame(chart, words.removesuffix("."), _caption(result))
    return chart


def _caption(result: EpisodesResult) -> str:
    return f"{caption_of_episodes(result)}; whiskers are {result.unavailability.confidence:.0%} intervals"


def _count_text(count: int) -> str:
    return ("no fault", "one fault", f"{count} faults")[min(count, 2)] + " in force"
