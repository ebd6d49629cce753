"""The JSON form of a drill, ``"format": "hasim.drill/1"``.

::

    {
      "format": "hasim.drill/1", "hasim_version": ..., "scenario": {"name": ..., "digest": ...},
      "times": n, "interrupted": false, "inside": true/false, "repeated": [text],
      "machine": {"daemon_start_up_ns": [...], "script_start_up_ns": [...], ..., "api_ns": {action: [...]}, ...},
      "episodes": [{
        "fault": ..., "kind": ..., "duration_ns": ns or null, "horizon_ns": ns, "inside": true/false,
        "repetitions": [{"repetition": 0, "overhead_ns": ns, "outages": [O]}],
        "simulations": n,
        "outages": [{"cause": ..., "order": 0, "measured": n, "simulated": n, "inside": true/false,
                     "phases": {"detect": {"measured_ns": [...], "outside": n,
                                           "simulated_ns": {"low": ns, "p5": ns, "p50": ns, "p95": ns, "high": ns}}}}]
      }]
    }

An outage O is as in ``hasim.study/1``. Durations are integer nanoseconds. A phase is one of the eight, or ``total``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from hasim.drill.comparison import EpisodeResult, Group
from hasim.drill.holding import DrillResult
from hasim.drill.machine import TOTAL, MachineTimes
from hasim.scenario.model import Fault
from hasim.study.document import outage_of

__all__ = ["FORMAT", "document_of"]

FORMAT = "hasim.drill/1"

_SHARES = {"low": 0.0, "p5": 0.05, "p50": 0.5, "p95": 0.95, "high": 1.0}


def document_of(result: DrillResult) -> dict[str, Any]:
    """A drill as plain data, ready for :func:`json.dumps`."""
    return {
        "format": FORMAT,
        "hasim_version": result.version,
        "scenario": {"name": result.scenario.name, "digest": result.scenario.digest},
        "times": result.options.times,
        "interrupted": result.interrupted,
        "inside": result.inside,
        "repeated": list(result.repeated),
        "machine": _machine(result.times),
        "episodes": [_episode(episode) for episode in result.episodes],
    }


def _machine(times: MachineTimes) -> dict[str, Any]:
    return {f"{item.name}_ns": getattr(times, item.name) for item in fields(times)}


def _episode(episode: EpisodeResult) -> dict[str, Any]:
    fault = _injected(episode)
    return {
        "fault": fault.name,
        "kind": fault.kind.value,
        "duration_ns": None if fault.duration is None else fault.duration.quantile(0.5),
        "horizon_ns": episode.episode.scenario.horizon_ns,
        "inside": episode.inside,
        "repetitions": [
            {
                "repetition": repetition.number,
                "overhead_ns": repetition.times.overhead_ns(TOTAL),
                "outages": [outage_of(outage) for outage in outcome.outages],
            }
            for repetition, outcome in zip(episode.repetitions, episode.outcomes, strict=True)
        ],
        "simulations": len(episode.simulated),
        "outages": [_group(group) for group in episode.groups],
    }


def _injected(episode: EpisodeResult) -> Fault:
    return next(fault for fault in episode.episode.scenario.faults if fault.name == episode.episode.name)


def _group(group: Group) -> dict[str, Any]:
    return {
        "cause": group.cause,
        "order": group.order,
        "measured": len(group.measured),
        "simulated": len(group.simulated),
        "inside": group.inside,
        "phases": {
            verdict.phase: {
                "measured_ns": list(verdict.measured_ns),
                "outside": len(verdict.outside),
                "simulated_ns": _quantiles(verdict.simulated_ns),
            }
            for verdict in group.verdicts
        },
    }


def _quantiles(ordered_ns: Sequence[int]) -> dict[str, int] | None:
    if not ordered_ns:
        return None
    return {name: ordered_ns[round(share * (len(ordered_ns) - 1))] for name, share in _SHARES.items()}
