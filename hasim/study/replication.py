"""Many replications of a scenario, or of several side by side: :func:`replicate`, :func:`replicate_many`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from os import PathLike

from hasim.arguments import HeartbeatMode, check_heartbeats, whole_number
from hasim.errors import UserError
from hasim.measure import RunOutcome
from hasim.scenario.model import Scenario
from hasim.study.job import Job
from hasim.study.journal import Journal, opened
from hasim.study.outcomes import Outcomes, OutcomeStore
from hasim.study.overlaps import too_rare
from hasim.study.results import StudyResult
from hasim.study.stopping import MAX_REPLICATIONS, Stopping, check, judge, looks
from hasim.study.workers import Crew

__all__ = ["Progress", "replicate", "replicate_many"]

Progress = Callable[[int, int], None]
"""Called with (replications done, replications wanted), first of all with those that a journal has."""


def replicate(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int | None = None,
    heartbeats: HeartbeatMode = "quiet",
    progress: Progress | None = None,
    cluster: str | None = None,
    journal: Journal | str | PathLike[str] | None = None,
    precision: float | None = None,
    max_replications: int | None = None,
    crew: Crew | None = None,
) -> StudyResult:
    """Run a scenario many times and gather what was measured.

    The result is the same, byte for byte, for any number of jobs, on a cluster, and when it was resumed from a journal.
    Ctrl-C ends the study with what was finished by then (``interrupted`` is True); before the first replication is
    finished it is passed on.

    Args:
        scenario: what to run.
        seed: source of all randomness; None takes the scenario's.
        replications: how many, numbered from 0; None takes the scenario's.
        jobs: how many processes; None takes one for each core that this process may use.
        heartbeats: ``quiet`` or ``explicit`` (see :func:`hasim.sim.simulate`).
        progress: told how far it is.
        cluster: the address of a Dask scheduler, in place of processes of this machine.
        journal: a file, or an open journal: what is in it is not run again, and what is run is put into it at once.
        precision: in place of ``replications``: stop when the interval of the unavailability reaches no further than
            this fraction of the value to either side (see :mod:`hasim.study.stopping`).
        max_replications: with ``precision``: stop there in any case; None means :data:`~.stopping.MAX_REPLICATIONS`.
        crew: an open crew of workers, in place of ``jobs`` or ``cluster``.

    Raises:
        UserError: an argument cannot be; the cluster or the journal cannot be used.
        HasimError: the workers are killed again and again.
    """
    if precision is None:
        if max_replications is not None:
            raise UserError("max_replications goes with a precision: without one, say how many replications")
        return replicate_many(
            [scenario],
            seed=seed,
            replications=replications,
            jobs=jobs,
            heartbeats=heartbeats,
            progress=progress,
            cluster=cluster,
            journal=journal,
            crew=crew,
        )[0]
    if replications is not None:
        raise UserError("give replications or a precision, not both: a precision decides how many")
    bound = MAX_REPLICATIONS if max_replications is None else whole_number("max_replications", max_replications)
    check(precision, bound)
    with _gathering([scenario], seed, heartbeats, progress, jobs, cluster, journal, crew) as gathering:
        return _run_until(gathering, scenario, precision, bound)


def replicate_many(
    scenarios: Sequence[Scenario],
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int | None = None,
    heartbeats: HeartbeatMode = "quiet",
    progress: Progress | None = None,
    cluster: str | None = None,
    journal: Journal | str | PathLike[str] | None = None,
    crew: Crew | None = None,
) -> tuple[StudyResult, ...]:
    """Run several scenarios with the same workers, each as :func:`replicate` would, and get on with all at once.

    ``seed`` and ``replications`` that are None are taken from each scenario. ``progress`` counts over all of them.
    After Ctrl-C each has about the same replications; as long as one has none, it is passed on.

    Raises:
        UserError: an argument cannot be; the cluster or the journal cannot be used.
        HasimError: the workers are killed again and again.
    """
    count = None if replications is None else whole_number("replications", replications, least=1)
    wanted = [scenario.replications if count is None else count for scenario in scenarios]
    with _gathering(scenarios, seed, heartbeats, progress, jobs, cluster, journal, crew) as gathering:
        gathering.reach(wanted)
        return gathering.results(wanted)


class _Gathering:
    """The outcomes of some jobs, as far as they have come."""

    def __init__(self, jobs: Sequence[Job], crew: Crew, journal: Journal | None, progress: Progress | None) -> None:
        self._jobs = jobs
        self._crew = crew
        self._journal = journal
        self._progress = progress
        self._store = OutcomeStore()
        self._counts = [0 for _ in jobs]
        self._looked_up = [0 for _ in jobs]
        self._shown_end = 0
        self.interrupted = False

    def reach(self, wanted: Sequence[int], expected: int | None = None) -> None:
        """Have the first so many replications of each job; ``expected`` is what progress shows as the end.

        Ctrl-C ends it early (``interrupted``).
        """
        self._shown_end = sum(wanted) if expected is None else expected
        try:
            self._look_up(wanted)
            self._report()
            missing = [self._missing(index, count) for index, count in enumerate(wanted)]
            self._crew.run(list(zip(self._jobs, missing, strict=True)), self._keep)
        except KeyboardInterrupt:
            self.interrupted = True
            if not all(self._counts):
                raise

    def outcomes(self, index: int) -> Outcomes:
        """Those of a job."""
        return Outcomes(self._store, index)

    def _missing(self, index: int, count: int) -> Sequence[int]:
        """Which of the first so many replications of a job are not there."""
        import numpy as np

        if not self._counts[index]:
            return range(count)
        there = self.outcomes(index).column("number")
        return np.setdiff1d(np.arange(count), there, assume_unique=True).data

    def results(self, wanted: Sequence[int], stopping: Stopping | None = None) -> tuple[StudyResult, ...]:
        """The results of all jobs, of which so many replications were wanted."""
        import hasim

        return tuple(
            StudyResult(
                scenario=job.scenario,
                seed=job.seed,
                heartbeats=job.heartbeats,
                outcomes=self.outcomes(index),
                version=hasim.__version__,
                interrupted=self._counts[index] < wanted[index],
                stopping=stopping,
            )
            for index, job in enumerate(self._jobs)
        )

    def _look_up(self, wanted: Sequence[int]) -> None:
        if self._journal is None:
            return
        for index, job in enumerate(self._jobs):
            numbers = range(self._looked_up[index], wanted[index])
            self._counts[index] += self._store.add(index, self._journal.outcomes(job, numbers))
            self._looked_up[index] = max(self._looked_up[index], wanted[index])

    def _keep(self, index: int, outcomes: list[RunOutcome]) -> None:
        if self._journal is not None:
            self._journal.add(self._jobs[index], outcomes)
        self._counts[index] += self._store.add(index, outcomes)
        self._report()

    def _report(self) -> None:
        if self._progress is not None:
            done = sum(self._counts)
            self._progress(done, max(done, self._shown_end))


def _run_until(gathering: _Gathering, scenario: Scenario, precision: float, bound: int) -> StudyResult:
    """Run to one look after the other until the outcomes are precise enough."""
    expected: int | None = None
    for look in looks(bound):
        gathering.reach([look], bound if expected is None else min(bound, max(look, expected)))
        outcomes = gathering.outcomes(0)
        stopping = judge(outcomes, precision, bound, too_rare(scenario, outcomes))
        if stopping.met or gathering.interrupted:
            break
        expected = stopping.replications_needed(look)
    return gathering.results([look], stopping)[0]


@contextmanager
def _gathering(
    scenarios: Sequence[Scenario],
    seed: int | None,
    heartbeats: HeartbeatMode,
    progress: Progress | None,
    jobs: int | None,
    cluster: str | None,
    journal: Journal | str | PathLike[str] | None,
    crew: Crew | None,
) -> Iterator[_Gathering]:
    """What :func:`replicate` and :func:`replicate_many` have in common: checks, workers and journal."""
    check_heartbeats(heartbeats)
    seed = None if seed is None else whole_number("the seed", seed)
    jobs = None if jobs is None else whole_number("jobs", jobs, least=1)
    if crew is not None and (jobs is not None or cluster is not None):
        raise UserError("give a crew, or jobs, or a cluster: a crew has its workers")
    work = [Job(scenario, scenario.seed if seed is None else seed, heartbeats) for scenario in scenarios]
    with ExitStack() as stack:
        if crew is None:
            crew = stack.enter_context(Crew(jobs, cluster))
        yield _Gathering(work, crew, stack.enter_context(opened(journal)), progress)
