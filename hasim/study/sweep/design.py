"""Where a sweep looks: every combination of the values (a grid), or a Latin hypercube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.study.sweep.parameters import Parameter, check_different

__all__ = ["MOST_POINTS", "Point", "Vary", "points_of"]

MOST_POINTS = 2_000

Vary: TypeAlias = Callable[[Mapping[str, Any]], Scenario]
"""The scenario with some values changed; raises UserError where that is none."""


@dataclass(frozen=True)
class Point:
    """One combination: the ``values`` in the order of the parameters, and the scenario with them."""

    values: tuple[Any, ...]
    scenario: Scenario


def points_of(parameters: Sequence[Parameter], vary: Vary, hypercube: int | None, seed: int) -> tuple[Point, ...]:
    """All points, each a valid scenario.

    Args:
        parameters: what is varied.
        vary: makes the scenarios.
        hypercube: None for the grid, else how many points a Latin hypercube has.
        seed: of the hypercube.

    Raises:
        UserError: too many points, a path twice or one that decides nothing in a run, or a value that is not valid in
            the scenario.
    """
    if not parameters:
        raise UserError("nothing is varied: say what, such as vrrp.advert_int=1s..5s")
    check_different(parameters)
    paths = [parameter.path for parameter in parameters]
    if hypercube is None:
        _check(math.prod(len(parameter.values) for parameter in parameters))
        combinations = list(itertools.product(*(parameter.values for parameter in parameters)))
    else:
        _check(hypercube)
        combinations = _latin_hypercube(parameters, hypercube, seed)
    return tuple(Point(values, vary(dict(zip(paths, values, strict=True)))) for values in combinations)


def _check(count: int) -> None:
    if not 1 <= count <= MOST_POINTS:
        raise UserError(f"expected 1 to {MOST_POINTS:,} points, got {count:,}")


def _latin_hypercube(parameters: Sequence[Parameter], count: int, seed: int) -> list[tuple[Any, ...]]:
    """Of each parameter's way one point in each of ``count`` equal parts, combined at random."""
    from scipy.stats import qmc

    shares = qmc.LatinHypercube(len(parameters), seed=seed).random(count)
    return [
        tuple(parameter.at(float(share)) for parameter, share in zip(parameters, row, strict=True)) for row in shares
    ]
