"""How much two variants differ that ran under the same luck: differences with intervals that use the pairing.

Replication by replication both see the same faults, the same slow tasks and the same lost packets, so that most of what
varies from one replication to the next is in both and falls out of the difference. Everything here is a closed form;
the tests in ``tests/exact/test_paired_coverage.py`` count how often the intervals hold the truth.

* **Means** over replications: Student's t over the replications' differences, corrected for skewness as the mean itself
  is. Where fewer than :data:`~hasim.study.estimators.FEW` replications differ, a variance cannot be trusted: what one
  variant has more and what it has less are bounded each by itself, and both by how far apart the variants' own
  intervals let them be. Where all differ by the same, that is no certainty either: they are treated as an estimate of
  equal values is. And however narrowly the differences lie together, n of them do not exclude that a share of
  ``-ln(tail) / n`` is quite another, as where a shifted heartbeat now and then costs a whole interval more. There the
  variants may be as far apart as two runs of one are: so no interval reaches less far than that share of the spread
  (standard deviation) of single runs.
* **Quantiles and means over failovers**: the interval of each variant by itself, put together with the correlation of
  the two (MOVER: Zou and Donner, Statistics in Medicine 27 (2008); Zou, Psychological Methods 12 (2007)). The
  correlation is that of the sums which the replications contribute to the two estimates. Where too few replications
  differ to measure it, none is assumed, which is the wider interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hasim.study.estimators import FEW, Estimate, scaled, student_interval, student_quantile

__all__ = [
    "Bound",
    "Difference",
    "Single",
    "confidence_of_sign",
    "difference_of_centres",
    "difference_of_means",
    "rescaled",
]

Single: TypeAlias = Callable[[float], Estimate]
"""The estimate of one variant by itself, with an interval of the confidence asked for."""

Bound: TypeAlias = Callable[[Sequence[float], float], Estimate]
"""The mean of values that are none below zero and most of them zero, with an interval of the confidence asked for."""

_HIGHEST_CONFIDENCE = 0.9999
_HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """What a variant has more than the baseline.

    Attributes:
        estimate: of the difference; ``low`` may be negative, or ``-math.inf`` where there is no bound.
        gain: how many times more replications it would take to say it as exactly with separate luck (the variance of an
            unpaired difference over that of this one, or over what its interval stands for where that is more); None
            where that cannot be said.
    """

    estimate: Estimate
    gain: float | None

    @property
    def sign(self) -> int:
        """1 if the variant certainly has more, -1 if it has less, 0 while that is undecided."""
        if self.estimate.low > 0:
            return 1
        return -1 if self.estimate.high < 0 else 0


def rescaled(difference: Difference, factor: float) -> Difference:
    """The difference of the same thing times a positive constant."""
    return Difference(scaled(difference.estimate, factor), difference.gain)


def difference_of_means(
    baseline: Sequence[float],
    variant: Sequence[float],
    bound: Bound,
    singles: tuple[Single, Single],
    confidence: float,
) -> Difference:
    """The mean of ``variant`` minus that of ``baseline``; both have a value, not below zero, per replication.

    Where few replications differ, ``bound`` says how much more and how much less there can be. ``singles`` are the
    estimates of the two means by themselves: they lie no further apart than their intervals allow.
    """
    deltas = [after - before for before, after in zip(baseline, variant, strict=True)]
    n = len(deltas)
    mean = math.fsum(deltas) / n
    squares = _squares(deltas)
    if sum(delta != 0 for delta in deltas) < FEW:
        low, high = _of_few(deltas, bound, singles, confidence)
        method = "few replications differ: what is more and what is less bounded each by itself"
        return Difference(Estimate(mean, low, high, confidence, method, n), None)
    alike = squares <= (1e-12 * mean) ** 2 * n
    if alike:
        size = bound([abs(delta) for delta in deltas], confidence)
        low, high = (size.low, size.high) if mean > 0 else (-size.high, -size.low)
        method = f"all replications differ by the same: {size.method}"
    else:
        low, high = student_interval(deltas, confidence)
        method = "t over paired replications, corrected for skewness (Hall)"
    spreads = _squares(baseline), _squares(variant)
    least = _unseen_share(n, confidence) * math.sqrt(max(spreads) / (n - 1))
    if least > min(mean - low, high - mean):
        low, high = min(low, mean - least), max(high, mean + least)
        method += "; not less than what so many pairs do not exclude"
    as_narrow = (least / student_quantile((1.0 + confidence) / 2.0, n - 1)) ** 2 * n * (n - 1)
    gain = None if alike else sum(spreads) / max(squares, as_narrow)
    return Difference(Estimate(mean, low, high, confidence, method, n), gain)


def _unseen_share(n: int, confidence: float) -> float:
    """What share of all replications may be of a kind that none of ``n`` is of, in one direction."""
    return -math.log((1.0 - confidence) / 2.0) / n


def _squares(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values)


def _of_few(
    deltas: Sequence[float], bound: Bound, singles: tuple[Single, Single], confidence: float
) -> tuple[float, float]:
    """Each bound stands on four one-sided ones, each at a quarter of the error (Bonferroni)."""
    quarter = 1.0 - (1.0 - confidence) / 4.0
    before, after = (single(quarter) for single in singles)
    more = bound([max(delta, 0.0) for delta in deltas], quarter)
    less = bound([max(-delta, 0.0) for delta in deltas], quarter)
    low = max(more.low - min(less.high, before.high), after.low - before.high)
    high = min(min(more.high, after.high) - less.low, after.high - before.low)
    return low, high


def difference_of_centres(
    estimates: tuple[Estimate, Estimate], contributions: tuple[Sequence[float], Sequence[float]], differing: int
) -> Difference:
    """The second of two quantiles, or of two means over failovers, minus the first.

    ``contributions`` are what each replication contributes to the deviation of the two estimates, and ``differing`` is
    in how many replications the variants differ at all.
    """
    before, after = estimates
    correlation = _correlation(*contributions) if differing >= FEW else 0.0
    value = after.value - before.value
    low = value - _joint(after.value - after.low, before.high - before.value, correlation)
    high = value + _joint(after.high - after.value, before.value - before.low, correlation)
    method = f"{after.method}, both variants together (MOVER, correlation {correlation:.2f})"
    apart = _joint(after.value - after.low, before.high - before.value, 0.0)
    together = value - low
    gain = (apart / together) ** 2 if correlation and 0 < together < math.inf else None
    estimate = Estimate(value, low, high, after.confidence, method, min(before.n, after.n))
    return Difference(estimate, gain)


def _joint(one: float, other: float, correlation: float) -> float:
    """The margin of a difference from the margins of the two, whose estimates are correlated."""
    if math.isinf(one) or math.isinf(other):
        return math.inf
    return math.sqrt(max(one * one + other * other - 2 * correlation * one * other, 0.0))


def _correlation(first: Sequence[float], second: Sequence[float]) -> float:
    size = math.sqrt(math.fsum(a * a for a in first) * math.fsum(b * b for b in second))
    return math.fsum(a * b for a, b in zip(first, second, strict=True)) / size if size else 0.0


def confidence_of_sign(difference: Callable[[float], Difference]) -> float:
    """The highest confidence (at most 0.9999) at which the sign of a difference is decided; 0 if it never is."""
    if difference(_HIGHEST_CONFIDENCE).sign:
        return _HIGHEST_CONFIDENCE
    low, high = 0.0, _HIGHEST_CONFIDENCE
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if difference(middle).sign:
            low = middle
        else:
            high = middle
    return low
