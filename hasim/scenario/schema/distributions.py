"""How a distribution of durations is written: a plain duration, or a mapping with one shape in it.

``boot: 40s`` is a constant; ``boot: {lognormal: {median: 40s, p95: 100s}, max: 5min}`` is the rest of the syntax. The
forms check what can be checked without reading other files; :mod:`hasim.scenario.resolve` turns them into
:class:`~hasim.scenario.distributions.Distribution` objects.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator
from typing_extensions import TypeAliasType

from hasim.scenario.distributions import LARGEST_SHAPE, SMALLEST_SHAPE
from hasim.scenario.schema.fields import (
    DURATION_SCHEMA,
    AlsoWritten,
    Duration,
    Number,
    Percentage,
    PositiveDuration,
    Section,
    Text,
    setting,
)
from hasim.units import format_duration

__all__ = [
    "PERCENTILES",
    "SHAPES",
    "DistributionForm",
    "DistributionText",
    "EmpiricalForm",
    "ExponentialForm",
    "GammaForm",
    "LogNormalForm",
    "MixturePart",
    "UniformForm",
    "WeibullForm",
]

PERCENTILES = {"p75": 0.75, "p80": 0.8, "p90": 0.9, "p95": 0.95, "p98": 0.98, "p99": 0.99, "p99_9": 0.999}
"""The upper percentiles by which the width of a lognormal can be given (``p99_9`` is written ``p99.9``)."""

SHAPES = ("constant", "uniform", "exponential", "lognormal", "weibull", "gamma", "mixture", "empirical")


class UniformForm(Section):
    """Every duration between two is equally likely."""

    low: Duration = setting(..., "The shortest.")
    high: Duration = setting(..., "The longest.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low ({format_duration(self.low)}) is above high ({format_duration(self.high)})")
        return self


class ExponentialForm(Section):
    """Without memory: failures that do not age."""

    mean: PositiveDuration = setting(..., "The mean (an MTBF, an MTTR).")


class LogNormalForm(Section):
    """Most durations near the median, a long tail above: give the median and one upper percentile."""

    median: PositiveDuration = setting(..., "Half of the durations are below.")
    p75: PositiveDuration | None = setting(None, "75% of the durations are below.")
    p80: PositiveDuration | None = setting(None, "80% of the durations are below.")
    p90: PositiveDuration | None = setting(None, "90% of the durations are below.")
    p95: PositiveDuration | None = setting(None, "95% of the durations are below.")
    p98: PositiveDuration | None = setting(None, "98% of the durations are below.")
    p99: PositiveDuration | None = setting(None, "99% of the durations are below.")
    p99_9: PositiveDuration | None = setting(None, "99.9% of the durations are below.", alias="p99.9")

    @model_validator(mode="after")
    def _one_percentile_above_the_median(self) -> Self:
        given = [name for name in PERCENTILES if getattr(self, name) is not None]
        if len(given) != 1:
            found = "none" if not given else " and ".join(given)
            raise ValueError(f"a lognormal takes its median and exactly one percentile (such as p95), got {found}")
        name, value_ns = given[0], getattr(self, given[0])
        if value_ns < self.median:
            shown = f"{name.replace('_', '.')} ({format_duration(value_ns)})"
            raise ValueError(f"{shown} is below the median ({format_duration(self.median)})")
        return self


class WeibullForm(Section):
    """Ageing (shape above 1) or early failures (shape below 1)."""

    shape: Annotated[float, Number(SMALLEST_SHAPE, LARGEST_SHAPE)] = setting(..., "1 is exponential.")
    scale: PositiveDuration = setting(..., "63.2% of the durations are below.")


class GammaForm(Section):
    """Several stages in a row: the larger the shape, the narrower."""

    shape: Annotated[float, Number(SMALLEST_SHAPE, LARGEST_SHAPE)] = setting(..., "The number of stages.")
    mean: PositiveDuration = setting(..., "The mean of all stages together.")


class MixturePart(Section):
    """One part of a mixture."""

    weight: Percentage = setting(..., "How often this part is drawn.")
    of: DistributionText = setting(..., "The distribution of this part.")


class EmpiricalForm(Section):
    """Measured durations from a CSV file with a header line, each as likely as the other."""

    file: Text = setting(..., "The CSV file, relative to the scenario file.")
    column: Text | None = setting(None, "The column's name; may be left out if there is only one.")
    unit: Text | None = setting(
        None, "The unit of its numbers (ns, us, ms, s, min, h, d); taken from the column's name if that ends in it."
    )


class DistributionForm(Section):
    """Exactly one shape, and an upper bound if wanted."""

    constant: Duration | None = setting(None, "Always the same; the same as writing the duration alone.")
    uniform: UniformForm | None = setting(None, "Evenly between two durations.")
    exponential: ExponentialForm | None = setting(None, "Without memory, by its mean.")
    lognormal: LogNormalForm | None = setting(None, "By its median and one percentile.")
    weibull: WeibullForm | None = setting(None, "By shape and scale.")
    gamma: GammaForm | None = setting(None, "By shape and mean.")
    mixture: list[MixturePart] | None = setting(None, "Several distributions, each drawn with its weight (a tail).")
    empirical: EmpiricalForm | None = setting(None, "Measured values from a CSV file.")
    max: PositiveDuration | None = setting(None, "Cut every longer duration to this one.")

    @model_validator(mode="after")
    def _exactly_one_shape(self) -> Self:
        given = [name for name in SHAPES if getattr(self, name) is not None]
        if len(given) != 1:
            found = "none of them" if not given else " and ".join(given)
            raise ValueError(f"a distribution has exactly one of {', '.join(SHAPES)}; got {found}")
        if self.mixture is not None:
            self._check_weights(self.mixture)
        return self

    @staticmethod
    def _check_weights(parts: list[MixturePart]) -> None:
        total = sum(part.weight for part in parts)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the weights of the mixture add up to {total * 100:.10g}%, expected 100%")
        if any(part.weight == 0 for part in parts):
            raise ValueError("every part of a mixture needs a weight above 0%")


def _constant_or_form(value: object) -> object:
    """A duration written alone is a constant. (What is neither text nor number is left to the form.)"""
    if isinstance(value, str | int | float):
        return {"constant": value}
    if isinstance(value, list) or value is None:
        raise ValueError("expected a duration such as 2s, or a distribution such as {exponential: {mean: 30d}}")
    return value


DistributionText = TypeAliasType(
    "DistributionText",
    Annotated[
        DistributionForm,
        BeforeValidator(_constant_or_form),
        AlsoWritten("A duration, or a distribution of durations", (DURATION_SCHEMA,)),
    ],
)

MixturePart.model_rebuild()
DistributionForm.model_rebuild()
