"""Whether a scenario's SLO is met, not met, or still undecided.

* **availability**: the interval of the expected availability lies above what is wanted (met), below it (not met), or
  around it (undecided: more replications would tell). It has to stay above with what overlapping failures cost that
  are too rare for the interval to allow for them (:mod:`hasim.study.overlaps`): if it does not, that is undecided too.
* **failover percentile**: the interval of the quantile, likewise. An outage that had not ended when its run did, and
  had lasted longer than the limit by then, counts as a failover beyond the limit.
* **longest outage**: a statement about the simulated time: met if no outage was longer. What was never seen may still
  happen, hence the measured estimate has no upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hasim.measure.model import FAILOVER, UNRESOLVED, RunOutcome
from hasim.scenario.model import Slo
from hasim.study.estimators import CONFIDENCE, Estimate, quantile
from hasim.study.outcomes import Outcomes
from hasim.study.overlaps import Overlaps
from hasim.study.summary import ascending

__all__ = ["LONGEST_OUTAGE", "Verdict", "decide", "verdicts"]

LONGEST_OUTAGE = "longest outage"
"""The name of the objective that only what was seen can miss."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One objective of the SLO beside what was measured.

    Attributes:
        name: ``availability``, ``failover p99`` or ``longest outage``.
        unit: of ``wanted`` and ``measured``: ``fraction`` or ``ns``.
        wanted: at least (availability) or at most (durations) so much.
        measured: None where nothing of the kind happened.
        met: None where it is undecided.
        overlaps: the overlapping failures but for which it would be met; None: it is not for them.
    """

    name: str
    unit: str
    wanted: float
    measured: Estimate | None
    met: bool | None
    overlaps: Overlaps | None = None


def verdicts(
    slo: Slo,
    outcomes: Sequence[RunOutcome],
    availability: Estimate,
    confidence: float = CONFIDENCE,
    overlaps: Overlaps | None = None,
) -> tuple[Verdict, ...]:
    """A verdict for each thing that the SLO asks for; ``confidence`` is that of ``availability`` too, and
    ``overlaps`` are those that it does not allow for."""
    found = []
    if slo.availability is not None:
        found.append(_availability(slo.availability, availability, overlaps))
    found += [
        _percentile(share, limit, outcomes, confidence) for share, limit in sorted(slo.failover_percentiles.items())
    ]
    if slo.longest_outage_ns is not None:
        found.append(_longest(slo.longest_outage_ns, outcomes))
    return tuple(found)


def decide(met: bool, missed: bool) -> bool | None:
    """The verdict of two tests of which at most one holds: None where neither does."""
    if met:
        return True
    return False if missed else None


def _availability(wanted: float, measured: Estimate, overlaps: Overlaps | None) -> Verdict:
    met = decide(measured.low >= wanted, measured.high < wanted)
    if met and overlaps is not None and measured.low - overlaps.unavailability < wanted:
        return Verdict("availability", "fraction", wanted, measured, None, overlaps)
    return Verdict("availability", "fraction", wanted, measured, met)


def _percentile(share: float, limit_ns: int, outcomes: Sequence[RunOutcome], confidence: float) -> Verdict:
    import numpy as np

    outages = Outcomes.of(outcomes).outages
    moves_ns, endless_ns = (outages.only(resolution=one).column("duration_ns") for one in (FAILOVER, UNRESOLVED))
    durations = ascending(np.concatenate([moves_ns, endless_ns[endless_ns > limit_ns]]))
    measured = quantile(durations, share, confidence) if durations else None
    met = None if measured is None else decide(measured.high <= limit_ns, measured.low > limit_ns)
    return Verdict(f"failover p{100 * share:.10g}", "ns", limit_ns, measured, met)


def _longest(limit_ns: int, outcomes: Sequence[RunOutcome]) -> Verdict:
    totals = Outcomes.of(outcomes).outages.totals()
    longest = max((lost.longest_ns for lost in totals), default=0)
    seen = sum(lost.count for lost in totals)
    measured = Estimate(longest, longest, math.inf, CONFIDENCE, "longest observed", seen)
    return Verdict(LONGEST_OUTAGE, "ns", limit_ns, measured, longest <= limit_ns)
