"""Quantiles of something that weighted episodes have any number of, such as failovers.

The distribution function at the estimate is a ratio over cycles with a known error. That error is the one of so many
independent observations; with this effective number the exact binomial interval of the share (Clopper-Pearson) is read
back through the estimated distribution function (Korn and Graubard 1998, after Woodruff 1952), and one observation more
on either side: a heavy one is no certainty. Where all of so many might well lie below the quantile it has no bound.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeAlias

from hasim.measure.model import Outage
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Cycles
from hasim.study.estimators import CONFIDENCE, Estimate, binomial_interval

__all__ = ["weighted_quantile"]

Select: TypeAlias = Callable[[Episode], Sequence[Outage]]


def weighted_quantile(cycles: Cycles, select: Select, share: float, confidence: float = CONFIDENCE) -> Estimate:
    """The ``share`` quantile of the durations (ns) of the outages that ``select`` takes of each episode (not none)."""
    pairs = sorted(
        (outage.duration_ns, cycles.share(stratum) * episode.weight / len(rows))
        for stratum, rows in cycles.episodes.items()
        for episode in rows
        for outage in select(episode)
    )
    sums = list(accumulate(weight for _, weight in pairs))

    def place_of(wanted: float) -> int:
        return min(bisect_left(sums, wanted * sums[-1] * (1 - 1e-12)), len(pairs) - 1)

    value = pairs[place_of(share)][0]
    below = cycles.ratio(
        lambda episode: sum(outage.duration_ns <= value for outage in select(episode)),
        lambda episode: len(select(episode)),
    )
    effective = min(share * (1 - share) / below.error**2, len(pairs)) if below.error else len(pairs)
    low, high = binomial_interval(share * effective, effective, confidence)
    tail = (1.0 - confidence) / 2.0
    return Estimate(
        value=value,
        low=pairs[max(place_of(low) - 1, 0)][0] if (1.0 - share) ** effective <= tail else 0.0,
        high=pairs[min(place_of(high) + 1, len(pairs) - 1)][0] if share**effective <= tail else math.inf,
        confidence=confidence,
        method="weighted quantile (Woodruff, with the exact binomial interval of the effective number)",
        n=len(pairs),
    )
