"""Which parameter moves a number most: each low and high, under the same luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.study.answer import Answer
from hasim.study.compare.metrics import Metric, default_metrics, metrics_named
from hasim.study.compare.paired import Difference
from hasim.study.compare.variants import Running, run_variants, value_text
from hasim.study.estimators import CONFIDENCE, Estimate
from hasim.study.results import StudyResult
from hasim.study.sensitivity.plausible import Uncertain, plausible
from hasim.study.sweep.design import Vary
from hasim.study.sweep.parameters import Parameter
from hasim.units import counted

if TYPE_CHECKING:
    import pandas as pd

    from hasim.report.charts import Chart
    from hasim.report.tables import Table

__all__ = ["Moved", "Sensitivity", "Swing", "asked_for", "sensitivity"]


@dataclass(frozen=True)
class Swing:
    """A parameter with a study of either end; an end that is no valid scenario is the scenario as it is."""

    uncertain: Uncertain
    low: StudyResult
    high: StudyResult


@dataclass(frozen=True)
class Moved:
    """What a parameter does to a number.

    Attributes:
        swing: of which parameter.
        low, high: the number at either end minus that of the scenario as it is; None where one has none.
        across: the number at the high end minus that at the low end.
    """

    swing: Swing
    low: Difference | None
    high: Difference | None
    across: Difference | None

    @property
    def is_seen(self) -> bool:
        """Whether the number was another one at either end."""
        return any(part is not None and part.estimate.value != 0 for part in (self.low, self.high, self.across))

    @property
    def size(self) -> float:
        """How far the number moves from one end to the other; -1 where that cannot be said."""
        return -1.0 if self.across is None else abs(self.across.estimate.value)

    @property
    def size_bounds(self) -> tuple[float, float]:
        """Between which sizes that certainly is."""
        if self.across is None:
            return 0.0, 0.0
        low, high = self.across.estimate.low, self.across.estimate.high
        least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        return least, max(abs(low), abs(high))


@dataclass(frozen=True)
class Sensitivity(Answer):
    """A scenario and what its parameters do to it.

    Attributes:
        base: the study of the scenario as it is.
        swings: a study of each end of each parameter, in the order in which they were looked for.
        without_effect: the names of parameters at whose both ends the scenario does the same.
        refused: why an end is no valid scenario, by ``name = value``.
        metrics: what is looked at.
    """

    base: StudyResult
    swings: tuple[Swing, ...]
    without_effect: tuple[str, ...]
    refused: Mapping[str, str]
    metrics: tuple[Metric, ...]
    _moved: dict[str, tuple[Moved, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def interrupted(self) -> bool:
        """Whether fewer replications were finished than were wanted."""
        return self.base.interrupted

    @property
    def confidence_each(self) -> float:
        """Of each interval, so high that those of all parameters hold together (Bonferroni)."""
        return 1.0 - (1.0 - CONFIDENCE) / max(len(self.swings), 1)

    @property
    def same_ends(self) -> tuple[tuple[str, str], ...]:
        """Name and value of the ends at which a valid scenario does the same, as where keepalived rounds the value."""
        ends = [
            (one.uncertain.name, text)
            for one in self.swings
            for text, result in ((one.uncertain.low_text, one.low), (one.uncertain.high_text, one.high))
            if result.scenario.digest == self.base.scenario.digest
        ]
        return tuple((name, text) for name, text in ends if f"{name} = {text}" not in self.refused)

    def moved(self, metric: Metric) -> tuple[Moved, ...]:
        """What each parameter does to the number, what moves it most first."""
        if metric.name not in self._moved:
            found = [self._move(metric, swing) for swing in self.swings]
            self._moved[metric.name] = tuple(sorted(found, key=lambda one: (-one.size, one.swing.uncertain.name)))
        return self._moved[metric.name]

    def estimate(self, metric: Metric) -> Estimate | None:
        """The number of the scenario as it is."""
        return metric.estimate(self.base.outcomes)

    def leading(self, metric: Metric) -> tuple[str, ...]:
        """The parameters of which each may be the one that moves the number most; none if none certainly moves it."""
        moved = self.moved(metric)
        least = max((one.size_bounds[0] for one in moved), default=0.0)
        if not least:
            return ()
        return tuple(one.swing.uncertain.name for one in moved if one.size_bounds[1] >= least)

    def _move(self, metric: Metric, swing: Swing) -> Moved:
        def between(one: StudyResult, other: StudyResult) -> Difference | None:
            return metric.difference(one.outcomes, other.outcomes, self.confidence_each)

        return Moved(
            swing, between(self.base, swing.low), between(self.base, swing.high), between(swing.low, swing.high)
        )

    def frame(self) -> pd.DataFrame:
        """A row per metric and parameter, what moves it most first."""
        import pandas as pd

        from hasim.study.sensitivity.document import FRAME_COLUMNS, frame_rows

        return pd.DataFrame(frame_rows(self), columns=list(FRAME_COLUMNS))

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, in the format that :mod:`hasim.study.sensitivity.document` describes."""
        from hasim.study.sensitivity.document import document_of

        return document_of(self)

    def tables(self) -> list[Table]:
        """What people look at."""
        from hasim.report.tornado import sensitivity_tables

        return sensitivity_tables(self)

    def save(self, directory: str | PathLike[str], command: str = "") -> list[Path]:
        """Keep it in a directory: ``result.json``, ``sensitivity.csv``, and the studies of all ends, to be read by
        :func:`hasim.study.sensitivity.load_sensitivity`; returns the files.

        Raises:
            UserError: the directory or a file cannot be written.
        """
        from hasim.study.sensitivity.storage import save

        return save(self, Path(directory), command)

    def named_charts(self) -> Iterator[tuple[str, Chart]]:
        """Its charts, each with the name that its file has."""
        from hasim.report.charts.tornado import sensitivity_charts

        return sensitivity_charts(self)

    @property
    def question(self) -> str:
        """What was asked."""
        return f"Which parameter matters most in {self.base.scenario.name}?"

    @property
    def sentence(self) -> str:
        """What it comes to, in a sentence with its interval."""
        from hasim.report.tornado import sensitivity_sentence

        return sensitivity_sentence(self)

    @property
    def studies(self) -> tuple[StudyResult, ...]:
        """What it stands on, the scenario as it is first."""
        return (self.base,)

    def __hash__(self) -> int:
        return hash((self.base, len(self.swings)))

    def __repr__(self) -> str:
        parameters = counted(len(self.swings), "parameter")
        replications = counted(len(self.base.outcomes), "replication")
        return f"<Sensitivity of {self.base.scenario.name!r}: {parameters}, {replications} each>"


def sensitivity(
    scenario_of: Vary,
    uncertain: Sequence[Uncertain] | Mapping[str, Any],
    running: Running | None = None,
    *,
    metrics: Sequence[str] | str | None = None,
) -> Sensitivity:
    """Run a scenario as it is and with each parameter low and high, under the same luck.

    Args:
        scenario_of: makes the scenario with some values changed (none: as it is).
        uncertain: the parameters; or what the scenario's file holds: then those that :func:`plausible` finds in it, of
            which an end that is no valid scenario is left as it is.
        running: how; None: as the scenario says, on every core.
        metrics: names of :data:`~hasim.study.compare.metrics.METRICS`; None: the downtime.

    Raises:
        UserError: there is nothing that could be otherwise, or a parameter that was asked for is not valid.
        KeyboardInterrupt: interrupted before each end had a replication.
    """
    base = scenario_of({})
    chosen = metrics_named(metrics, base) if metrics else default_metrics(base)[:1]
    found = plausible(uncertain, base) if isinstance(uncertain, Mapping) else list(uncertain)
    refused: dict[str, str] = {}
    pairs = [
        (one, _end(scenario_of, base, one, one.low, refused), _end(scenario_of, base, one, one.high, refused))
        for one in found
    ]
    moving = [pair for pair in pairs if {pair[1].digest, pair[2].digest} != {base.digest}]
    still = tuple(one.name for one, low, high in pairs if {low.digest, high.digest} == {base.digest})
    if not moving:
        raise UserError("nothing to look at: at either end of every parameter the scenario does the same")
    scenarios = [base, *(scenario for _, low, high in moving for scenario in (low, high))]
    first, *others = run_variants(scenarios, running or Running())
    swings = tuple(Swing(one, others[2 * index], others[2 * index + 1]) for index, (one, _, _) in enumerate(moving))
    return Sensitivity(first, swings, still, refused, chosen)


def _end(
    scenario_of: Vary, base: Scenario, one: Uncertain, changes: Mapping[str, Any], refused: dict[str, str]
) -> Scenario:
    """The scenario at one end of a parameter, or as it is where that is not valid and nobody asked for it."""
    try:
        return scenario_of(changes)
    except UserError as error:
        if one.kind == "asked for":
            raise
        text = one.low_text if changes is one.low else one.high_text
        refused[f"{one.name} = {text}"] = str(error)
        return base


def asked_for(parameter: Parameter) -> Uncertain:
    """A parameter that somebody asked for, from its lowest to its highest value.

    Raises:
        UserError: it is a list of other than two values, or a range that says how many points it is to have.
    """
    if parameter.how:
        raise UserError(f"{parameter.path}: a sensitivity is about the two ends of a range; leave :{parameter.how} out")
    if parameter.span is None and len(parameter.values) != 2:
        raise UserError(f"{parameter.path}: expected a range or two values, got {len(parameter.values)}")
    low, high = parameter.values[0], parameter.values[-1]
    texts = value_text(low), value_text(high)
    return Uncertain(parameter.path, "asked for", {parameter.path: low}, {parameter.path: high}, *texts)
