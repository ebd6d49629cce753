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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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
from hasim.units import YEAR

__all__ = [
    "ENOUGH_REPLICATIONS",
    "LatencySummary",
    "api_calls",
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
        return mean_over_replications(
            [outcome.downtime_ns / outcome.horizon_ns for outcome in outcomes], 1.0, confidence
        )
    sizes = [
        math.fsum(outage.duration_ns for outage in incident) / outcome.horizon_ns
        for outcome in outcomes
        for incident in incidents(outcome.outages)
    ]
    return mean_over_time(sizes, len(outcomes), 1.0, confidence)


def time_per_year_ns(
    outcomes: Sequence[RunOutcome], duration_ns: Callable[[RunOutcome], int], confidence: float = CONFIDENCE
) -> Estimate:
    """The expected time per year (ns) that ``duration_ns`` sums up over a replication (dual MASTER time, ...)."""
    shares = [duration_ns(outcome) / outcome.horizon_ns for outcome in outcomes]
    if len(outcomes) >= ENOUGH_REPLICATIONS:
        return scaled(mean_over_replications(shares, 1.0, confidence), YEAR)
    return scaled(mean_over_time([share for share in shares if share], len(outcomes), 1.0, confidence), YEAR)


def nines_of(unavailable: Estimate) -> Estimate:
    """The number of nines, -log10 of the unavailability: 3 for 99.9 %; infinite where that is zero."""
    ends = (unavailable.value, unavailable.high, unavailable.low)
    value, low, high = (abs(math.log10(end)) if end > 0 else math.inf for end in ends)
    return Estimate(value, low, high, unavailable.confidence, unavailable.method, unavailable.n)


def outages_per_year(
    outcomes: Sequence[RunOutcome], confidence: float = CONFIDENCE, cause: str | None = None
) -> Estimate:
    """The expected number of outages per year (of one cause, or all), allowing for outages that come in groups."""
    outages = [[outage for outage in outcome.outages if cause in (None, outage.cause)] for outcome in outcomes]
    years = sum(outcome.horizon_ns for outcome in outcomes) / YEAR
    return poisson_rate(sum(map(len, outages)), years, _dispersion(outages), confidence)


def _dispersion(outages: Sequence[Sequence[Outage]]) -> float:
    """Variance of the number of outages over its mean, at least 1: the larger of what incidents and what
    replications show."""
    counts = [len(one) for one in outages]
    total = sum(counts)
    if not total:
        return 1.0
    sizes = [len(incident) for one in outages for incident in incidents(one)]
    within = sum(size * size for size in sizes) / total
    if len(counts) < ENOUGH_REPLICATIONS:
        return within
    mean = total / len(counts)
    between = math.fsum((count - mean) ** 2 for count in counts) / (len(counts) - 1) / mean
    return max(1.0, within, between)


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
    missed = sum(outcome.downtime_ns > allowed * outcome.horizon_ns for outcome in outcomes)
    return proportion(missed, len(outcomes))


def failovers(outcomes: Iterable[RunOutcome]) -> list[Outage]:
    """The outages that ended on another instance than they began on."""
    return [outage for outcome in outcomes for outage in outcome.outages if outage.resolution == FAILOVER]


def latency_summary(durations_ns: Iterable[int]) -> LatencySummary | None:
    """Quantiles of durations; None where there are none."""
    ordered = sorted(durations_ns)
    if not ordered:
        return None
    p50, p95, p99 = (quantile(ordered, share) for share in (0.50, 0.95, 0.99))
    return LatencySummary(len(ordered), p50, p95, p99, ordered[-1])


def latency_by_cause(moves: Sequence[Outage]) -> dict[str, LatencySummary]:
    """The failover latency of each cause that there was, by name."""
    table = {}
    for cause in sorted({outage.cause for outage in moves}):
        summary = latency_summary(outage.duration_ns for outage in moves if outage.cause == cause)
        if summary is not None:
            table[cause] = summary
    return table


def latency_by_phase(moves: Sequence[Outage]) -> dict[str, LatencySummary]:
    """What each phase takes of a failover, in the order of the phases; empty where there was none."""
    table = {}
    for index, phase in enumerate(PHASES):
        summary = latency_summary(outage.phases_ns[index] for outage in moves)
        if summary is not None:
            table[phase] = summary
    return table


def downtime_by_cause_ns(outcomes: Iterable[RunOutcome]) -> dict[str, int]:
    """The downtime of all replications together by cause, the largest first."""
    table: dict[str, int] = {}
    for outcome in outcomes:
        for outage in outcome.outages:
            table[outage.cause] = table.get(outage.cause, 0) + outage.duration_ns
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
