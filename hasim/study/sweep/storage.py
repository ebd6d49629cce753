"""A sweep kept in a directory, and opened again: ``result.json`` and ``sweep.csv`` say what it came to, and
``studies.jsonl.gz`` has the study of each point.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from hasim.study.keeping.answer import as_told, check_alike, check_belongs, keep_answer, kept_metrics, opened_answer
from hasim.study.keeping.checks import is_same
from hasim.study.keeping.studies_file import read_studies
from hasim.study.sweep.design import Point
from hasim.study.sweep.document import FORMAT, frame_columns, frame_rows, parameter_of
from hasim.study.sweep.parameters import Parameter
from hasim.study.sweep.result import Sweep

__all__ = ["load_sweep", "save"]


def save(sweep: Sweep, directory: Path, command: str = "") -> list[Path]:
    """Write a sweep into ``directory``, made if need be; returns the files.

    Raises:
        UserError: the directory or a file cannot be written.
    """
    table = ("sweep", frame_columns(sweep), frame_rows(sweep))
    return keep_answer(directory, sweep.to_json(), table, command, studies=sweep.results)


def load_sweep(directory: str | PathLike[str]) -> Sweep:
    """The sweep that was kept in ``directory``.

    Raises:
        UserError: there is none, or its files are damaged or do not belong together.
    """
    with opened_answer(directory, "sweep", FORMAT) as (home, document):
        results = read_studies(home)
        entries = document["points"]
        check_belongs(home, results, [(document["scenario"], entry["digest"]) for entry in entries], document)
        check_alike(results, document["replications"], "point")
        parameters = tuple(map(parameter_of, document["parameters"]))
        values = [_values(entry, parameters) for entry in entries]
        is_grid = document["design"] == "grid"
        if is_grid and not is_same(values, list(itertools.product(*(one.values for one in parameters)))):
            raise ValueError("its points are not all combinations of its values")
        if not is_grid and document["design"] != "lhs":
            raise ValueError(f"its design is {document['design']!r:.80}")
        metrics = kept_metrics(document["best"], results[0].scenario)
        if any({*entry["metrics"]} != {metric.name for metric in metrics} for entry in entries):
            raise ValueError("its points have other metrics than it has")
        found = Sweep(
            name=results[0].scenario.name,
            parameters=parameters,
            points=tuple(Point(one, result.scenario) for one, result in zip(values, results, strict=True)),
            results=results,
            metrics=metrics,
            is_grid=is_grid,
        )
        return as_told(found, document)


def _values(entry: Mapping[str, Any], parameters: Sequence[Parameter]) -> tuple[Any, ...]:
    """The values of a point, in the order of the parameters.

    Raises:
        KeyError, TypeError, ValueError: they are none of the parameters', or not those of the point's numbers.
    """
    said = entry["values"]
    if [*said] != [one.path for one in parameters]:
        raise ValueError(f"the point {said} has not a value of each parameter")
    values = tuple(said.values())
    if entry["numbers"] != {one.path: one.number_of(said[one.path]) for one in parameters}:
        raise ValueError(f"the values and the numbers of the point {said} differ")
    for one, value in zip(parameters, values, strict=True):
        if type(value) not in {type(known) for known in one.values} or (one.span is None and value not in one.values):
            raise ValueError(f"{one.path} has the value {value!r:.80} at a point, which is none of its values")
    return values
