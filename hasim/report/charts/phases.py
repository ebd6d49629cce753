"""The chart of where the time goes: the mean outage, stacked by phase, per cause or per design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hasim.measure.model import FAILOVER, FIRST_SERVICE, PHASES, RECOVERED_IN_PLACE, UNRESOLVED
from hasim.report.charts.style import (
    BLACK,
    LABEL_BOX,
    Chart,
    blank_chart,
    caption_of,
    cause_label,
    distinct,
    frame,
    phase_patches,
    phase_style,
    quiet_axes,
    say_nothing_happened,
    set_rows,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, set_ticks
from hasim.report.numbers import duration_text
from hasim.report.wording import largest_part
from hasim.study import StudyResult
from hasim.study.outcomes import OutageTotals
from hasim.units import SECOND, counted

__all__ = ["phases_stacked"]

_WIDTH_IN = 10.5
_ROW_IN = 0.46
_FRAME_IN = 1.9
_MOST_ROWS = 12
_NAME_CHARACTERS = 34
_UNEVEN = 6.0
"""When the longest mean is so many times the shortest, a second panel shows the shares."""

_ENDINGS = {
    FAILOVER: "",
    RECOVERED_IN_PLACE: ", recovered in place",
    FIRST_SERVICE: ", first service",
    UNRESOLVED: ", unresolved",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """The mean outage of a group: seconds per phase, and how many outages it is the mean of."""

    label: str
    mean_s: tuple[float, ...]
    count: int

    @property
    def length_s(self) -> float:
        return sum(self.mean_s)


@styled
def phases_stacked(*results: StudyResult) -> Chart:
    """The mean outage by phase: per cause for one result; per result (design, mechanism) for several.

    Outages that ended in different ways are different rows, so that a failover's phases are not diluted.
    """
    rows = _rows_by_cause(results[0]) if len(results) == 1 else _rows_by_result(results)
    longest_s = max((row.length_s for row in rows), default=0.0)
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _ROW_IN * max(len(rows), 4))
    if not longest_s:
        say_nothing_happened(chart.add_subplot(), "No outage in any replication.")
        frame(chart, "No outage: nothing to divide into phases", caption_of(*results))
        return chart
    shortest_s = min(row.length_s for row in rows if row.length_s)
    panels = 2 if longest_s / shortest_s > _UNEVEN else 1
    axes = chart.subplots(1, panels, sharey=True, squeeze=False, width_ratios=(3, 2)[:panels])[0]
    _draw_seconds(axes[0], rows, longest_s)
    if panels == 2:
        _draw_shares(axes[1], rows)
    axes[-1].legend(
        handles=phase_patches(), title="phase", loc="upper left", bbox_to_anchor=(1.01, 1.0), alignment="left",
        handleheight=1.1, borderaxespad=0.0,
    )  # fmt: skip
    frame(chart, _finding(rows, len(results)), caption_of(*results))
    return chart


def _rows_by_cause(result: StudyResult) -> list[_Row]:
    groups = sorted(result.outages.totals(), key=lambda lost: (-lost.total_ns, lost.cause, lost.resolution))
    shown = groups if len(groups) <= _MOST_ROWS else groups[: _MOST_ROWS - 1]
    rows = [_row(cause_label(lost.cause), [lost], _ENDINGS[lost.resolution]) for lost in shown]
    others = groups[len(shown) :]
    return [*rows, _row("everything else", others)] if others else rows


def _rows_by_result(results: Sequence[StudyResult]) -> list[_Row]:
    labels = distinct([result.scenario.name for result in results], _NAME_CHARACTERS)
    return [_row(labels[result.scenario.name], result.outages.totals()) for result in results]


def _row(label: str, totals: Sequence[OutageTotals], ending: str = "") -> _Row:
    sums = [sum(lost.phases_ns[index] for lost in totals) for index in range(len(PHASES))]
    count = sum(lost.count for lost in totals)
    mean_s = tuple(phase_ns / SECOND / max(count, 1) for phase_ns in sums)
    return _Row(f"{label}\n{counted(count, 'outage')}{ending}", mean_s, count)


def _draw_seconds(axes: Any, rows: Sequence[_Row], longest_s: float) -> None:
    for position, row in enumerate(rows):
        left = 0.0
        for index, phase_s in enumerate(row.mean_s):
            if phase_s:
                axes.barh(position, phase_s, left=left, height=0.62, **phase_style(index))
                left += phase_s
        axes.annotate(
            duration_text(row.length_s * SECOND), (left, position), xytext=(5, 0),
            textcoords="offset points", fontsize=9, fontweight="bold", verticalalignment="center", bbox=LABEL_BOX,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row.label for row in rows], linespacing=1.1)
    set_rows(axes, len(rows))
    axes.set_xlim(0, longest_s * 1.2)
    set_ticks(axes.xaxis, duration_ticks(longest_s * 1.2))
    axes.set_xlabel("mean length of an outage")
    axes.tick_params(axis="y", length=0, labelcolor=BLACK)
    quiet_axes(axes, grid="x")


def _draw_shares(axes: Any, rows: Sequence[_Row]) -> None:
    for position, row in enumerate(rows):
        left = 0.0
        for index, phase_s in enumerate(row.mean_s):
            if phase_s:
                share = 100 * phase_s / row.length_s
                axes.barh(position, share, left=left, height=0.62, **phase_style(index))
                left += share
    axes.set_xlim(0, 100)
    set_ticks(axes.xaxis, [(value, f"{value}%") for value in (0, 25, 50, 75, 100)])
    axes.set_xlabel("share of it")
    axes.tick_params(axis="y", length=0)
    quiet_axes(axes)


def _finding(rows: Sequence[_Row], results: int) -> str:
    """Which phase costs most over everything that is shown."""
    sums = [sum(row.mean_s[index] * row.count for row in rows) for index in range(len(PHASES))]
    longest = max(range(len(PHASES)), key=lambda index: sums[index])
    share = sums[longest] / sum(sums)
    together = f" of the {results} together" if results > 1 else ""
    return f"The phase {PHASES[longest]} takes {largest_part(share)} of the time: {share:.0%} of all downtime{together}"
