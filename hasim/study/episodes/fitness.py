"""Whether a scenario can be answered by episodes: if not, which assumption fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hasim.errors import UserError
from hasim.scenario.model import FaultKind, Scenario
from hasim.sim.incident import Incident, RestlessError, endless
from hasim.sim.randomness import Randomness
from hasim.study.episodes.clocks import Clock, clocks_of, is_lattice

if TYPE_CHECKING:
    from hasim.study.episodes.estimation import Cycles

__all__ = ["FRESH_SHARE", "check_ageing", "check_scenario", "first_masters"]

_ENOUGH_EVENTS = 20_000
"""A world that nothing has happened to is at rest after a few."""

FRESH_SHARE = 0.02
"""Clocks with a memory must be all right but for this share of the time: what is neglected is its square."""

_BEYOND_DOUBT = 0.9999
"""The confidence with which a few episodes say so."""


def check_scenario(scenario: Scenario) -> None:
    """Refuse a scenario whose incidents are not separate, or that has none.

    Raises:
        UserError: it says why.
    """
    objections = list(_objections(scenario))
    if objections:
        raise UserError(
            f"{scenario.name} cannot be answered by episodes, only by replications (the method years): "
            f"{'; '.join(objections)}"
        )


def first_masters(scenario: Scenario) -> list[str]:
    """Who may be MASTER in the steady state in which a run begins.

    Raises:
        UserError: the world is in no steady state then, or leaves it by itself.
    """
    masters = []
    for replication in range(1 if scenario.initial_master else 4 * len(scenario.instances)):
        incident = Incident(endless(scenario, None), randomness=Randomness(scenario.seed, replication), strikes=())
        try:
            incident.come_to_rest(_ENOUGH_EVENTS)
            master = incident.steady_master()
        except RestlessError:
            master = None
        if master is None or incident.outages_ns():
            raise UserError(
                f"{scenario.name} cannot be answered by episodes, only by replications (the method years): without any "
                "fault the world does not stay in a steady state with one MASTER that serves"
            )
        masters.append(master)
    return sorted(set(masters))


def check_ageing(clocks: Sequence[Clock], cycles: Cycles, *, tried: bool = False) -> None:
    """Refuse clocks with a memory where their order matters, or where they often overlap. Where no more than a few
    episodes were ``tried``, only what is beyond doubt counts.

    Raises:
        UserError: it says which, and why.
    """
    ageing = [clock for clock in clocks if not clock.memoryless]
    if not ageing:
        return
    name = ageing[0].fault.name
    masters = [master for master, share in zip(cycles.masters, cycles.shares, strict=True) if share]
    if len(masters) > 1:
        raise UserError(
            f"episodes cannot answer this, only replications can (the method years): {name} has a time to failure with "
            f"a memory (not exponential), and who is MASTER ({', '.join(masters)}) depends on what failed last, so "
            "that the order of failures matters"
        )
    in_episodes = cycles.ratio(lambda episode: episode.length_ns)
    least = in_episodes.estimate(1.0, _BEYOND_DOUBT).low if tried else in_episodes.value
    if least / (1.0 - least) > FRESH_SHARE:
        amiss = in_episodes.value / (1.0 - in_episodes.value)
        raise UserError(
            f"episodes cannot answer this, only replications can (the method years): {name} has a time to failure with "
            f"a memory (not exponential), and something is amiss for {amiss:.1%} of the healthy time, so that faults "
            f"are not separate (at most {FRESH_SHARE:.0%} for clocks with a memory)"
        )


def _objections(scenario: Scenario) -> Iterator[str]:
    if scenario.cold_start is not None:
        yield "it begins with a cold start, not in the steady state"
    for fault in scenario.faults:
        if fault.at_ns is not None:
            yield f"{fault.name} strikes at a fixed time, so that there is no rate to weigh it with"
        elif fault.duration is None and fault.kind is FaultKind.KEEPALIVED_KILL:
            yield (
                f"{fault.name} ends on each target after another daemon.restart_delay: give it a duration, or each "
                "target a fault of its own"
            )
        elif fault.duration is None:
            yield f"{fault.name} never ends, so that the world never is as it was"
    clocks = clocks_of(scenario)
    if not clocks:
        yield "nothing in it fails at random"
    for name in sorted({clock.fault.name for clock in clocks if is_lattice(clock.time_to_failure)}):
        yield f"{name} has fixed times to failure, so that clocks which begin together stay in step"
    lossy = scenario.network.within_zone.loss > 0 or scenario.network.between_zones.loss > 0
    if lossy and any(instance.sync_group for instance in scenario.instances):
        yield "the network loses packets, and the adverts of several virtual routers in a sync group"
