"""The numbers in which variants are compared: what each is, its estimate, and the paired difference of two variants.

Of every one of them less is better.

====================================  ==================================================================================
name                                  is
====================================  ==================================================================================
``downtime_per_year``                 time without service (``downtime_per_run``: in one replication)
``outages_per_year``                  (``outages_per_run``: in one replication)
``false_failovers_per_year``          outages by an election without any fault (``false_failovers_per_run``)
``dual_master_per_year``              time with two live MASTERs
``wrong_instance_per_year``           time with the address on an instance that is not MASTER
``black_hole_per_year``               time with MASTER and address together and no service all the same
``failover_p50`` ``_p95`` ``_p99``    quantiles of the failover latency
``failover_mean``                     its mean
``detect_mean``, ``elect_mean``, ...  the mean of one phase of the failovers
====================================  ==================================================================================
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hasim.errors import UserError
from hasim.measure.model import FALSE_FAILOVER, PHASES, RunOutcome
from hasim.scenario.errors import suggestion
from hasim.scenario.model import Scenario
from hasim.study import summary
from hasim.study.compare.lengths import Lengths
from hasim.study.compare.paired import Bound, Difference, difference_of_centres, difference_of_means, rescaled
from hasim.study.estimators import (
    CONFIDENCE,
    FEW,
    Estimate,
    mean_over_replications,
    poisson_rate,
    quantile,
    scaled,
    student_interval,
)
from hasim.study.outcomes import Outcomes, amounts_of
from hasim.units import YEAR

__all__ = ["METRICS", "Metric", "default_metrics", "metrics_named", "usual_metrics"]

Runs: TypeAlias = Sequence[RunOutcome]

_PAIRS = 2.0


@dataclass(frozen=True)
class Metric(ABC):
    """A number of a study of which less is better. Plain data, so that an answer can be pickled.

    Attributes:
        name: as it is asked for and written into files.
        label: as people read it.
        unit: ``ns``, or ``count`` for numbers of events.
    """

    name: str
    label: str
    unit: Literal["ns", "count"]

    @abstractmethod
    def estimate(self, outcomes: Runs, confidence: float = CONFIDENCE) -> Estimate | None:
        """The number with its interval; None where nothing of the kind happened."""

    @abstractmethod
    def difference(self, baseline: Runs, variant: Runs, confidence: float = CONFIDENCE) -> Difference | None:
        """What ``variant`` has more than ``baseline``, both with the same replications; None where one has none."""


@dataclass(frozen=True)
class _Rate(Metric):
    """Something that a replication sums up, per year or per run."""

    per_year: bool

    @abstractmethod
    def amounts(self, outcomes: Runs) -> Sequence[float]:
        """What each replication has of it."""

    @abstractmethod
    def single(self, outcomes: Runs, confidence: float) -> Estimate:
        """How much of it there is in a year."""

    def estimate(self, outcomes: Runs, confidence: float = CONFIDENCE) -> Estimate:
        return self.single(outcomes, confidence) if self.per_year else self._per_run(outcomes, confidence)

    def difference(self, baseline: Runs, variant: Runs, confidence: float = CONFIDENCE) -> Difference:
        horizon_ns = baseline[0].horizon_ns
        per_run = difference_of_means(
            self.amounts(baseline),
            self.amounts(variant),
            _events if self.unit == "count" else _time_within(horizon_ns),
            (lambda level: self._per_run(baseline, level), lambda level: self._per_run(variant, level)),
            confidence,
        )
        return rescaled(per_run, YEAR / horizon_ns if self.per_year else 1.0)

    def _per_run(self, outcomes: Runs, confidence: float) -> Estimate:
        return scaled(self.single(outcomes, confidence), outcomes[0].horizon_ns / YEAR)


def _time_within(horizon_ns: int) -> Bound:
    return lambda values, confidence: mean_over_replications(values, horizon_ns, confidence)


def _events(counts: Sequence[float], confidence: float) -> Estimate:
    """How many events there are on average; they come in pairs, such as a failover and its failback, or more."""
    total = math.fsum(counts)
    dispersion = math.fsum(count * count for count in counts) / total if total else 0.0
    return poisson_rate(round(total), len(counts), max(dispersion, _PAIRS), confidence)


@dataclass(frozen=True)
class _Time(_Rate):
    """A time that an outcome has under the name ``measured``."""

    measured: str

    def amounts(self, outcomes: Runs) -> Sequence[float]:
        return amounts_of(outcomes, self.measured)

    def single(self, outcomes: Runs, confidence: float) -> Estimate:
        if self.measured == "downtime_ns":
            return scaled(summary.unavailability(outcomes, confidence), YEAR)
        return summary.time_per_year_ns(outcomes, self.measured, confidence)


@dataclass(frozen=True)
class _Count(_Rate):
    """Outages of one ``cause``; None: all of them."""

    cause: str | None

    def amounts(self, outcomes: Runs) -> Sequence[float]:
        found = Outcomes.of(outcomes)
        return found.counts_of(found.outages.only(cause=self.cause))

    def single(self, outcomes: Runs, confidence: float) -> Estimate:
        return summary.outages_per_year(outcomes, confidence, self.cause)


@dataclass(frozen=True)
class _OfFailovers(Metric):
    """A number of all failovers together: of their whole length, or of one ``phase`` (its index)."""

    phase: int | None

    @abstractmethod
    def contributions(self, lengths: Lengths, value: float) -> list[float]:
        """What each replication's failovers contribute to the deviation of the estimate ``value``."""

    def difference(self, baseline: Runs, variant: Runs, confidence: float = CONFIDENCE) -> Difference | None:
        before, after = self.estimate(baseline, confidence), self.estimate(variant, confidence)
        if before is None or after is None:
            return None
        old, new = Lengths.of(baseline, self.phase), Lengths.of(variant, self.phase)
        contributions = self.contributions(old, before.value), self.contributions(new, after.value)
        return difference_of_centres((before, after), contributions, old.differing(new))


@dataclass(frozen=True)
class _Quantile(_OfFailovers):
    share: float

    def estimate(self, outcomes: Runs, confidence: float = CONFIDENCE) -> Estimate | None:
        ordered = Lengths.of(outcomes, self.phase).ordered_ns
        return quantile(ordered, self.share, confidence) if ordered else None

    def contributions(self, lengths: Lengths, value: float) -> list[float]:
        return lengths.summed(self.share - (lengths.values_ns <= value))


@dataclass(frozen=True)
class _Mean(_OfFailovers):
    """The mean over all failovers, a ratio of two sums over replications (delta method)."""

    def estimate(self, outcomes: Runs, confidence: float = CONFIDENCE) -> Estimate | None:
        lengths = Lengths.of(outcomes, self.phase)
        values_ns = lengths.values_ns.tolist()
        if not values_ns:
            return None
        mean, busy = math.fsum(values_ns) / len(values_ns), lengths.counts
        deviations = [one for one, has in zip(self.contributions(lengths, mean), busy, strict=True) if has]
        count = len(deviations)
        if count < FEW or not any(deviations):
            return mean_over_replications(values_ns, math.inf, confidence)
        low, high = student_interval([mean + one * count / len(values_ns) for one in deviations], confidence)
        method = "t over the replications with failovers, corrected for skewness (Hall)"
        return Estimate(mean, max(low, 0.0), high, confidence, method, len(values_ns))

    def contributions(self, lengths: Lengths, value: float) -> list[float]:
        return lengths.summed(lengths.values_ns - value)


def _times() -> list[_Rate]:
    kinds = (
        ("downtime", "downtime"),
        ("dual_master", "dual MASTER"),
        ("wrong_instance", "on the wrong instance"),
        ("black_hole", "black hole"),
    )
    return [
        _Time(f"{name}_per_{word}", f"{label} per {word}", "ns", word == "year", f"{name}_ns")
        for name, label in kinds
        for word in ("year", "run")
    ]


def _counts() -> list[_Rate]:
    kinds = (("outages", "outages", None), ("false_failovers", "false failovers", FALSE_FAILOVER))
    return [
        _Count(f"{name}_per_{word}", f"{label} per {word}", "count", word == "year", cause)
        for name, label, cause in kinds
        for word in ("year", "run")
    ]


def _of_failovers() -> list[_OfFailovers]:
    found: list[_OfFailovers] = [
        _Quantile(f"failover_{name}", f"failover latency {name}", "ns", None, share)
        for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
    ]
    found.append(_Mean("failover_mean", "mean failover latency", "ns", None))
    found += [_Mean(f"{phase}_mean", f"mean of the phase {phase}", "ns", index) for index, phase in enumerate(PHASES)]
    return found


METRICS: dict[str, Metric] = {metric.name: metric for metric in (*_times(), *_counts(), *_of_failovers())}
"""Every metric by its name."""


def default_metrics(scenario: Scenario) -> tuple[Metric, ...]:
    """What is compared unless somebody asks for something else; a scripted scenario says nothing about a year."""
    word = "run" if scenario.is_scripted else "year"
    return tuple(
        METRICS[name] for name in (f"downtime_per_{word}", f"outages_per_{word}", "failover_p50", "failover_p95")
    )


def usual_metrics(scenario: Scenario) -> tuple[Metric, ...]:
    """The two of them that say most, where there is little room."""
    downtime, _, median, _ = default_metrics(scenario)
    return downtime, median


def metrics_named(names: Sequence[str] | str | None, scenario: Scenario) -> tuple[Metric, ...]:
    """The metrics of those names (or of that one), each once; none asked for: :func:`default_metrics` of the scenario.

    Raises:
        UserError: there is no such metric.
    """
    if not names:
        return default_metrics(scenario)
    if isinstance(names, str):
        names = [names]
    for name in names:
        if name not in METRICS:
            raise UserError(f"unknown metric {name!r}; {suggestion(str(name), list(METRICS), most=len(METRICS))}")
    return tuple(METRICS[name] for name in dict.fromkeys(names))
