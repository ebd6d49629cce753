"""From the outcomes of many replications to the numbers that a study is asked for.

The unit of evidence is the replication where there are at least :data:`ENOUGH_REPLICATIONS`; with fewer it is the
incident: outages that follow one another within :data:`~hasim.measure.causes.SETTLING_NS`, such as a failover and the
failback after the reboot, are one.

Rates "per year" are over the whole simulated time, 365 days to the year. *Failover latency* is the duration of the
outages that ended on another instance than they began on; outages that recovered in place or never ended are counted
beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hasim.measure.causes import SETTLING_NS
from hasim.measure.model import FAILOVER, PHASES, Outage, RunOutcome
from hasim.study.estimators import (
    CONFIDENCE,
    Estimate,
    mean_over_replications,
    mean_over_time,
    poisson_rate,
    proportion,
    quantile,
    scaled,
)
from hasim.study.outcomes import Outages, Outcomes, amounts_of
from hasim.units import YEAR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ENOUGH_REPLICATIONS",
    "LatencySummary",
    "api_calls",
    "ascending",
    "chance_below",
    "downtime_by_cause_ns",
    "failovers",
    "incidents",
    "latency_by_cause",
    "latency_by_phase",
    "latency_summary",
    "nines_of",
    "outages_per_year",
    "time_per_year_ns",
    "unavailability",
]

ENOUGH_REPLICATIONS = 10


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """The distribution of some durations: ``count`` of them, three quantiles (ns) and the longest observed."""

    count: int
    p50: Estimate
    p95: Estimate
    p99: Estimate
    longest_ns: int


def unavailability(outcomes: Sequence[RunOutcome], confidence: float = CONFIDENCE) -> Estimate:
    """The expected fraction of time without service."""
    if len(outcomes) >= ENOUGH_REPLICATIONS:
        return mean_over_replications(shares_of(outcomes, "downtime_ns"), 1.0, confidence)
    sizes = [
        math.fsum(outage.duration_ns for outage in incident) / outcome.horizon_ns
        for outcome in outcomes
        for incident in incidents(outcome.outages)
    ]
    return mean_over_time(sizes, len(outcomes), 1.0, confidence)


def time_per_year_ns(outcomes: Sequence[RunOutcome], name: str, confidence: float = CONFIDENCE) -> Estimate:
    """The expected time per year (ns) that outcomes sum up under this name (``dual_master_ns``, ...)."""
    shares = shares_of(outcomes, name)
    if len(outcomes) >= ENOUGH_REPLICATIONS:
        return scaled(mean_over_replications(shares, 1.0, confidence), YEAR)
    return scaled(mean_over_time([share for share in shares if share], len(outcomes), 1.0, confidence), YEAR)


def shares_of(outcomes: Sequence[RunOutcome], name: str) -> list[float]:
    """The fraction of its horizon that each outcome sums up under this name."""
    horizons_ns = amounts_of(outcomes, "horizon_ns")
    return [amount / length for amount, length in zip(amounts_of(outcomes, name), horizons_ns, strict=True)]


def nines_of(unavailable: Estimate) -> Estimate:
    """The number of nines, -log10 of the unavailability: 3 for 99.9 %; infinite where that is zero."""
    ends = (unavailable.value, unavailable.high, unavailable.low)
    value, low, high = (abs(math.log10(end)) if end > 0 else math.inf for end in ends)
    return Estimate(value, low, high, unavailable.confidence, unavailable.method, unavailable.n)


def outages_per_year(
    outcomes: Sequence[RunOutcome], confidence: float = CONFIDENCE, cause: str | None = None
) -> Estimate:
    """The expected number of outages per year (of one cause, or all), allowing for outages that come in groups."""
    outages = Outcomes.of(outcomes).outages.only(cause=cause)
    years = sum(amounts_of(outcomes, "horizon_ns")) / YEAR
    return poisson_rate(len(outages), years, _dispersion(outages, len(outcomes)), confidence)


def _dispersion(outages: Outages, runs: int) -> float:
    """Variance of the number of outages over its mean, at least 1: the larger of what incidents and what
    replications show."""
    total = len(outages)
    if not total:
        return 1.0
    in_incidents, in_runs = _squares_of_counts(outages)
    within = in_incidents / total
    if runs < ENOUGH_REPLICATIONS:
        return within
    between = (in_runs - total * total / runs) / (runs - 1) * runs / total
    return max(1.0, within, between)


def _squares_of_counts(outages: Outages) -> tuple[int, int]:
    """The sums of the squares of how many outages each incident has, and of how many each replication has."""
    in_incidents = in_runs = size = count = 0
    last, last_end_ns = -1, 0
    for replication, start_ns, end_ns in outages.spans():
        is_new = replication != last
        if is_new or start_ns - last_end_ns >= SETTLING_NS:
            in_incidents, size = in_incidents + size * size, 0
        if is_new:
            in_runs, count = in_runs + count * count, 0
        size, count, last, last_end_ns = size + 1, count + 1, replication, end_ns
    return in_incidents + size * size, in_runs + count * count


def incidents(outages: Iterable[Outage]) -> list[list[Outage]]:
    """Outages grouped with those that follow soon after."""
    groups: list[list[Outage]] = []
    for outage in outages:
        if groups and outage.start_ns - groups[-1][-1].end_ns < SETTLING_NS:
            groups[-1].append(outage)
        else:
            groups.append([outage])
    return groups


def chance_below(outcomes: Sequence[RunOutcome], availability: float) -> Estimate:
    """The probability that a horizon's availability misses a wanted one."""
    allowed = 1.0 - availability
    pairs = zip(amounts_of(outcomes, "downtime_ns"), amounts_of(outcomes, "horizon_ns"), strict=True)
    missed = sum(downtime_ns > allowed * horizon_ns for downtime_ns, horizon_ns in pairs)
    return proportion(missed, len(outcomes))


def failovers(outcomes: Iterable[RunOutcome]) -> Outages:
    """The outages that ended on another instance than they began on."""
    return Outcomes.of(outcomes).outages.only(resolution=FAILOVER)


def latency_summary(durations_ns: NDArray[np.int64]) -> LatencySummary | None:
    """Quantiles of durations; None where there are none."""
    ordered = ascending(durations_ns)
    if not ordered:
        return None
    p50, p95, p99 = (quantile(ordered, share) for share in (0.50, 0.95, 0.99))
    return LatencySummary(len(ordered), p50, p95, p99, ordered[-1])


def ascending(numbers: NDArray[np.int64]) -> Sequence[int]:
    """The same numbers, which are put in order where they are: without an object for each."""
    numbers.sort()
    return numbers.data


def latency_by_cause(moves: Outages) -> dict[str, LatencySummary]:
    """The failover latency of each cause that there was, by name."""
    return _summaries((lost.cause, moves.only(cause=lost.cause).column("duration_ns")) for lost in moves.totals())


def latency_by_phase(moves: Outages) -> dict[str, LatencySummary]:
    """What each phase takes of a failover, in the order of the phases; empty where there was none."""
    return _summaries((phase, moves.column(f"{phase}_ns")) for phase in PHASES)


def _summaries(durations_ns: Iterable[tuple[str, NDArray[np.int64]]]) -> dict[str, LatencySummary]:
    found = ((name, latency_summary(some)) for name, some in durations_ns)
    return {name: summary for name, summary in found if summary is not None}


def downtime_by_cause_ns(outcomes: Iterable[RunOutcome]) -> dict[str, int]:
    """The downtime of all replications together by cause, the largest first."""
    table: dict[str, int] = {}
    for lost in Outcomes.of(outcomes).outages.totals():
        table[lost.cause] = table.get(lost.cause, 0) + lost.total_ns
    return dict(sorted(table.items(), key=lambda item: (-item[1], item[0])))


def api_calls(outcomes: Iterable[RunOutcome]) -> dict[str, dict[str, int]]:
    """Action -> code -> number of calls in all replications together, sorted by name."""
    table: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        for action, codes in outcome.api_calls.items():
            row = table.setdefault(action, {})
            for code, count in codes.items():
                row[code] = row.get(code, 0) + count
    return {action: dict(sorted(table[action].items())) for action in sorted(table)}
