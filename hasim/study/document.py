"""The JSON form of a study, ``"format": "hasim.study/1"``.

::

    {
      "format": "hasim.study/1",
      "hasim_version": "0.1.0",
      "scenario": {"name": ..., "digest": ...},
      "seed": 1, "heartbeats": "quiet", "interrupted": false, "horizon_ns": ...,
      "stopping": {"quantity": "unavailability", "precision": 0.05, "max_replications": n, "reached": ...,
                   "met": true/false, "overlaps": O or null} or null,
      "summary": {
        "replications": 100,
        "availability": E, "unavailability": E, "nines": E, "downtime_per_year_ns": E, "outages_per_year": E,
        "outages": {"count": n, "failover": n, "recovered_in_place": n, "first_service": n, "unresolved": n,
                    "longest_ns": ...},
        "failover_latency": L or null,
        "failover_latency_by_cause": {cause: L}, "failover_latency_by_phase": {phase: L},
        "downtime_by_cause_ns": {cause: ns},
        "dual_master_per_year_ns": E, "wrong_instance_per_year_ns": E, "black_hole_per_year_ns": E,
        "transitions": n, "notify_runs": n, "api_calls": {action: {code: n}}, "overlaps": O or null
      },
      "slo": [{"name": ..., "unit": "fraction" or "ns", "wanted": ..., "measured": E or null, "met": true/false/null,
               "overlaps": O or null}],
      "chance_of_missing_availability": E or null,
      "replications": [{"replication": 0, "downtime_ns": ..., "dual_master_ns": ..., "wrong_instance_ns": ...,
                        "black_hole_ns": ..., "transitions": n, "notify_runs": n, "api_calls": {...},
                        "outages": [{"start_ns": ..., "end_ns": ..., "missing": ..., "cause": ..., "fault": ...,
                                     "began_on": ..., "ended_on": ..., "resolution": ...,
                                     "phases_ns": {"detect": ..., ..., "service": ...}}]}]
    }

An estimate E is ``{"value", "low", "high", "confidence", "method", "n"}``, a latency L is ``{"count", "p50_ns": E,
"p95_ns": E, "p99_ns": E, "longest_ns"}``, and overlapping failures that are too rare to have been seen O is
``{"expected", "unavailability"}`` (:mod:`hasim.study.overlaps`). Every duration is an integer number of nanoseconds and
its key ends in ``_ns``, that of an estimate above it. null stands for an infinite bound, for "undecided" (met) and for
nobody (began_on, ended_on). Keys may be added under the same format name; none is removed or changes its meaning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from textwrap import indent
from typing import TYPE_CHECKING, Any

from hasim.errors import UserError
from hasim.measure.model import PHASES, Outage, RunOutcome
from hasim.study.estimators import Estimate
from hasim.study.outcomes import Outcomes
from hasim.study.overlaps import Overlaps
from hasim.study.stopping import QUANTITY, Stopping
from hasim.study.summary import LatencySummary

if TYPE_CHECKING:
    from hasim.study.results import StudyResult

__all__ = ["FORMAT", "document_of", "outage_of", "outcomes_of", "overlaps_json", "stopping_of", "text_of"]

FORMAT = "hasim.study/1"

_RESOLUTIONS = ("failover", "recovered_in_place", "first_service", "unresolved")

_END_NS = 2**63
"""No number of a study reaches it: a horizon does not."""


def document_of(result: StudyResult) -> dict[str, Any]:
    """A study as plain data, ready for :func:`json.dumps`."""
    return {**_without_replications(result), "replications": [_outcome(outcome) for outcome in result.outcomes]}


def text_of(result: StudyResult, more: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The text of a JSON file with the same, and ``more`` keys before the replications, in parts: as plain data all
    replications together take much memory."""
    yield _json({**_without_replications(result), **(more or {}), "replications": []}).removesuffix("[]\n}")
    before = "[\n"
    for outcome in result.outcomes:
        yield before + indent(_json(_outcome(outcome)), "  ")
        before = ",\n"
    yield "\n ]\n}\n"


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


def _without_replications(result: StudyResult) -> dict[str, Any]:
    chance = result.chance_of_missing_availability
    return {
        "format": FORMAT,
        "hasim_version": result.version,
        "scenario": {"name": result.scenario.name, "digest": result.scenario.digest},
        "seed": result.seed,
        "heartbeats": result.heartbeats,
        "interrupted": result.interrupted,
        "horizon_ns": result.scenario.horizon_ns,
        "stopping": None if result.stopping is None else _stopping(result.stopping),
        "summary": _summary(result),
        "slo": [
            {
                "name": verdict.name,
                "unit": verdict.unit,
                "wanted": verdict.wanted,
                "measured": None if verdict.measured is None else _estimate(verdict.measured, verdict.unit == "ns"),
                "met": verdict.met,
                "overlaps": overlaps_json(verdict.overlaps),
            }
            for verdict in result.verdicts
        ],
        "chance_of_missing_availability": None if chance is None else _estimate(chance),
    }


def _summary(result: StudyResult) -> dict[str, Any]:
    counts = {name: len(result.outages.only(resolution=name)) for name in _RESOLUTIONS}
    latency = result.failover_latency
    return {
        "replications": len(result.outcomes),
        "availability": _estimate(result.availability),
        "unavailability": _estimate(result.unavailability),
        "nines": _estimate(result.nines),
        "downtime_per_year_ns": _estimate(result.downtime_per_year_ns, whole=True),
        "outages_per_year": _estimate(result.outages_per_year),
        "outages": {"count": len(result.outages), **counts, "longest_ns": result.longest_outage_ns},
        "failover_latency": None if latency is None else _latency(latency),
        "failover_latency_by_cause": {name: _latency(entry) for name, entry in result.latency_by_cause.items()},
        "failover_latency_by_phase": {name: _latency(entry) for name, entry in result.latency_by_phase.items()},
        "downtime_by_cause_ns": dict(result.downtime_by_cause_ns),
        "dual_master_per_year_ns": _estimate(result.dual_master_per_year_ns, whole=True),
        "wrong_instance_per_year_ns": _estimate(result.wrong_instance_per_year_ns, whole=True),
        "black_hole_per_year_ns": _estimate(result.black_hole_per_year_ns, whole=True),
        "transitions": result.total("transitions"),
        "notify_runs": result.total("notify_runs"),
        "api_calls": result.api_calls,
        "overlaps": overlaps_json(result.overlaps),
    }


def _stopping(stopping: Stopping) -> dict[str, Any]:
    return {
        "quantity": QUANTITY,
        "precision": stopping.precision,
        "max_replications": stopping.max_replications,
        "reached": None if math.isinf(stopping.reached) else stopping.reached,
        "met": stopping.met,
        "overlaps": overlaps_json(stopping.overlaps),
    }


def overlaps_json(overlaps: Overlaps | None) -> dict[str, float] | None:
    """Overlapping failures that are too rare to have been seen, as plain data."""
    return None if overlaps is None else {"expected": overlaps.expected, "unavailability": overlaps.unavailability}


def _estimate(estimate: Estimate, whole: bool = False) -> dict[str, Any]:
    def number(value: float) -> float | int | None:
        if math.isinf(value):
            return None
        return round(value) if whole else value

    return {
        "value": number(estimate.value),
        "low": number(estimate.low),
        "high": number(estimate.high),
        "confidence": estimate.confidence,
        "method": estimate.method,
        "n": estimate.n,
    }


def _latency(entry: LatencySummary) -> dict[str, Any]:
    return {
        "count": entry.count,
        "p50_ns": _estimate(entry.p50, whole=True),
        "p95_ns": _estimate(entry.p95, whole=True),
        "p99_ns": _estimate(entry.p99, whole=True),
        "longest_ns": entry.longest_ns,
    }


def _outcome(outcome: RunOutcome) -> dict[str, Any]:
    return {
        "replication": outcome.replication,
        "downtime_ns": outcome.downtime_ns,
        "dual_master_ns": outcome.dual_master_ns,
        "wrong_instance_ns": outcome.wrong_instance_ns,
        "black_hole_ns": outcome.black_hole_ns,
        "transitions": outcome.transitions,
        "notify_runs": outcome.notify_runs,
        "api_calls": {action: dict(codes) for action, codes in outcome.api_calls.items()},
        "outages": [outage_of(outage) for outage in outcome.outages],
    }


def outage_of(outage: Outage) -> dict[str, Any]:
    """One outage as plain data."""
    return {
        "start_ns": outage.start_ns,
        "end_ns": outage.end_ns,
        "missing": outage.missing,
        "cause": outage.cause,
        "fault": outage.fault,
        "began_on": outage.began_on,
        "ended_on": outage.ended_on,
        "resolution": outage.resolution,
        "phases_ns": dict(zip(PHASES, outage.phases_ns, strict=True)),
    }


def stopping_of(document: Mapping[str, Any]) -> Stopping | None:
    """How the study in the JSON form was stopped; None if a number of replications was asked for.

    Raises:
        KeyError, TypeError: it is damaged.
    """
    entry = document.get("stopping")
    if entry is None:
        return None
    reached = math.inf if entry["reached"] is None else entry["reached"]
    rare = entry.get("overlaps")  # an older study has none
    overlaps = None if rare is None else Overlaps(rare["expected"], rare["unavailability"])
    return Stopping(entry["precision"], entry["max_replications"], reached, entry["met"], overlaps)


def outcomes_of(document: Mapping[str, Any]) -> Outcomes:
    """The outcomes in the JSON form of a study.

    Raises:
        UserError: it is not of this format, or contradicts itself.
    """
    if document.get("format") != FORMAT:
        raise UserError(f"expected a study in the format {FORMAT}, got {document.get('format')!r}")
    try:
        horizon_ns = _whole(document, "horizon_ns", least=1)
        outcomes = Outcomes.of(_read_outcome(entry, horizon_ns) for entry in document["replications"])
        if len(outcomes) != len(document["replications"]):
            raise ValueError("it has a replication twice")
    except ValueError as error:
        raise UserError(f"the study is damaged: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"the study is damaged: {type(error).__name__} at {error}") from None
    if not outcomes:
        raise UserError("the study is damaged: it has no replications")
    return outcomes


def _read_outcome(entry: Mapping[str, Any], horizon_ns: int) -> RunOutcome:
    outcome = RunOutcome(
        replication=_whole(entry, "replication"),
        horizon_ns=horizon_ns,
        downtime_ns=_whole(entry, "downtime_ns"),
        outages=tuple(_read_outage(outage) for outage in entry["outages"]),
        dual_master_ns=_whole(entry, "dual_master_ns"),
        wrong_instance_ns=_whole(entry, "wrong_instance_ns"),
        black_hole_ns=_whole(entry, "black_hole_ns"),
        transitions=_whole(entry, "transitions"),
        notify_runs=_whole(entry, "notify_runs"),
        api_calls={
            action: {code: _whole(codes, code) for code, _ in codes.items()}
            for action, codes in entry["api_calls"].items()
        },
    )
    if outcome.downtime_ns != sum(outage.duration_ns for outage in outcome.outages):
        raise UserError(f"the study is damaged: the outages of replication {outcome.replication} do not add up")
    return outcome


def _read_outage(entry: Mapping[str, Any]) -> Outage:
    start_ns, end_ns = _whole(entry, "start_ns"), _whole(entry, "end_ns")
    phases_ns = tuple(_whole(entry["phases_ns"], phase) for phase in PHASES)
    if sum(phases_ns) != end_ns - start_ns:
        raise ValueError(f"it has an outage at {start_ns} ns whose phases do not add up")
    if entry["resolution"] not in _RESOLUTIONS:
        raise ValueError(f"it has an outage at {start_ns} ns that ended in {entry['resolution']!r}")
    return Outage(
        start_ns=start_ns,
        end_ns=end_ns,
        missing=_text(entry, "missing"),
        cause=_text(entry, "cause"),
        fault=_text(entry, "fault"),
        began_on=None if entry["began_on"] is None else _text(entry, "began_on"),
        ended_on=None if entry["ended_on"] is None else _text(entry, "ended_on"),
        phases_ns=phases_ns,
        resolution=entry["resolution"],
    )


def _whole(entry: Mapping[str, Any], key: str, least: int = 0) -> int:
    value = entry[key]
    if type(value) is not int or not least <= value < _END_NS:
        raise ValueError(f"{key} is {value!r}, expected a whole number from {least}")
    return value


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} is {value!r}, expected text")
    return value
