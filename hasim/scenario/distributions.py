"""Distributions of durations: what a scenario says about anything that takes time.

Every distribution turns one uniform number into one duration by :meth:`Distribution.quantile`. That one number per
draw is what makes runs comparable: a variant of a scenario that only changes a median sees the same luck. Durations
are whole nanoseconds, never negative, and never beyond :data:`LONGEST_NS`, so that a heavy tail cannot overflow
anything. The closed forms cost about a microsecond; only :class:`Gamma` needs SciPy, which is imported on first use.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from hasim.units import YEAR, counted, format_duration

__all__ = [
    "LARGEST_SHAPE",
    "LARGEST_SIGMA",
    "LONGEST_NS",
    "SMALLEST_SHAPE",
    "Capped",
    "Constant",
    "Distribution",
    "Empirical",
    "Exponential",
    "Gamma",
    "LogNormal",
    "Mixture",
    "Uniform",
    "Weibull",
]

LONGEST_NS = 100_000 * YEAR
"""No draw is longer; it is also the longest duration that can be written in a scenario."""

SMALLEST_SHAPE = 0.05
LARGEST_SHAPE = 1_000.0
"""Shapes of Weibull and gamma: beyond these the tail overflows floats, or the distribution is a constant."""

LARGEST_SIGMA = 20.0
"""The sigma of a lognormal: at 20, p95 is 10**14 times the median."""

_STANDARD_NORMAL = NormalDist()
_ALMOST_ZERO = 2.0**-60
_ALMOST_ONE = 1.0 - 2.0**-53


class Distribution(ABC):
    """A distribution of durations in nanoseconds. Subclasses are frozen, hashable and picklable."""

    __slots__ = ()

    @abstractmethod
    def quantile(self, u: float) -> int:
        """The duration (ns) for ``u``, uniform in the open interval (0, 1).

        For every distribution but a mixture this is the inverse of its distribution function.
        """

    @abstractmethod
    def limited_mean_ns(self, maximum_ns: float) -> float:
        """The mean of the distribution with every longer duration cut to ``maximum_ns``."""

    @abstractmethod
    def describe(self) -> str:
        """One line for people, such as ``lognormal, median 2.5 s, p95 8 s``."""

    def mean_ns(self) -> float:
        """The mean (ns), as if no draw were cut to :data:`LONGEST_NS`."""
        return self.limited_mean_ns(math.inf)


@dataclass(frozen=True, slots=True)
class Constant(Distribution):
    """Always ``value_ns``."""

    value_ns: int

    def __post_init__(self) -> None:
        if not 0 <= self.value_ns <= LONGEST_NS:
            raise ValueError("a constant duration lies between 0 and 100,000 years")

    def quantile(self, u: float) -> int:
        return self.value_ns

    def limited_mean_ns(self, maximum_ns: float) -> float:
        return float(min(self.value_ns, maximum_ns))

    def describe(self) -> str:
        return format_duration(self.value_ns)


@dataclass(frozen=True, slots=True)
class Uniform(Distribution):
    """Evenly between ``low_ns`` and ``high_ns``."""

    low_ns: int
    high_ns: int

    def __post_init__(self) -> None:
        if not 0 <= self.low_ns <= self.high_ns <= LONGEST_NS:
            raise ValueError("a uniform distribution needs 0 <= low <= high")

    def quantile(self, u: float) -> int:
        return self.low_ns + int(u * (self.high_ns - self.low_ns))

    def limited_mean_ns(self, maximum_ns: float) -> float:
        if maximum_ns <= self.low_ns:
            return float(maximum_ns)
        if maximum_ns >= self.high_ns:
            return (self.low_ns + self.high_ns) / 2
        below = (maximum_ns - self.low_ns) / (self.high_ns - self.low_ns)
        return below * (self.low_ns + maximum_ns) / 2 + (1 - below) * maximum_ns

    def describe(self) -> str:
        return f"uniform, {format_duration(self.low_ns)} to {format_duration(self.high_ns)}"


@dataclass(frozen=True, slots=True)
class Exponential(Distribution):
    """Without memory, with mean ``expected_ns``: failures that do not age."""

    expected_ns: int

    def __post_init__(self) -> None:
        if not 0 < self.expected_ns <= LONGEST_NS:
            raise ValueError("an exponential distribution needs a mean above 0")

    def quantile(self, u: float) -> int:
        value = -self.expected_ns * math.log1p(-u)
        return int(value) if value < LONGEST_NS else LONGEST_NS

    def limited_mean_ns(self, maximum_ns: float) -> float:
        return -self.expected_ns * math.expm1(-maximum_ns / self.expected_ns)

    def describe(self) -> str:
        return f"exponential, mean {format_duration(self.expected_ns)}"


@dataclass(frozen=True, slots=True)
class Weibull(Distribution):
    """Ageing (``shape`` > 1) or infant mortality (``shape`` < 1); ``scale_ns`` is the 63.2th percentile."""

    shape: float
    scale_ns: int
    _power: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_shape("Weibull", self.shape)
        if not 0 < self.scale_ns <= LONGEST_NS:
            raise ValueError("a Weibull distribution needs a scale above 0")
        object.__setattr__(self, "_power", 1.0 / self.shape)

    def quantile(self, u: float) -> int:
        value = self.scale_ns * (-math.log1p(-u)) ** self._power
        return int(value) if value < LONGEST_NS else LONGEST_NS

    def limited_mean_ns(self, maximum_ns: float) -> float:
        whole = self.scale_ns * math.gamma(1.0 + self._power)
        if maximum_ns == math.inf:
            return whole
        if maximum_ns <= 0:
            return 0.0
        hazard = math.exp(min(self.shape * math.log(maximum_ns / self.scale_ns), 700.0))
        return whole * float(_special().gammainc(1.0 + self._power, hazard)) + maximum_ns * math.exp(-hazard)

    def describe(self) -> str:
        return f"Weibull, shape {self.shape:g}, scale {format_duration(self.scale_ns)}"


@dataclass(frozen=True, slots=True)
class LogNormal(Distribution):
    """Given by its median and one upper percentile, e.g. ``percentile`` 0.95 at ``percentile_ns``."""

    median_ns: int
    percentile: float
    percentile_ns: int
    _sigma: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0.5 < self.percentile < 1.0:
            raise ValueError("a lognormal distribution needs a percentile above p50 and below p100")
        if not 0 < self.median_ns <= self.percentile_ns <= LONGEST_NS:
            raise ValueError("a lognormal distribution needs 0 < median <= its upper percentile")
        sigma = math.log(self.percentile_ns / self.median_ns) / _STANDARD_NORMAL.inv_cdf(self.percentile)
        if sigma > LARGEST_SIGMA:
            raise ValueError(f"a lognormal distribution as wide as that (sigma {sigma:.0f}) is not a duration")
        object.__setattr__(self, "_sigma", sigma)

    def quantile(self, u: float) -> int:
        value = self.median_ns * math.exp(self._sigma * _STANDARD_NORMAL.inv_cdf(u))
        return int(value) if value < LONGEST_NS else LONGEST_NS

    def limited_mean_ns(self, maximum_ns: float) -> float:
        sigma = self._sigma
        whole = self.median_ns * math.exp(sigma * sigma / 2)
        if maximum_ns == math.inf:
            return whole
        if maximum_ns <= 0 or sigma == 0:
            return max(0.0, min(float(self.median_ns), maximum_ns))
        z = math.log(maximum_ns / self.median_ns) / sigma
        return whole * _STANDARD_NORMAL.cdf(z - sigma) + maximum_ns * (1.0 - _STANDARD_NORMAL.cdf(z))

    def describe(self) -> str:
        upper = f"p{self.percentile * 100:.10g} {format_duration(self.percentile_ns)}"
        return f"lognormal, median {format_duration(self.median_ns)}, {upper}"


@dataclass(frozen=True, slots=True)
class Gamma(Distribution):
    """``shape`` stages in a row with mean ``expected_ns`` together (an Erlang distribution when ``shape`` is whole)."""

    shape: float
    expected_ns: int

    def __post_init__(self) -> None:
        _check_shape("gamma", self.shape)
        if not 0 < self.expected_ns <= LONGEST_NS:
            raise ValueError("a gamma distribution needs a mean above 0")

    def quantile(self, u: float) -> int:
        value = float(_special().gammaincinv(self.shape, u)) * self.expected_ns / self.shape
        return int(value) if value < LONGEST_NS else LONGEST_NS

    def limited_mean_ns(self, maximum_ns: float) -> float:
        if maximum_ns == math.inf:
            return float(self.expected_ns)
        stages = maximum_ns * self.shape / self.expected_ns
        below = float(_special().gammainc(self.shape + 1.0, stages))
        return self.expected_ns * below + maximum_ns * float(_special().gammaincc(self.shape, stages))

    def describe(self) -> str:
        return f"gamma, shape {self.shape:g}, mean {format_duration(self.expected_ns)}"


@dataclass(frozen=True, slots=True)
class Mixture(Distribution):
    """``parts[i]`` with probability ``weights[i]``: a tail, or two populations.

    The uniform number picks the part and what is left of it, rescaled, draws from that part.
    """

    weights: tuple[float, ...]
    parts: tuple[Distribution, ...]
    _bounds: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.parts) or not self.parts:
            raise ValueError("a mixture needs one weight for each of its parts")
        if min(self.weights) <= 0 or abs(math.fsum(self.weights) - 1.0) > 1e-9:
            raise ValueError("the weights of a mixture are above 0 and add up to 100%")
        bounds = (math.fsum(self.weights[: index + 1]) for index in range(len(self.weights) - 1))
        object.__setattr__(self, "_bounds", tuple(bounds))

    def quantile(self, u: float) -> int:
        bounds = self._bounds
        index = bisect_right(bounds, u)
        rest = (u - bounds[index - 1] if index else u) / self.weights[index]
        return self.parts[index].quantile(min(max(rest, _ALMOST_ZERO), _ALMOST_ONE))

    def limited_mean_ns(self, maximum_ns: float) -> float:
        pairs = zip(self.weights, self.parts, strict=True)
        return math.fsum(weight * part.limited_mean_ns(maximum_ns) for weight, part in pairs)

    def describe(self) -> str:
        pairs = zip(self.weights, self.parts, strict=True)
        return "; ".join(f"{weight * 100:g}%: {part.describe()}" for weight, part in pairs)


@dataclass(frozen=True, slots=True)
class Empirical(Distribution):
    """Measured durations, each as likely as the other; ``values_ns`` is sorted, ``source`` says where it is from."""

    values_ns: tuple[int, ...]
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.values_ns:
            raise ValueError("an empirical distribution needs at least one value")
        if any(left > right for left, right in pairwise(self.values_ns)):
            raise ValueError("the values of an empirical distribution are sorted")
        if self.values_ns[0] < 0 or self.values_ns[-1] > LONGEST_NS:
            raise ValueError("the values of an empirical distribution lie between 0 and 100,000 years")

    def quantile(self, u: float) -> int:
        return self.values_ns[int(u * len(self.values_ns))]

    def limited_mean_ns(self, maximum_ns: float) -> float:
        return math.fsum(min(value, maximum_ns) for value in self.values_ns) / len(self.values_ns)

    def describe(self) -> str:
        middle = self.values_ns[len(self.values_ns) // 2]
        origin = f" from {self.source}" if self.source else ""
        return f"empirical, {counted(len(self.values_ns), 'value')}{origin}, median {format_duration(middle)}"


@dataclass(frozen=True, slots=True)
class Capped(Distribution):
    """``inner``, with every longer duration cut to ``maximum_ns``."""

    inner: Distribution
    maximum_ns: int

    def __post_init__(self) -> None:
        if not 0 <= self.maximum_ns <= LONGEST_NS:
            raise ValueError("the cap of a distribution lies between 0 and 100,000 years")

    def quantile(self, u: float) -> int:
        value = self.inner.quantile(u)
        return value if value < self.maximum_ns else self.maximum_ns

    def limited_mean_ns(self, maximum_ns: float) -> float:
        return self.inner.limited_mean_ns(min(maximum_ns, self.maximum_ns))

    def describe(self) -> str:
        return f"{self.inner.describe()}, at most {format_duration(self.maximum_ns)}"


def _check_shape(name: str, shape: float) -> None:
    if not SMALLEST_SHAPE <= shape <= LARGEST_SHAPE:
        raise ValueError(f"a {name} distribution needs a shape from {SMALLEST_SHAPE:g} to {LARGEST_SHAPE:g}")


@cache
def _special() -> Any:
    """``scipy.special``, imported when the first gamma function is needed (it takes a quarter of a second)."""
    import scipy.special

    return scipy.special
