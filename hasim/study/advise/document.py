"""The JSON form of an advice, ``"format": "hasim.advice/1"``, and its candidates as a table.

::

    {
      "format": "hasim.advice/1",
      "hasim_version": "0.1.0", "scenario": ..., "digest": ..., "seed": 1, "horizon_ns": ..., "interrupted": false,
      "looks": [25, 50, 100, 200], "confidence_each": 0.9995,
      "factors": [{"name": ..., "options": [{"name": ..., "changes": {path: value}, "is_of_calls": false}]}],
      "answer": index or null, "doubtful": [index, ...], "front": [index, ...], "is_hopeless": false,
      "trade_off": [metric, metric], "common_replications": n,
      "candidates": [{"name": ..., "ranks": [...], "changes": {path: value}, "digest": ..., "replications": n,
                      "standing": "meets", "misses" or "in doubt",
                      "slo": [{"name": ..., "unit": "fraction" or "ns", "wanted": ..., "measured": E or null,
                               "met": true/false/null, "overlaps": O or null}],
                      "metrics": {metric: E or null}}],
      "refused": {what: why}, "lint_errors": {rule: count}
    }

An estimate E is ``{"value", "low", "high", "confidence", "method", "n"}``, overlapping failures that are too rare to
have been seen O ``{"expected", "unavailability"}``; null stands for an infinite bound and for undecided. Candidates are
named by their index: the cheapest first. ``is_of_calls`` marks an option that does something only where an address is
moved by calls of the API. The ``metrics`` of candidates are over the replications that all candidates have had.
``lint_errors`` is how many errors ``hasim lint`` finds in the scenario as it is, by their rules.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hasim.study.compare.document import estimate_json
from hasim.study.document import overlaps_json

if TYPE_CHECKING:
    from hasim.study.advise.elimination import Judged
    from hasim.study.advise.result import Advice

__all__ = ["FORMAT", "document_of", "frame_columns", "frame_rows"]

FORMAT = "hasim.advice/1"


def document_of(advice: Advice) -> dict[str, Any]:
    """An advice as plain data, ready for :func:`json.dumps`."""
    first = advice.judged[0].result
    return {
        "format": FORMAT,
        "hasim_version": first.version,
        "scenario": advice.scenario.name,
        "digest": advice.scenario.digest,
        "seed": first.seed,
        "horizon_ns": advice.scenario.horizon_ns,
        "interrupted": advice.interrupted,
        "looks": list(advice.looks),
        "confidence_each": advice.confidence_each,
        "factors": [
            {
                "name": factor.name,
                "options": [
                    {"name": option.name, "changes": dict(option.changes), "is_of_calls": option.is_of_calls}
                    for option in factor.options
                ],
            }
            for factor in advice.factors
        ],
        "answer": None if advice.answer is None else advice.judged.index(advice.answer),
        "doubtful": [advice.judged.index(one) for one in advice.doubtful],
        "front": [advice.judged.index(one) for one in advice.front],
        "is_hopeless": advice.is_hopeless,
        "trade_off": [metric.name for metric in advice.trade_off],
        "common_replications": advice.common_replications,
        "candidates": [_candidate(advice, one) for one in advice.judged],
        "refused": dict(advice.refused),
        "lint_errors": dict(advice.lint_errors),
    }


def _candidate(advice: Advice, one: Judged) -> dict[str, Any]:
    return {
        "name": one.candidate.name,
        "ranks": list(one.candidate.ranks),
        "changes": dict(one.candidate.changes),
        "digest": one.candidate.scenario.digest,
        "replications": len(one.result.outcomes),
        "standing": one.standing.value,
        "slo": [
            {
                "name": verdict.name,
                "unit": verdict.unit,
                "wanted": verdict.wanted,
                "measured": estimate_json(verdict.measured, verdict.unit),
                "met": verdict.met,
                "overlaps": overlaps_json(verdict.overlaps),
            }
            for verdict in one.verdicts
        ],
        "metrics": {
            metric.name: estimate_json(advice.common_estimate(one, metric), metric.unit) for metric in advice.trade_off
        },
    }


def frame_columns(advice: Advice) -> list[str]:
    """What a row of :func:`frame_rows` holds."""
    columns = ["candidate", *(factor.name for factor in advice.factors), "standing", "replications"]
    for verdict in advice.judged[0].verdicts:
        suffix = "_ns" if verdict.unit == "ns" else ""
        columns += [f"{verdict.name.replace(' ', '_')}{part}{suffix}" for part in ("", "_low", "_high")]
    return columns


def frame_rows(advice: Advice) -> list[list[Any]]:
    """A row per candidate, the cheapest first; NaN where nothing was measured."""
    rows = []
    for one in advice.judged:
        pairs = zip(advice.factors, one.candidate.ranks, strict=True)
        row: list[Any] = [one.candidate.name, *(factor.options[rank].name for factor, rank in pairs)]
        row += [one.standing.value, len(one.result.outcomes)]
        for verdict in one.verdicts:
            found = verdict.measured
            row += [math.nan] * 3 if found is None else [found.value, found.low, found.high]
        rows.append(row)
    return rows
