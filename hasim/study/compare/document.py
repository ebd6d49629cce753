"""The JSON form of a comparison, ``"format": "hasim.comparison/1"``, and its rows as a table.

::

    {
      "format": "hasim.comparison/1",
      "hasim_version": "0.1.0",
      "seed": 1, "replications": 200, "heartbeats": "quiet", "interrupted": false, "horizon_ns": ...,
      "confidence": 0.95, "confidence_each": 0.975,
      "variants": [{"name": ..., "scenario": ..., "digest": ..., "changes": {path: value}}],
      "foreign_faults": [...], "same_as_baseline": [...],
      "metrics": [{"name": ..., "unit": "ns" or "count",
                   "estimates": {variant: E or null},
                   "differences": {variant: {"estimate": E, "gain": ... or null, "sign": -1, 0 or 1} or null},
                   "winner": {"leader": ... or null, "decided": true/false, "confidence": ...}}]
    }

An estimate E is ``{"value", "low", "high", "confidence", "method", "n"}``; null stands for an infinite bound. A
difference is the variant minus the baseline (the first variant). Numbers whose unit is ``ns`` are nanoseconds; values
and bounds of them are whole numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hasim.study.estimators import Estimate

if TYPE_CHECKING:
    from hasim.study.compare.comparison import Comparison
    from hasim.study.compare.metrics import Metric
    from hasim.study.compare.paired import Difference

__all__ = ["FORMAT", "FRAME_COLUMNS", "document_of", "estimate_json", "frame_rows"]

FORMAT = "hasim.comparison/1"

FRAME_COLUMNS = (
    "metric",
    "unit",
    "variant",
    "value",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
    "gain",
)
"""The difference is to the baseline, whose own row has none."""


def document_of(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data, ready for :func:`json.dumps`."""
    first = comparison.results[0]
    return {
        "format": FORMAT,
        "hasim_version": first.version,
        "seed": first.seed,
        "replications": comparison.replications,
        "heartbeats": first.heartbeats,
        "interrupted": comparison.interrupted,
        "horizon_ns": first.scenario.horizon_ns,
        "confidence": comparison.confidence,
        "confidence_each": comparison.confidence_each,
        "variants": [
            {
                "name": variant.name,
                "scenario": variant.scenario.name,
                "digest": variant.scenario.digest,
                "changes": dict(variant.changes),
            }
            for variant in comparison.variants
        ],
        "foreign_faults": list(comparison.foreign_faults),
        "same_as_baseline": list(comparison.same_as_baseline),
        "metrics": [_metric(comparison, metric) for metric in comparison.metrics],
    }


def _metric(comparison: Comparison, metric: Metric) -> dict[str, Any]:
    winner = comparison.winner(metric)
    return {
        "name": metric.name,
        "unit": metric.unit,
        "estimates": {name: estimate_json(comparison.estimate(metric, name), metric.unit) for name in comparison.names},
        "differences": {
            name: _difference(comparison.difference(metric, name), metric.unit) for name in comparison.names[1:]
        },
        "winner": {"leader": winner.leader, "decided": winner.decided, "confidence": winner.confidence},
    }


def _difference(difference: Difference | None, unit: str) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {
        "estimate": estimate_json(difference.estimate, unit),
        "gain": difference.gain,
        "sign": difference.sign,
    }


def estimate_json(estimate: Estimate | None, unit: str) -> dict[str, Any] | None:
    """An estimate as plain data; durations become whole nanoseconds."""
    if estimate is None:
        return None

    def number(value: float) -> float | None:
        if math.isinf(value):
            return None
        return round(value) if unit == "ns" else value

    return {
        "value": number(estimate.value),
        "low": number(estimate.low),
        "high": number(estimate.high),
        "confidence": estimate.confidence,
        "method": estimate.method,
        "n": estimate.n,
    }


def frame_rows(comparison: Comparison) -> list[tuple[Any, ...]]:
    """A row per metric and variant, in the order of :data:`FRAME_COLUMNS`; NaN where there is nothing."""
    rows = []
    for metric in comparison.metrics:
        for position, name in enumerate(comparison.names):
            own = _bounds(comparison.estimate(metric, name))
            difference = comparison.difference(metric, name) if position else None
            more = _bounds(difference.estimate if difference else None)
            gain = difference.gain if difference and difference.gain is not None else math.nan
            rows.append((metric.name, metric.unit, name, *own, *more, gain))
    return rows


def _bounds(estimate: Estimate | None) -> tuple[float, float, float]:
    return (math.nan,) * 3 if estimate is None else (estimate.value, estimate.low, estimate.high)
