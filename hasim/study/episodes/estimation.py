"""From weighted episodes to long-run numbers with their intervals.

A *cycle* is a healthy time and the episode that ends it. The healthy time has the mean 1 / (sum of the rates of the
clocks), and clock c begins the episode with probability ``rate_c / (sum of the rates)``; both may depend on who is
MASTER (m), since then adverts are lost on other links. What is random is the episode, and who is MASTER afterwards: the
MASTERs at the beginnings of cycles are a Markov chain P with a stationary distribution pi. Every number that is wanted
is a ratio of two means over cycles,

    rho = sum over m, c of pi(m) p(m, c) E[reward | m, c]  /  sum over m, c of pi(m) p(m, c) E[measure | m, c],

where the measure may be the length of the cycle (downtime per time: the unavailability) or a count (phases per
failover). E[. | m, c] is the sum over depths of the means of weight times reward.

The interval is the delta method's. To the first order an episode of stratum (m, c, d) moves rho by its

    z = weight * (reward - rho * measure + h(MASTER afterwards) - mean of h)

times pi(m) p(m, c) / (its number of episodes) / (mean measure), where h solves Poisson's equation
``h = reward - rho * measure + P h``: what the MASTER afterwards is worth to the cycles to come. Strata are independent,
so that variances add up; the skewness of the estimate is known in the same way, and is corrected for (Hall 1992).
Within a Latin hypercube episodes are not independent, but hypercubes are: the variance is that of their means (Owen, "A
central limit theorem for Latin hypercube sampling", Journal of the Royal Statistical Society B 54, 1992).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from hasim.errors import UserError
from hasim.study.episodes.episode import Episode
from hasim.study.estimators import CONFIDENCE, Estimate, student_quantile, without_skewness
from hasim.study.gth import stationary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Cycles", "Overlap", "Part", "Ratio", "Reward", "Stratum"]

Reward: TypeAlias = Callable[[Episode], float]
"""What an episode counts for."""

_EQUAL = 1e-12

METHOD = "regenerative ratio over stratified episodes (delta method, corrected for skewness)"


class Overlap(NamedTuple):
    """How many faults overlap with the first, and whether the last of them ends together with another."""

    depth: int
    together: bool


class Stratum(NamedTuple):
    """Where an episode comes from: MASTER before, index of the first clock, and what overlaps with that."""

    master: str
    clock: int
    depth: int
    together: bool = False

    @property
    def overlap(self) -> Overlap:
        """What overlaps with the first fault."""
        return Overlap(self.depth, self.together)


class Part(NamedTuple):
    """A stratum's share of all cycles, the standard deviation of its z, its number of episodes, and how many equal ones
    would say as much about its reward (Kish's effective sample size)."""

    share: float
    deviation: float
    n: int
    effective: float

    @property
    def variance(self) -> float:
        """What it adds to that of the ratio's numerator."""
        return (self.share * self.deviation) ** 2 / self.n


@dataclass(frozen=True, eq=False)
class Ratio:
    """A ratio and what is needed for its interval.

    Attributes:
        value: the estimate.
        error: its standard error.
        skewness: of the estimate.
        freedom: the degrees of freedom of the error (Satterthwaite 1946).
        measure: the mean of the denominator over a cycle.
        parts: of each stratum, what its episodes add to the error.
    """

    value: float
    error: float
    skewness: float
    freedom: float
    measure: float
    parts: dict[Stratum, Part]

    @property
    def n(self) -> int:
        """How many episodes there are behind it."""
        return sum(part.n for part in self.parts.values())

    def estimate(self, ceiling: float = math.inf, confidence: float = CONFIDENCE) -> Estimate:
        """With its interval; the ratio is known to lie between 0 and ``ceiling``.

        Equal observations are no evidence of certainty: their interval is that of the mean of exponential ones.
        """
        if self.value and self.error <= _EQUAL * self.value:
            low, high = self._as_if_exponential(confidence)
            return Estimate(self.value, low, min(high, ceiling), confidence, f"{METHOD}; all equal", self.n)
        critical = student_quantile((1.0 + confidence) / 2.0, self.freedom)
        low, high = without_skewness(self.value, self.error, self.skewness, critical)
        return Estimate(self.value, max(low, 0.0), min(high, ceiling), confidence, METHOD, self.n)

    def _as_if_exponential(self, confidence: float) -> tuple[float, float]:
        from scipy.special import gammaincinv

        tail = (1.0 - confidence) / 2.0
        shape = self.value * self.n
        return shape / float(gammaincinv(self.n, 1.0 - tail)), shape / float(gammaincinv(self.n, tail))


class Cycles:
    """The episodes of all strata, and how often each stratum occurs."""

    def __init__(
        self, rates: Mapping[str, Sequence[float]], episodes: dict[Stratum, list[Episode]], *, rows: int = 1
    ) -> None:
        """``rates`` of the clocks, per ns, by MASTER; ``episodes`` has, for every MASTER in it, all depths of all that
        have a rate. Those without an overlap are Latin hypercubes of so many ``rows`` each, one after another."""
        import numpy as np

        self.rows = rows
        self.episodes = episodes
        self.masters = sorted({stratum.master for stratum in episodes})
        table = np.array([rates[master] for master in self.masters])
        self.healthy_ns = 1.0 / table.sum(axis=1)
        self.chances = table * self.healthy_ns[:, np.newaxis]
        self._weights = {stratum: np.array([episode.weight for episode in rows]) for stratum, rows in episodes.items()}
        self._after = {
            stratum: np.array([self._index(episode.master) for episode in rows]) for stratum, rows in episodes.items()
        }
        self._kernels = self._transitions()
        self._chain = np.einsum("mc,mcn->mn", self.chances, self._kernels)
        self.shares = self._stationary()

    def share(self, stratum: Stratum) -> float:
        """Which share of all cycles begin in a stratum's state and with its clock."""
        master = self.masters.index(stratum.master)
        return float(self.shares[master] * self.chances[master, stratum.clock])

    def share_of_clock(self, clock: int) -> float:
        """Which share of all cycles ends with a clock (its index)."""
        return float(self.shares @ self.chances[:, clock])

    def chances_of(self, stratum: Stratum) -> NDArray[np.float64]:
        """With its MASTER before, the probability of each of its episodes: that a cycle is like this one."""
        weights = self._weights[stratum]
        chance = self.chances[self.masters.index(stratum.master), stratum.clock]
        probabilities: NDArray[np.float64] = chance * weights / len(weights)
        return probabilities

    def masters_after(self, stratum: Stratum) -> NDArray[np.int_]:
        """After each of its episodes, the index of the MASTER; -1 after those that cannot happen."""
        return self._after[stratum]

    @cached_property
    def mean_cycle_ns(self) -> float:
        """The mean length of a cycle."""
        return self.ratio(_length_ns).measure

    def ratio(self, reward: Reward, measure: Reward | None = None, clock: int | None = None) -> Ratio:
        """Reward per measure; per time (ns), healthy and not, where no measure is given.

        With a ``clock`` (its index) only of the episodes that it begins.
        """
        import numpy as np

        rewards = self._values(reward, clock)
        measures = self._values(_length_ns if measure is None else measure, clock)
        base_ns = self.healthy_ns if measure is None else 0.0
        reward_of, measure_of = self._by_master(rewards), self._by_master(measures) + base_ns
        mean = float(self.shares @ measure_of)
        if mean <= 0:
            return Ratio(0.0, 0.0, 0.0, math.inf, 0.0, {})
        value = float(self.shares @ reward_of) / mean
        worth = self._worth(reward_of - value * measure_of)
        parts, variance, doubt, third = {}, 0.0, 0.0, 0.0
        for stratum, weights in self._weights.items():
            kernel = self._kernels[self.masters.index(stratum.master), stratum.clock]
            later = np.where(self._after[stratum] >= 0, worth[self._after[stratum]], 0.0) - kernel @ worth
            z = weights * (rewards[stratum] - value * measures[stratum] + later)
            rows = self.rows_of(stratum)
            centred = (z - z.mean()).reshape(-1, rows).mean(axis=1)
            share, n, blocks = self.share(stratum), len(z), len(centred)
            deviation = math.sqrt(rows * float(centred @ centred) / max(blocks - 1, 1))
            part = parts[stratum] = Part(share, deviation, n, _effective(weights * rewards[stratum]))
            variance += part.variance
            doubt += part.variance**2 / max(blocks - 1, 1)
            third += share**3 * float((centred**3).mean()) / blocks**2
        if variance <= 0:
            return Ratio(value, 0.0, 0.0, math.inf, mean, parts)
        return Ratio(value, math.sqrt(variance) / mean, third / variance**1.5, variance**2 / doubt, mean, parts)

    def rows_of(self, stratum: Stratum) -> int:
        """How many episodes of a stratum belong together; a single hypercube says nothing about how others differ, so
        that its episodes count as independent, which is cautious."""
        return self.rows if not stratum.depth and len(self.episodes[stratum]) >= 2 * self.rows else 1

    def _index(self, master: str) -> int:
        return self.masters.index(master) if master in self.masters else -1

    def _values(self, reward: Reward, clock: int | None) -> dict[Stratum, NDArray[np.float64]]:
        import numpy as np

        return {
            stratum: np.array([float(reward(episode)) for episode in rows])
            if clock in (None, stratum.clock)
            else np.zeros(len(rows))
            for stratum, rows in self.episodes.items()
        }

    def _by_master(self, values: dict[Stratum, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The mean over a cycle that begins with each MASTER."""
        import numpy as np

        means = np.zeros(len(self.masters))
        for stratum, weights in self._weights.items():
            master = self.masters.index(stratum.master)
            means[master] += self.chances[master, stratum.clock] * float(weights @ values[stratum]) / len(weights)
        return means

    def _transitions(self) -> NDArray[np.float64]:
        """From each MASTER, by each clock, to each MASTER; shape (masters, clocks, masters), rows add up to 1."""
        import numpy as np

        kernels = np.zeros((*self.chances.shape, len(self.masters)))
        for stratum, weights in self._weights.items():
            row = kernels[self.masters.index(stratum.master), stratum.clock]
            for index in range(len(self.masters)):
                row[index] += float(weights[self._after[stratum] == index].sum()) / len(weights)
        totals = kernels.sum(axis=2, keepdims=True)
        shares: NDArray[np.float64] = kernels / np.where(totals > 0, totals, 1.0)
        return shares

    def _stationary(self) -> NDArray[np.float64]:
        """How often each is MASTER at the beginning of a cycle.

        Raises:
            UserError: that depends on who is MASTER at the very beginning.
        """
        import numpy as np

        count = len(self.masters)
        reached = np.linalg.matrix_power(np.eye(count) + (self._chain > 0), count) > 0
        closed = [i for i in range(count) if all(reached[j, i] for j in range(count) if reached[i, j])]
        if any(not reached[i, j] for i in closed for j in closed):
            names = " or ".join(self.masters[i] for i in closed)
            raise UserError(f"who is MASTER at the beginning stays it for good ({names}): there is no long run")
        shares = np.zeros(count)
        shares[closed] = stationary(self._chain[np.ix_(closed, closed)].tolist())
        return shares

    def _worth(self, gains: NDArray[np.float64]) -> NDArray[np.float64]:
        """Poisson's equation ``h = gains + P h``, with h = 0 for the first MASTER that is ever MASTER again."""
        import numpy as np

        count = len(self.masters)
        matrix = np.eye(count) - self._chain
        anchor = int(np.argmax(self.shares))
        matrix[:, anchor] = 1.0
        solution = np.linalg.solve(matrix, gains)
        solution[anchor] = 0.0
        return solution


def _effective(values: NDArray[np.float64]) -> float:
    squares = float(values @ values)
    return float(values.sum()) ** 2 / squares if squares else 0.0


def _length_ns(episode: Episode) -> float:
    return episode.length_ns
