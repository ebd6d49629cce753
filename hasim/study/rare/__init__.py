"""Overlapping failures: :func:`run_rare`.

The episodes are those of :mod:`hasim.study.episodes`, which biases the fault clocks and nothing else. Here what is to
become precise is the downtime with at least two faults in force, which crude simulation hardly ever sees, and faults
are made to overlap as deep as it takes to have every instance down.
"""

from __future__ import annotations

from os import PathLike

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.study.episodes.campaign import MOST_RUNS, Campaign, Pilot, Progress
from hasim.study.episodes.estimation import Cycles, Ratio
from hasim.study.episodes.results import EpisodesResult
from hasim.study.episodes.rewards import downtime_with, overlapping_downtime_ns
from hasim.study.episodes.weights import FEWEST, LARGEST, evidence
from hasim.study.journal import Journal, opened
from hasim.study.workers import Crew

__all__ = ["PRECISION", "run_rare"]

PRECISION = 0.1
"""The interval of the overlapping unavailability reaches no further than this share of the value to either side."""

_DEEPEST = 3
_CLOSEST = 0.05
_PILOT = Pilot(alone=68, single=0, apart=48, together=48)


def run_rare(
    scenario: Scenario,
    *,
    seed: int | None = None,
    precision: float | None = None,
    most_runs: int | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    journal: Journal | str | PathLike[str] | None = None,
    progress: Progress | None = None,
) -> EpisodesResult:
    """The downtime of a scenario in which failures overlap; see ``docs/methods.md``.

    With three instances or more, the downtime while two faults are in force and that while three are become precise
    each by itself, however much rarer the latter is.

    Args:
        scenario: what to run.
        seed: source of all randomness; None takes the scenario's.
        precision: stop when the interval of the overlapping unavailability is so narrow; None means 10%.
        most_runs: stop after so many runs of the world in any case; None means :data:`MOST_RUNS`.
        jobs: how many processes; None takes one for each core.
        cluster: the address of a Dask scheduler, in place of processes of this machine.
        journal: a file, or an open journal: what is in it is not run again, and what is run is put into it at once.
        progress: told how far it is: (runs of the world done, runs planned so far), first of all with what a journal
            has.

    Raises:
        UserError: the scenario does not fit, no overlap of faults takes the service down, or the weights collapsed.
    """
    import hasim

    campaign = Campaign(scenario, seed=seed, pilot=_PILOT, depths=_depths(scenario), progress=progress)
    wanted = PRECISION if precision is None else precision

    def aims(cycles: Cycles) -> list[Ratio]:
        parts = [cycles.ratio(downtime_with(count)) for count in range(2, campaign.study.depths + 2)]
        return [part for part in [cycles.ratio(overlapping_downtime_ns), *parts] if part.value]

    with Crew(jobs, cluster) as crew, opened(journal) as kept:
        most = MOST_RUNS if most_runs is None else most_runs
        cycles = campaign.run(crew, aims, wanted, most, kept)
        closer = wanted
        while campaign.runs < most and evidence(cycles, overlapping_downtime_ns).collapsed and closer > _CLOSEST:
            closer /= 2  # a wide interval may stand on a few episodes: then it is not to be trusted even if it is wide
            cycles = campaign.run(crew, aims, closer, most, kept)
    _check(cycles, scenario)
    return EpisodesResult(
        scenario=scenario,
        seed=campaign.study.seed,
        method="rare",
        precision=wanted,
        clocks=campaign.study.clocks,
        cycles=cycles,
        runs=campaign.runs,
        version=hasim.__version__,
    )


def _depths(scenario: Scenario) -> int:
    """So many further faults have every instance down, if each takes one."""
    return max(1, min(len(scenario.instances) - 1, _DEEPEST))


def _check(cycles: Cycles, scenario: Scenario) -> None:
    """Refuse an answer that stands on a few episodes.

    Raises:
        UserError: it does, and on how many.
    """
    found = evidence(cycles, overlapping_downtime_ns)
    if not found.part:
        raise UserError(
            f"{scenario.name}: in {found.episodes:,} episodes no overlap of faults took the service down; there is "
            "nothing rare to estimate, or it takes more faults at once than instances"
        )
    if found.collapsed:
        raise UserError(
            f"{scenario.name}: the weights have collapsed, so that the answer would stand on a few episodes (effective "
            f"sample size {found.effective:.0f} of {found.episodes:,}, at least {FEWEST:.0f} wanted; the largest "
            f"weight is {found.largest:.0%} of the whole, at most {LARGEST:.0%} wanted): ask for a higher precision"
        )
