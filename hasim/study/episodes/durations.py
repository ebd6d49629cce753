"""How long a fault lasts that others are to overlap with: picked, with what the pick is worth.

* **A long one** is more often overlapped with. Several durations are drawn, and one is picked by its length: with the
  probability p of n, so that it counts as ``1 / (n p)``. That needs no density.
* **One that ends together with another fault**, give or take a few seconds. Instances that come back together take over
  from one another while the scripts of both are at work: an address that is left behind then stays where it is until
  the next fault. Such an outage is as long as it is rare, and years of simulation do not show it. The duration is drawn
  from its own distribution, given that it ends then (*forcing*).

Each way is a stratum by itself, since one may matter a thousand times as much as the other. So that they add up to the
whole, a duration counts in each by how much likelier it is there (the *balance heuristic* of Veach and Guibas,
SIGGRAPH 1995), which leaves no episode a large weight.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from hasim.scenario.distributions import Distribution
from hasim.sim.randomness import Randomness
from hasim.study.episodes.clocks import cumulative, inverse
from hasim.units import SECOND

__all__ = ["Durations"]

_LOTS, _FAIR = 32, 0.25
"""A long duration is one of so many, picked by its length (or by the power of it that has others overlap) plus this
share of the mean: so no episode counts more than 1 + 1 / _FAIR times as much for it."""

_TOGETHER = 0.9
"""What ends together counts nearly all in that stratum: as if such a share of all durations were picked like that."""

_CLOSE_NS = (8 * SECOND, 64 * SECOND)
"""What together means, each in as many cases: from an election to a boot with all its scripts."""

_IMPOSSIBLE = 1e-9
"""Ends that are as close as that less often are not looked for."""


class _Stretch(NamedTuple):
    """Durations from one to another: the probability of a shorter one, and of one of them."""

    from_ns: int
    to_ns: int
    below: float
    chance: float


class _Together:
    """The durations that end together with other faults; none, where no such duration can be."""

    def __init__(self, duration: Distribution, others_end_ns: Sequence[int]) -> None:
        """``others_end_ns``: how long from now."""
        self._duration = duration
        self._stretches = [
            stretch
            for end_ns in others_end_ns
            for close_ns in _CLOSE_NS
            if (stretch := self._stretch(end_ns, close_ns)).chance > _IMPOSSIBLE
        ]

    def __bool__(self) -> bool:
        return bool(self._stretches)

    def pick(self, which: float, where: float) -> int:
        """A duration, for two uniform numbers."""
        stretch = self._stretches[int(which * len(self._stretches))]
        lasts_ns = round(inverse(self._duration, stretch.below + where * stretch.chance))
        return min(max(lasts_ns, stretch.from_ns), stretch.to_ns)

    def density(self, lasts_ns: int) -> float:
        """How likely it is to be picked, relative to how likely it is by itself."""
        inside = [1.0 / s.chance for s in self._stretches if s.from_ns <= lasts_ns <= s.to_ns]
        return math.fsum(inside) / len(self._stretches) if inside else 0.0

    def _stretch(self, end_ns: int, close_ns: int) -> _Stretch:
        from_ns, to_ns = max(end_ns - close_ns, 0), end_ns + close_ns
        below = cumulative(self._duration, from_ns)
        return _Stretch(from_ns, to_ns, below, cumulative(self._duration, to_ns) - below)


class Durations:
    """The durations of one episode's faults."""

    def __init__(self, randomness: Randomness) -> None:
        self._lots = randomness.stream("episode", "durations").uniform
        self._ends = randomness.stream("episode", "ends").uniform

    def long(self, duration: Distribution, power: int) -> tuple[int, float]:
        """How long a fault lasts (ns), and the likelihood ratio of that.

        The time for one more fault to overlap with it grows with the ``power`` 1 of the duration, that for two more
        with its square.
        """
        lots = [duration.quantile(self._lots()) for _ in range(_LOTS)]
        sizes = [float(lot) ** power for lot in lots]
        total = math.fsum(sizes)
        if not total:
            return lots[0], 1.0
        least = _FAIR * total / _LOTS
        sums = list(accumulate(size + least for size in sizes))
        index = min(bisect_right(sums, self._lots() * sums[-1]), _LOTS - 1)
        return lots[index], sums[-1] / _LOTS / (sizes[index] + least)

    def apart(self, duration: Distribution, others_end_ns: Sequence[int]) -> tuple[int, float]:
        """Likewise, of the durations that do not end together with other faults; those end so long from now (ns)."""
        lasts_ns, ratio = self.long(duration, 1)
        together = _Together(duration, others_end_ns)
        return lasts_ns, ratio * (1.0 - _TOGETHER) / _mixed(together.density(lasts_ns))

    def together(self, duration: Distribution, others_end_ns: Sequence[int]) -> tuple[int, float] | None:
        """Likewise, of those that do; None: there are none."""
        together = _Together(duration, others_end_ns)
        if not together:
            return None
        lasts_ns = together.pick(self._ends(), self._ends())
        return lasts_ns, _TOGETHER / _mixed(together.density(lasts_ns))


def _mixed(density: float) -> float:
    return 1.0 - _TOGETHER + _TOGETHER * density
