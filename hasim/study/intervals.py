"""The same number with the intervals of several methods, each of which takes something else for independent.

``replications``  what every table shows: Student's t over replications, or a Poisson process of incidents where there
                  are few of them (:mod:`hasim.study.summary`)
``bootstrap``     replications resampled: no assumption about their distribution; takes 50 of them
``regenerative``  a ratio over cycles from one incident to the next, all replications laid end to end: for few and long
                  replications. What is true of one cycle says nothing about the next, as with faults without a memory.
                  Scripted faults make no cycles

Where they differ much, there are too few replications or incidents for any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hasim.measure.model import Outage, RunOutcome
from hasim.study import summary
from hasim.study.estimators import FEW, Estimate, ratio_over_cycles, scaled
from hasim.study.resampling import FEWEST, bootstrap
from hasim.units import YEAR

__all__ = ["Intervals", "intervals_of"]


@dataclass(frozen=True, slots=True)
class Intervals:
    """One number by several methods; None where there is too little for one of them.

    Attributes:
        name: of the number, as in the summary of a study.
        replications: as everywhere.
        bootstrap: by resampling.
        regenerative: over cycles.
    """

    name: str
    replications: Estimate
    bootstrap: Estimate | None
    regenerative: Estimate | None


def intervals_of(outcomes: Sequence[RunOutcome], *, is_scripted: bool = False) -> tuple[Intervals, ...]:
    """The unavailability and the number of outages per year (365 days), of which a scripted scenario has none."""
    unavailability = Intervals(
        "unavailability",
        summary.unavailability(outcomes),
        _bootstrapped(summary.shares_of(outcomes, "downtime_ns")),
        None if is_scripted else _regenerative(outcomes, _downtime_ns, 1.0),
    )
    if is_scripted:
        return (unavailability,)
    rate = _regenerative(outcomes, len, float("inf"))
    return (
        unavailability,
        Intervals(
            "outages_per_year",
            summary.outages_per_year(outcomes),
            _bootstrapped([len(outcome.outages) * YEAR / outcome.horizon_ns for outcome in outcomes]),
            None if rate is None else scaled(rate, YEAR),
        ),
    )


def _bootstrapped(values: Sequence[float]) -> Estimate | None:
    if len(values) < FEWEST or min(values) == max(values):
        return None
    found = bootstrap(values, lambda samples: samples.mean(axis=1))
    return Estimate(found.value, max(found.low, 0.0), found.high, found.confidence, found.method, found.n)


def _regenerative(
    outcomes: Sequence[RunOutcome], reward: Callable[[Sequence[Outage]], float], ceiling: float
) -> Estimate | None:
    """Per ns. The time after the last incident belongs to the cycle that the first one ends."""
    starts_ns, rewards, before_ns = [], [], 0
    for outcome in outcomes:
        for incident in summary.incidents(outcome.outages):
            starts_ns.append(before_ns + incident[0].start_ns)
            rewards.append(reward(incident))
        before_ns += outcome.horizon_ns
    if len(starts_ns) < FEW:
        return None
    lengths = [after - at for at, after in pairwise([*starts_ns, before_ns + starts_ns[0]])]
    try:
        return ratio_over_cycles(rewards, lengths, ceiling)
    except ValueError:  # all cycles are alike
        return None


def _downtime_ns(incident: Sequence[Outage]) -> float:
    return sum(outage.duration_ns for outage in incident)
