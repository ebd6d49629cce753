"""A sweep kept in a directory, and opened again: ``result.json`` and ``sweep.csv`` say what it came to, and
``studies.jsonl.gz`` has the study of each point.
"""

from __future__ import annotations

import itertools
from os import PathLike
from pathlib import Path

from hasim.study.keeping.answer import check_belongs, keep_answer, kept_metrics, opened_answer
from hasim.study.keeping.studies_file import read_studies
from hasim.study.sweep.design import Point
from hasim.study.sweep.document import FORMAT, frame_columns, frame_rows, parameter_of
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
        check_belongs(home, results, [entry["digest"] for entry in entries], document["seed"])
        if any(len(result.outcomes) != document["replications"] for result in results):
            raise ValueError(f"not every point has {document['replications']} replications")
        parameters = tuple(map(parameter_of, document["parameters"]))
        for entry in entries:
            if entry["numbers"] != {one.path: one.number_of(entry["values"][one.path]) for one in parameters}:
                raise ValueError(f"the values and the numbers of the point {entry['values']} differ")
        values = [tuple(entry["values"][one.path] for one in parameters) for entry in entries]
        is_grid = document["design"] == "grid"
        if is_grid and values != list(itertools.product(*(one.values for one in parameters))):
            raise ValueError("its points are not all combinations of its values")
        return Sweep(
            name=document["scenario"],
            parameters=parameters,
            points=tuple(Point(one, result.scenario) for one, result in zip(values, results, strict=True)),
            results=results,
            metrics=kept_metrics(document["best"], results[0].scenario),
            is_grid=is_grid,
        )
