"""An advice kept in a directory, and opened again: ``result.json`` and ``candidates.csv`` say what it came to,
``scenario.yaml`` and ``scenario.json`` have the scenario as it is, and ``studies.jsonl.gz`` has the study of each
candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from hasim.study.advise.candidates import Candidate, Factor, Option
from hasim.study.advise.document import FORMAT, frame_columns, frame_rows
from hasim.study.advise.elimination import Judged, confidence_of_each, verdicts_of
from hasim.study.advise.result import Advice
from hasim.study.keeping.answer import check_belongs, keep_answer, opened_answer
from hasim.study.keeping.scenario_file import read_scenario, scenario_texts
from hasim.study.keeping.studies_file import read_studies
from hasim.study.results import StudyResult
from hasim.study.slo import LONGEST_OUTAGE

__all__ = ["load_advice", "save"]


def save(advice: Advice, directory: Path, command: str = "") -> list[Path]:
    """Write an advice into ``directory``, made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    table = ("candidates", frame_columns(advice), frame_rows(advice))
    texts = scenario_texts(advice.scenario)
    return keep_answer(directory, advice.to_json(), table, command, studies=advice.studies, texts=texts)


def load_advice(directory: str | PathLike[str]) -> Advice:
    """The advice that was kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    with opened_answer(directory, "advice", FORMAT) as (home, document):
        studies = read_studies(home)
        scenario = read_scenario(home)
        entries, looks = document["candidates"], tuple(document["looks"])
        check_belongs(home, studies, [entry["digest"] for entry in entries], document["seed"])
        if not entries or not looks:
            raise ValueError("it has no candidates, or nobody has looked at them")
        if scenario.digest != document["digest"]:
            raise ValueError("result.json and scenario.json belong to different scenarios")
        factors = tuple(map(_factor, document["factors"]))
        confidence = confidence_of_each(len(entries), len(looks))
        return Advice(
            scenario=scenario,
            factors=factors,
            judged=tuple(
                _judged(entry, study, factors, confidence) for entry, study in zip(entries, studies, strict=True)
            ),
            refused=dict(document["refused"]),
            looks=looks,
            cut_short=document["interrupted"],
        )


def _factor(entry: Mapping[str, Any]) -> Factor:
    options = (Option(option["name"], option["changes"], option["is_of_calls"]) for option in entry["options"])
    return Factor(entry["name"], tuple(options))


def _judged(entry: Mapping[str, Any], study: StudyResult, factors: Sequence[Factor], confidence: float) -> Judged:
    """A candidate with its verdicts, which follow from its study, and have to be those that were kept."""
    ranks = tuple(entry["ranks"])
    if any(not 0 <= rank < len(factor.options) for factor, rank in zip(factors, ranks, strict=True)):
        raise ValueError(f"{entry['name']} has an option that there is not")
    if len(study.outcomes) != entry["replications"]:
        raise ValueError(f"{entry['name']} has not {entry['replications']} replications")
    met = {verdict["name"]: verdict["met"] for verdict in entry["slo"]}
    found = verdicts_of(study, confidence, is_last=met.get(LONGEST_OUTAGE) is not None)
    if met != {verdict.name: verdict.met for verdict in found}:
        raise ValueError(f"the verdicts on {entry['name']} do not follow from its replications")
    return Judged(Candidate(entry["name"], ranks, entry["changes"], study.scenario), study, found)
