"""The chart of one outage: every instance, the cloud and the client on one time axis, the phases as shaded bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle

from hasim.measure.model import PHASES, RECOVERED_IN_PLACE, UNRESOLVED, Outage
from hasim.report.charts.lanes import (
    NO_SERVICE,
    ApiCall,
    Span,
    Window,
    api_calls,
    claims,
    cloud_lanes,
    fault_spans,
    instance_lanes,
    instance_names,
    outage_axis,
)
from hasim.report.charts.style import (
    BAD,
    BLACK,
    DARK_GREY,
    LIGHT_GREY,
    MID_GREY,
    SKY,
    WHITE_OUTLINE,
    YELLOW,
    Chart,
    blank_chart,
    capitalised,
    cause_label,
    distinct,
    frame,
    phase_style,
    shorten,
    styled,
)
from hasim.report.charts.time_axis import TimeAxis
from hasim.report.numbers import duration_text, share_text
from hasim.report.story import clock
from hasim.trace import StateChanged, Trace
from hasim.units import counted, format_duration

__all__ = ["outage_timeline"]

_WIDTH_IN = 11.0
_LANE_IN = 0.25
_FRAME_IN = 1.9
_PLOT_IN = 7.2
_CHARACTERS_PER_INCH = 13.5
_TOP, _TOP_TO_SCALE = -1.0, -2.7
"""Where the bar of the phases begins, in lanes above the first one."""

_BAR = 0.9
_LANES_FROM = -0.1
_NEARLY_ALL = 0.99
"""Of larger shares than this the title gives decimals: 99.9% is not 100%."""

_MOST_INSTANCES = 6
_MOST_BYSTANDERS = 1

_GREY = "#d9d9d9"
_STATE_LOOKS: dict[str, dict[str, Any]] = {
    "running": {"facecolor": _GREY, "edgecolor": DARK_GREY},
    "off": {"facecolor": "white", "edgecolor": DARK_GREY, "hatch": "////"},
    "booting": {"facecolor": "#f5f5f5", "edgecolor": DARK_GREY, "hatch": "...."},
    "frozen": {"facecolor": SKY, "edgecolor": DARK_GREY, "hatch": "||||"},
    "MASTER": {"facecolor": BLACK, "edgecolor": BLACK, "label_color": "white"},
    "BACKUP": {"facecolor": _GREY, "edgecolor": DARK_GREY},
    "FAULT": {"facecolor": "white", "edgecolor": BAD, "hatch": "xxxx"},
    "INIT": {"facecolor": "white", "edgecolor": MID_GREY},
    "no daemon": {"facecolor": "white", "edgecolor": MID_GREY, "linestyle": ":"},
    "present": {"facecolor": _GREY, "edgecolor": DARK_GREY},
    "answers": {"facecolor": _GREY, "edgecolor": DARK_GREY},
}
_UNKNOWN_LOOK = {"facecolor": "white", "edgecolor": MID_GREY}
_STATES_THAT_NEED_A_LEGEND = ("off", "booting", "frozen", "MASTER", "FAULT")
_INSTANCE_TINTS = ("#b9d7ee", "#f8dfae", "#c5e8da", "#efd5e4", "#f7f3b5", _GREY)
_HIDDEN = {"absent", "silent", ""}
_OUTAGE_LOOK = {"facecolor": BAD, "edgecolor": BAD, "label_color": "white"}
_FAULT_LOOK = {"facecolor": YELLOW, "edgecolor": DARK_GREY}
_CUT_LOOK: dict[str, Any] = {"facecolor": "white", "edgecolor": MID_GREY, "hatch": "////", "linewidth": 0.0}
_EDGE_LINE: dict[str, Any] = {"color": MID_GREY, "linewidth": 0.7, "linestyle": (0, (1, 2)), "zorder": 0.5}


class _Kind(Enum):
    """What a row of the chart shows; it decides how a span's value is painted and worded."""

    HEADING = auto()
    FAULTS = auto()
    STATES = auto()
    HOLDERS = auto()
    CALLS = auto()


@dataclass(frozen=True, slots=True)
class _Lane:
    """One row."""

    kind: _Kind
    label: str
    spans: tuple[Span, ...] = ()
    calls: tuple[ApiCall, ...] = ()


@dataclass(frozen=True, slots=True)
class _Role:
    """How an instance is called and painted where it holds, gets or answers something."""

    label: str
    tint: str


@dataclass(frozen=True, slots=True)
class _Strip:
    """Where the bar of the phases is. A cut within the outage would make the longest phase look short: then the bar is
    to scale, in a place of its own above the lanes, and what lies between leads from it to the cut axis."""

    left: float
    right: float
    top: float
    is_to_scale: bool

    @classmethod
    def of(cls, axis: TimeAxis, outage: Outage) -> _Strip:
        """That of an outage on its axis."""
        is_cut = any(outage.start_ns <= start_ns and end_ns <= outage.end_ns for start_ns, end_ns in axis.cuts)
        return cls(axis.at(outage.start_ns), axis.at(outage.end_ns), _TOP_TO_SCALE if is_cut else _TOP, is_cut)

    def at(self, axis: TimeAxis, outage: Outage, time_ns: int) -> float:
        """Where an instant of the outage is in the bar."""
        if not self.is_to_scale:
            return axis.at(time_ns)
        return self.left + (self.right - self.left) * (time_ns - outage.start_ns) / outage.duration_ns


@styled
def outage_timeline(trace: Trace, outage: Outage) -> Chart:
    """One outage of one replication, told as lanes; the time axis counts from the start of the outage.

    Of many instances, those that took part are shown. ``outage`` must be one that was measured in ``trace``.
    """
    axis = outage_axis(trace, outage)
    window = Window(axis.times_ns[0], axis.times_ns[-1])
    shown, left_out = _shown_instances(trace, window, outage)
    lanes = list(_lanes(trace, window, shown))
    labels = distinct(shown)
    cast = {name: _Role(labels[name], _INSTANCE_TINTS[index]) for index, name in enumerate(shown)}
    strip = _Strip.of(axis, outage)
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _LANE_IN * (len(lanes) + 1 - strip.top))
    axes = chart.add_subplot()
    _draw_frame(axes, axis, lanes, strip)
    _draw_phases(axes, axis, outage, strip, len(lanes))
    _draw_cuts(axes, axis, len(lanes))
    for row, lane in enumerate(lanes):
        _draw_lane(axes, axis, row, lane, cast)
    _draw_legends(chart, outage, lanes, cast)
    frame(chart, _finding(outage, labels), _caption(trace, outage, axis, left_out), share=0.75)
    return chart


def _shown_instances(trace: Trace, window: Window, outage: Outage) -> tuple[list[str], int]:
    names = instance_names(trace)
    involved = {outage.began_on, outage.ended_on} | {
        record.instance
        for record in trace.records
        if isinstance(record, StateChanged) and window.start_ns <= record.at <= window.end_ns
    }
    actors = [name for name in names if name in involved][:_MOST_INSTANCES]
    bystanders = [name for name in names if name not in involved][
        : min(_MOST_BYSTANDERS, _MOST_INSTANCES - len(actors))
    ]
    shown = [name for name in names if name in actors or name in bystanders]
    return shown, len(names) - len(shown)


def _lanes(trace: Trace, window: Window, instances: Sequence[str]) -> Iterator[_Lane]:
    for faults in _rows_without_overlap(fault_spans(trace, window)):
        yield _Lane(_Kind.FAULTS, "fault", tuple(faults))
    for name in instances:
        yield _Lane(_Kind.HEADING, f"instance {shorten(name, 60)}")
        for label, spans in instance_lanes(trace, window, name).items():
            yield _Lane(_Kind.STATES, label, tuple(spans))
    cloud = cloud_lanes(trace, window)
    yield _Lane(_Kind.HEADING, "cloud: the floating address")
    yield _Lane(_Kind.HOLDERS, "held by", tuple(cloud["held by"]))
    yield _Lane(_Kind.HOLDERS, "routed to", tuple(cloud["routed to"]))
    announced = tuple(claims(trace, window))
    if announced:
        yield _Lane(_Kind.CALLS, "claimed by ARP", calls=announced)
    else:
        yield _Lane(_Kind.CALLS, "API calls", calls=tuple(api_calls(trace, window)))
    yield _Lane(_Kind.HEADING, "clients")
    yield _Lane(_Kind.HOLDERS, "are served by", tuple(cloud["client"]))


def _rows_without_overlap(spans: Sequence[Span]) -> list[list[Span]]:
    """Faults that are in force together need a row each; at most four rows, the last takes the rest."""
    rows: list[list[Span]] = []
    for span in spans:
        free = next((row for row in rows if row[-1].end_ns <= span.start_ns), None)
        if free is not None:
            free.append(span)
        elif len(rows) < 4:
            rows.append([span])
        else:
            rows[-1].append(span)
    return rows


def _draw_frame(axes: Any, axis: TimeAxis, lanes: Sequence[_Lane], strip: _Strip) -> None:
    axes.set_xlim(axis.positions[0], axis.positions[-1] if axis.width else axis.positions[0] + 1.0)
    axes.set_ylim(len(lanes), strip.top)
    rows = [(row + 0.5, lane.label) for row, lane in enumerate(lanes) if lane.kind is not _Kind.HEADING]
    if strip.is_to_scale:
        rows.insert(0, (strip.top + _BAR / 2, "phases, to scale"))
    axes.set_yticks([height for height, _ in rows], [label for _, label in rows])
    axes.tick_params(axis="y", length=0)
    positions, labels = zip(*axis.ticks(_PLOT_IN), strict=True)
    axes.set_xticks(positions, labels)
    axes.set_xlabel(f"{axis.unit[1]} since the start of the outage")
    axes.spines[["top", "left", "right"]].set_visible(False)


def _draw_phases(axes: Any, axis: TimeAxis, outage: Outage, strip: _Strip, rows: int) -> None:
    """The bar of phases on top, and the same phases as light bands behind the lanes."""
    end_ns = outage.start_ns
    for index, phase_ns in enumerate(outage.phases_ns):
        if not phase_ns:
            continue
        start_ns, end_ns = end_ns, end_ns + phase_ns
        left, right = axis.at(start_ns), axis.at(end_ns)
        bar_left, bar_right = strip.at(axis, outage, start_ns), strip.at(axis, outage, end_ns)
        style = phase_style(index)
        axes.add_patch(Rectangle((bar_left, strip.top), bar_right - bar_left, _BAR, zorder=3, **style))
        bar_bottom = strip.top + _BAR
        color = style["facecolor"]
        band = (left, _LANES_FROM), right - left, rows - _LANES_FROM
        axes.add_patch(Rectangle(*band, facecolor=color, alpha=0.1, zorder=0))
        if strip.is_to_scale:
            corners = [(bar_left, bar_bottom), (bar_right, bar_bottom), (right, _LANES_FROM), (left, _LANES_FROM)]
            axes.add_patch(Polygon(corners, facecolor=color, alpha=0.3, linewidth=0, zorder=0))
        for bar_edge, edge in ((bar_left, left), (bar_right, right)):
            axes.plot([bar_edge, bar_edge, edge, edge], [strip.top, bar_bottom, _LANES_FROM, rows], **_EDGE_LINE)
        _name_phase(axes, axis, outage, strip, index, (start_ns, end_ns))


def _name_phase(
    axes: Any, axis: TimeAxis, outage: Outage, strip: _Strip, index: int, stretch_ns: tuple[int, int]
) -> None:
    """In the bar, as far as there is room; of one to scale the share too, and the name once more where it meets the
    axis."""
    name = PHASES[index]
    if not strip.is_to_scale:
        center, room = _space(axis, *stretch_ns)
        if len(name) + 1 <= room:
            _write(axes, center, strip.top + _BAR / 2, name, BLACK, boxed=True)
        return
    left, right = (strip.at(axis, outage, time_ns) for time_ns in stretch_ns)
    words = f"{name} {share_text((stretch_ns[1] - stretch_ns[0]) / outage.duration_ns)}"
    if len(words) + 1 <= _room(axis, right - left):
        _write(axes, (left + right) / 2, strip.top + _BAR / 2, words, BLACK, boxed=True)
    left, right = (axis.at(time_ns) for time_ns in stretch_ns)
    if len(name) + 1 <= _room(axis, right - left):
        _write(axes, (left + right) / 2, _LANES_FROM - 0.35, name, BLACK, boxed=False)


def _draw_cuts(axes: Any, axis: TimeAxis, rows: int) -> None:
    """A hatched column through all lanes for each, which says how long the stretch is that is not drawn."""
    for start_ns, end_ns in axis.cuts:
        left, right = axis.gap_of(start_ns, end_ns)
        axes.add_patch(
            Rectangle((left, _LANES_FROM), right - left, rows - _LANES_FROM, zorder=5, clip_on=False, **_CUT_LOOK)
        )
        axes.plot([left, right], [rows, rows], color="white", linewidth=2.5, clip_on=False, zorder=6)
        slant = axis.width * 0.004
        for edge in (left, right):
            axes.plot(
                [edge - slant, edge + slant], [rows + 0.25, rows - 0.25],
                color=BLACK, linewidth=1.0, clip_on=False, zorder=7,
            )  # fmt: skip
        axes.text(
            (left + right) / 2, (rows + _LANES_FROM) / 2, f"cut out: {format_duration(end_ns - start_ns, 1)}",
            rotation=90, fontsize=8.5, color=BLACK, zorder=7, horizontalalignment="center",
            verticalalignment="center", bbox={"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip


def _draw_lane(axes: Any, axis: TimeAxis, row: int, lane: _Lane, cast: Mapping[str, _Role]) -> None:
    if lane.kind is _Kind.HEADING:
        axes.annotate(
            lane.label, (axis.positions[0], row + 0.62), xytext=(-4, 0), textcoords="offset points", fontsize=9,
            fontweight="bold", verticalalignment="center", horizontalalignment="left", zorder=7,
            path_effects=WHITE_OUTLINE if axis.cuts else None,
        )  # fmt: skip
        axes.axhline(row + 0.06, color=LIGHT_GREY, linewidth=0.8, zorder=0)
    elif lane.kind is _Kind.CALLS:
        _draw_calls(axes, axis, row, lane.calls)
    else:
        for span in lane.spans:
            if span.value not in _HIDDEN:
                _draw_span(axes, axis, row, span, lane.kind, cast)


def _draw_span(axes: Any, axis: TimeAxis, row: int, span: Span, kind: _Kind, cast: Mapping[str, _Role]) -> None:
    look, words = _look_and_words(span.value, kind, cast)
    label_color = look.pop("label_color", BLACK)
    left, width = axis.at(span.start_ns), axis.at(span.end_ns) - axis.at(span.start_ns)
    axes.add_patch(Rectangle((left, row + 0.12), width, 0.76, linewidth=0.6, zorder=2, **look))
    center, room = _space(axis, span.start_ns, span.end_ns)
    if kind is not _Kind.STATES and room >= 6:
        words = shorten(words, room)
    if len(words) <= room:
        _write(axes, center, row + 0.5, words, label_color, boxed="hatch" in look)


def _look_and_words(value: str, kind: _Kind, cast: Mapping[str, _Role]) -> tuple[dict[str, Any], str]:
    if kind is _Kind.FAULTS:
        return dict(_FAULT_LOOK), value
    if kind is _Kind.STATES:
        return dict(_STATE_LOOKS.get(value, _UNKNOWN_LOOK)), value
    if value.startswith(NO_SERVICE):
        return dict(_OUTAGE_LOOK), value
    role = cast.get(value, _Role(value, _GREY))
    return {"facecolor": role.tint, "edgecolor": DARK_GREY}, role.label


def _draw_calls(axes: Any, axis: TimeAxis, row: int, calls: Sequence[ApiCall]) -> None:
    """A call is a thin bar from request to answer; its answer is a tick, crossed when it was refused."""
    for call in calls:
        start = axis.at(call.called_ns)
        end = axis.at(call.answered_ns if call.answered_ns is not None else axis.times_ns[-1])
        height, color = (0.2, MID_GREY) if call.is_question else (0.34, BLACK)
        axes.plot([start, end], [row + 0.5, row + 0.5], color=color, linewidth=1.2, zorder=2)
        axes.plot([start, start], [row + 0.5 - height / 2, row + 0.5 + height / 2], color=color, linewidth=1, zorder=2)
        if call.answered_ns is None or call.answered_ns > axis.times_ns[-1]:
            continue
        marker, edge, size = ("|", color, 40 * height) if call.code == "OK" else ("X", BAD, 6.5)
        axes.plot(
            [end], [row + 0.5], marker=marker, markersize=size, markeredgecolor="white" if marker == "X" else edge,
            markerfacecolor=edge, markeredgewidth=0.6 if marker == "X" else 1.4, zorder=3, clip_on=False,
        )  # fmt: skip


def _space(axis: TimeAxis, start_ns: int, end_ns: int) -> tuple[float, int]:
    """The middle of the widest stretch of a bar that no cut goes through, and how many characters fit there."""
    gaps = [axis.gap_of(*cut) for cut in axis.cuts if start_ns <= cut[0] and cut[1] <= end_ns]
    edges = [axis.at(start_ns), *(edge for gap in gaps for edge in gap), axis.at(end_ns)]
    left, right = max(zip(edges[::2], edges[1::2], strict=True), key=lambda stretch: stretch[1] - stretch[0])
    return (left + right) / 2, _room(axis, right - left)


def _room(axis: TimeAxis, width: float) -> int:
    """How many characters fit into so much of the axis."""
    return int(width / axis.width * _PLOT_IN * _CHARACTERS_PER_INCH) if axis.width else 0


def _write(axes: Any, x: float, y: float, text: str, color: str, *, boxed: bool) -> None:
    box = {"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"} if boxed else None
    axes.text(
        x, y, text, color=color, fontsize=7.5, bbox=box, zorder=4,
        horizontalalignment="center", verticalalignment="center",
    )  # fmt: skip


def _draw_legends(chart: Chart, outage: Outage, lanes: Sequence[_Lane], cast: Mapping[str, _Role]) -> None:
    phases: list[Any] = []
    for index, phase_ns in enumerate(outage.phases_ns):
        style = phase_style(index) if phase_ns else {"facecolor": "none", "edgecolor": LIGHT_GREY}
        phases.append(Patch(label=f"{PHASES[index]}  {duration_text(phase_ns)}", **style))
    title = f"outage  {duration_text(outage.duration_ns)}"
    legend = chart.legend(handles=phases, title=title, loc="outside right upper", alignment="left", handleheight=1.1)
    legend.get_title().set_fontweight("bold")
    states: list[Any] = [
        Patch(label=value, linewidth=0.6, **{key: item for key, item in look.items() if key != "label_color"})
        for value, look in _STATE_LOOKS.items()
        if value in _STATES_THAT_NEED_A_LEGEND
        and any(span.value == value for lane in lanes if lane.kind is _Kind.STATES for span in lane.spans)
    ]
    states += [Patch(label=role.label, facecolor=role.tint, edgecolor=DARK_GREY) for role in cast.values()]
    states += _call_handles(lanes)
    chart.legend(handles=states, title="in the lanes", loc="outside right lower", alignment="left", handleheight=1.1)


def _call_handles(lanes: Sequence[_Lane]) -> list[Any]:
    calls = [call for lane in lanes for call in lane.calls]
    handles = []
    if any(not call.is_question for call in calls):
        handles.append(Line2D([], [], color=BLACK, marker="|", markersize=9, label="call that changes"))
    if any(call.is_question for call in calls):
        handles.append(Line2D([], [], color=MID_GREY, marker="|", markersize=6, label="call that asks"))
    if any(call.code not in (None, "OK") for call in calls):
        handles.append(Line2D([], [], color=BAD, marker="X", linestyle="none", markersize=6, label="call failed"))
    return handles


def _finding(outage: Outage, labels: Mapping[str, str]) -> str:
    victim = labels.get(outage.began_on or "", "")
    what = capitalised(cause_label(outage.cause)) + (f" of {victim}" if victim else "")
    length = duration_text(outage.duration_ns)
    if outage.resolution == UNRESOLVED:
        return f"{what}: no service for {length}, and still none at the end of the run"
    longest_ns = max(outage.phases_ns)
    longest = PHASES[outage.phases_ns.index(longest_ns)]
    part = longest_ns / outage.duration_ns if outage.duration_ns else 0.0
    share = share_text(part) if part > _NEARLY_ALL else f"{part:.0%}"
    how = ", ended without a failover" if outage.resolution == RECOVERED_IN_PLACE else ""
    return f"{what}: no service for {length}, {share} of it in the phase {longest}{how}"


def _caption(trace: Trace, outage: Outage, axis: TimeAxis, left_out: int) -> str:
    parts = [
        f"{shorten(trace.scenario, 60)}, seed {trace.seed}, replication {trace.replication}",
        f"0 is the instant {' '.join(clock(outage.start_ns, trace.horizon_ns).split())} of the run",
    ]
    if axis.cuts:
        parts.append("idle stretches are cut out where the axis is broken")
    if left_out:
        parts.append(f"{counted(left_out, 'further instance')} not shown")
    return "; ".join(parts)
