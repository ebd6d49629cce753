"""Durations as ways through memoryless phases: what a Markov chain can have."""

from __future__ import annotations

from typing import TypeAlias

from hasim.scenario.distributions import Distribution, Exponential, Gamma, Mixture

__all__ = ["Phases", "phases_of"]

Phases: TypeAlias = tuple[tuple[float, tuple[float, ...]], ...]
"""Branches: each is taken with a probability, and then is a row of phases with these rates (per ns)."""

_MOST_STAGES = 12


def phases_of(distribution: Distribution) -> Phases | None:
    """An exponential distribution, an Erlang one (gamma with a whole shape), or a mixture of such; None for others."""
    if isinstance(distribution, Exponential):
        return ((1.0, (1.0 / distribution.expected_ns,)),)
    if isinstance(distribution, Gamma) and distribution.shape == int(distribution.shape) <= _MOST_STAGES:
        stages = int(distribution.shape)
        return ((1.0, (stages / distribution.expected_ns,) * stages),)
    if isinstance(distribution, Mixture):
        branches: list[tuple[float, tuple[float, ...]]] = []
        for weight, part in zip(distribution.weights, distribution.parts, strict=True):
            inner = phases_of(part)
            if inner is None:
                return None
            branches += [(weight * chance, rates) for chance, rates in inner]
        return tuple(branches)
    return None
