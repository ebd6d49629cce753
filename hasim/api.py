"""hasim for notebooks and scripts: load a scenario, run it, look at it, change one thing, run it again.

The commands of :mod:`hasim.cli` are built on the same objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from hasim.errors import UserError
from hasim.units import counted

if TYPE_CHECKING:
    from hasim.arguments import HeartbeatMode
    from hasim.export import Export, ExportOptions
    from hasim.keepalived.lint import Finding
    from hasim.measure import Outage, RunOutcome
    from hasim.report.charts import Chart
    from hasim.report.story import Narration
    from hasim.scenario.loading import Document
    from hasim.scenario.model import Scenario
    from hasim.study import StudyResult
    from hasim.study.advise import Advice
    from hasim.study.compare import Comparison, Running
    from hasim.study.compare.variants import RunningOptions
    from hasim.study.episodes import EpisodesResult
    from hasim.study.exact import ExactAnswer
    from hasim.study.journal import Journal
    from hasim.study.sensitivity import Sensitivity
    from hasim.study.sweep import Parameter, Sweep
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
            from hasim.study.compare.variants import changes_text

            place = f"{self._document.path} with {changes_text(wanted)}"
            raise error.moved(place) from None

    def lint(self) -> tuple[Finding, ...]:
        """What ``hasim lint`` says about it: what looks wrong, what will happen, and what repairs it."""
        from hasim.scenario.linting import lint_scenario

        return lint_scenario(self._document, self._directory)

    def run(
        self,
        *,
        replications: int | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        heartbeats: HeartbeatMode = "quiet",
        progress: Callable[[int, int], None] | None = None,
        cluster: str | None = None,
        journal: Journal | str | PathLike[str] | None = None,
        precision: float | None = None,
        max_replications: int | None = None,
    ) -> StudyResult:
        """Run many replications, or so many that the unavailability is known to ``precision`` (0.05 for 5 %).

        What is None is taken from the scenario; ``jobs`` None uses every core. ``progress`` is called with
        (replications done, replications wanted). The result depends neither on ``jobs`` nor on ``cluster`` nor on what
        ``journal`` has already; :func:`hasim.study.replicate` explains all of them.
        """
        from hasim.study import replicate

        return replicate(
            self.scenario,
            seed=seed,
            replications=replications,
            jobs=jobs,
            heartbeats=heartbeats,
            progress=progress,
            cluster=cluster,
            journal=journal,
            precision=precision,
            max_replications=max_replications,
        )

    def episodes(
        self,
        *,
        precision: float | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        cluster: str | None = None,
        most_runs: int | None = None,
        journal: Journal | str | PathLike[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> EpisodesResult:
        """The long-run availability from single incidents, weighted with their rates (``docs/methods.md``).

        It stops when the unavailability is known to ``precision`` (None: 1 %), or after ``most_runs`` runs of the
        world. Episodes that ``journal`` has are not run again, and those that are run are put into it at once.

        Raises:
            hasim.UserError: the scenario's incidents are not separate, and why.
        """
        from hasim.study.episodes import run_episodes

        return run_episodes(
            self.scenario,
            precision=precision,
            seed=_whole("the seed", seed),
            jobs=_whole("jobs", jobs, least=1),
            cluster=cluster,
            most_runs=_whole("most_runs", most_runs, least=1),
            journal=journal,
            progress=progress,
        )

    def rare(
        self,
        *,
        precision: float | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        cluster: str | None = None,
        most_runs: int | None = None,
        journal: Journal | str | PathLike[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> EpisodesResult:
        """The downtime with overlapping failures, by biased fault clocks (``docs/methods.md``).

        It stops when that is known to ``precision`` (None: 10 %), or after ``most_runs`` runs of the world; ``journal``
        as in :meth:`episodes`.

        Raises:
            hasim.UserError: the scenario does not fit, nothing overlaps, or the weights have collapsed.
        """
        from hasim.study.rare import run_rare

        return run_rare(
            self.scenario,
            precision=precision,
            seed=_whole("the seed", seed),
            jobs=_whole("jobs", jobs, least=1),
            cluster=cluster,
            most_runs=_whole("most_runs", most_runs, least=1),
            journal=journal,
            progress=progress,
        )

    def exact(
        self,
        *,
        precision: float | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        journal: Journal | str | PathLike[str] | None = None,
    ) -> ExactAnswer:
        """The answer of a Markov model, where the scenario fits one (``docs/methods.md``).

        Where failovers have no closed form, they are measured with episodes; to this ``precision`` (None: 1 %), with
        ``journal`` as in :meth:`episodes`.

        Raises:
            hasim.UserError: it fits none, and why.
        """
        from hasim.study.exact import exact_answer

        return exact_answer(
            self.scenario,
            precision=precision,
            seed=_whole("the seed", seed),
            jobs=_whole("jobs", jobs, least=1),
            journal=journal,
        )

    def compare(
        self,
        variants: Mapping[str, Study | Mapping[str, Any]],
        *,
        name: str | None = None,
        metrics: Sequence[str] | str | None = None,
        confidence: float = 0.95,
        **how: Unpack[RunningOptions],
    ) -> Comparison:
        """Run this and variants of it under the same faults, and compare each with this.

        ``variants`` are by name other studies, or changes of this one: ``{"fast": {"vrrp.advert_int": "1s"}}``.
        ``name`` is that of this one; ``how`` are the arguments of :meth:`run` without those of a precision.

        Raises:
            hasim.UserError: a variant cannot be, or cannot be compared with this.
        """
        from hasim.arguments import plain_value
        from hasim.study.compare import Variant, compare

        running = _running("compare", how)
        found = [Variant(self.scenario.name if name is None else name, self.scenario, {})]
        if not isinstance(variants, Mapping):
            raise UserError(f"expected variants by their names, got {variants!r:.80}")
        for other, variant in variants.items():
            if isinstance(variant, Study):
                found.append(Variant(other, variant.scenario, {}))
            elif not isinstance(variant, Mapping):
                raise UserError(f"variant {other}: expected a Study or changes by their paths, got {variant!r:.80}")
            else:
                changes = {path: plain_value(value, path) for path, value in variant.items()}
                found.append(Variant(other, self.with_(changes).scenario, changes))
        return compare(found, running, metrics=metrics, confidence=confidence)

    def sweep(
        self,
        varied: Mapping[str, Any] | Sequence[str] | str,
        *,
        metrics: Sequence[str] | str | None = None,
        hypercube: int | None = None,
        **how: Unpack[RunningOptions],
    ) -> Sweep:
        """Run this at many values of its parameters, under the same faults.

        ``varied`` is ``{"vrrp.advert_int": "1s..5s:9", "vrrp.down_timer_adverts": [2, 3, 4]}``, or what ``--vary``
        takes. All combinations are run, or as many points of a Latin hypercube as ``hypercube`` says.

        Raises:
            hasim.UserError: a value is not valid in the scenario (before anything is run).
        """
        from hasim.study.sweep import sweep

        running, parameters = _running("sweep", how), _parameters(varied)
        return sweep(self._scenario_with, parameters, running, metrics=metrics, hypercube=hypercube)

    def sensitivity(
        self,
        varied: Mapping[str, Any] | Sequence[str] | str | None = None,
        *,
        metrics: Sequence[str] | str | None = None,
        **how: Unpack[RunningOptions],
    ) -> Sensitivity:
        """Which parameter moves the downtime (or another metric) most: each low and high, under the same faults.

        ``varied`` is ``{"guest.boot": "20s..3min", "vrrp.down_timer_adverts": [2, 5]}``, or what ``--vary`` takes;
        None: what :mod:`hasim.study.sensitivity.plausible` finds in the scenario.

        Raises:
            hasim.UserError: a value is not valid in the scenario (before anything is run), or something stands twice.
        """
        from hasim.scenario.changes import changed
        from hasim.study.sensitivity import asked_for, sensitivity
        from hasim.study.sweep.parameters import check_different

        running = _running("sensitivity", how)
        if not varied:
            return sensitivity(self._scenario_with, self._document.data, running, metrics=metrics)
        parameters = _parameters(varied)
        check_different(parameters)
        changed(self._document, {one.path: one.values[0] for one in parameters})  # refuses a place under two paths
        return sensitivity(self._scenario_with, [*map(asked_for, parameters)], running, metrics=metrics)

    def advise(
        self, consider: Mapping[str, Any] | Sequence[str] | str | None = None, **how: Unpack[RunningOptions]
    ) -> Advice:
        """The cheapest settings that meet the SLO, and the trade-off between failover time and false failovers.

        ``consider`` is ``{"vrrp.down_timer_adverts": [3, 2], "floating.mechanism": ["eni", "secondary_ip"]}``, or what
        ``--consider`` takes: what is cheapest to change stands first, and so do the cheapest values of each; None: what
        people usually turn. The replications of ``how`` are the most that one candidate may have.

        Raises:
            hasim.UserError: there is no SLO, or something to consider is not valid in the scenario.
        """
        from hasim.study.advise import advise

        considered = _parameters(consider) if consider else self._document.data
        return advise(self._scenario_with, considered, _running("advise", how))

    def _scenario_with(self, changes: Mapping[str, Any]) -> Scenario:
        return self.with_(changes).scenario if changes else self.scenario

    def explain(
        self,
        *,
        replication: int = 0,
        seed: int | None = None,
        heartbeats: HeartbeatMode = "quiet",
        detail: tuple[int, int] | None = None,
    ) -> Explanation:
        """Run one replication and tell it; ``detail`` is from when until when (ns) a capture is to have its packets.

        Raises:
            hasim.UserError: seed or replication is no whole number from 0, or another argument cannot be.
        """
        from hasim.measure import measure
        from hasim.sim import simulate

        trace = simulate(
            self.scenario,
            seed=self.scenario.seed if seed is None else seed,
            replication=replication,
            heartbeats=heartbeats,
            detail=detail,
        )
        return Explanation(self.scenario, trace, measure(trace))

    def export(
        self,
        directory: str | PathLike[str],
        *,
        options: ExportOptions | None = None,
        instances: Iterable[str] | None = None,
        overwrite: bool = False,
    ) -> Export:
        """Write what each instance (or those of ``instances``) needs to do what the scenario says: a keepalived.conf
        and the scripts that it runs.

        Raises:
            hasim.UserError: a file is there already and may not be overwritten, or cannot be read or written.
        """
        from hasim.export import export

        return export(self.scenario, Path(directory), options=options, instances=instances, overwrite=overwrite)

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
    def outages(self) -> Sequence[Outage]:
        """The outages, in time order."""
        return self.outcome.outages

    def timeline(self, outage: int = 1) -> Chart:
        """The chart of one outage, counted from 1.

        Raises:
            IndexError: there is no such outage.
        """
        from hasim.arguments import whole_number
        from hasim.report.charts import outage_timeline

        outage = whole_number("outage", outage)
        if not 1 <= outage <= len(self.outages):
            raise IndexError(
                f"this replication has {counted(len(self.outages), 'outage')}, there is no outage {outage}"
            )
        return outage_timeline(self.trace, self.outages[outage - 1])

    def write_capture(self, path: str | PathLike[str]) -> int:
        """Write the adverts and gratuitous ARPs of the stretch that has ``detail`` as a capture (pcapng) that Wireshark
        opens; returns how many packets there are.

        Raises:
            OSError: it cannot be written.
        """
        from hasim.report.capture import write_capture

        return write_capture(Path(path), self.scenario, self.trace)

    def write_timeline(self, path: str | PathLike[str]) -> None:
        """Write the replication in the Chrome trace event format, which ui.perfetto.dev opens.

        Raises:
            OSError: it cannot be written.
        """
        from hasim.report.trace_events import write_trace_events

        write_trace_events(Path(path), self.scenario, self.trace, self.outcome)

    def __str__(self) -> str:
        return self.narration.to_text()

    def __repr__(self) -> str:
        name, count = self.trace.scenario, len(self.outages)
        return f"<hasim.Explanation of {name!r}, replication {self.trace.replication}: {counted(count, 'outage')}>"

    def _repr_html_(self) -> str:
        from hasim.report.html import narration_html

        return narration_html(self.narration)


def _whole(name: str, value: int | None, least: int = 0) -> int | None:
    from hasim.arguments import whole_number

    return None if value is None else whole_number(name, value, least)


def _parameters(varied: Mapping[str, Any] | Iterable[str]) -> list[Parameter]:
    """What is to be varied, as parameters."""
    from hasim.study.sweep import parameters_of

    if not isinstance(varied, Iterable):
        raise UserError(f"expected what to vary, such as {{'vrrp.advert_int': '1s..5s'}}, got {varied!r:.80}")
    return parameters_of(varied if isinstance(varied, Mapping | str) else [*varied])


def _running(method: str, how: RunningOptions) -> Running:
    """How the replications are to be run; a keyword that is none is said to be none of the ``method``."""
    from hasim.study.compare import Running

    for name in how:
        if name not in Running.__dataclass_fields__:
            raise TypeError(f"Study.{method}() got an unexpected keyword argument {name!r}")
    return Running(**how)
