"""The chart of downtime by cause: what costs how much, how often, and how it ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.patches import Patch

from hasim.measure.model import FAILOVER, FIRST_SERVICE, RECOVERED_IN_PLACE, UNRESOLVED
from hasim.report.charts.style import (
    BLACK,
    BLUE,
    DARK_GREY,
    GREEN,
    LABEL_BOX,
    SKY,
    VERMILLION,
    Chart,
    blank_chart,
    capitalised,
    caption_of,
    cause_label,
    frame,
    quiet_axes,
    say_nothing_happened,
    set_rows,
    styled,
)
from hasim.report.charts.ticks import duration_ticks, set_ticks
from hasim.report.numbers import duration_text
from hasim.study import StudyResult
from hasim.study.outcomes import OutageTotals
from hasim.units import counted, seconds

__all__ = ["downtime_by_cause"]

_WIDTH_IN = 10.0
_ROW_IN = 0.42
_FRAME_IN = 1.75
_MOST_ROWS = 12
_RESOLUTION_STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    FAILOVER: ("failover", {"facecolor": BLUE, "edgecolor": "white", "hatch": ""}),
    RECOVERED_IN_PLACE: ("recovered in place", {"facecolor": SKY, "edgecolor": BLACK, "hatch": "////"}),
    FIRST_SERVICE: ("first service of a run", {"facecolor": GREEN, "edgecolor": "white", "hatch": ".."}),
    UNRESOLVED: ("still out at the end of the run", {"facecolor": VERMILLION, "edgecolor": "white", "hatch": "xxxx"}),
}


@dataclass(slots=True)
class _Cause:
    label: str
    count: int = 0
    lost_ns: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total_ns(self) -> int:
        return sum(self.lost_ns.values())

    def add(self, other: _Cause) -> None:
        self.count += other.count
        for resolution, lost_ns in other.lost_ns.items():
            self.lost_ns[resolution] += lost_ns


@styled
def downtime_by_cause(result: StudyResult) -> Chart:
    """A bar per cause, longest first: downtime summed over all replications, its share, the number of outages."""
    totals = result.outages.totals()
    causes = _grouped(totals)
    total_ns = sum(cause.total_ns for cause in causes)
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _ROW_IN * max(len(causes), 3))
    axes = chart.add_subplot()
    if not total_ns:
        say_nothing_happened(axes, "No downtime in any replication.")
        frame(chart, "No downtime at all", caption_of(result))
        return chart
    for row, cause in enumerate(causes):
        left = 0.0
        for resolution, (_, look) in _RESOLUTION_STYLES.items():
            width = seconds(cause.lost_ns.get(resolution, 0))
            if width:
                axes.barh(row, width, left=left, height=0.66, linewidth=0.4, **look)
                left += width
        outages_text = counted(cause.count, "outage")
        text = f"{duration_text(cause.total_ns)}, {cause.total_ns / total_ns:.0%}, {outages_text}"
        axes.annotate(
            text, (left, row), xytext=(5, 0), textcoords="offset points", fontsize=9, verticalalignment="center",
            bbox=LABEL_BOX,
        )  # fmt: skip
    axes.set_yticks(range(len(causes)), [cause.label for cause in causes])
    set_rows(axes, len(causes))
    longest_s = seconds(max(cause.total_ns for cause in causes))
    axes.set_xlim(0, longest_s * 1.5)
    axes.set_xlabel("downtime, summed over all replications")
    set_ticks(axes.xaxis, duration_ticks(longest_s * 1.5))
    quiet_axes(axes, grid="x")
    axes.tick_params(axis="y", length=0, labelcolor=DARK_GREY)
    _legend(chart, totals)
    frame(chart, _finding(causes, total_ns), caption_of(result))
    return chart


def _grouped(totals: Sequence[OutageTotals]) -> list[_Cause]:
    """Causes by downtime, longest first; what does not fit is summed into one row at the end."""
    by_cause: dict[str, _Cause] = {}
    for lost in totals:
        cause = by_cause.setdefault(lost.cause, _Cause(cause_label(lost.cause)))
        cause.count += lost.count
        cause.lost_ns[lost.resolution] += lost.total_ns
    causes = sorted(by_cause.values(), key=lambda cause: (-cause.total_ns, cause.label))
    if len(causes) > _MOST_ROWS:
        rest = _Cause(f"{len(causes) - _MOST_ROWS + 1} other causes")
        for cause in causes[_MOST_ROWS - 1 :]:
            rest.add(cause)
        causes = [*causes[: _MOST_ROWS - 1], rest]
    return causes


def _legend(chart: Chart, totals: Sequence[OutageTotals]) -> None:
    present = {lost.resolution for lost in totals if lost.total_ns}
    handles = [
        Patch(label=label, linewidth=0.4, **look)
        for resolution, (label, look) in _RESOLUTION_STYLES.items()
        if resolution in present
    ]
    chart.legend(handles=handles, title="how the outages ended", loc="outside right upper", alignment="left")


def _finding(causes: list[_Cause], total_ns: int) -> str:
    worst = causes[0]
    if len(causes) == 1:
        return f"All downtime comes from one cause: {worst.label}"
    return f"{capitalised(worst.label)} costs most: {worst.total_ns / total_ns:.0%} of all downtime"
