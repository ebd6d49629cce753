"""Many replications of a scenario: :func:`replicate`."""

from __future__ import annotations

from collections.abc import Callable

from hasim.errors import UserError
from hasim.measure import RunOutcome
from hasim.scenario.model import Scenario
from hasim.study.results import StudyResult
from hasim.study.workers import Job, available_cores, run_replications

__all__ = ["HEARTBEATS", "replicate"]

HEARTBEATS = ("quiet", "explicit")


def replicate(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int | None = None,
    heartbeats: str = "quiet",
    progress: Callable[[int, int], None] | None = None,
) -> StudyResult:
    """Run a scenario many times and gather what was measured.

    The result is the same, byte for byte, for any number of jobs. Ctrl-C ends the study with what was finished by then
    (``interrupted`` is True); before the first replication is finished it is passed on.

    Args:
        scenario: what to run.
        seed: source of all randomness; None takes the scenario's.
        replications: how many, numbered from 0; None takes the scenario's.
        jobs: how many processes; None takes one for each core that this process may use.
        heartbeats: ``quiet`` or ``explicit`` (see :func:`hasim.sim.simulate`).
        progress: called with (replications done, replications wanted), first of all with none done.

    Raises:
        UserError: a number is below 1, the seed is negative, or ``heartbeats`` is neither of the two.
        HasimError: the worker processes are killed again and again.
    """
    import hasim

    wanted = scenario.replications if replications is None else replications
    seed = scenario.seed if seed is None else seed
    jobs = available_cores() if jobs is None else jobs
    _check(seed, wanted, jobs, heartbeats)
    outcomes: dict[int, RunOutcome] = {}

    def keep(outcome: RunOutcome) -> None:
        outcomes[outcome.replication] = outcome
        if progress is not None:
            progress(len(outcomes), wanted)

    try:
        if progress is not None:
            progress(0, wanted)
        run_replications(Job(scenario, seed, heartbeats), range(wanted), jobs, keep)
    except KeyboardInterrupt:
        if not outcomes:
            raise
    return StudyResult(
        scenario=scenario,
        seed=seed,
        heartbeats=heartbeats,
        outcomes=tuple(outcomes[replication] for replication in sorted(outcomes)),
        version=hasim.__version__,
        interrupted=len(outcomes) < wanted,
    )


def _check(seed: int, replications: int, jobs: int, heartbeats: str) -> None:
    if seed < 0:
        raise UserError(f"the seed is a whole number from 0, not {seed}")
    for name, value in (("replications", replications), ("jobs", jobs)):
        if value < 1:
            raise UserError(f"{name} is a whole number from 1, not {value}")
    if heartbeats not in HEARTBEATS:
        raise UserError(f"heartbeats is {' or '.join(HEARTBEATS)}, not {heartbeats!r}")
