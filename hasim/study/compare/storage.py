"""A comparison kept in a directory, and opened again: ``result.json`` and ``comparison.csv`` say what it came to, and
below ``variants`` is a study of each variant, of which it can be made again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from os import PathLike
from pathlib import Path

from hasim.errors import UserError
from hasim.study.compare.comparison import Comparison
from hasim.study.compare.document import FORMAT, FRAME_COLUMNS, frame_rows
from hasim.study.compare.variants import Variant
from hasim.study.keeping.answer import keep_answer, kept_metrics, opened_answer
from hasim.study.keeping.study import load_result

__all__ = ["load_comparison", "save"]

_FILE_NAME = re.compile(r"[^\w.=-]+")


def save(comparison: Comparison, directory: Path, command: str = "") -> list[Path]:
    """Write a comparison into ``directory``, made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    paths = []
    for number, result in enumerate(comparison.named_results(), start=1):
        paths += result.save(_home_of(directory, number, result.scenario.name), command)
    table = ("comparison", FRAME_COLUMNS, frame_rows(comparison))
    return paths + keep_answer(directory, comparison.to_json(), table, command)


def load_comparison(directory: str | PathLike[str]) -> Comparison:
    """The comparison that was kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    with opened_answer(directory, "comparison", FORMAT) as (home, document):
        variants, results = [], []
        for number, kept in enumerate(document["variants"], start=1):
            result = load_result(_home_of(home, number, kept["name"]))
            if result.scenario.digest != kept["digest"] or len(result.outcomes) != document["replications"]:
                raise UserError(f"{home}: result.json and the study of {kept['name']} do not belong together")
            scenario = replace(result.scenario, name=kept["scenario"])
            variants.append(Variant(kept["name"], scenario, kept["changes"]))
            results.append(replace(result, scenario=scenario))
        metrics = kept_metrics((metric["name"] for metric in document["metrics"]), variants[0].scenario)
        return Comparison(tuple(variants), tuple(results), metrics, float(document["confidence"]))


def _home_of(directory: Path, number: int, name: str) -> Path:
    return directory / "variants" / f"{number}-{_FILE_NAME.sub('-', name)}"
