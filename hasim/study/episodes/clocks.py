"""The fault clocks of a scenario: what strikes, how it is distributed, and how likely it is not to strike for a while.

A stochastic fault is a clock for each of its targets: it runs from each repair to the next failure. Clocks know nothing
of one another nor of the rest of the world. So what one of them does in a stretch of time depends on its distribution
and on its age alone; this module answers that from the quantile function, which is all that a distribution has to have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hasim.scenario.distributions import Capped, Constant, Distribution, Empirical, Exponential, Mixture
from hasim.scenario.model import Fault, Scenario

__all__ = ["Clock", "clocks_of", "cumulative", "inverse", "is_lattice", "is_memoryless", "survival"]

_HALVINGS = 200
_RELATIVE = 1e-12
_SMALLEST = 1e-300
_ALMOST_ONE = 1.0 - 2.0**-53


@dataclass(frozen=True, slots=True)
class Clock:
    """One fault that strikes one target again and again."""

    fault: Fault
    target: str

    @property
    def key(self) -> tuple[str, str]:
        """What names it in a trace."""
        return self.fault.name, self.target

    @property
    def label(self) -> str:
        """What names it for people."""
        return f"{self.fault.name}: {self.target}" if len(self.fault.targets) > 1 else self.fault.name

    @property
    def time_to_failure(self) -> Distribution:
        """From a repair to the next failure."""
        assert self.fault.time_to_failure is not None, "clocks are of stochastic faults"
        return self.fault.time_to_failure

    @property
    def memoryless(self) -> bool:
        """Whether its age says nothing about its future."""
        return is_memoryless(self.time_to_failure)

    def survives(self, from_ns: float, to_ns: float) -> float:
        """The probability that it does not fail before the age ``to_ns``, if it has not before ``from_ns``."""
        if to_ns <= from_ns:
            return 1.0
        distribution = self.time_to_failure
        if isinstance(distribution, Exponential):
            return math.exp(-(to_ns - from_ns) / distribution.expected_ns)
        before = survival(distribution, from_ns)
        return survival(distribution, to_ns) / before if before > 0 else 0.0

    def fails(self, from_ns: float, to_ns: float) -> float:
        """The probability that it does: without loss of digits where that is small."""
        if to_ns <= from_ns:
            return 0.0
        distribution = self.time_to_failure
        if isinstance(distribution, Exponential):
            return -math.expm1(-(to_ns - from_ns) / distribution.expected_ns)
        before = survival(distribution, from_ns)
        if before <= 0:
            return 1.0
        return (cumulative(distribution, to_ns) - cumulative(distribution, from_ns)) / before

    def age_at_failure(self, from_ns: float, to_ns: float, u: float) -> int:
        """The age at which it fails, if it does between two ages (``to_ns`` may be infinite), for a uniform ``u``."""
        distribution = self.time_to_failure
        if isinstance(distribution, Exponential):
            share = -math.expm1(-(to_ns - from_ns) / distribution.expected_ns)
            age_ns = from_ns - distribution.expected_ns * math.log1p(-u * share)
        else:
            low = cumulative(distribution, from_ns)
            high = 1.0 if math.isinf(to_ns) else cumulative(distribution, to_ns)
            age_ns = inverse(distribution, low + u * (high - low))
        return round(min(max(age_ns, from_ns), to_ns))

    def steady_age_ns(self, u: float) -> int:
        """How long it has been running when one looks at it at some time, for a uniform ``u``.

        In the long run the age has the density (1 - F) / mean, whose integral is the limited mean.
        """
        distribution = self.time_to_failure
        wanted = u * distribution.mean_ns()
        high = distribution.mean_ns()
        while distribution.limited_mean_ns(high) < wanted:
            high *= 2
        return round(_bisect(lambda age_ns: distribution.limited_mean_ns(age_ns) >= wanted, high))


def clocks_of(scenario: Scenario) -> tuple[Clock, ...]:
    """The clocks of all stochastic faults, in the order of the scenario."""
    from hasim.sim.faults import fault_targets

    stochastic = [fault for fault in scenario.faults if fault.time_to_failure is not None]
    return tuple(Clock(fault, target) for fault in stochastic for target in fault_targets(fault))


def is_memoryless(distribution: Distribution) -> bool:
    """Whether it is an exponential distribution."""
    return isinstance(distribution, Exponential)


def is_lattice(distribution: Distribution) -> bool:
    """Whether only certain durations occur, so that clocks which start together stay in step."""
    if isinstance(distribution, Capped):
        return is_lattice(distribution.inner)
    if isinstance(distribution, Mixture):
        return all(map(is_lattice, distribution.parts))
    return isinstance(distribution, (Constant, Empirical))


def survival(distribution: Distribution, age_ns: float) -> float:
    """The probability of a duration beyond ``age_ns``."""
    return 1.0 - cumulative(distribution, age_ns)


def cumulative(distribution: Distribution, age_ns: float) -> float:
    """The distribution function: where the quantile function passes ``age_ns``."""
    if isinstance(distribution, Mixture):
        pairs = zip(distribution.weights, distribution.parts, strict=True)
        return math.fsum(weight * cumulative(part, age_ns) for weight, part in pairs)
    if isinstance(distribution, Exponential):
        return -math.expm1(-age_ns / distribution.expected_ns)
    if age_ns <= 0:
        return 0.0
    if distribution.quantile(_ALMOST_ONE) <= age_ns:
        return 1.0
    if distribution.quantile(_SMALLEST) > age_ns:
        return 0.0
    return _bisect(lambda u: distribution.quantile(u) > age_ns, 1.0)


def inverse(distribution: Distribution, u: float) -> float:
    """The quantile function; of a mixture too."""
    u = min(max(u, _SMALLEST), _ALMOST_ONE)
    if not isinstance(distribution, Mixture):
        return distribution.quantile(u)
    return _bisect(lambda age_ns: cumulative(distribution, age_ns) >= u, float(max(_tail(distribution), 1)))


def _tail(distribution: Mixture) -> int:
    return max(int(inverse(part, _ALMOST_ONE)) for part in distribution.parts)


def _bisect(reached: Callable[[float], bool], high: float) -> float:
    """Where in (0, high] a condition that holds from there on begins to hold."""
    low = 0.0
    for _ in range(_HALVINGS):
        if high - low <= _RELATIVE * high:
            break
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
