"""Where an axis of durations or of availability has its ticks, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from hasim.report.numbers import percentage_without
from hasim.units import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, YEAR, format_duration

__all__ = [
    "duration_ticks",
    "log_duration_ticks",
    "log_number_ticks",
    "number_ticks",
    "power_ticks",
    "set_ticks",
    "signed_duration_ticks",
    "spaced_ticks",
    "unavailability_ticks",
]

_UNITS = (
    (2 * MINUTE, SECOND, "s"),
    (2 * HOUR, MINUTE, "min"),
    (2 * DAY, HOUR, "h"),
    (2 * YEAR, DAY, "d"),
)
_SHORT_UNITS = (
    (2 * MICROSECOND, 1, "ns"),
    (2 * MILLISECOND, MICROSECOND, "µs"),
    (SECOND, MILLISECOND, "ms"),
)
_LOG_STEPS: tuple[tuple[int, tuple[float, ...]], ...] = (
    (MICROSECOND, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    (MILLISECOND, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    (SECOND, (1, 2, 5, 10, 20)),
    (MINUTE, (0.5, 1, 2, 5, 10, 20)),
    (HOUR, (0.5, 1, 2, 5, 12)),
    (DAY, (1, 2, 5, 10, 30, 100)),
    (YEAR, (1, 2, 5, 10, 20, 50, 100)),
)
_LOG_TICKS_NS = tuple(factor * unit_ns for unit_ns, factors in _LOG_STEPS for factor in factors)
_MOST_TICKS = 9
_CHARACTER_IN = 0.085
"""Of the label of a tick."""


def set_ticks(axis: Any, ticks: Sequence[tuple[float, str]]) -> None:
    """Give a matplotlib axis exactly these ticks, and no minor ones."""
    axis.set_major_locator(FixedLocator([position for position, _ in ticks]))
    axis.set_major_formatter(FixedFormatter([label for _, label in ticks]))
    axis.set_minor_locator(NullLocator())


def spaced_ticks(
    ticks: Sequence[tuple[float, str]], ends: tuple[float, float], width_in: float, *, is_log: bool
) -> list[tuple[float, str]]:
    """Those of the ticks, in their order, whose labels do not touch below a panel of that width: the first, the last if
    there is room for both, and what fits between.

    Args:
        ticks: from the lowest to the highest.
        ends: the numbers at the left and at the right of the panel.
        width_in: of the panel, in inches.
        is_log: whether its axis is logarithmic.
    """
    scale = log10 if is_log else float
    low, high = map(scale, ends)
    share_in = width_in / ((high - low) or 1.0)

    def reach(tick: tuple[float, str]) -> tuple[float, float]:
        longest = max(map(len, tick[1].split("\n")))
        middle, half = (scale(tick[0]) - low) * share_in, (longest + 1) * _CHARACTER_IN / 2
        return middle - half, middle + half

    kept: list[tuple[float, str]] = []
    for tick in ticks:
        is_last = tick is ticks[-1]
        while is_last and len(kept) > 1 and reach(kept[-1])[1] > reach(tick)[0]:
            kept.pop()
        if not kept or reach(kept[-1])[1] <= reach(tick)[0]:
            kept.append(tick)
    return kept


def duration_ticks(longest_s: float) -> list[tuple[float, str]]:
    """Round durations from 0 to ``longest_s`` in one fitting unit."""
    longest_ns = max(longest_s * SECOND, 1.0)
    fitting = (unit for unit in _UNITS if longest_ns < unit[0])
    _, unit_ns, name = next(fitting, (0, YEAR, "y"))
    values = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(0, longest_ns / unit_ns)
    inside = [value for value in values if 0 <= value * unit_ns <= longest_ns]
    return [(value * unit_ns / SECOND, f"{value:g} {name}" if value else "0") for value in inside]


def signed_duration_ticks(lowest_s: float, highest_s: float, count: int = 5) -> list[tuple[float, str]]:
    """Round durations between the two, in one fitting unit, negative ones too; a sign where some are negative."""
    longest_ns = max(abs(lowest_s), abs(highest_s)) * SECOND
    fitting = (unit for unit in (*_SHORT_UNITS, *_UNITS) if longest_ns < unit[0])
    _, unit_ns, name = next(fitting, (0, YEAR, "y"))
    sign = "+" if lowest_s < 0 else ""
    values = number_ticks(lowest_s * SECOND / unit_ns, highest_s * SECOND / unit_ns, count)
    return [(value * unit_ns / SECOND, f"{value:{sign}g} {name}" if value else "0") for value, _ in values]


def number_ticks(lowest: float, highest: float, count: int = 5) -> list[tuple[float, str]]:
    """Round numbers between the two."""
    values = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]).tick_values(lowest, highest)
    rounded = [0.0 if abs(value) < 1e-9 * (highest - lowest) else float(value) for value in values]
    return [(value, f"{value:,.10g}") for value in rounded if lowest <= value <= highest]


def log_duration_ticks(shortest_s: float, longest_s: float) -> list[tuple[float, str]]:
    """Durations people think in, between the two, for a logarithmic axis."""
    inside = [ns for ns in _LOG_TICKS_NS if shortest_s <= ns / SECOND <= longest_s]
    step = ceil(len(inside) / _MOST_TICKS)
    return [(ns / SECOND, format_duration(round(ns))) for ns in (inside[::step] if step > 1 else inside)]


def log_number_ticks(lowest: float, highest: float) -> list[tuple[float, str]]:
    """1, 2 and 5 times powers of ten between the two, for a logarithmic axis."""
    ticks = [(value, f"{value:,.10g}") for value in _powers(lowest, highest)]
    return ticks[:: max(ceil(len(ticks) / _MOST_TICKS), 1)]


def power_ticks(lowest: float, highest: float) -> list[tuple[float, str]]:
    """Powers of ten between the two, for a logarithmic axis; where there are few, 2 and 5 times each as well."""
    ticks = [(value, f"{value:.0e}") for value in _powers(lowest, highest)]
    return ticks[:: ceil(len(ticks) / _MOST_TICKS)]


def unavailability_ticks(lowest: float, highest: float) -> list[tuple[float, str]]:
    """Powers of ten of the unavailability between the two, called by the availability: 0.001 is 99.9%.

    With less than two powers of ten between them, 2 and 5 times each power as well.
    """
    return [(value, percentage_without(value)) for value in _powers(lowest, highest)]


def _powers(lowest: float, highest: float) -> list[float]:
    powers = range(floor(log10(lowest)), ceil(log10(highest)) + 1)
    factors = (1,) if log10(highest) - log10(lowest) >= 1.7 else (1, 2, 5)
    values = [factor * 10.0**power for power in powers for factor in factors]
    return [value for value in values if lowest <= value <= highest]
