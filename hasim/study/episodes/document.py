"""The JSON form of a study by episodes, ``"format": "hasim.episodes/1"``.

::

    {
      "format": "hasim.episodes/1",
      "hasim_version": "0.1.0",
      "method": "episodes" or "rare", "precision": 0.01,
      "scenario": {"name": ..., "digest": ...}, "seed": 1,
      "episodes": n, "runs": n, "gain": ... or null, "unseen": {"episodes": n, "one_in": n} or null,
      "summary": {"availability": E, "unavailability": E, "nines": E, "downtime_per_year_ns": E,
                  "outages_per_year": E, "episodes_per_year": E,
                  "overlapping_unavailability": E, "unavailability_by_faults": {"0": E, "1": E, ...},
                  "unavailability_by_cause": {cause: E},
                  "failover_latency": {"count": n, "p50_ns": E, "p95_ns": E, "p99_ns": E, "longest_ns": ns} or null,
                  "phases_ns": {phase: E},
                  "dual_master_per_year_ns": E, "wrong_instance_per_year_ns": E, "black_hole_per_year_ns": E},
      "masters": {instance: share of the episodes before which it is MASTER},
      "initiators": [{"fault": ..., "target": ..., "per_year": ..., "downtime_ns": E, "length_ns": ..., "share": ...,
                      "episodes": n}],
      "weights": [{"depth": 0, "together": false, "episodes": n, "probability": ..., "part": ..., "effective": ...,
                   "largest": ...}],
      "horizon": {"horizon_ns": ..., "runs": n, "downtime_p50_ns": E, "downtime_p90_ns": E, "downtime_p99_ns": E,
                  "chance_of_outage": E, "chance_of_missing_availability": E or null} or null,
      "slo": as in hasim.study/1
    }

An estimate E is ``{"value", "low", "high", "confidence", "method", "n"}``; null stands for an infinite bound.
``failover_latency.count`` are the failovers that were simulated, each of which has a weight. ``horizon`` is of runs
that were put together from the episodes, null where a clock has a memory or a run has too many of them.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hasim.study.compare.document import estimate_json
from hasim.study.slo import Verdict
from hasim.study.summary import LatencySummary

if TYPE_CHECKING:
    from hasim.study.episodes.estimation import Overlap
    from hasim.study.episodes.horizons import Horizons
    from hasim.study.episodes.results import EpisodesResult, Initiator

__all__ = ["FORMAT", "document_of"]

FORMAT = "hasim.episodes/1"


def document_of(result: EpisodesResult) -> dict[str, Any]:
    """A study by episodes as plain data, ready for :func:`json.dumps`."""
    return {
        "format": FORMAT,
        "hasim_version": result.version,
        "method": result.method,
        "precision": result.precision,
        "scenario": {"name": result.scenario.name, "digest": result.scenario.digest},
        "seed": result.seed,
        "episodes": result.episodes,
        "runs": result.runs,
        "unseen": None if result.unseen is None else asdict(result.unseen),
        "gain": None if math.isinf(result.gain) else result.gain,
        "summary": _summary(result),
        "masters": {
            name: float(share) for name, share in zip(result.cycles.masters, result.cycles.shares, strict=True)
        },
        "initiators": [_initiator(row) for row in result.initiators],
        "weights": [_weights(result, overlap) for overlap in result.overlaps],
        "horizon": None if result.horizons is None else _horizon(result, result.horizons),
        "slo": [_verdict(verdict) for verdict in result.verdicts],
    }


def _summary(result: EpisodesResult) -> dict[str, Any]:
    latency = result.failover_latency
    by_faults, by_cause = result.unavailability_by_faults, result.downtime_by_cause
    return {
        "availability": estimate_json(result.availability, ""),
        "unavailability": estimate_json(result.unavailability, ""),
        "nines": estimate_json(result.nines, ""),
        "downtime_per_year_ns": estimate_json(result.downtime_per_year_ns, "ns"),
        "outages_per_year": estimate_json(result.outages_per_year, ""),
        "episodes_per_year": estimate_json(result.episodes_per_year, ""),
        "overlapping_unavailability": estimate_json(result.overlapping_unavailability, ""),
        "unavailability_by_faults": {str(count): estimate_json(lost, "") for count, lost in by_faults.items()},
        "unavailability_by_cause": {cause: estimate_json(lost, "") for cause, lost in by_cause.items()},
        "failover_latency": None if latency is None else _latency(latency),
        "phases_ns": {phase: estimate_json(mean, "ns") for phase, mean in result.phases_ns.items()},
        "dual_master_per_year_ns": estimate_json(result.dual_master_per_year_ns, "ns"),
        "wrong_instance_per_year_ns": estimate_json(result.wrong_instance_per_year_ns, "ns"),
        "black_hole_per_year_ns": estimate_json(result.black_hole_per_year_ns, "ns"),
    }


def _latency(latency: LatencySummary) -> dict[str, Any]:
    return {
        "count": latency.count,
        "p50_ns": estimate_json(latency.p50, "ns"),
        "p95_ns": estimate_json(latency.p95, "ns"),
        "p99_ns": estimate_json(latency.p99, "ns"),
        "longest_ns": latency.longest_ns,
    }


def _initiator(row: Initiator) -> dict[str, Any]:
    return {
        "fault": row.clock.key[0],
        "target": row.clock.key[1],
        "per_year": row.per_year,
        "downtime_ns": estimate_json(row.downtime_ns, "ns"),
        "length_ns": round(row.length_ns),
        "share": row.share,
        "episodes": row.episodes,
    }


def _weights(result: EpisodesResult, overlap: Overlap) -> dict[str, Any]:
    found = result.evidence(overlap)
    return {
        "depth": overlap.depth,
        "together": overlap.together,
        "episodes": found.episodes,
        "probability": found.chance,
        "part": found.part,
        "effective": found.effective,
        "largest": found.largest,
    }


def _horizon(result: EpisodesResult, found: Horizons) -> dict[str, Any]:
    missing = result.chance_of_missing_availability
    return {
        "horizon_ns": found.horizon_ns,
        "runs": found.runs,
        "downtime_p50_ns": estimate_json(found.percentile(0.50), "ns"),
        "downtime_p90_ns": estimate_json(found.percentile(0.90), "ns"),
        "downtime_p99_ns": estimate_json(found.percentile(0.99), "ns"),
        "chance_of_outage": estimate_json(found.chance_above(0), ""),
        "chance_of_missing_availability": None if missing is None else estimate_json(missing, ""),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "unit": verdict.unit,
        "wanted": verdict.wanted,
        "measured": estimate_json(verdict.measured, verdict.unit),
        "met": verdict.met,
    }
