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
from hasim.study.compare.variants import Variant, check_comparable
from hasim.study.keeping.answer import as_told, check_alike, check_belongs, keep_answer, kept_metrics, opened_answer
from hasim.study.keeping.checks import changes, real, text
from hasim.study.keeping.files import made_again
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
        for position, kept in enumerate(document["variants"], start=1):
            place = _home_of(home, position, text(kept["name"], "the name of a variant"))
            if not (place / "result.json").exists():
                raise UserError(f"{place}: there is no such file, or no study in it; {made_again(home)}")
            result = load_result(place)
            if result.scenario.name != kept["name"]:
                raise UserError(f"{place}: this is not the study of {kept['name']}; {made_again(home)}")
            scenario = replace(result.scenario, name=text(kept["scenario"], "scenario"))
            variants.append(Variant(kept["name"], scenario, changes(kept["changes"], "changes")))
            results.append(replace(result, scenario=scenario))
        try:
            check_comparable(variants)
        except UserError as error:
            raise ValueError(str(error)) from None
        check_belongs(home, results, [(kept["scenario"], kept["digest"]) for kept in document["variants"]], document)
        check_alike(results, document["replications"], "variant")
        metrics = kept_metrics((metric["name"] for metric in document["metrics"]), variants[0].scenario)
        confidence = real(document["confidence"], "confidence")
        if not 0 < confidence < 1:
            raise ValueError(f"its confidence is {confidence}")
        return as_told(Comparison(tuple(variants), tuple(results), metrics, confidence), document)


def _home_of(directory: Path, number: int, name: str) -> Path:
    return directory / "variants" / f"{number}-{_FILE_NAME.sub('-', name)}"
