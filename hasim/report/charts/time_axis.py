"""A time axis from which long idle stretches are cut, so that a long wait does not hide the seconds around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hasim.units import DAY, HOUR, MINUTE, SECOND

__all__ = ["TimeAxis"]

_SHORTEST_CUT_NS = 15 * SECOND
"""Shorter waits stay: most of a failover is waiting, and that is worth seeing."""

_CUT_FACTOR = 4
"""Longer ones are cut as soon as the shortest of them is longer than this many times everything that stays."""

_CUT_WIDTH = 0.12
"""How wide a cut is drawn, as a part of everything that stays."""

_MOST_CUTS = 6
_WANTED_TICKS = 9
_UNITS = ((2 * DAY, DAY, "days"), (2 * HOUR, HOUR, "hours"), (5 * MINUTE, MINUTE, "minutes"), (0, SECOND, "seconds"))
"""From this width on, an axis counts in that unit."""

_CLOCK_FROM_NS = 2 * HOUR
"""Where an axis that is short because it is cut reaches farther than this, its labels are clock times."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Piecewise linear: ``times_ns`` are drawn at ``positions`` (both increasing); ``cuts`` are the stretches cut away.

    Positions are in drawn seconds, 0 at ``origin_ns``, and equal to the time relative to it as long as nothing is cut.
    """

    origin_ns: int
    times_ns: tuple[int, ...]
    positions: tuple[float, ...]
    cuts: tuple[tuple[int, int], ...]

    @classmethod
    def through(cls, events_ns: Sequence[int], origin_ns: int) -> TimeAxis:
        """The axis on which these instants (sorted, at least one) are drawn."""
        gaps = list(pairwise(events_ns))
        cuts = _cuts(gaps)
        kept_s = sum(end - start for start, end in gaps if (start, end) not in cuts) / SECOND
        positions = [0.0]
        for start, end in gaps:
            step = kept_s * _CUT_WIDTH if (start, end) in cuts else (end - start) / SECOND
            positions.append(positions[-1] + step)
        axis = cls(origin_ns, tuple(events_ns), tuple(positions), tuple(sorted(cuts)))
        shift = axis.at(origin_ns)
        return cls(origin_ns, axis.times_ns, tuple(position - shift for position in positions), axis.cuts)

    def widened(self, first_ns: int, last_ns: int) -> TimeAxis:
        """The axis with linear margins, out to these two instants where they lie outside."""
        times, positions = [*self.times_ns], [*self.positions]
        if first_ns < times[0]:
            positions.insert(0, positions[0] - (times[0] - first_ns) / SECOND)
            times.insert(0, first_ns)
        if last_ns > times[-1]:
            positions.append(positions[-1] + (last_ns - times[-1]) / SECOND)
            times.append(last_ns)
        return TimeAxis(self.origin_ns, tuple(times), tuple(positions), self.cuts)

    def at(self, time_ns: int) -> float:
        """Where that instant is drawn; instants outside the axis are drawn at its ends."""
        if time_ns <= self.times_ns[0]:
            return self.positions[0]
        for index in range(1, len(self.times_ns)):
            if time_ns <= self.times_ns[index]:
                start_ns, end_ns = self.times_ns[index - 1], self.times_ns[index]
                share = (time_ns - start_ns) / (end_ns - start_ns)
                return self.positions[index - 1] + share * (self.positions[index] - self.positions[index - 1])
        return self.positions[-1]

    def middle_of(self, start_ns: int, end_ns: int) -> float:
        """Where the middle of a drawn stretch is."""
        return (self.at(start_ns) + self.at(end_ns)) / 2

    @property
    def width(self) -> float:
        """From the first position to the last, in drawn seconds."""
        return self.positions[-1] - self.positions[0]

    @property
    def unit(self) -> tuple[int, str]:
        """What the axis counts in: its length in nanoseconds and its name; ``time`` where labels are clock times."""
        unit_ns, name = next((unit_ns, name) for least, unit_ns, name in _UNITS if self.width * SECOND >= least)
        farthest_ns = self.times_ns[-1] - self.origin_ns
        return unit_ns, "time" if farthest_ns >= _CLOCK_FROM_NS > self.width * SECOND else name

    def ticks(self) -> list[tuple[float, str]]:
        """Positions and labels (in :attr:`unit`, from the origin) of round instants outside the cuts."""
        if self.width <= 0:
            return [(self.positions[0], "0")]
        unit_ns, name = self.unit
        step_ns = _round_step_ns(self.width / _WANTED_TICKS, unit_ns)
        first_ns = math.ceil((self.times_ns[0] - self.origin_ns) / step_ns) * step_ns
        ticks = []
        for start_ns, end_ns in self._kept():
            tick_ns = max(first_ns, math.ceil((start_ns - self.origin_ns) / step_ns) * step_ns)
            while tick_ns <= end_ns - self.origin_ns:
                ticks.append((self.at(self.origin_ns + tick_ns), _label(tick_ns, unit_ns, as_clock=name == "time")))
                tick_ns += step_ns
        return ticks

    def _kept(self) -> list[tuple[int, int]]:
        edges = [self.times_ns[0], *(edge for cut in self.cuts for edge in cut), self.times_ns[-1]]
        return list(zip(edges[::2], edges[1::2], strict=True))


def _cuts(gaps: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """As many of the longest gaps as possible, such that each of them dwarfs the sum of all that stay."""
    longest_first = sorted(gaps, key=lambda gap: gap[0] - gap[1])
    candidates = [gap for gap in longest_first if gap[1] - gap[0] >= _SHORTEST_CUT_NS][:_MOST_CUTS]
    for count in range(len(candidates), 0, -1):
        rest_ns = sum(end - start for start, end in longest_first[count:])
        shortest_ns = candidates[count - 1][1] - candidates[count - 1][0]
        if rest_ns and shortest_ns > _CUT_FACTOR * rest_ns:
            return set(candidates[:count])
    return set()


def _round_step_ns(wanted_s: float, unit_ns: int) -> int:
    """1, 2 or 5 times a power of ten of the unit, at least ``wanted_s`` and one nanosecond."""
    wanted = max(wanted_s * SECOND, 1.0) / unit_ns
    exponent = math.floor(math.log10(wanted))
    for factor in (1, 2, 5, 10):
        if factor * 10.0**exponent >= wanted:
            return max(round(factor * 10.0**exponent * unit_ns), 1)
    raise AssertionError("one of the factors reaches the wanted step")


def _label(relative_ns: int, unit_ns: int, *, as_clock: bool) -> str:
    sign = "\N{MINUS SIGN}" if relative_ns < 0 else ""
    if as_clock and relative_ns:
        return sign + _clock_label(abs(relative_ns))
    text = f"{abs(relative_ns) / unit_ns:.9f}".rstrip("0").rstrip(".")
    return sign + text


def _clock_label(relative_ns: int) -> str:
    """``2:05:30``, or from a day on, in two lines, ``3 d`` and ``2:05:30``; full minutes without their seconds."""
    days, rest_ns = divmod(relative_ns, DAY)
    hours, rest_ns = divmod(rest_ns, HOUR)
    minutes, rest_ns = divmod(rest_ns, MINUTE)
    seconds = f":{rest_ns / SECOND:09.6f}".rstrip("0").rstrip(".") if rest_ns else ""
    before = f"{days} d\n" if days else ""
    return f"{before}{hours}:{minutes:02d}{seconds}"
