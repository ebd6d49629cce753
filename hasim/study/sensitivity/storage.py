"""A sensitivity analysis kept in a directory, and opened again: ``result.json`` and ``sensitivity.csv`` say what it
came to, and ``studies.jsonl.gz`` has the study of the scenario as it is, and those of both ends of each parameter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, get_args

from hasim.study.keeping.answer import as_told, check_alike, check_belongs, keep_answer, kept_metrics, opened_answer
from hasim.study.keeping.checks import changes, reasons, text, texts
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
        check_belongs(home, studies, [(document["scenario"], digest) for digest in digests], document)
        check_alike(studies, document["replications"], "end")
        base, *ends = studies
        uncertain = list(map(_uncertain, entries))
        for metric in document["metrics"]:
            if sorted(map(_ends, metric["parameters"])) != sorted(map(_ends, entries)):
                raise ValueError(f"its parameters are not those of the metric {metric['name']}")
        pairs = zip(uncertain, ends[::2], ends[1::2], strict=True)
        found = Sensitivity(
            base=base,
            swings=tuple(Swing(one, low, high) for one, low, high in pairs),
            without_effect=texts(document["without_effect"], "without_effect"),
            refused=reasons(document["refused"], "refused"),
            metrics=kept_metrics((metric["name"] for metric in document["metrics"]), base.scenario),
        )
        return as_told(found, document)


def _uncertain(entry: Mapping[str, Any]) -> Uncertain:
    if entry["kind"] not in get_args(Kind):
        raise ValueError(f"{entry['name']} is of the kind {entry['kind']!r:.80}")
    return Uncertain(
        name=text(entry["name"], "name"),
        kind=entry["kind"],
        low=changes(entry["low"], "low"),
        high=changes(entry["high"], "high"),
        low_text=text(entry["low_text"], "low_text"),
        high_text=text(entry["high_text"], "high_text"),
    )


def _ends(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What is told of a parameter beside every metric once more: by its name, its kind and its ends."""
    return text(entry["name"], "name"), json.dumps([entry[key] for key in ("kind", "low", "high")], sort_keys=True)
