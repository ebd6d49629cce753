"""Variants of a scenario side by side: how they differ, and which of them wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.errors import UserError
from hasim.study.answer import Answer
from hasim.study.compare.metrics import Metric, metrics_named
from hasim.study.compare.paired import Difference, confidence_of_sign
from hasim.study.compare.variants import Running, Variant, check_comparable, foreign_faults, run_variants
from hasim.study.estimators import CONFIDENCE, Estimate
from hasim.study.results import StudyResult
from hasim.units import counted

if TYPE_CHECKING:
    import pandas as pd

    from hasim.report.charts import Chart
    from hasim.report.tables import Table

__all__ = ["Comparison", "Winner", "compare"]


@dataclass(frozen=True, slots=True)
class Winner:
    """Which variant has least of something.

    Attributes:
        leader: the variant with the smallest estimate; of several the first. None where nobody has an estimate.
        decided: whether it has certainly less than every other one.
        confidence: the highest at which that can be said of all others together (Bonferroni); 0 if it never can.
    """

    leader: str | None
    decided: bool
    confidence: float


@dataclass(frozen=True)
class Comparison(Answer):
    """Variants that ran the same replications under the same luck; the first is the baseline.

    Attributes:
        variants: at least two.
        results: a study of each, all with the same replications.
        metrics: what they are compared by.
        confidence: with which all intervals of one metric hold together.
    """

    variants: tuple[Variant, ...]
    results: tuple[StudyResult, ...]
    metrics: tuple[Metric, ...]
    confidence: float = CONFIDENCE
    _differences: dict[tuple[str, int, int, float], Difference | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The variants' names, the baseline's first."""
        return tuple(variant.name for variant in self.variants)

    @property
    def replications(self) -> int:
        """How many replications each variant ran."""
        return len(self.results[0].outcomes)

    @property
    def interrupted(self) -> bool:
        """Whether fewer were finished than were wanted."""
        return any(result.interrupted for result in self.results)

    @property
    def confidence_each(self) -> float:
        """Of each interval of a difference: so high that those of one metric hold together (Bonferroni)."""
        return 1.0 - (1.0 - self.confidence) / (len(self.variants) - 1)

    @cached_property
    def foreign_faults(self) -> tuple[str, ...]:
        """The faults that are not the same in all variants: they are part of the difference."""
        return foreign_faults(*(variant.scenario for variant in self.variants))

    @cached_property
    def same_as_baseline(self) -> tuple[str, ...]:
        """The variants that do exactly what the baseline does."""
        first = self.variants[0].scenario.digest
        return tuple(variant.name for variant in self.variants[1:] if variant.scenario.digest == first)

    def estimate(self, metric: Metric, variant: str) -> Estimate | None:
        """The number of one variant by itself; None where nothing of the kind happened."""
        return metric.estimate(self.results[self._index(variant)].outcomes, self.confidence)

    def difference(self, metric: Metric, variant: str, baseline: str | None = None) -> Difference | None:
        """What ``variant`` has more than ``baseline`` (None: the first variant); None where one of them has none."""
        first = 0 if baseline is None else self._index(baseline)
        return self._difference(metric, first, self._index(variant), self.confidence_each)

    def winner(self, metric: Metric) -> Winner:
        """Which variant has least of it, and whether that is certain."""
        estimates = [metric.estimate(result.outcomes, self.confidence) for result in self.results]
        known = [(estimate.value, index) for index, estimate in enumerate(estimates) if estimate is not None]
        if not known:
            return Winner(None, False, 0.0)
        _, leader = min(known)
        if len(known) < len(estimates):
            return Winner(self.names[leader], False, 0.0)
        rivals = [index for index in range(len(estimates)) if index != leader]
        doubt = sum(1.0 - self._confidence(metric, leader, rival) for rival in rivals)
        confidence = max(1.0 - doubt, 0.0)
        return Winner(self.names[leader], confidence >= self.confidence, confidence)

    def _confidence(self, metric: Metric, leader: int, rival: int) -> float:
        """With which the rival has more than the leader."""

        def difference(level: float) -> Difference:
            found = self._difference(metric, leader, rival, level)
            assert found is not None, "both have an estimate"
            return found

        return confidence_of_sign(difference) if difference(self.confidence).estimate.value > 0 else 0.0

    def _difference(self, metric: Metric, first: int, second: int, level: float) -> Difference | None:
        key = (metric.name, first, second, level)
        if key not in self._differences:
            before, after = self.results[first].outcomes, self.results[second].outcomes
            self._differences[key] = metric.difference(before, after, level)
        return self._differences[key]

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise UserError(f"there is no variant {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)

    def frame(self) -> pd.DataFrame:
        """A row per metric and variant: its number, and what it has more than the baseline."""
        import pandas as pd

        from hasim.study.compare.document import FRAME_COLUMNS, frame_rows

        return pd.DataFrame(frame_rows(self), columns=list(FRAME_COLUMNS))

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, in the format that :mod:`hasim.study.compare.document` describes."""
        from hasim.study.compare.document import document_of

        return document_of(self)

    def tables(self) -> list[Table]:
        """What people look at."""
        from hasim.report.comparison import comparison_tables

        return comparison_tables(self)

    def save(self, directory: str | PathLike[str], command: str = "") -> list[Path]:
        """Keep the comparison (``result.json``, ``comparison.csv``) and in ``variants`` a study of each variant, to be
        read by :func:`hasim.study.compare.load_comparison`; returns the files.

        Raises:
            UserError: the directory or a file cannot be written.
        """
        from hasim.study.compare.storage import save

        return save(self, Path(directory), command)

    def named_charts(self) -> Iterator[tuple[str, Chart]]:
        """Its charts, each with the name that its file has."""
        from hasim.report.charts.differences import comparison_charts

        return comparison_charts(self)

    @property
    def question(self) -> str:
        """What was asked."""
        return f"Which of these is better, under the same faults: {', '.join(self.names)}?"

    @property
    def sentence(self) -> str:
        """What it comes to, in a sentence with its interval."""
        from hasim.report.comparison import comparison_sentence

        return comparison_sentence(self)

    @property
    def studies(self) -> tuple[StudyResult, ...]:
        """What it stands on, the scenario as it is first."""
        return self.named_results()

    def named_results(self) -> tuple[StudyResult, ...]:
        """The studies under the names of the variants."""
        pairs = zip(self.variants, self.results, strict=True)
        return tuple(replace(result, scenario=replace(result.scenario, name=variant.name)) for variant, result in pairs)

    def __hash__(self) -> int:
        return hash((self.names, self.results))

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.names)}: {counted(self.replications, 'replication')} each>"


def compare(
    variants: Mapping[str, Any] | Sequence[Variant],
    running: Running | None = None,
    *,
    metrics: Sequence[str] | str | None = None,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Run variants under the same luck and compare them with the first.

    Args:
        variants: at least two, each a :class:`Variant`; or scenarios by the names that they are to have.
        running: how; None: as the first scenario says, on every core.
        metrics: names of :data:`~hasim.study.compare.metrics.METRICS`; None chooses the usual ones.
        confidence: of the intervals, all those of one metric together.

    Raises:
        UserError: the variants cannot be compared, or there is no such metric.
        KeyboardInterrupt: interrupted before each variant had a replication.
    """
    if isinstance(variants, Mapping):
        variants = [Variant(name, scenario, {}) for name, scenario in variants.items()]
    check_comparable(variants)
    if not isinstance(confidence, Real) or not 0 < confidence < 1:
        raise UserError(f"a confidence is a number between 0 and 1, not {confidence!r:.80}")
    chosen = metrics_named(metrics, variants[0].scenario)
    results = run_variants([variant.scenario for variant in variants], running or Running())
    return Comparison(tuple(variants), results, chosen, confidence)
