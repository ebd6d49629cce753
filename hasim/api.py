"""hasim for notebooks and scripts: load a scenario, run it, look at it, change one thing, run it again.

The commands of :mod:`hasim.cli` are built on the same objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hasim.measure import Outage, RunOutcome
    from hasim.report.charts import Chart
    from hasim.report.story import Narration
    from hasim.scenario.loading import Document
    from hasim.scenario.model import Scenario
    from hasim.study import StudyResult
    from hasim.trace import Trace

__all__ = ["Explanation", "Study", "load", "loads"]


def load(path: str | PathLike[str]) -> Study:
    """The study of a scenario file.

    Raises:
        hasim.scenario.ScenarioError: the file cannot be read, is not a scenario, or describes what cannot work.
    """
    from hasim.scenario.loading import parse, read_text

    source = Path(path)
    return Study(parse(read_text(source), str(source)), source.parent)


def loads(text: str, path: str = "<text>") -> Study:
    """The study of a scenario given as text; ``path`` is named in errors.

    Raises:
        hasim.scenario.ScenarioError: the text is not a scenario, or describes what cannot work.
    """
    from hasim.scenario.loading import parse

    return Study(parse(text, path), Path())


class Study:
    """A scenario, ready to be run, explained or varied. Immutable: :meth:`with_` gives a new one."""

    def __init__(self, document: Document, directory: Path) -> None:
        """Check and resolve ``document``, whose files are relative to ``directory``; use :func:`load` instead."""
        from hasim.scenario.resolve import resolve

        self._document = document
        self._directory = directory
        self.scenario: Scenario = resolve(document, directory=directory)

    def with_(self, changes: Mapping[str, Any] | None = None, /, **by_path: Any) -> Study:
        """The same with some values changed: ``with_(vrrp__advert_int="100ms")`` (two underscores for a dot).

        ``changes`` takes paths that are no Python names: ``with_({"instances.node-a.vrrp.priority": 150})``. Values are
        written as in a scenario file, and all its checks apply.

        Raises:
            hasim.UserError: a path leads nowhere, or the changed scenario is not one.
        """
        from hasim.scenario import ScenarioError
        from hasim.scenario.changes import changed

        wanted = {**(changes or {}), **{path.replace("__", "."): value for path, value in by_path.items()}}
        try:
            return Study(changed(self._document, wanted), self._directory)
        except ScenarioError as error:  # the file was right before: its lines would only mislead
            what = ", ".join(f"{path}={value}" for path, value in wanted.items())
            place = f"{self._document.path} with {what}"
            raise ScenarioError(
                place, None, error.path, error.message, hint=error.hint, more=error.more, code=error.code
            ) from None

    def run(
        self,
        *,
        replications: int | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        heartbeats: str = "quiet",
        progress: Callable[[int, int], None] | None = None,
    ) -> StudyResult:
        """Run many replications. What is None is taken from the scenario; ``jobs`` None uses every core.

        ``progress`` is called with (replications done, replications wanted). The result does not depend on ``jobs``.
        """
        from hasim.study import replicate

        return replicate(
            self.scenario, seed=seed, replications=replications, jobs=jobs, heartbeats=heartbeats, progress=progress
        )

    def explain(self, *, replication: int = 0, seed: int | None = None, heartbeats: str = "quiet") -> Explanation:
        """Run one replication and tell it."""
        from hasim.measure import measure
        from hasim.sim import simulate

        trace = simulate(
            self.scenario,
            seed=self.scenario.seed if seed is None else seed,
            replication=replication,
            heartbeats=heartbeats,
        )
        return Explanation(self.scenario, trace, measure(trace))

    def __repr__(self) -> str:
        return f"<hasim.Study of {self.scenario.name!r}>"

    def _repr_html_(self) -> str:
        from hasim.report.html import scenario_html

        return scenario_html(self.scenario)


@dataclass(frozen=True, repr=False)
class Explanation:
    """One replication: its trace, what was measured in it, and the story."""

    scenario: Scenario
    trace: Trace
    outcome: RunOutcome

    @cached_property
    def narration(self) -> Narration:
        """The replication as episodes, events and the stories of its outages."""
        from hasim.report.narration import explain

        return explain(self.trace, self.outcome, self.scenario)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The outages, in time order."""
        return self.outcome.outages

    def timeline(self, outage: int = 1) -> Chart:
        """The chart of one outage, counted from 1.

        Raises:
            IndexError: there is no such outage.
        """
        from hasim.report.charts import outage_timeline

        if not 1 <= outage <= len(self.outages):
            raise IndexError(f"this replication has {len(self.outages)} outages, there is no outage {outage}")
        return outage_timeline(self.trace, self.outages[outage - 1])

    def __str__(self) -> str:
        return self.narration.to_text()

    def __repr__(self) -> str:
        name, count = self.trace.scenario, len(self.outages)
        return f"<hasim.Explanation of {name!r}, replication {self.trace.replication}: {count} outages>"

    def _repr_html_(self) -> str:
        from hasim.report.html import narration_html

        return narration_html(self.narration)
