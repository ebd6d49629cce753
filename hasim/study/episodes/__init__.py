"""A scenario by its incidents rather than by its years: :func:`run_episodes`.

``clocks``      what strikes, and with what probability it does not
``losses``      lost adverts that strike as well
``durations``   how long faults last that others are to overlap with
``episode``     one incident from its first fault to the steady state, and its weight
``strata``      what decides all of them, and which strata there are
``fitness``     whether a scenario can be answered like this
``supply``      episodes that a journal has, and those that are run
``campaign``    the gathering of episodes
``plan``        how many of which stratum
``estimation``  from weighted episodes to numbers with intervals
``quantiles``   likewise, for quantiles
``rewards``     what an episode counts for
``horizons``    whole runs put together from episodes
``weights``     what the weights are worth
``results``     everything that is asked for
``document``    its JSON form
``storage``     the files that it is kept in, and ``episodes_file`` that of all episodes
"""

from __future__ import annotations

from os import PathLike

from hasim.scenario.model import Scenario
from hasim.study.episodes.campaign import MOST_RUNS, Campaign, Pilot, Progress
from hasim.study.episodes.results import EpisodesResult
from hasim.study.episodes.rewards import downtime_ns
from hasim.study.episodes.storage import load_episodes
from hasim.study.journal import Journal, opened
from hasim.study.workers import Crew

__all__ = ["DEPTHS", "PILOT", "PRECISION", "EpisodesResult", "load_episodes", "run_episodes"]

PRECISION = 0.01
"""The interval of the unavailability reaches no further than this share of the value to either side."""

PILOT = Pilot(alone=68, single=2_000, apart=16, together=96)
"""So many episodes of each stratum to begin with."""

DEPTHS = 1
"""So many faults are made to overlap with the first; then the clocks go on as they are."""


def run_episodes(
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
    """The availability of a scenario from its incidents alone; see ``docs/methods.md``.

    Args:
        scenario: what to run.
        seed: source of all randomness; None takes the scenario's.
        precision: stop when the interval of the unavailability is so narrow, relative to it; None means 1%.
        most_runs: stop after so many runs of the world in any case; None means :data:`MOST_RUNS`.
        jobs: how many processes; None takes one for each core.
        cluster: the address of a Dask scheduler, in place of processes of this machine.
        journal: a file, or an open journal: what is in it is not run again, and what is run is put into it at once.
        progress: told how far it is: (runs of the world done, runs planned so far), first of all with what a journal
            has.

    Raises:
        UserError: the scenario does not fit, and why; or an argument cannot be.
    """
    import hasim

    campaign = Campaign(scenario, seed=seed, pilot=PILOT, depths=DEPTHS, progress=progress)
    wanted = PRECISION if precision is None else precision
    with Crew(jobs, cluster) as crew, opened(journal) as kept:
        most = MOST_RUNS if most_runs is None else most_runs
        cycles = campaign.run(crew, lambda found: [found.ratio(downtime_ns)], wanted, most, kept)
    return EpisodesResult(
        scenario=scenario,
        seed=campaign.study.seed,
        method="episodes",
        precision=wanted,
        clocks=campaign.study.clocks,
        cycles=cycles,
        runs=campaign.runs,
        version=hasim.__version__,
    )
