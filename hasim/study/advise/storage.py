"""An advice kept in a directory, and opened again: ``result.json`` and ``candidates.csv`` say what it came to,
``scenario.yaml`` and ``scenario.json`` have the scenario as it is, and ``studies.jsonl.gz`` has the study of each
candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

from hasim.study.advise.candidates import Candidate, Factor, Option, combined
from hasim.study.advise.document import FORMAT, frame_columns, frame_rows
from hasim.study.advise.elimination import Judged, confidence_of_each, verdicts_of
from hasim.study.advise.result import Advice
from hasim.study.keeping.answer import as_told, check_belongs, keep_answer, opened_answer
from hasim.study.keeping.checks import changes, flag, is_same, reasons, text, texts, whole
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
        entries, looks = document["candidates"], tuple(whole(look, "a look", least=1) for look in document["looks"])
        check_belongs(home, studies, [(document["scenario"], entry["digest"]) for entry in entries], document)
        if not entries or not looks or not all(before < after <= 2 * before for before, after in pairwise(looks)):
            raise ValueError("it has no candidates, or nobody has looked at them, at most twice as much each time")
        if (scenario.digest, scenario.name, scenario.slo) != (
            document["digest"],
            document["scenario"],
            studies[0].scenario.slo,
        ):
            raise ValueError("result.json and scenario.json belong to different scenarios")
        factors = tuple(map(_factor, document["factors"]))
        confidence = confidence_of_each(len(entries), len(looks))
        if document["confidence_each"] != confidence:
            raise ValueError(f"with {len(looks)} looks the confidence of each interval is {confidence}")
        found = Advice(
            scenario=scenario,
            factors=factors,
            judged=tuple(
                _judged(entry, study, factors, confidence) for entry, study in zip(entries, studies, strict=True)
            ),
            refused=reasons(document["refused"], "refused"),
            looks=looks,
            cut_short=any(study.interrupted for study in studies),
            lint_errors={rule: whole(count, rule, 1) for rule, count in document.get("lint_errors", {}).items()},
        )
        return as_told(found, document)


def _factor(entry: Mapping[str, Any]) -> Factor:
    texts([option["name"] for option in entry["options"]], "the names of options")
    options = (
        Option(option["name"], changes(option["changes"], "changes"), flag(option["is_of_calls"], "is_of_calls"))
        for option in entry["options"]
    )
    return Factor(text(entry["name"], "name"), tuple(options))


def _judged(entry: Mapping[str, Any], study: StudyResult, factors: Sequence[Factor], confidence: float) -> Judged:
    """A candidate with its verdicts, which follow from its study, and have to be those that were kept."""
    ranks = tuple(whole(rank, "a rank") for rank in entry["ranks"])
    if any(rank >= len(factor.options) for factor, rank in zip(factors, ranks, strict=True)):
        raise ValueError(f"{entry['name']} has an option that there is not")
    name, changed = combined([factor.options[rank] for factor, rank in zip(factors, ranks, strict=True)])
    if not is_same([entry["name"], entry["changes"]], [name, changed]):
        raise ValueError(f"{entry['name']} is not what its options make")
    if len(study.outcomes) != entry["replications"]:
        raise ValueError(f"{entry['name']} has not {entry['replications']} replications")
    met = {verdict["name"]: verdict["met"] for verdict in entry["slo"]}
    found = verdicts_of(study, confidence, is_last=met.get(LONGEST_OUTAGE) is not None)
    if met != {verdict.name: verdict.met for verdict in found}:
        raise ValueError(f"the verdicts on {entry['name']} do not follow from its replications")
    return Judged(Candidate(name, ranks, changed, study.scenario), study, found)
