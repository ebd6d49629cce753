"""How many episodes of which stratum: a pilot of each, then where they make the interval narrower (Neyman 1934).

The standard deviation of a stratum is not taken from its own few episodes alone. What is rare, large and not yet seen
would make a stratum look harmless, so that it got no more episodes and stayed it: the estimate would be too low and
seem precise. It is therefore mixed with that of all strata of the same kind (as many overlapping faults, which end
together or apart), as if a few more episodes had been seen with that; and every stratum gets its share of a part of all
episodes. A stratum of which only two or three episodes count is not known at all: it gets more whatever they say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from hasim.sim.randomness import ROWS
from hasim.study.episodes.estimation import Cycles, Part, Ratio, Stratum
from hasim.study.estimators import CONFIDENCE

__all__ = ["cost_of", "further", "reached", "whole"]

_BORROWED, _BORROWED_ALONE = 64, 8
"""With overlapping faults, where weights are skewed, and without."""

_FLOOR = 0.05

_GROWTH = 4.0
"""At most so many times what a stratum has: what was estimated from few episodes is not trusted with many."""

_FEWEST, _MATERIAL = 10.0, 0.05
"""A stratum that is so large a part of the variance must have so many effective episodes: while two or three have most
of the weight, an interval is too narrow."""

_RESERVE = 1.1
"""A little more than the pilot asks for, rather than another round."""

_CRITICAL = NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2.0)


def whole(stratum: Stratum, count: int) -> int:
    """So many episodes or a few more, so that no Latin hypercube of those without an overlap is left unfinished."""
    return count if stratum.depth else -(-count // ROWS) * ROWS


def cost_of(stratum: Stratum) -> int:
    """How many runs of the world an episode takes."""
    return stratum.depth + 1


def reached(aims: Sequence[Ratio], precision: float) -> bool:
    """Whether the interval of every aim reaches no further than ``precision`` times its value, and can be trusted."""
    return all(_reach(aim) * _cautious_error(aim) <= precision * aim.value and not _thin(aim) for aim in aims)


def further(cycles: Cycles, aims: Sequence[Ratio], precision: float, runs: int) -> dict[Stratum, int]:
    """How many episodes each stratum should have in all, next, if no more than ``runs`` more runs are to be made."""
    have = {stratum: len(rows) for stratum, rows in cycles.episodes.items()}
    wanted: dict[Stratum, float] = dict.fromkeys(have, 0.0)
    for aim in aims:
        counts = _neyman(aim, precision)
        pace = _pace(aim, counts)
        for stratum, count in counts.items():
            wanted[stratum] = max(wanted[stratum], _RESERVE * pace * count)
        for stratum, part in _thin(aim).items():
            wanted[stratum] = max(wanted[stratum], part.n * _FEWEST / part.effective)
    for depth in {stratum.depth for stratum in have}:
        strata = [stratum for stratum in have if stratum.depth == depth]
        total = math.fsum(wanted[stratum] for stratum in strata)
        for stratum in strata:
            wanted[stratum] = max(wanted[stratum], _FLOOR * total * cycles.share(stratum))
    more = {stratum: max(0.0, min(count, _GROWTH * have[stratum]) - have[stratum]) for stratum, count in wanted.items()}
    cost = math.fsum(cost_of(stratum) * count for stratum, count in more.items())
    scale = min(1.0, runs / cost) if cost else 1.0
    return {stratum: have[stratum] + whole(stratum, math.ceil(scale * count)) for stratum, count in more.items()}


def _pace(aim: Ratio, counts: dict[Stratum, float]) -> float:
    """Which share of the counts to go for now: no stratum runs ahead of one that matters and may not grow as fast."""
    held = [_GROWTH * part.n / counts[stratum] for stratum, part in _material(aim).items() if counts[stratum]]
    return min([1.0, *held])


def _material(aim: Ratio) -> dict[Stratum, Part]:
    """The strata that are a part of the variance which matters."""
    least = _MATERIAL * math.fsum(part.variance for part in aim.parts.values())
    return {stratum: part for stratum, part in aim.parts.items() if part.variance > least}


def _thin(aim: Ratio) -> dict[Stratum, Part]:
    """The strata that a few episodes of a few make the error of: it is not known yet."""
    return {stratum: part for stratum, part in _material(aim).items() if 0 < part.effective < _FEWEST}


def _neyman(aim: Ratio, precision: float) -> dict[Stratum, float]:
    """The cheapest numbers of episodes with which the interval is as narrow as wanted."""
    spreads = _cautious_spreads(aim)
    error = precision * aim.value * aim.measure / _reach(aim)
    total = math.fsum(spread * math.sqrt(cost_of(stratum)) for stratum, spread in spreads.items())
    return {stratum: spread / math.sqrt(cost_of(stratum)) * total / error**2 for stratum, spread in spreads.items()}


def _reach(aim: Ratio) -> float:
    """So many standard errors the interval reaches to its longer side, skewed as it is."""
    if not aim.error:
        return _CRITICAL
    found = aim.estimate()
    return max(_CRITICAL, (found.high - aim.value) / aim.error, (aim.value - found.low) / aim.error)


def _cautious_error(aim: Ratio) -> float:
    squares = (spread**2 / aim.parts[stratum].n for stratum, spread in _cautious_spreads(aim).items())
    return math.sqrt(math.fsum(squares)) / aim.measure


def _cautious_spreads(aim: Ratio) -> dict[Stratum, float]:
    """Of each stratum its share of all cycles times its standard deviation, mixed with that of its kind."""
    spreads = {}
    for overlap in {stratum.overlap for stratum in aim.parts}:
        parts = {stratum: part for stratum, part in aim.parts.items() if stratum.overlap == overlap}
        shares = math.fsum(part.share for part in parts.values())
        borrowed = _BORROWED if overlap.depth else _BORROWED_ALONE
        common = math.fsum(part.share * part.deviation**2 for part in parts.values()) / shares
        for stratum, part in parts.items():
            mixed = (part.n * part.deviation**2 + borrowed * common) / (part.n + borrowed)
            spreads[stratum] = part.share * math.sqrt(mixed)
    return spreads
