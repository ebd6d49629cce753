"""The gathering of episodes: :class:`Campaign`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from hasim.arguments import whole_number
from hasim.errors import UserError
from hasim.scenario.model import Scenario
from hasim.sim.incident import RestlessError
from hasim.sim.randomness import ROWS
from hasim.study.episodes.clocks import clocks_of
from hasim.study.episodes.episode import Episode
from hasim.study.episodes.estimation import Cycles, Ratio, Stratum
from hasim.study.episodes.fitness import check_ageing, check_scenario, first_masters
from hasim.study.episodes.losses import check_silences, silences_of
from hasim.study.episodes.plan import cost_of, further, reached, whole
from hasim.study.episodes.strata import EpisodeStudy
from hasim.study.episodes.supply import Supply
from hasim.study.interrupts import Interrupted
from hasim.study.journal import Journal
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
        seed = scenario.seed if seed is None else whole_number("the seed", seed)
        self._first_masters = first_masters(scenario)
        silences = silences_of(scenario)
        check_silences(scenario, silences)
        self.study = EpisodeStudy(scenario, seed, depths, clocks_of(scenario), silences)
        self._pilot = pilot
        self.episodes: dict[Stratum, list[Episode]] = {}
        self.runs = 0
        self._progress = progress

    def run(self, crew: Crew, aims: Aims, precision: float, most_runs: int, journal: Journal | None = None) -> Cycles:
        """A pilot of every stratum, then rounds of more where they help, until all aims have the precision.

        What the ``journal`` has is not run again, and what is run is put into it at once.

        Raises:
            UserError: the scenario turns out not to fit, or the precision is not between 0 and 1.
            Interrupted: Ctrl-C, and how much is in the journal.
        """
        check_precision(precision)
        try:
            return self._gather(Supply(self.study, crew, journal), aims, precision, most_runs)
        except RestlessError as error:
            raise UserError(
                f"{self.study.scenario.name} cannot be answered by episodes, only by replications (the method years): "
                f"{error}"
            ) from None
        except KeyboardInterrupt:
            if journal is None:
                raise
            raise Interrupted(journal.count_episodes(self.study)) from None

    def _gather(self, supply: Supply, aims: Aims, precision: float, most_runs: int) -> Cycles:
        if not self.episodes:
            self._try(supply)
        self._cover(supply, self._first_masters)
        cycles = self._cycles()
        for _ in range(_ROUNDS):
            wanted = aims(cycles)
            if reached(wanted, precision) or self.runs >= most_runs:
                break
            self._extend(supply, further(cycles, wanted, precision, most_runs - self.runs))
            self._cover(supply, self._masters())
            cycles = self._cycles()
        return cycles

    def _try(self, supply: Supply) -> None:
        """Refuse clocks with a memory after a few episodes, where these say already that they do not fit."""
        if all(clock.memoryless for clock in self.study.faults):
            return
        masters = self._first_masters
        while new := self._without_episodes(masters):
            alone = [Stratum(master, clock, 0) for master in new for clock in self._striking(master)]
            self._extend(supply, {stratum: self._pilot.of(stratum, 0.0) for stratum in alone})
            masters = self._masters()
        try:
            cycles = self._estimate()
        except UserError:  # so few episodes may not show how the MASTERs follow on one another
            cycles = None
        if cycles is not None:
            check_ageing(self.study.faults, cycles, tried=True)
        supply.take_back(self.episodes)
        self.episodes, self.runs = {}, 0

    def _cover(self, supply: Supply, masters: list[str]) -> None:
        """See that every stratum of every MASTER that there ever is has a few episodes."""
        while new := self._without_episodes(masters):
            strata: dict[Stratum, int] = {}
            for master in new:
                rates = self.study.rates(master)
                for clock in self._striking(master):
                    chance = rates[clock] / math.fsum(rates)
                    strata |= {s: self._pilot.of(s, chance) for s in self.study.strata(master, clock)}
            self._extend(supply, strata)
            masters = self._masters()

    def _without_episodes(self, masters: list[str]) -> list[str]:
        return [master for master in masters if Stratum(master, 0, 0) not in self.episodes]

    def _striking(self, master: str) -> list[int]:
        """The clocks that run while that is MASTER."""
        return [clock for clock, rate in enumerate(self.study.rates(master)) if rate]

    def _masters(self) -> list[str]:
        return sorted({episode.master for rows in self.episodes.values() for episode in rows if episode.weight})

    def _extend(self, supply: Supply, counts: dict[Stratum, int]) -> None:
        """Have so many episodes of these strata."""
        ranges = {stratum: range(len(self.episodes.get(stratum, ())), count) for stratum, count in counts.items()}
        wanted = {stratum: numbers for stratum, numbers in ranges.items() if numbers}
        fresh: dict[Stratum, list[Episode]] = {stratum: [] for stratum in wanted}
        goal = self.runs + sum(cost_of(stratum) * len(numbers) for stratum, numbers in wanted.items())

        def keep(found: Mapping[Stratum, list[Episode]]) -> None:
            for stratum, episodes in found.items():
                fresh[stratum] += episodes
                self.runs += cost_of(stratum) * len(episodes)
            if self._progress is not None:
                self._progress(self.runs, goal)

        supply.gather(wanted, keep)
        for stratum, episodes in fresh.items():
            self.episodes.setdefault(stratum, []).extend(sorted(episodes, key=lambda episode: episode.number))

    def _cycles(self) -> Cycles:
        cycles = self._estimate()
        check_ageing(self.study.faults, cycles)
        return cycles

    def _estimate(self) -> Cycles:
        rates = {stratum.master: self.study.rates(stratum.master) for stratum in self.episodes}
        return Cycles(rates, self.episodes, rows=ROWS)
