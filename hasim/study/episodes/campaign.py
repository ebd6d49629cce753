"""The gathering of episodes: :class:`Campaign`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.sim.incident import RestlessError, endless
from hasim.sim.randomness import ROWS
from hasim.study.episodes.clocks import Clock, clocks_of
from hasim.study.episodes.episode import Episode, EpisodeJob
from hasim.study.episodes.estimation import Cycles, Ratio, Stratum
from hasim.study.episodes.fitness import check_ageing, check_scenario, first_masters
from hasim.study.episodes.losses import Silence, check_silences, silences_of
from hasim.study.episodes.plan import cost_of, further, reached, whole
from hasim.study.stopping import check_precision
from hasim.study.workers import Crew

__all__ = ["MOST_RUNS", "Aims", "Campaign", "Pilot", "Progress"]

MOST_RUNS = 400_000
"""Runs of the world after which a study gives what it has."""

_ROUNDS = 8

Aims: TypeAlias = Callable[[Cycles], list[Ratio]]
"""What is to become precise."""

Progress: TypeAlias = Callable[[int, int], None]


class Pilot(NamedTuple):
    """How many episodes of a stratum come first.

    Attributes:
        alone: without an overlap.
        single: of all such strata together, each as often as it occurs: one in a thousand may leave the service out
            until the next fault, and be nearly all downtime.
        apart: with an overlap.
        together: with one that ends together with another fault; likewise, one in thirty may.
    """

    alone: int
    single: int
    apart: int
    together: int

    def of(self, stratum: Stratum, chance: float) -> int:
        """Of that one, whose clock is the first to strike with that ``chance``."""
        if stratum.depth:
            return self.together if stratum.together else self.apart
        return whole(stratum, max(self.alone, math.ceil(self.single * chance)))


class Campaign:
    """The episodes of a scenario, gathered until its aims are precise enough."""

    def __init__(
        self, scenario: Scenario, *, seed: int | None, pilot: Pilot, depths: int, progress: Progress | None
    ) -> None:
        """``pilot`` is what is simulated of each stratum before anything is known about it; up to ``depths`` faults are
        made to overlap with the first.

        Raises:
            UserError: the scenario does not fit.
        """
        check_scenario(scenario)
        self.scenario = scenario
        self.seed = scenario.seed if seed is None else seed
        if self.seed < 0:
            raise UserError(f"the seed is a whole number from 0, not {self.seed}")
        self.faults = clocks_of(scenario)
        self.silences: tuple[Silence, ...] = ()
        self.depths = depths
        self._pilot = pilot
        self.episodes: dict[Stratum, list[Episode]] = {}
        self.runs = 0
        self._progress = progress

    def run(self, crew: Crew, aims: Aims, precision: float, most_runs: int) -> Cycles:
        """A pilot of every stratum, then rounds of more where they help, until all aims have the precision.

        Raises:
            UserError: the scenario turns out not to fit, or the precision is not between 0 and 1.
        """
        check_precision(precision)
        try:
            masters = first_masters(self.scenario)
            self.silences = silences_of(self.scenario)
            check_silences(self.scenario, self.silences)
            self._cover(crew, masters)
            cycles = self._cycles()
            for _ in range(_ROUNDS):
                wanted = aims(cycles)
                if reached(wanted, precision) or self.runs >= most_runs:
                    break
                self._extend(crew, further(cycles, wanted, precision, most_runs - self.runs))
                self._cover(crew, self._masters())
                cycles = self._cycles()
        except RestlessError as error:
            raise UserError(
                f"{self.scenario.name} cannot be answered by episodes, use --method years: {error}"
            ) from None
        return cycles

    @property
    def clocks(self) -> tuple[Clock | Silence, ...]:
        """What may begin an episode."""
        return *self.faults, *self.silences

    def _rates(self, master: str) -> list[float]:
        """How often each clock begins one, per ns of health, while that is MASTER."""
        faults = [1.0 / clock.time_to_failure.mean_ns() for clock in self.faults]
        return [*faults, *(silence.rate if silence.sender == master else 0.0 for silence in self.silences)]

    def _cover(self, crew: Crew, masters: list[str]) -> None:
        """See that every stratum of every MASTER that there ever is has a few episodes."""
        while new := [master for master in masters if Stratum(master, 0, 0) not in self.episodes]:
            strata: dict[Stratum, int] = {}
            for master in new:
                rates = self._rates(master)
                for clock in (clock for clock, rate in enumerate(rates) if rate):
                    chance = rates[clock] / math.fsum(rates)
                    strata |= {s: self._pilot.of(s, chance) for s in self._overlaps(master, clock)}
            self._extend(crew, strata)
            masters = self._masters()

    def _overlaps(self, master: str, clock: int) -> list[Stratum]:
        """The strata of what begins with a clock."""
        ways = [(depth, together) for depth in range(1, self.depths + 1) for together in (False, True)]
        return [Stratum(master, clock, depth, together) for depth, together in [(0, False), *ways]]

    def _masters(self) -> list[str]:
        return sorted({episode.master for rows in self.episodes.values() for episode in rows if episode.weight})

    def _extend(self, crew: Crew, counts: dict[Stratum, int]) -> None:
        """Have so many episodes of these strata."""
        wanted = {stratum: range(len(self.episodes.get(stratum, ())), count) for stratum, count in counts.items()}
        strata = [stratum for stratum, numbers in wanted.items() if numbers]
        fresh: dict[Stratum, list[Episode]] = {stratum: [] for stratum in strata}
        goal = self.runs + sum(cost_of(stratum) * len(wanted[stratum]) for stratum in strata)

        def keep(index: int, episodes: list[Episode]) -> None:
            stratum = strata[index]
            fresh[stratum] += episodes
            self.runs += cost_of(stratum) * len(episodes)
            if self._progress is not None:
                self._progress(self.runs, goal)

        crew.run([(self._job(stratum), wanted[stratum]) for stratum in strata], keep)
        for stratum, episodes in fresh.items():
            self.episodes.setdefault(stratum, []).extend(sorted(episodes, key=lambda episode: episode.number))

    def _job(self, stratum: Stratum) -> EpisodeJob:
        kinds = 2 * (self.depths + 1)
        names = [instance.name for instance in self.scenario.instances]
        kind = 2 * stratum.depth + stratum.together
        place = (names.index(stratum.master) * len(self.clocks) + stratum.clock) * kinds + kind
        return EpisodeJob(
            scenario=endless(self.scenario, stratum.master),
            seed=self.seed,
            clocks=self.faults,
            first=self.clocks[stratum.clock],
            loses_adverts=bool(self.silences),
            depth=stratum.depth,
            together=stratum.together,
            goes_on=stratum.depth == self.depths,
            stratum=place,
            strata=len(names) * len(self.clocks) * kinds,
        )

    def _cycles(self) -> Cycles:
        cycles = Cycles({s.master: self._rates(s.master) for s in self.episodes}, self.episodes, rows=ROWS)
        in_episodes = cycles.ratio(lambda episode: episode.length_ns).value
        masters = [master for master, share in zip(cycles.masters, cycles.shares, strict=True) if share]
        check_ageing(self.faults, masters, in_episodes / (1.0 - in_episodes))
        return cycles
