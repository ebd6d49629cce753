"""Whole runs put together from episodes: how the downtime of a year is distributed, not only its mean.

Between two episodes the world is as new: clocks without a memory strike next after an exponential time, whatever was
before. So a run of any length is a row of healthy times and episodes, and one of episodes that were simulated before is
as good as one that simulates its own, as far as these tell. It begins with all well, as every run does.

What is uncertain are the episodes, not the runs that are put together from them. One more episode in a run, with the
downtime x, changes the chance that the run's downtime D exceeds d by P(D > d - x) - P(D > d). To the first order this
is what an episode is worth to that chance, and the error is that of its ratio over cycles
(:mod:`hasim.study.episodes.estimation`). The interval is the exact binomial one for as many independent runs as would
have the same error. Besides, an episode of a kind that was never seen may spoil a run: no upper end is below what as
many of those would do as stay unseen with the probability of the tail.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from hasim.study.episodes.episode import STRIKE_NS
from hasim.study.episodes.estimation import Cycles
from hasim.study.episodes.rewards import downtime_ns
from hasim.study.estimators import CONFIDENCE, Estimate, binomial_interval, student_quantile

__all__ = ["MOST_EPISODES", "Horizons", "put_together"]

MOST_EPISODES = 20_000.0
"""In a run with more of them chance evens out, and putting it together takes longer than it is worth."""

_DRAWS = 2_000_000
_FEWEST_RUNS, _MOST_RUNS = 200, 100_000

_METHOD = "runs put together from episodes (exact binomial interval of the effective number)"


@dataclass(frozen=True, eq=False)
class Horizons:
    """Runs of one length that were put together from the same episodes.

    Attributes:
        cycles: the episodes.
        horizon_ns: how long each run is.
        downtime_ns: of each run, ascending.
    """

    cycles: Cycles
    horizon_ns: int
    downtime_ns: tuple[int, ...]

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.downtime_ns)

    def quantile(self, share: float) -> int:
        """The downtime (ns) that so large a share of these runs does not exceed."""
        return self.downtime_ns[min(max(math.ceil(share * self.runs - 1e-9) - 1, 0), self.runs - 1)]

    def percentile(self, share: float, confidence: float = CONFIDENCE) -> Estimate:
        """A quantile of the downtime of a run (ns), 0.99 for p99; infinite above where the episodes set no bound."""
        value = self.quantile(share)
        low, high = self._interval(value, 1.0 - share, confidence)
        bounded = low > 1.0 / self.runs and self._hidden(confidence) < 1.0 - share
        longest = self.quantile(1.0 - low) if bounded else math.inf
        return Estimate(value, self.quantile(1.0 - high), longest, confidence, _METHOD, self._episodes)

    def chance_above(self, limit_ns: float, confidence: float = CONFIDENCE) -> Estimate:
        """The probability that a run has more downtime than ``limit_ns``."""
        value = self._above(limit_ns)
        low, high = self._interval(limit_ns, value, confidence)
        return Estimate(value, low, max(high, self._hidden(confidence)), confidence, _METHOD, self._episodes)

    @property
    def _episodes(self) -> int:
        return sum(map(len, self.cycles.episodes.values()))

    def _above(self, limit_ns: float) -> float:
        return 1.0 - bisect_right(self.downtime_ns, limit_ns) / self.runs

    def _interval(self, limit_ns: float, chance: float, confidence: float) -> tuple[float, float]:
        """Of the chance that a run has more downtime than that, by the episodes that were seen."""
        change = self.cycles.ratio(lambda episode: self._above(limit_ns - downtime_ns(episode)) - chance)
        spread = chance * (1.0 - chance)
        variance = (self.horizon_ns * change.error) ** 2 + spread / self.runs
        effective = spread / variance if spread else float(self.runs)
        upper = (1.0 + confidence) / 2.0
        cautious = effective * (student_quantile(upper, math.inf) / student_quantile(upper, change.freedom)) ** 2
        return binomial_interval(chance * cautious, cautious, confidence)

    def _hidden(self, confidence: float) -> float:
        """The probability that a run has an episode of a kind that is not among those that were simulated.

        Kinds that are in all a share q of a stratum are not among n of its episodes with the probability exp(-n q), and
        with that of the tail they occur most often where they all are in the stratum whose episodes stand for most.
        """
        tail = (1.0 - confidence) / 2.0
        return -math.expm1(math.log(tail) * self._most_for_one * self.horizon_ns)

    @cached_property
    def _most_for_one(self) -> float:
        """How often (per ns) what one of the episodes stands for occurs, of those that stand for most."""
        return max(
            self.cycles.share(stratum) * math.fsum(episode.weight for episode in rows) / len(rows) ** 2
            for stratum, rows in self.cycles.episodes.items()
        ) / self.cycles.mean_cycle_ns  # fmt: skip


def put_together(cycles: Cycles, horizon_ns: int, seed: int, draws: int = _DRAWS) -> Horizons:
    """Runs of that length from these episodes: so many that about ``draws`` episodes are in them all."""
    per_run = horizon_ns / cycles.mean_cycle_ns
    runs = round(min(max(draws / max(per_run, 1.0), _FEWEST_RUNS), _MOST_RUNS))
    return Horizons(cycles, horizon_ns, tuple(sorted(_Supply(cycles).downtime_ns(runs, horizon_ns, seed))))


class _Supply:
    """All episodes as arrays, to draw from by the MASTER before."""

    def __init__(self, cycles: Cycles) -> None:
        import numpy as np

        self._cycles = cycles
        self._episodes = [episode for rows in cycles.episodes.values() for episode in rows]
        self._length_ns = np.array([episode.length_ns for episode in self._episodes])
        self._downtime_ns = np.array([downtime_ns(episode) for episode in self._episodes])
        self._after = np.concatenate([cycles.masters_after(stratum) for stratum in cycles.episodes])
        weights = np.concatenate([cycles.chances_of(stratum) for stratum in cycles.episodes])
        before = [stratum.master for stratum, rows in cycles.episodes.items() for _ in rows]
        places, sums = [], []
        for number, master in enumerate(cycles.masters):
            of_master = np.flatnonzero((np.array(before) == master) & (self._after >= 0) & (weights > 0))
            upto = np.cumsum(weights[of_master])
            places.append(of_master)
            sums.append(number + upto / upto[-1])
        self._places, self._sums = np.concatenate(places), np.concatenate(sums)

    def downtime_ns(self, runs: int, horizon_ns: int, seed: int) -> list[int]:
        """Of each of so many runs."""
        import numpy as np

        rng = np.random.default_rng(seed)
        lost_ns = np.zeros(runs, dtype=np.int64)
        run, at_ns = np.arange(runs), np.zeros(runs)
        master = rng.choice(len(self._cycles.masters), runs, p=self._cycles.shares)
        while run.size:
            at_ns = at_ns + rng.exponential(size=run.size) * self._cycles.healthy_ns[master]
            struck = at_ns < horizon_ns
            run, at_ns, master = run[struck], at_ns[struck], master[struck]
            drawn = self._places[np.searchsorted(self._sums, master + rng.random(run.size), side="right")]
            end_ns = at_ns + self._length_ns[drawn]
            whole = end_ns <= horizon_ns
            lost_ns[run[whole]] += self._downtime_ns[drawn[whole]]
            for number, episode, left_ns in zip(run[~whole], drawn[~whole], horizon_ns - at_ns[~whole], strict=True):
                lost_ns[number] += self._begun_ns(int(episode), int(left_ns))
            run, at_ns, master = run[whole], end_ns[whole], self._after[drawn[whole]]
        found: list[int] = lost_ns.tolist()
        return found

    def _begun_ns(self, number: int, left_ns: int) -> int:
        """The downtime of the beginning of an episode; one of lost adverts is a few seconds older than it seems."""
        end_ns = STRIKE_NS + left_ns
        return sum(
            min(outage.end_ns, end_ns) - outage.start_ns
            for outage in self._episodes[number].outages
            if outage.start_ns < end_ns
        )
