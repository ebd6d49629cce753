"""A time axis from which long idle stretches are cut, so that a long wait does not hide the seconds around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hasim.report.charts.ticks import spaced_ticks
from hasim.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND

__all__ = ["TimeAxis"]

_SHORTEST_CUT_NS = 15 * SECOND
"""Shorter waits stay: most of a failover is waiting, and that is worth seeing."""

_CUT_FACTOR = 4
"""Longer ones are cut as soon as the shortest of them is longer than this many times everything that stays."""

_CUT_WIDTH = 0.12
"""How wide a cut is drawn, as a part of everything that stays."""

_HATCHED = 0.5
"""So much of a cut, in its middle, is drawn as one; at both ends the lanes are seen to go on."""

_MOST_CUTS = 6
_WANTED_TICKS = 9
_FEWER_TICKS = 6
"""Where labels are as long as ``1 h 18 min``."""

_UNITS = ((2 * DAY, DAY, "days"), (2 * HOUR, HOUR, "hours"), (5 * MINUTE, MINUTE, "minutes"), (0, SECOND, "seconds"))
"""From this width on, an axis counts in that unit."""

_PARTS_OF_A_LINE = 2
"""So many units of a duration fit below a tick."""

_FINEST_NS = MILLISECOND
"""Durations below ticks are rounded to it."""

_DURATIONS_FROM_NS = 2 * MINUTE
"""Where an axis that is short because it is cut reaches farther than this, its labels have units of their own."""


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

    def gap_of(self, start_ns: int, end_ns: int) -> tuple[float, float]:
        """From where to where a cut is drawn as one."""
        middle, half = self.middle_of(start_ns, end_ns), (self.at(end_ns) - self.at(start_ns)) * _HATCHED / 2
        return middle - half, middle + half

    @property
    def width(self) -> float:
        """From the first position to the last, in drawn seconds."""
        return self.positions[-1] - self.positions[0]

    @property
    def unit(self) -> tuple[int, str]:
        """What the axis counts in: its length in nanoseconds and its name; ``time`` where labels are durations with
        units of their own."""
        unit_ns, name = next((unit_ns, name) for least, unit_ns, name in _UNITS if self.width * SECOND >= least)
        is_far = self.times_ns[-1] - self.origin_ns >= _DURATIONS_FROM_NS
        return unit_ns, "time" if self.cuts and is_far else name

    def ticks(self, width_in: float) -> list[tuple[float, str]]:
        """Positions and labels (in :attr:`unit`, from the origin) of instants outside the cuts, whose labels do not
        touch below an axis of that width, in inches: round ones, and where a cut ends if none follows it."""
        if self.width <= 0:
            return [(self.positions[0], "0")]
        unit_ns, name = self.unit
        wanted = _FEWER_TICKS if name == "time" else _WANTED_TICKS
        step_ns = _round_step_ns(self.width / wanted, unit_ns)
        first_ns = math.ceil((self.times_ns[0] - self.origin_ns) / step_ns) * step_ns
        ticks = []
        for start_ns, end_ns in self._kept():
            from_ns, to_ns = start_ns - self.origin_ns, end_ns - self.origin_ns
            instants_ns = range(max(first_ns, math.ceil(from_ns / step_ns) * step_ns), to_ns + 1, step_ns)
            if name == "time" and not instants_ns:
                instants_ns = range(from_ns, from_ns + 1)
            for tick_ns in instants_ns:
                label = _duration_label(tick_ns) if name == "time" else _number_label(tick_ns, unit_ns)
                ticks.append((self.at(self.origin_ns + tick_ns), label))
        return spaced_ticks(ticks, (self.positions[0], self.positions[-1]), width_in, is_log=False)

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


def _number_label(relative_ns: int, unit_ns: int) -> str:
    return _sign(relative_ns) + _plain(abs(relative_ns) / unit_ns)


def _duration_label(relative_ns: int) -> str:
    """``20 s``, ``2 min 5 s`` or, in two lines, ``1 h 18 min`` and ``20.5 s``: what a unit has none of is left out."""
    parts, rest_ns = [], round(abs(relative_ns) / _FINEST_NS) * _FINEST_NS
    for unit_ns, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        count, rest_ns = divmod(rest_ns, unit_ns)
        if count:
            parts.append(f"{count} {name}")
    if rest_ns:
        parts.append(f"{_plain(rest_ns / SECOND)} s")
    lines = (" ".join(parts[:_PARTS_OF_A_LINE]), " ".join(parts[_PARTS_OF_A_LINE:]))
    return _sign(relative_ns) + ("\n".join(filter(None, lines)) or "0")


def _sign(relative_ns: int) -> str:
    return "\N{MINUS SIGN}" if relative_ns < 0 else ""


def _plain(number: float) -> str:
    """Without zeros at the end."""
    return f"{number:.9f}".rstrip("0").rstrip(".")
