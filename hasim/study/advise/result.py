"""The cheapest settings that meet the SLO, and what else there is to choose between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hasim.arguments import whole_number
from hasim.errors import UserError
from hasim.scenario.errors import ScenarioError
from hasim.scenario.linting import count_errors, lint_loaded
from hasim.scenario.model import Scenario, Slo
from hasim.study.advise.candidates import Factor, candidates_of, considered, usual_factors
from hasim.study.advise.elimination import Judged, Standing, confidence_of_each, eliminate, looks_up_to
from hasim.study.answer import Answer
from hasim.study.compare.metrics import METRICS, Metric
from hasim.study.compare.variants import Running
from hasim.study.estimators import Estimate
from hasim.study.journal import Journal
from hasim.study.sweep.design import Vary
from hasim.study.sweep.parameters import Parameter
from hasim.study.workers import Crew
from hasim.units import counted

if TYPE_CHECKING:
    import pandas as pd

    from hasim.report.charts import Chart
    from hasim.report.tables import Table
    from hasim.study.results import StudyResult

__all__ = ["Advice", "advise"]

ENOUGH = 200
"""So many replications each candidate may have unless the scenario wants more."""


@dataclass(frozen=True)
class Advice(Answer):
    """What is known of each candidate.

    Attributes:
        scenario: as it is.
        factors: what was considered, the cheapest first.
        judged: the candidates, the cheapest first.
        refused: why combinations are no valid scenarios, by what is set.
        looks: how many replications there were at each look at the most.
        cut_short: whether it was interrupted.
        lint_errors: how many errors ``hasim lint`` finds in the scenario, by their rules.
    """

    scenario: Scenario
    factors: tuple[Factor, ...]
    judged: tuple[Judged, ...]
    refused: Mapping[str, str]
    looks: tuple[int, ...]
    cut_short: bool
    lint_errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether fewer replications were finished than were wanted."""
        return self.cut_short

    @property
    def slo(self) -> Slo:
        """What is asked for."""
        return self.scenario.slo

    @property
    def confidence_each(self) -> float:
        """Of each interval, so high that all decisions hold together with 95 % (Bonferroni)."""
        return confidence_of_each(len(self.judged), len(self.looks))

    @cached_property
    def answer(self) -> Judged | None:
        """The cheapest candidate that certainly meets the SLO; None if there is none."""
        return next((one for one in self.judged if one.standing is Standing.MEETS), None)

    @cached_property
    def doubtful(self) -> tuple[Judged, ...]:
        """The candidates in doubt that are cheaper than the answer: one of them may be the answer."""
        end = len(self.judged) if self.answer is None else self.judged.index(self.answer)
        return tuple(one for one in self.judged[:end] if one.standing is Standing.IN_DOUBT)

    @property
    def is_hopeless(self) -> bool:
        """Whether certainly nothing that was considered meets the SLO."""
        return self.answer is None and not self.doubtful

    @property
    def common_replications(self) -> int:
        """How many replications all candidates have had."""
        return min(len(one.result.outcomes) for one in self.judged)

    def common_estimate(self, one: Judged, metric: Metric) -> Estimate | None:
        """A number of a candidate over the replications that all of them have had, under the same luck."""
        return metric.estimate(one.result.outcomes[: self.common_replications])

    @property
    def trade_off(self) -> tuple[Metric, Metric]:
        """What is traded against what: the failover latency against false failovers, or where nobody sees any of
        those against the downtime."""
        word = "run" if self.scenario.is_scripted else "year"
        false = METRICS[f"false_failovers_per_{word}"]
        seen = any((estimate := self.common_estimate(one, false)) and estimate.value for one in self.judged)
        return METRICS["failover_p50"], false if seen else METRICS[f"downtime_per_{word}"]

    @cached_property
    def front(self) -> tuple[Judged, ...]:
        """The candidates than which no other one is better in one of the traded numbers and no worse in the other."""
        values = {}
        for index, one in enumerate(self.judged):
            pair = [self.common_estimate(one, metric) for metric in self.trade_off]
            if pair[0] is not None and pair[1] is not None:
                values[index] = (pair[0].value, pair[1].value)
        best = []
        for index, (x, y) in values.items():
            beaten = any(
                a <= x and b <= y and ((a, b) != (x, y) or other < index)
                for other, (a, b) in values.items()
                if other != index
            )
            if not beaten:
                best.append(self.judged[index])
        return tuple(best)

    def frame(self) -> pd.DataFrame:
        """A row per candidate, the cheapest first."""
        import pandas as pd

        from hasim.study.advise.document import frame_columns, frame_rows

        return pd.DataFrame(frame_rows(self), columns=frame_columns(self))

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data, in the format that :mod:`hasim.study.advise.document` describes."""
        from hasim.study.advise.document import document_of

        return document_of(self)

    def tables(self) -> list[Table]:
        """What people look at."""
        from hasim.report.advice import advice_tables

        return advice_tables(self)

    def save(self, directory: str | PathLike[str], command: str = "") -> list[Path]:
        """Keep it in a directory: ``result.json``, ``candidates.csv``, the scenario, and the studies of the candidates,
        to be read by :func:`hasim.study.advise.load_advice`; returns the files.

        Raises:
            UserError: the directory or a file cannot be written.
        """
        from hasim.study.advise.storage import save

        return save(self, Path(directory), command)

    def named_charts(self) -> Iterator[tuple[str, Chart]]:
        """Its charts, each with the name that its file has."""
        from hasim.report.charts.pareto import advice_charts

        return advice_charts(self)

    @property
    def question(self) -> str:
        """What was asked."""
        return f"What is the least to change so that {self.scenario.name} meets its SLO?"

    @property
    def sentence(self) -> str:
        """What it comes to, in a sentence with its interval."""
        from hasim.report.advice import advice_sentence

        return advice_sentence(self)

    @property
    def lint_note(self) -> str:
        """What ``hasim lint`` has against the scenario as it is, in a sentence; empty where that is no error."""
        from hasim.report.wording import lint_sentence

        return lint_sentence(self.lint_errors, "the scenario as it is", self.scenario.source_path)

    @property
    def studies(self) -> tuple[StudyResult, ...]:
        """What it stands on, the scenario as it is first."""
        return tuple(one.result for one in self.judged)

    def __hash__(self) -> int:
        return hash((self.scenario.digest, len(self.judged)))

    def __repr__(self) -> str:
        found = "nothing is certain yet" if self.answer is None else self.answer.candidate.name
        if self.is_hopeless:
            found = "nothing meets its SLO"
        return f"<Advice for {self.scenario.name!r}: {found}; {counted(len(self.judged), 'candidate')}>"


def advise(
    scenario_of: Vary,
    consider: Sequence[Parameter] | Mapping[str, Any],
    running: Running | None = None,
) -> Advice:
    """Find the cheapest settings that meet the SLO of a scenario.

    Args:
        scenario_of: makes the scenario with some values changed (none: as it is).
        consider: what may be set, the cheapest first, each with its values from the cheapest on; or what the scenario's
            file holds: then what people usually turn (:func:`~hasim.study.advise.candidates.usual_factors`), as far as
            it makes a valid scenario.
        running: how; its replications are the most that one candidate may have.

    Raises:
        UserError: the scenario has no SLO, there is nothing to choose, or something asked for is not valid.
        KeyboardInterrupt: interrupted before each candidate had a replication.
    """
    base = scenario_of({})
    slo = base.slo
    if slo.availability is None and not slo.failover_percentiles and slo.longest_outage_ns is None:
        raise UserError("the scenario has no SLO to meet: give it one, such as slo.availability=99.99%")
    usual = isinstance(consider, Mapping)
    factors = usual_factors(consider, base) if isinstance(consider, Mapping) else considered(consider)
    candidates, refused = candidates_of(factors, scenario_of, strict=not usual)
    if not candidates:
        raise UserError("nothing to choose from: no combination makes a valid scenario")
    running = running or Running()
    seed = base.seed if running.seed is None else running.seed
    wanted = running.replications
    most = max(base.replications, ENOUGH) if wanted is None else whole_number("replications", wanted, least=1)
    looks = looks_up_to(most)
    with ExitStack() as stack:
        crew = running.crew or stack.enter_context(Crew(running.jobs, running.cluster))
        journal = running.journal
        if not isinstance(journal, Journal):
            journal = stack.enter_context(Journal.in_memory() if journal is None else Journal(journal))
        together = replace(running, seed=seed, jobs=None, cluster=None, crew=crew, journal=journal)
        judged, interrupted = eliminate(candidates, together, looks)
    return Advice(base, tuple(factors), tuple(judged), refused, tuple(looks), interrupted, _lint_errors(base))


def _lint_errors(scenario: Scenario) -> dict[str, int]:
    try:
        return count_errors(lint_loaded(scenario))
    except ScenarioError:  # what it refers to is not here any more
        return {}
