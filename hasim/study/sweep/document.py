"""The JSON form of a sweep, ``"format": "hasim.sweep/1"``, and its rows as a table.

::

    {
      "format": "hasim.sweep/1",
      "hasim_version": "0.1.0", "scenario": ..., "seed": 1, "replications": 200, "horizon_ns": ...,
      "interrupted": false,
      "design": "grid" or "lhs",
      "parameters": [{"path": ..., "unit": "ns", "fraction", "number" or "word", "values": [...], "numbers": [...],
                      "range": {"low": ..., "high": ..., "log": true/false, "whole": true/false} or null, "how": ...}],
      "points": [{"values": {path: value}, "numbers": {path: number}, "digest": ..., "metrics": {metric: E or null}}],
      "best": {metric: {"leader": index or null, "others": [index, ...]}}
    }

An estimate E is ``{"value", "low", "high", "confidence", "method", "n"}``, in nanoseconds where the metric is a time;
null stands for an infinite bound. ``range`` is where the values are from, in the unit of ``numbers`` (null: they are a
list), and ``how`` what was said of its points. ``best`` names points by their index: where the metric is least, and
where it is not certainly more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from hasim.errors import UserError
from hasim.study.compare.document import estimate_json
from hasim.study.keeping.checks import flag, is_same, real, text
from hasim.study.sweep.parameters import Parameter, Unit, in_range, parameter

if TYPE_CHECKING:
    from hasim.study.sweep.design import Point
    from hasim.study.sweep.result import Sweep

__all__ = ["FORMAT", "document_of", "frame_columns", "frame_rows", "parameter_of"]

FORMAT = "hasim.sweep/1"


def document_of(sweep: Sweep) -> dict[str, Any]:
    """A sweep as plain data, ready for :func:`json.dumps`."""
    first = sweep.results[0]
    best = {metric.name: sweep.best(metric) for metric in sweep.metrics}
    return {
        "format": FORMAT,
        "hasim_version": first.version,
        "scenario": sweep.name,
        "seed": first.seed,
        "replications": sweep.replications,
        "horizon_ns": first.scenario.horizon_ns,
        "interrupted": sweep.interrupted,
        "design": "grid" if sweep.is_grid else "lhs",
        "parameters": [_parameter(one) for one in sweep.parameters],
        "points": [_point(sweep, index, point) for index, point in enumerate(sweep.points)],
        "best": {name: {"leader": found.leader, "others": list(found.others)} for name, found in best.items()},
    }


def _parameter(one: Parameter) -> dict[str, Any]:
    span = one.span
    return {
        "path": one.path,
        "unit": one.unit,
        "values": list(one.values),
        "numbers": list(one.numbers),
        "range": None if span is None else {"low": span.low, "high": span.high, "log": span.log, "whole": span.whole},
        "how": one.how,
    }


def parameter_of(entry: Mapping[str, Any]) -> Parameter:
    """A parameter in the JSON form.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    path, unit, span = text(entry["path"], "path"), entry["unit"], entry["range"]
    if unit not in get_args(Unit):
        raise ValueError(f"{path} has the unit {unit!r:.80}")
    try:
        if span is None:
            found = parameter(path, entry["values"])
        else:
            low, high = real(span["low"], "low"), real(span["high"], "high")
            whole, how = unit == "number" and flag(span["whole"], "whole"), text(entry["how"], "how")
            found = in_range(path, low, high, unit, whole=whole, how=how and f":{how}", place=path)
    except UserError as error:
        raise ValueError(str(error)) from None
    if not all(is_same(entry[key], value) for key, value in _parameter(found).items()):
        raise ValueError(f"the values of {path}, its numbers and its range do not belong together")
    return found


def _point(sweep: Sweep, index: int, point: Point) -> dict[str, Any]:
    pairs = list(zip(sweep.parameters, point.values, strict=True))
    return {
        "values": {one.path: value for one, value in pairs},
        "numbers": {one.path: one.number_of(value) for one, value in pairs},
        "digest": point.scenario.digest,
        "metrics": {
            metric.name: estimate_json(sweep.estimates[metric.name][index], metric.unit) for metric in sweep.metrics
        },
    }


def frame_columns(sweep: Sweep) -> list[str]:
    """The paths, the paths in numbers where they have a unit, and each metric with its bounds."""
    columns = [one.path for one in sweep.parameters]
    columns += [f"{one.path} ({one.unit})" for one in sweep.parameters if one.unit != "word"]
    for metric in sweep.metrics:
        suffix = "_ns" if metric.unit == "ns" else ""
        columns += [f"{metric.name}{part}{suffix}" for part in ("", "_low", "_high")]
    return columns


def frame_rows(sweep: Sweep) -> list[list[Any]]:
    """A row per point, in the order of :func:`frame_columns`; NaN where there is nothing."""
    from hasim.study.compare.variants import value_text

    rows = []
    for index, point in enumerate(sweep.points):
        pairs = list(zip(sweep.parameters, point.values, strict=True))
        row: list[Any] = [value_text(value) for _, value in pairs]
        row += [one.number_of(value) for one, value in pairs if one.unit != "word"]
        for metric in sweep.metrics:
            estimate = sweep.estimates[metric.name][index]
            row += [math.nan] * 3 if estimate is None else [estimate.value, estimate.low, estimate.high]
        rows.append(row)
    return rows
