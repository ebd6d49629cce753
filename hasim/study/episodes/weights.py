"""What the weights of biased episodes are worth: how many equal ones would say as much."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hasim.study.episodes.estimation import Cycles, Overlap, Reward

__all__ = ["FEWEST", "LARGEST", "Evidence", "evidence"]

FEWEST = 30.0
"""Below such an effective sample size an interval cannot be trusted: the weights have collapsed onto a few episodes."""

LARGEST = 0.2
"""Nor where a single episode is more than this share of the whole."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for one number, of the episodes of one kind of overlap or of all.

    Attributes:
        episodes: how many were simulated.
        chance: their mean weight: the probability that an episode has so many overlapping faults.
        part: of the number, from 0 to 1.
        effective: Kish's effective sample size, ``(sum x)**2 / sum x**2`` over what each episode adds to the number.
        largest: the share of the one that adds most.
    """

    episodes: int
    chance: float
    part: float
    effective: float
    largest: float

    @property
    def collapsed(self) -> bool:
        """Whether a few episodes stand for all."""
        return self.effective < FEWEST or self.largest > LARGEST


def evidence(cycles: Cycles, reward: Reward, overlap: Overlap | None = None) -> Evidence:
    """The evidence for ``reward`` per time, of the episodes of one kind of ``overlap``, or of all."""
    added, total, chance, count = [], 0.0, 0.0, 0
    for stratum, rows in cycles.episodes.items():
        unit = cycles.share(stratum) / len(rows)
        values = [unit * episode.weight * reward(episode) for episode in rows]
        total += math.fsum(values)
        if overlap in (None, stratum.overlap):
            added += values
            count += len(rows)
            chance += unit * math.fsum(episode.weight for episode in rows)
    part = math.fsum(added)
    squares = math.fsum(value * value for value in added)
    return Evidence(
        episodes=count,
        chance=chance,
        part=part / total if total else 0.0,
        effective=part * part / squares if squares else 0.0,
        largest=max(added) / part if part else 0.0,
    )
