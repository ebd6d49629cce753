"""Failures that overlap too rarely to have happened: what a study of years cannot have seen.

A pair is down for hours only when both instances fail at once, perhaps once in 57 years. Thirty simulated years have
hardly ever seen it, their replications hardly differ, and the interval around their mean is narrow for that reason
alone. But how often it happens, and for how long, is known without simulating anything: fault clocks are independent
alternating renewal processes. Let a clock strike after the mean time m and last the mean time d. Then it is in force
for the share ``p = d / (m + d)`` of the time, and clocks that take every instance out together

* are all in force for the product of their p: that is what they cost, if nobody serves meanwhile;
* for ``1 / (sum of 1/d)`` at a time on the average, and so often as follows from the two.

**What takes an instance out** is taken broadly, so that the cost is an upper bound: any fault of the instance that
strikes at random and ends, a fault of its zone, and a partition between it and the clients. Faults at a fixed time and
endless ones do not count, nor does what strikes all instances by itself (that overlaps with nothing), nor boots.

**Too rare** are the longest of these overlaps as long as no more than :data:`ENOUGH` of all that are at least as long
are to be expected in what was simulated: of short ones a study has seen its share, whatever it has seen of long ones.

Source: R. E. Barlow and F. Proschan, "Mathematical Theory of Reliability" (1965), on the availability and the frequency
of failure of systems of independent components.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hasim.measure.model import RunOutcome
from hasim.scenario.model import CLIENTS, Fault, FaultKind, Scenario, ends_by_itself
from hasim.study.estimators import Estimate
from hasim.study.outcomes import amounts_of

__all__ = ["ENOUGH", "NEGLIGIBLE", "Overlaps", "too_rare", "too_rare_to_neglect"]

ENOUGH = 10.0
"""So many overlaps are expected to show what they cost: the interval then allows for what is left of chance."""

NEGLIGIBLE = 0.25
"""What adds less than this share of an interval's upper arm, half a standard error, is nothing to speak of: instead of
in 95 the interval holds the truth in at least 92 of 100 studies."""

_NOTHING = 1e-12
"""An unavailability of 30 µs a year: rarer combinations are not looked at."""

_MOST_COMBINATIONS = 10_000
"""Beyond so many, all faults of one instance are taken for one."""

_PARTITIONS = (FaultKind.PARTITION, FaultKind.ONE_WAY_PARTITION)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Overlapping faults that take all instances out, and are too rare for a study to have seen enough of them.

    Attributes:
        expected: how many of them are to be expected in what was simulated.
        unavailability: what they are of it in the long run, at most.
    """

    expected: float
    unavailability: float


@dataclass(frozen=True, slots=True)
class _Clock:
    """A fault and one of its targets: whom it takes out, for which share of the time, and how long at a time (ns)."""

    takes_out: frozenset[str]
    share: float
    mean_ns: float


def too_rare(scenario: Scenario, outcomes: Sequence[RunOutcome]) -> Overlaps | None:
    """The overlaps that these replications cannot have seen enough of; None: there are none."""
    simulated_ns = sum(amounts_of(outcomes, "horizon_ns"))
    expected = unavailability = 0.0
    for share, mean_ns in sorted(_together(scenario), key=lambda one: (-one[1], one[0])):
        count = share / mean_ns * simulated_ns
        if expected + count >= ENOUGH:
            break
        expected += count
        unavailability += share
    return Overlaps(expected, unavailability) if unavailability else None


def too_rare_to_neglect(found: Overlaps | None, measured: Estimate, least_arm: float = 0.0) -> Overlaps | None:
    """The same overlaps if they matter beside an unavailability that was ``measured`` to within its upper arm, or to
    within ``least_arm`` if that is longer; None: they do not."""
    if found is None:
        return None
    arm = max(measured.high - measured.value, least_arm)
    return found if found.unavailability > NEGLIGIBLE * arm else None


def _together(scenario: Scenario) -> Iterator[tuple[float, float]]:
    """Of each combination of clocks that takes all instances out: the share of the time, and how long at a time."""
    everybody = [instance.name for instance in scenario.instances]
    clocks = [clock for clock in _clocks(scenario) if len(clock.takes_out) < len(everybody)]
    by_instance = _by_instance(everybody, clocks)
    if math.prod(map(len, by_instance.values())) > _MOST_COMBINATIONS:
        by_instance = _by_instance(everybody, _merged(clocks))
    for combination in _combinations(everybody, by_instance, ()):
        yield math.prod(clock.share for clock in combination), 1.0 / math.fsum(1.0 / one.mean_ns for one in combination)


def _by_instance(names: Sequence[str], clocks: Sequence[_Clock]) -> dict[str, list[_Clock]]:
    return {name: [clock for clock in clocks if name in clock.takes_out] for name in names}


def _merged(clocks: Sequence[_Clock]) -> list[_Clock]:
    """One clock for all that take out the same instances: in force while any of them is."""
    alike: dict[frozenset[str], list[_Clock]] = {}
    for clock in clocks:
        alike.setdefault(clock.takes_out, []).append(clock)
    merged = []
    for takes_out, group in alike.items():
        share = 1.0 - math.prod(1.0 - clock.share for clock in group)
        merged.append(_Clock(takes_out, share, share / math.fsum(clock.share / clock.mean_ns for clock in group)))
    return merged


def _combinations(
    left: Sequence[str], by_instance: Mapping[str, Sequence[_Clock]], chosen: tuple[_Clock, ...]
) -> Iterator[tuple[_Clock, ...]]:
    """A clock for each instance that no other one of them takes out already."""
    if math.prod(clock.share for clock in chosen) < _NOTHING:
        return
    if not left:
        yield chosen
        return
    for clock in by_instance[left[0]]:
        yield from _combinations([name for name in left if name not in clock.takes_out], by_instance, (*chosen, clock))


def _clocks(scenario: Scenario) -> Iterator[_Clock]:
    from hasim.study.episodes.clocks import clocks_of

    for clock in clocks_of(scenario):
        takes_out = _takes_out(scenario, clock.fault, clock.target)
        lasts_ns = _mean_duration_ns(scenario, clock.fault, clock.target)
        if takes_out and lasts_ns:
            yield _Clock(takes_out, lasts_ns / (clock.time_to_failure.mean_ns() + lasts_ns), lasts_ns)


def _takes_out(scenario: Scenario, fault: Fault, target: str) -> frozenset[str]:
    if fault.kind in _PARTITIONS:
        sides = (fault.between, fault.and_)
        targets = {name for side, other in (sides, sides[::-1]) if CLIENTS in other for name in side}
    else:
        targets = {target}
    return frozenset(one.name for one in scenario.instances if one.name in targets or one.zone in targets)


def _mean_duration_ns(scenario: Scenario, fault: Fault, target: str) -> float:
    """0 for what is over at once, and for what never ends."""
    lasts = fault.duration
    if lasts is None and target in fault.targets:
        lasts = next((ends_by_itself(fault, one) for one in scenario.instances if one.name == target), None)
    return 0.0 if lasts is None else lasts.mean_ns()
