"""The JSON form of a sensitivity analysis, ``"format": "hasim.sensitivity/1"``, and its rows as a table.

::

    {
      "format": "hasim.sensitivity/1",
      "hasim_version": "0.1.0", "scenario": ..., "digest": ..., "seed": 1, "replications": 200, "horizon_ns": ...,
      "interrupted": false, "confidence_each": 0.998,
      "without_effect": [name, ...], "refused": {"name = value": why},
      "parameters": [{"name": ..., "kind": ..., "low": {path: value}, "high": {path: value},
                      "low_text": ..., "high_text": ..., "digests": [of the low end, of the high end]}],
      "metrics": [{"name": ..., "unit": "ns" or "count", "estimate": E or null, "leading": [name, ...],
                   "parameters": [{"name": ..., "kind": "assumed", "timer", "fault" or "asked for",
                                   "low": {path: value}, "high": {path: value},
                                   "at_low": D, "at_high": D, "across": D}]}]
    }

An estimate E is ``{"value", "low", "high", "confidence", "method", "n"}``; D is one of a difference, or null where
there is nothing to compare: low or high end minus the scenario as it is, and high minus low. ``leading`` are the
parameters that may move the metric most. ``parameters`` has those of every metric in the order in which they were
looked for, with their ends as people read them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hasim.study.compare.document import estimate_json
from hasim.study.compare.paired import Difference

if TYPE_CHECKING:
    from hasim.study.compare.metrics import Metric
    from hasim.study.sensitivity.result import Moved, Sensitivity, Swing

__all__ = ["FORMAT", "FRAME_COLUMNS", "document_of", "frame_rows"]

FORMAT = "hasim.sensitivity/1"

FRAME_COLUMNS = (
    "metric",
    "unit",
    "parameter",
    "kind",
    "low",
    "high",
    "at_low",
    "at_low_low",
    "at_low_high",
    "at_high",
    "at_high_low",
    "at_high_high",
    "across",
    "across_low",
    "across_high",
)
"""``at_low`` and ``at_high`` are differences to the scenario as it is, ``across`` is from the low to the high end; each
is followed by its interval."""


def document_of(sensitivity: Sensitivity) -> dict[str, Any]:
    """A sensitivity analysis as plain data, ready for :func:`json.dumps`."""
    base = sensitivity.base
    return {
        "format": FORMAT,
        "hasim_version": base.version,
        "scenario": base.scenario.name,
        "digest": base.scenario.digest,
        "seed": base.seed,
        "replications": len(base.outcomes),
        "horizon_ns": base.scenario.horizon_ns,
        "interrupted": sensitivity.interrupted,
        "confidence_each": sensitivity.confidence_each,
        "without_effect": list(sensitivity.without_effect),
        "refused": dict(sensitivity.refused),
        "parameters": [_swing(swing) for swing in sensitivity.swings],
        "metrics": [_metric(sensitivity, metric) for metric in sensitivity.metrics],
    }


def _swing(swing: Swing) -> dict[str, Any]:
    uncertain = swing.uncertain
    return {
        "name": uncertain.name,
        "kind": uncertain.kind,
        "low": dict(uncertain.low),
        "high": dict(uncertain.high),
        "low_text": uncertain.low_text,
        "high_text": uncertain.high_text,
        "digests": [swing.low.scenario.digest, swing.high.scenario.digest],
    }


def _metric(sensitivity: Sensitivity, metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "unit": metric.unit,
        "estimate": estimate_json(sensitivity.estimate(metric), metric.unit),
        "leading": list(sensitivity.leading(metric)),
        "parameters": [_parameter(one, metric.unit) for one in sensitivity.moved(metric)],
    }


def _parameter(moved: Moved, unit: str) -> dict[str, Any]:
    uncertain = moved.swing.uncertain
    return {
        "name": uncertain.name,
        "kind": uncertain.kind,
        "low": dict(uncertain.low),
        "high": dict(uncertain.high),
        "at_low": _difference(moved.low, unit),
        "at_high": _difference(moved.high, unit),
        "across": _difference(moved.across, unit),
    }


def _difference(difference: Difference | None, unit: str) -> dict[str, Any] | None:
    return None if difference is None else estimate_json(difference.estimate, unit)


def frame_rows(sensitivity: Sensitivity) -> list[tuple[Any, ...]]:
    """A row per metric and parameter, in the order of :data:`FRAME_COLUMNS`; NaN where there is nothing."""
    rows = []
    for metric in sensitivity.metrics:
        for moved in sensitivity.moved(metric):
            one = moved.swing.uncertain
            bounds = [bound for part in (moved.low, moved.high, moved.across) for bound in _bounds(part)]
            rows.append((metric.name, metric.unit, one.name, one.kind, one.low_text, one.high_text, *bounds))
    return rows


def _bounds(difference: Difference | None) -> tuple[float, float, float]:
    if difference is None:
        return (math.nan,) * 3
    return difference.estimate.value, difference.estimate.low, difference.estimate.high
