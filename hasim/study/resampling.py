"""An interval for any statistic of independent observations: the bootstrap.

For questions that :mod:`hasim.study.estimators` has no closed form for, such as how much longer the 95th percentile is
than the median. The resamples are the same for equal sizes, so that equal observations give equal bytes.

Sources: B. Efron, "Better bootstrap confidence intervals", JASA 82 (1987): bias-corrected and accelerated (BCa);
T. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69 (2015): expanded, since
resamples of n observations spread less than samples do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

from hasim.study.estimators import CONFIDENCE, Estimate, student_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Statistic: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

__all__ = ["FEWEST", "bootstrap"]

FEWEST = 50
"""With fewer observations the intervals are too narrow; measured in the coverage tests."""

_RESAMPLES = 1_000
_VALUES_AT_ONCE = 1_000_000
_PARTS = 1_000
_NORMAL = NormalDist()


def bootstrap(values: Sequence[float], statistic: Statistic, confidence: float = CONFIDENCE) -> Estimate:
    """The statistic of what ``values`` were drawn from.

    Args:
        values: independent observations, at least :data:`FEWEST`.
        statistic: from an array of shape (m, n), m samples of n observations, to one of shape (m,); for the mean
            ``lambda samples: samples.mean(axis=1)``. It does not depend on the order of the observations.
        confidence: of the interval.

    Raises:
        ValueError: there are too few values, or the statistic is the same in every resample.
    """
    import numpy as np

    observed = np.asarray(values, dtype=np.float64)
    n = observed.size
    if n < FEWEST:
        raise ValueError(f"a bootstrap needs at least {FEWEST} observations, not {n}")
    value = float(statistic(observed[np.newaxis, :])[0])
    resampled = np.sort(np.concatenate([statistic(some) for some in _resamples(observed)]))
    if resampled[0] == resampled[-1]:
        raise ValueError("the statistic is the same in every resample: they say nothing about its spread")
    below = (np.count_nonzero(resampled < value) + 0.5 * np.count_nonzero(resampled == value)) / _RESAMPLES
    bias = _NORMAL.inv_cdf(min(max(below, 0.5 / _RESAMPLES), 1 - 0.5 / _RESAMPLES))
    acceleration = _acceleration(observed, statistic)
    reach = student_quantile((1 + confidence) / 2, n - 1) * math.sqrt(n / (n - 1))
    low, high = (float(np.quantile(resampled, _shifted(z, bias, acceleration))) for z in (-reach, reach))
    return Estimate(value, low, high, confidence, "bootstrap (BCa, expanded)", n)


def _resamples(observed: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """All of them, some at a time, as arrays of shape (some, n)."""
    import numpy as np

    n, rng = observed.size, np.random.default_rng(observed.size)
    some = max(_VALUES_AT_ONCE // n, 1)
    for first in range(0, _RESAMPLES, some):
        yield observed[rng.integers(0, n, (min(some, _RESAMPLES - first), n))]


def _acceleration(observed: NDArray[np.float64], statistic: Statistic) -> float:
    """How the statistic's spread changes with its value, from leaving out one observation at a time, or one of many
    parts."""
    import numpy as np

    parts = np.array_split(np.arange(observed.size), min(observed.size, _PARTS))
    without_one = np.array([float(statistic(np.delete(observed, part)[np.newaxis, :])[0]) for part in parts])
    rests = without_one.mean() - without_one
    spread = float((rests**2).sum())
    return float((rests**3).sum()) / (6 * spread**1.5) if spread else 0.0


def _shifted(z: float, bias: float, acceleration: float) -> float:
    """Which quantile of the resamples stands for the statistic's that lies ``z`` standard errors from its middle."""
    moved = bias + z
    return _NORMAL.cdf(bias + moved / (1 - acceleration * moved))
