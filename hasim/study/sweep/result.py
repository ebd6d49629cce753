"""A sweep: a scenario at many points, all under the same luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.arguments import plain_value, whole_number
from hasim.errors import UserError
from hasim.study.answer import Answer
from hasim.study.compare.metrics import Metric, metrics_named, usual_metrics
from hasim.study.compare.variants import Running, run_variants
from hasim.study.estimators import CONFIDENCE, Estimate
from hasim.study.results import StudyResult
from hasim.study.sweep.design import Point, Vary, points_of
from hasim.study.sweep.parameters import Parameter, parameter, parse_vary
from hasim.units import counted

if TYPE_CHECKING:
    import pandas as pd

    from hasim.report.charts import Chart
    from hasim.report.tables import Table

__all__ = ["Best", "Sweep", "parameters_of", "sweep"]


@dataclass(frozen=True, slots=True)
class Best:
    """Where something is least.

    Attributes:
        leader: the index of the point with the smallest estimate; None where no point has one.
        others: the indices of the points that are not certainly worse; one without an estimate (no failover, say) is
            not.
    """

    leader: int | None
    others: tuple[int, ...]


@dataclass(frozen=True)
class Sweep(Answer):
    """A scenario at many points.

    Attributes:
        name: of the scenario.
        parameters: what was varied.
        points: in the order of the design; a grid runs through the last parameter fastest.
        results: a study of each point, all with the same replications.
        metrics: what was looked at.
        is_grid: whether the points are all combinations of the values.
    """

    name: str
    parameters: tuple[Parameter, ...]
    points: tuple[Point, ...]
    results: tuple[StudyResult, ...]
    metrics: tuple[Metric, ...]
    is_grid: bool

    @property
    def interrupted(self) -> bool:
        """Whether fewer replications were finished than were wanted."""
        return any(result.interrupted for result in self.results)

    @property
    def replications(self) -> int:
        """How many replications each point has."""
        return len(self.results[0].outcomes)

    @cached_property
    def estimates(self) -> Mapping[str, tuple[Estimate | None, ...]]:
        """By the name of the metric: the number at each point, each with an interval of its own."""
        return {
            metric.name: tuple(metric.estimate(result.outcomes) for result in self.results) for metric in self.metrics
        }

    @cached_property
    def same_scenarios(self) -> tuple[tuple[int, ...], ...]:
        """Groups of points that make the same scenario, such as intervals that keepalived rounds to the same one."""
        groups: dict[str, list[int]] = {}
        for index, point in enumerate(self.points):
            groups.setdefault(point.scenario.digest, []).append(index)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def best(self, metric: Metric) -> Best:
        """Where the metric is least, by paired differences that hold together with 95 % (Bonferroni)."""
        estimates = self.estimates[metric.name]
        known = [(estimate.value, index) for index, estimate in enumerate(estimates) if estimate is not None]
        if not known:
            return Best(None, ())
        _, leader = min(known)
        level = 1.0 - (1.0 - CONFIDENCE) / max(len(known) - 1, 1)
        outcomes = self.results[leader].outcomes
        others = []
        for index in range(len(estimates)):
            if index == leader:
                continue
            difference = metric.difference(outcomes, self.results[index].outcomes, level)
            if difference is None or difference.sign <= 0:
                others.append(index)
        return Best(leader, tuple(others))

    def text_of(self, index: int) -> str:
        """A point as people read it: ``advert_int 500 ms, fall 3``."""
        pairs = zip(self.parameters, self.points[index].values, strict=True)
        return ", ".join(f"{one.label} {one.text_of(value)}" for one, value in pairs)

    def frame(self) -> pd.DataFrame:
        """A row per point: the value of each parameter, and each metric with its interval."""
        import pandas as pd

        from hasim.study.sweep.document import frame_columns, frame_rows

        return pd.DataFrame(frame_rows(self), columns=frame_columns(self))

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, in the format that :mod:`hasim.study.sweep.document` describes."""
        from hasim.study.sweep.document import document_of

        return document_of(self)

    def tables(self) -> list[Table]:
        """What people look at."""
        from hasim.report.sweep import sweep_tables

        return sweep_tables(self)

    def save(self, directory: str | PathLike[str], command: str = "") -> list[Path]:
        """Keep it in a directory: ``result.json``, ``sweep.csv``, and the studies of its points, to be read by
        :func:`hasim.study.sweep.load_sweep`; returns the files.

        Raises:
            UserError: the directory or a file cannot be written.
        """
        from hasim.study.sweep.storage import save

        return save(self, Path(directory), command)

    def named_charts(self) -> Iterator[tuple[str, Chart]]:
        """Its charts, each with the name that its file has."""
        from hasim.report.charts.sweep import sweep_charts

        return sweep_charts(self)

    @property
    def question(self) -> str:
        """What was asked."""
        return f"What do these values do to {self.name}: {', '.join(one.path for one in self.parameters)}?"

    @property
    def sentence(self) -> str:
        """What it comes to, in a sentence with its interval."""
        from hasim.report.sweep import sweep_sentence

        return sweep_sentence(self)

    @property
    def studies(self) -> tuple[StudyResult, ...]:
        """What it stands on, the scenario as it is first."""
        return self.results

    def __hash__(self) -> int:
        return hash((self.name, self.results))

    def __repr__(self) -> str:
        paths = ", ".join(one.path for one in self.parameters)
        points, replications = counted(len(self.points), "point"), counted(self.replications, "replication")
        return f"<Sweep of {self.name!r} over {paths}: {points}, {replications} each>"


def sweep(
    scenario_of: Vary,
    parameters: Sequence[Parameter],
    running: Running | None = None,
    *,
    metrics: Sequence[str] | str | None = None,
    hypercube: int | None = None,
) -> Sweep:
    """Run a scenario at every point of a grid, or of a Latin hypercube, under the same luck.

    Args:
        scenario_of: makes the scenario with some values changed (none: as it is).
        parameters: what is varied.
        running: how; None: as the scenario says, on every core.
        metrics: names of :data:`~hasim.study.compare.metrics.METRICS`; None chooses the usual ones.
        hypercube: how many points a Latin hypercube has; None: the grid of all values.

    Raises:
        UserError: a value is not valid in the scenario (before anything is run), or an argument cannot be.
        KeyboardInterrupt: interrupted before each point had a replication.
    """
    base = scenario_of({})
    running = running or Running()
    chosen = metrics_named(metrics, base) if metrics else usual_metrics(base)
    seed = base.seed if running.seed is None else whole_number("the seed", running.seed)
    hypercube = None if hypercube is None else whole_number("hypercube", hypercube)
    points = points_of(parameters, scenario_of, hypercube, seed)
    results = run_variants([point.scenario for point in points], running)
    return Sweep(base.name, tuple(parameters), points, results, chosen, is_grid=hypercube is None)


def parameters_of(varied: Mapping[str, Any] | Sequence[str] | str) -> list[Parameter]:
    """Parameters as a notebook gives them: ``{"vrrp.advert_int": "1s..5s:9", "vrrp.down_timer_adverts": [3, 5]}``, or
    as the command line does: ``["vrrp.advert_int=1s..5s:9"]``, or one such text by itself.

    Raises:
        UserError: one of them is none.
    """
    if isinstance(varied, str):
        varied = [varied]
    if not isinstance(varied, Mapping):
        return [parse_vary(text) for text in varied]
    found = []
    for path, given in varied.items():
        values = plain_value(given, path)
        if isinstance(values, str):
            found.append(parse_vary(f"{path}={values}"))
        elif isinstance(values, list):
            found.append(parameter(path, values))
        else:
            raise UserError(f"{path}: expected a range such as '1s..5s' or a list of values, got {values!r}")
    return found
