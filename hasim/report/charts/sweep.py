"""The charts of a sweep: curves with their intervals, heat maps, or clouds of points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from hasim.report.charts.differences import value_scale
from hasim.report.charts.style import (
    BLACK,
    BLUE,
    DARK_GREY,
    SKY,
    VERMILLION,
    Chart,
    blank_chart,
    capitalised,
    caption_of,
    frame,
    quiet_axes,
    say_nothing_happened,
    shorten,
    styled,
)
from hasim.report.charts.ticks import (
    log_duration_ticks,
    log_number_ticks,
    number_ticks,
    set_ticks,
    signed_duration_ticks,
    spaced_ticks,
)
from hasim.report.comparison import interval_text, luck_note
from hasim.report.numbers import amount_text
from hasim.report.sweep import points_foreign_faults
from hasim.study.compare import Metric
from hasim.study.sweep import Parameter, Sweep
from hasim.units import SECOND

__all__ = ["finding", "sweep_charts", "sweep_cloud", "sweep_curves", "sweep_heat_map"]

_WIDTH_IN = 9.2
_PANEL_IN = 2.2
_FRAME_IN = 1.1
_CELL_IN = 0.62
_LEGENDS_IN = 2.4
"""What stands left and right of the cells."""

_SIDE_IN = 0.9
_BETWEEN_IN = 0.2
_CHARACTER_IN = 0.07
"""In a cell."""

_MOST_CELLS_WITH_TEXT = 14
_MOST_LABELS = 8
_MOST_CHARACTERS = 90
"""So many characters of ticks stand side by side on the width of the chart."""

_MOST_NAMED = 2
_DARK = 0.42
"""Cells beyond this share of the colour scale get white text."""


@styled
def sweep_curves(sweep: Sweep) -> Chart:
    """For one parameter: a panel per metric, with the estimates as a line and their intervals as a band."""
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + _PANEL_IN * max(len(sweep.metrics), 1.4))
    panels = chart.subplots(len(sweep.metrics), 1, sharex=True, squeeze=False)[:, 0]
    (one,) = sweep.parameters
    for axes, metric in zip(panels, sweep.metrics, strict=True):
        _draw_curve(axes, sweep, metric)
        _set_values(axes, metric, sweep)
        quiet_axes(axes, grid="both")
    _set_parameter(panels[-1], one, _WIDTH_IN - _SIDE_IN, at_values=True)
    panels[-1].set_xlabel(one.path)
    frame(chart, finding(sweep, sweep.metrics[0]), _caption(sweep), share=0.93)
    return chart


def _draw_curve(axes: Any, sweep: Sweep, metric: Metric) -> None:
    one, scale = sweep.parameters[0], value_scale(metric.unit)
    order = sorted(range(len(sweep.points)), key=lambda index: _position(one, sweep, index))
    found = [(index, sweep.estimates[metric.name][index]) for index in order]
    seen = [(index, estimate) for index, estimate in found if estimate is not None]
    if not seen:  # the panel keeps its axis, which the panels above share
        words = "Nothing of the kind at any point."
        axes.text(0.5, 0.5, words, transform=axes.transAxes, color=DARK_GREY, horizontalalignment="center")
        axes.set_yticks([])
        axes.set_ylabel(metric.label)
        return
    where = [_position(one, sweep, index) for index, _ in seen]
    values = [estimate.value / scale for _, estimate in seen]
    ends = [estimate.high / scale for _, estimate in seen if not math.isinf(estimate.high)]
    top = max([*ends, *values]) * 1.15
    lows = [estimate.low / scale for _, estimate in seen]
    highs = [min(estimate.high / scale, top) for _, estimate in seen]
    if one.unit == "word" or len(seen) == 1:  # a band needs two points
        axes.vlines(where, lows, highs, color=SKY, linewidth=4)
        axes.margins(x=0.12)
    else:
        axes.fill_between(where, lows, highs, color=SKY, alpha=0.4, linewidth=0, label="95% interval")
        axes.plot(where, values, color=BLUE, linewidth=1.8)
    axes.plot(where, values, color=BLUE, linestyle="none", marker="o", markersize=5, clip_on=False, zorder=3)
    leader = sweep.best(metric).leader
    if leader is not None:
        estimate = sweep.estimates[metric.name][leader]
        assert estimate is not None, "the leader has one"
        axes.plot([_position(one, sweep, leader)], [estimate.value / scale], linestyle="none", marker="o",
                  markersize=10, markerfacecolor="none", markeredgecolor=BLACK, markeredgewidth=1.4,
                  clip_on=False, zorder=3)  # fmt: skip


def _position(one: Parameter, sweep: Sweep, index: int) -> float:
    """Where a point stands on the axis of a parameter: durations in seconds."""
    place = sweep.parameters.index(one)
    number = one.number_of(sweep.points[index].values[place])
    return number / SECOND if one.unit == "ns" else number


def _set_values(axes: Any, metric: Metric, sweep: Sweep) -> None:
    """The vertical axis: from 0 unless that would hide the curve, which one point is not."""
    scale = value_scale(metric.unit)
    found = [estimate for estimate in sweep.estimates[metric.name] if estimate is not None]
    if not found:
        return
    ends = [end / scale for one in found for end in (one.low, one.value, one.high) if not math.isinf(end)]
    low, high = min(ends), max(ends)
    low = 0.0 if low < 0.6 * high or len(found) == 1 else low - 0.1 * (high - low)
    high = high + 0.08 * (high - low) or 1.0
    axes.set_ylim(low, high)
    set_ticks(axes.yaxis, signed_duration_ticks(low, high) if metric.unit == "ns" else number_ticks(low, high))
    axes.set_ylabel(metric.label.replace(" per ", "\nper ").replace("latency ", "latency\n"))


def _set_parameter(axes: Any, one: Parameter, width_in: float, *, at_values: bool) -> None:
    """The axis of a parameter below a panel of that width, with ticks at its values, or at round ones where the points
    are anywhere between."""
    divisor = SECOND if one.unit == "ns" else 1.0
    numbers = [number / divisor for number in one.numbers]
    if one.is_log:
        axes.set_xscale("log")
    if one.unit == "word":
        set_ticks(axes.xaxis, _value_ticks(one, numbers))
        return
    if at_values and len(numbers) <= 2 * _MOST_LABELS:
        ticks = _value_ticks(one, numbers)[:: _tick_step(len(numbers))]
    else:
        ticks = _round_ticks(one, min(numbers), max(numbers))
    set_ticks(axes.xaxis, spaced_ticks(ticks, (min(numbers), max(numbers)), width_in, is_log=one.is_log))


def _value_ticks(one: Parameter, numbers: Sequence[float]) -> list[tuple[float, str]]:
    return [(number, shorten(one.text_of(value), 18)) for number, value in zip(numbers, one.values, strict=True)]


def _tick_step(count: int) -> int:
    """Every so many values have a tick; the first one, and the last one too where that is possible."""
    least = math.ceil((count - 1) / (_MOST_LABELS - 1)) or 1
    return next((step for step in range(least, 2 * least + 1) if (count - 1) % step == 0), least)


def _round_ticks(one: Parameter, low: float, high: float) -> list[tuple[float, str]]:
    if one.unit == "ns":
        return log_duration_ticks(low, high) if one.is_log else signed_duration_ticks(low, high)
    factor, sign = (100.0, "%") if one.unit == "fraction" else (1.0, "")
    numbers = (log_number_ticks if one.is_log else number_ticks)(factor * low, factor * high)
    return [(number / factor, f"{text}{sign}") for number, text in numbers]


@styled
def sweep_heat_map(sweep: Sweep, metric: Metric) -> Chart:
    """For a grid of two parameters: the metric in each cell as colour and number; the least is framed."""
    down, across = sweep.parameters
    rows, columns = len(down.values), len(across.values)
    chart = blank_chart(max(_WIDTH_IN, 2.6 + 0.95 * columns), _FRAME_IN + 0.9 + _CELL_IN * max(rows, 3))
    axes = chart.add_subplot()
    estimates = sweep.estimates[metric.name]
    scale = value_scale(metric.unit)
    values = [math.nan if one is None else one.value / scale for one in estimates]
    known = [value for value in values if not math.isnan(value)]
    if not known:
        say_nothing_happened(axes, "Nothing of the kind at any point.")
        frame(chart, finding(sweep, metric), _caption(sweep), share=0.93)
        return chart
    grid = [values[row * columns : (row + 1) * columns] for row in range(rows)]
    image = axes.imshow(grid, cmap="cividis_r", aspect="auto", vmin=min(known), vmax=max(known) or 1.0)
    bar = chart.colorbar(image, ax=axes, pad=0.02)
    ends = min(known), max(known)
    if ends[0] < ends[1]:
        set_ticks(bar.ax.yaxis, signed_duration_ticks(*ends) if metric.unit == "ns" else number_ticks(*ends))
    else:
        set_ticks(bar.ax.yaxis, [(ends[0], amount_text(ends[0] * scale, metric.unit))])
    bar.set_label(metric.label)
    bar.outline.set_visible(False)
    if columns <= _MOST_CELLS_WITH_TEXT:
        _write_cells(axes, sweep, metric, columns, cell_in=(chart.get_figwidth() - _LEGENDS_IN) / columns)
    _frame_least(axes, sweep, metric, columns)
    for axis, one in ((axes.xaxis, across), (axes.yaxis, down)):
        step = math.ceil(len(one.values) / (2 * _MOST_LABELS))
        set_ticks(
            axis, [(place, shorten(one.text_of(one.values[place]), 14)) for place in range(0, len(one.values), step)]
        )
    axes.set_xlabel(across.path)
    axes.set_ylabel(down.path)
    axes.spines[:].set_visible(False)
    frame(chart, finding(sweep, metric), _caption(sweep), share=0.93)
    return chart


def _write_cells(axes: Any, sweep: Sweep, metric: Metric, columns: int, cell_in: float) -> None:
    """The number of each cell and its interval, in one line if every one fits into ``cell_in``, else in two."""
    estimates = sweep.estimates[metric.name]
    known = [one.value for one in estimates if one is not None]
    span = (max(known) - min(known)) or 1.0
    intervals = ["" if one is None else interval_text(one, metric.unit) for one in estimates]
    is_narrow = max(map(len, intervals)) * _CHARACTER_IN > 0.9 * cell_in
    if is_narrow:
        intervals = [text.replace(" to ", "\nto ").replace(" or more", "\nor more") for text in intervals]
    for index, estimate in enumerate(estimates):
        if estimate is None:
            axes.text(index % columns, index // columns, "none", horizontalalignment="center",
                      verticalalignment="center", fontsize=8, color=DARK_GREY)  # fmt: skip
            continue
        dark = (estimate.value - min(known)) / span > _DARK
        axes.text(
            index % columns, index // columns, f"{amount_text(estimate.value, metric.unit)}\n{intervals[index]}",
            horizontalalignment="center", verticalalignment="center", fontsize=7 if is_narrow else 8,
            color="white" if dark else BLACK,
        )  # fmt: skip


def _frame_least(axes: Any, sweep: Sweep, metric: Metric, columns: int) -> None:
    """A frame around the least cell, a dashed one around those that may be as little."""
    from matplotlib.patches import Rectangle

    best = sweep.best(metric)
    marked: list[tuple[int, Any, float]] = [(index, (0, (3, 2)), 1.3) for index in best.others]
    if best.leader is not None:
        marked.append((best.leader, "-", 2.4))
    for index, dashes, width in marked:
        corner = (index % columns - 0.46, index // columns - 0.44)
        axes.add_patch(
            Rectangle(corner, 0.92, 0.88, fill=False, edgecolor=VERMILLION, linewidth=width, linestyle=dashes)
        )


@styled
def sweep_cloud(sweep: Sweep, metric: Metric) -> Chart:
    """For any points: the metric over each parameter by itself, the others being what they are."""
    count = len(sweep.parameters)
    columns = min(count, 3)
    lines = math.ceil(count / columns)
    chart = blank_chart(_WIDTH_IN, _FRAME_IN + 0.3 + (_PANEL_IN + 0.4) * lines)
    panels = chart.subplots(lines, columns, sharey=True, squeeze=False)
    estimates = sweep.estimates[metric.name]
    scale = value_scale(metric.unit)
    for number, one in enumerate(sweep.parameters):
        axes = panels[number // columns][number % columns]
        for index, estimate in enumerate(estimates):
            if estimate is None:
                continue
            place = _position(one, sweep, index)
            top = estimate.value if math.isinf(estimate.high) else estimate.high
            axes.plot([place, place], [estimate.low / scale, top / scale], color=SKY, linewidth=1.4, zorder=1)
            axes.plot([place], [estimate.value / scale], marker="o", markersize=4, color=BLUE, zorder=3, clip_on=False)
        _set_parameter(axes, one, (_WIDTH_IN - _SIDE_IN) / columns - _BETWEEN_IN, at_values=sweep.is_grid)
        _set_values(axes, metric, sweep)
        axes.set_xlabel(one.path)
        if number % columns:
            axes.set_ylabel("")
        quiet_axes(axes, grid="both")
        if one.unit == "word":
            axes.margins(x=0.2)
        else:
            _show_span(axes, one)
        written = sum(len(label.get_text()) + 1 for label in axes.get_xticklabels())
        axes.tick_params(axis="x", labelrotation=30 if written > _MOST_CHARACTERS / columns else 0)
    for number in range(count, lines * columns):
        panels[number // columns][number % columns].set_axis_off()
    frame(chart, finding(sweep, metric), _caption(sweep), share=0.93)
    return chart


def _show_span(axes: Any, one: Parameter) -> None:
    """The whole range of a parameter, also where no point lies at its ends."""
    divisor = SECOND if one.unit == "ns" else 1.0
    low, high = min(one.numbers) / divisor, max(one.numbers) / divisor
    if one.is_log:
        axes.set_xlim(low / (high / low) ** 0.06, high * (high / low) ** 0.06)
    elif low < high:
        axes.set_xlim(low - 0.06 * (high - low), high + 0.06 * (high - low))


def finding(sweep: Sweep, metric: Metric) -> str:
    best = sweep.best(metric)
    if best.leader is None:
        return f"{capitalised(metric.label)}: nothing of the kind at any point"
    others = [] if len(best.others) > 1 and len(sweep.parameters) > 1 else [*map(sweep.text_of, best.others)]
    if len(others) != len(best.others) or len(others) > _MOST_NAMED:
        doubt = f", or at one of {len(best.others)} other points"
    else:
        doubt = "".join(f" or {text}" for text in others)
    return f"{capitalised(metric.label)} is least at {sweep.text_of(best.leader)}{doubt}"


def _caption(sweep: Sweep) -> str:
    mark = "ring: least; " if len(sweep.parameters) == 1 else ""
    if _has_heat_maps(sweep):
        mark = "frame: least, dashed: may be as little; "
    luck = luck_note("all points", points_foreign_faults(sweep))
    missing = any(None in estimates for estimates in sweep.estimates.values())
    left_out = "; where nothing of the kind happened, nothing is drawn" if missing else ""
    return f"{caption_of(sweep.results[0])}; {luck}; {mark}95% intervals, each by itself{left_out}"


def _has_heat_maps(sweep: Sweep) -> bool:
    return len(sweep.parameters) == 2 and sweep.is_grid


def sweep_charts(sweep: Sweep) -> Iterator[tuple[str, Chart]]:
    """Every chart, with the name that its file has."""
    if len(sweep.parameters) == 1:
        yield "curves", sweep_curves(sweep)
        return
    for metric in sweep.metrics:
        name = metric.name.replace("_", "-")
        if _has_heat_maps(sweep):
            yield f"heat-map-{name}", sweep_heat_map(sweep, metric)
        else:
            yield f"cloud-{name}", sweep_cloud(sweep, metric)
