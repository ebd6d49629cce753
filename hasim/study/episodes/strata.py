"""What decides every episode of a study, and the strata that they are drawn from: :class:`EpisodeStudy`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hasim.scenario.model import Scenario
from hasim.sim.incident import endless
from hasim.study.episodes.clocks import Clock
from hasim.study.episodes.episode import EpisodeJob
from hasim.study.episodes.estimation import Stratum
from hasim.study.episodes.losses import Silence

__all__ = ["EpisodeStudy"]


@dataclass(frozen=True, eq=False)
class EpisodeStudy:
    """A scenario, the source of all randomness, and how deep faults overlap.

    Attributes:
        scenario: as its author wrote it, with an end.
        seed: source of all randomness.
        depths: up to so many faults are made to overlap with the first.
        faults: its fault clocks.
        silences: the rows of lost adverts that may begin an episode too.
    """

    scenario: Scenario
    seed: int
    depths: int
    faults: tuple[Clock, ...]
    silences: tuple[Silence, ...]

    @cached_property
    def clocks(self) -> tuple[Clock | Silence, ...]:
        """What may begin an episode."""
        return *self.faults, *self.silences

    def rates(self, master: str) -> list[float]:
        """How often each clock begins one, per ns of health, while that is MASTER."""
        faults = [1.0 / clock.time_to_failure.mean_ns() for clock in self.faults]
        return [*faults, *(silence.rate if silence.sender == master else 0.0 for silence in self.silences)]

    def strata(self, master: str, clock: int) -> list[Stratum]:
        """Those of what begins with a clock (its index) while that is MASTER."""
        ways = [(depth, together) for depth in range(1, self.depths + 1) for together in (False, True)]
        return [Stratum(master, clock, depth, together) for depth, together in [(0, False), *ways]]

    def number_of(self, stratum: Stratum) -> int:
        """By which its random numbers differ from those of the others; below :attr:`count`."""
        place = self._names.index(stratum.master) * len(self.clocks) + stratum.clock
        return place * self._kinds + 2 * stratum.depth + stratum.together

    @property
    def count(self) -> int:
        """How many numbers there are for strata."""
        return len(self._names) * len(self.clocks) * self._kinds

    def job(self, stratum: Stratum) -> EpisodeJob:
        """What makes the episodes of a stratum."""
        return EpisodeJob(
            scenario=endless(self.scenario, stratum.master),
            seed=self.seed,
            clocks=self.faults,
            first=self.clocks[stratum.clock],
            loses_adverts=bool(self.silences),
            depth=stratum.depth,
            together=stratum.together,
            goes_on=stratum.depth == self.depths,
            stratum=self.number_of(stratum),
            strata=self.count,
        )

    @property
    def _names(self) -> list[str]:
        return [instance.name for instance in self.scenario.instances]

    @property
    def _kinds(self) -> int:
        return 2 * (self.depths + 1)
