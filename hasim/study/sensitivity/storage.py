"""A sensitivity analysis kept in a directory, and opened again: ``result.json`` and ``sensitivity.csv`` say what it
came to, and ``studies.jsonl.gz`` has the study of the scenario as it is, and those of both ends of each parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from hasim.study.keeping.answer import check_belongs, keep_answer, kept_metrics, opened_answer
from hasim.study.keeping.studies_file import read_studies
from hasim.study.sensitivity.document import FORMAT, FRAME_COLUMNS, frame_rows
from hasim.study.sensitivity.plausible import Kind, Uncertain
from hasim.study.sensitivity.result import Sensitivity, Swing

__all__ = ["load_sensitivity", "save"]


def save(sensitivity: Sensitivity, directory: Path, command: str = "") -> list[Path]:
    """Write a sensitivity analysis into ``directory``, made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    table = ("sensitivity", FRAME_COLUMNS, frame_rows(sensitivity))
    studies = [sensitivity.base, *(end for swing in sensitivity.swings for end in (swing.low, swing.high))]
    return keep_answer(directory, sensitivity.to_json(), table, command, studies=studies)


def load_sensitivity(directory: str | PathLike[str]) -> Sensitivity:
    """The sensitivity analysis that was kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    with opened_answer(directory, "sensitivity analysis", FORMAT) as (home, document):
        studies = read_studies(home)
        entries = document["parameters"]
        digests = [document["digest"], *(digest for entry in entries for digest in entry["digests"])]
        check_belongs(home, studies, digests, document["seed"])
        if any(len(study.outcomes) != document["replications"] for study in studies):
            raise ValueError(f"not every end has {document['replications']} replications")
        base, *ends = studies
        pairs = zip(entries, ends[::2], ends[1::2], strict=True)
        return Sensitivity(
            base=base,
            swings=tuple(Swing(_uncertain(entry), low, high) for entry, low, high in pairs),
            without_effect=tuple(document["without_effect"]),
            refused=dict(document["refused"]),
            metrics=kept_metrics((metric["name"] for metric in document["metrics"]), base.scenario),
        )


def _uncertain(entry: Mapping[str, Any]) -> Uncertain:
    if entry["kind"] not in get_args(Kind):
        raise ValueError(f"{entry['name']} is of the kind {entry['kind']!r}")
    names = ("name", "kind", "low", "high", "low_text", "high_text")
    return Uncertain(**{name: entry[name] for name in names})
