"""The studies that an answer stands on, in one file: ``studies.jsonl.gz``, format ``hasim.studies/1``.

::

    {"format": "hasim.studies/1", "studies": n}
    {"scenario": as in scenario.json, "seed": 1, "heartbeats": "quiet", "interrupted": false, "hasim_version": "0.1.0",
     "replications": n, "same_as": null, or the index of an earlier study with the same outcomes}
    [number, ... as a row of a journal (hasim.study.journal.rows)]      n lines, none where it is the same
    ...

A sweep may have two thousand points, most of which nobody looks at by themselves: as directories of studies, like the
variants of a comparison, they would take ten times as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hasim.arguments import check_heartbeats
from hasim.errors import UserError
from hasim.measure.model import RunOutcome
from hasim.study.journal.rows import outcome_of_row, outcome_row
from hasim.study.keeping.checks import check_outages, flag, text, whole
from hasim.study.keeping.lines import Lines, opened_lines, write_lines
from hasim.study.keeping.scenario_file import scenario_from_json, scenario_to_json
from hasim.study.outcomes import Outcomes, OutcomeStore
from hasim.study.results import StudyResult

__all__ = ["STUDIES_NAME", "read_studies", "write_studies"]

STUDIES_NAME = "studies.jsonl.gz"

_FORMAT = "hasim.studies/1"

_COUNTS = ("downtime_ns", "dual_master_ns", "wrong_instance_ns", "black_hole_ns", "transitions", "notify_runs")


def write_studies(directory: Path, studies: Sequence[StudyResult]) -> Path:
    """Write studies into ``directory``; of none of them a precision was asked for, but a number of replications.

    Raises:
        OSError: the file cannot be written.
    """
    path = directory / STUDIES_NAME
    write_lines(path, _values(studies))
    return path


def read_studies(directory: Path) -> tuple[StudyResult, ...]:
    """The studies that are kept in ``directory``.

    Raises:
        UserError: there is no such file, or it is damaged or in another format.
    """
    with opened_lines(directory / STUDIES_NAME, _FORMAT) as (header, lines):
        store, studies = OutcomeStore(), list[StudyResult]()
        for _ in range(whole(header["studies"], "studies", least=1)):
            studies.append(_study(lines, studies, store))
    return tuple(studies)


def _values(studies: Sequence[StudyResult]) -> Iterator[Any]:
    yield {"format": _FORMAT, "studies": len(studies)}
    different: defaultdict[str, list[int]] = defaultdict(list)
    for index, study in enumerate(studies):
        alike = different[study.scenario.digest]
        same = next((before for before in alike if studies[before].outcomes == study.outcomes), None)
        yield {
            "scenario": scenario_to_json(study.scenario),
            "seed": study.seed,
            "heartbeats": study.heartbeats,
            "interrupted": study.interrupted,
            "hasim_version": study.version,
            "replications": len(study.outcomes),
            "same_as": same,
        }
        if same is None:
            alike.append(index)
            for outcome in study.outcomes:
                yield [outcome.replication, *outcome_row(outcome)]


def _study(lines: Lines, before: Sequence[StudyResult], store: OutcomeStore) -> StudyResult:
    entry = lines.next()
    try:
        scenario = scenario_from_json(entry["scenario"])
        check_heartbeats(entry["heartbeats"])
    except UserError as error:
        raise ValueError(str(error)) from None
    same, count = entry["same_as"], whole(entry["replications"], "replications", least=1)
    if same is None:
        store.add(len(before), (_outcome(lines.next(), scenario.horizon_ns) for _ in range(count)))
        outcomes = Outcomes(store, len(before))
    else:
        original = before[whole(same, "same_as")]
        if original.scenario.digest != scenario.digest:
            raise ValueError(f"study {len(before)} has the replications of another scenario")
        outcomes = original.outcomes
    if len(outcomes) != count:
        raise ValueError(f"a study of {count} replications has {len(outcomes)}")
    return StudyResult(
        scenario=scenario,
        seed=whole(entry["seed"], "seed"),
        heartbeats=entry["heartbeats"],
        outcomes=outcomes,
        version=text(entry["hasim_version"], "hasim_version"),
        interrupted=flag(entry["interrupted"], "interrupted"),
    )


def _outcome(row: Any, horizon_ns: int) -> RunOutcome:
    number, *rest = row
    outcome = outcome_of_row(rest, whole(number, "the number of a replication"), horizon_ns)
    for name in _COUNTS:
        whole(getattr(outcome, name), f"{name} of replication {number}")
    for calls in outcome.api_calls.values():
        for code, count in calls.items():
            whole(count, f"{code} of replication {number}")
    check_outages(outcome.outages, outcome.downtime_ns)
    return outcome
