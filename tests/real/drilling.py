"""Drills for tests: scenarios whose cloud is quick and whose times lie in narrow ranges, all held at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

import pytest

import hasim
from hasim.drill.comparison import EpisodeResult, compare
from hasim.drill.episodes import Episode, episodes_of
from hasim.drill.holding import DrillOptions, hold
from hasim.drill.machine import together
from hasim.drill.register import registered
from hasim.drill.repetition import Repetition
from hasim.drill.requirements import check_kernel, check_programs
from hasim.errors import UserError
from hasim.units import SECOND

__all__ = ["PATIENCE_NS", "QUICK_CLOUD", "episode_of", "hold_all", "needs_drills", "simulated_beside", "told"]

PATIENCE_NS = 20 * SECOND
_ROOMS_PER_CORE = 4
_SIMULATIONS = 300
_SEED = 7

QUICK_CLOUD = """
zones: [ap-guangzhou-3]
vpc: {cidr: 10.0.0.0/16, multicast: true}
subnets: {service: {cidr: 10.0.1.0/24}}
horizon: 5min
control_plane:
  accept: {uniform: {low: 20ms, high: 60ms}}
  propagation: {uniform: {low: 20ms, high: 100ms}}
  havip_remap: {uniform: {low: 200ms, high: 500ms}}
  actions:
    MigratePrivateIpAddress: &quick
      task: {uniform: {low: 200ms, high: 500ms}}
      task_dead_host: {uniform: {low: 200ms, high: 500ms}}
    MigrateNetworkInterface: *quick
    AssociateAddress: *quick
    DisassociateAddress: *quick
"""
"""The part of a scenario that all of them have."""


def _missing() -> str:
    """Why drills cannot be held here; empty where they can."""
    try:
        check_programs()
        with registered() as registration:
            check_kernel(registration)
    except UserError as error:
        return str(error)
    return ""


_REASON = _missing()
needs_drills = pytest.mark.skipif(bool(_REASON), reason=_REASON)


def episode_of(text: str) -> Episode:
    """The only episode of a scenario."""
    (episode,) = episodes_of(hasim.loads(QUICK_CLOUD + text).scenario, PATIENCE_NS)
    return episode


def hold_all(episodes: Mapping[str, tuple[Episode, int]]) -> dict[str, EpisodeResult]:
    """Hold each episode so many times, as many at once as the machine has room for, and lay each beside its
    simulation."""
    order = [name for name, (_, times) in episodes.items() for _ in range(times)]
    options = DrillOptions(times=1, rooms=_ROOMS_PER_CORE * len(os.sched_getaffinity(0)))
    with registered() as registration:
        held = asyncio.run(hold([episodes[name][0] for name in order], options, registration))
    assert not held.interrupted
    by_name: dict[str, list[Repetition]] = {name: [] for name in episodes}
    for name, (repetition,) in zip(order, held.repetitions, strict=True):
        by_name[name].append(repetition)
    return {name: simulated_beside(by_name[name], episode) for name, (episode, _) in episodes.items()}


def simulated_beside(repetitions: Sequence[Repetition], episode: Episode) -> EpisodeResult:
    """Repetitions laid beside the simulation of an episode: the one that was drilled, or another one."""
    times_here = together(repetition.times for repetition in repetitions)
    return compare(episode, repetitions, times_here, _SIMULATIONS, _SEED)


def told(result: EpisodeResult) -> str:
    """Everything about an episode that helps to see why a drill and its simulation disagree; what is outside first."""
    lines = [result.episode.name]
    for group in result.groups:
        if not group.is_as_frequent:
            lines.append(f"OUTSIDE: {len(group.measured)} times {group.title}, {len(group.simulated)} simulated")
        outside = (verdict for verdict in group.verdicts if verdict.outside)
        lines += [f"OUTSIDE: {group.title} {verdict.phase}: {verdict.outside_ns}" for verdict in outside]
    for repetition, outcome in zip(result.repetitions, result.outcomes, strict=True):
        lines += [f"{outage}" for outage in outcome.outages]
        lines.append(f"{repetition.times}")
        lines += [f"  {record}" for record in repetition.trace.records]
        lines += [
            f"  {name} {at_ns}: {text}" for name, said in repetition.logs.items() for at_ns, text in said if at_ns > 0
        ]
    for group in result.groups:
        for verdict in group.verdicts:
            lines.append(
                f"{group.title} {verdict.phase}: {verdict.measured_ns} in"
                f" {verdict.simulated_ns[:1]}..{verdict.simulated_ns[-1:]} +- {verdict.overhead_ns}"
            )
    return "\n".join(lines)
