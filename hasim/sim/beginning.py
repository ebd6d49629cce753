"""How a run begins: everything has been up for long, and the MASTER is somewhere between two of its adverts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hasim.scenario.model import Scenario
from hasim.scenario.steady import steady_faults, steady_masters
from hasim.sim.randomness import Randomness
from hasim.vrrp.events import State

if TYPE_CHECKING:
    from hasim.sim.daemon import Daemon
    from hasim.sim.router import Router
    from hasim.sim.world import World

__all__ = ["first_master", "resume_daemons"]


def first_master(scenario: Scenario, randomness: Randomness) -> str:
    """Whom the steady state has as MASTER."""
    best = steady_masters(scenario)
    if len(best) > 1:
        # Equals do not preempt one another: whoever was MASTER last stays it, and either may have been.
        index = int(randomness.stream("initial_master").uniform() * len(best))
        return best[index].name
    return best[0].name


def resume_daemons(world: World, master: str) -> None:
    """Put all daemons into the steady state in which ``master`` is MASTER."""
    for daemon in world.daemons.values():
        daemon.assume_good()
    leader = world.daemons[master]
    next_advert_ns = {router: _next_advert(world, router) for router in leader.routers}
    for daemon in world.daemons.values():
        if daemon is leader:
            deadlines_ns = {router: next_advert_ns[router] - router.advert_drift_ns for router in leader.routers}
            daemon.resume(State.MASTER, deadlines_ns)
        elif steady_faults(daemon.instance):
            daemon.resume_in_fault()
        else:
            _resume_backup(world, daemon, {router.member: router for router in leader.routers}, next_advert_ns)


def _next_advert(world: World, router: Router) -> int:
    """When the MASTER sends its next advert in a virtual router. The members of a sync group became MASTER together, so
    those of one interval send together."""
    interval_ns = router.settings.advert_int_ns
    step_ns = interval_ns + router.advert_drift_ns
    is_alone = interval_ns != router.daemon.router.settings.advert_int_ns
    if world.scenario.initial_phase_ns is not None and not is_alone:
        return step_ns - world.scenario.initial_phase_ns
    stream = world.randomness.stream("heartbeat", "phase", *([router.member] if is_alone else []))
    return int(stream.uniform() * step_ns)


def _resume_backup(world: World, daemon: Daemon, leaders: dict[str, Router], next_advert_ns: dict[Router, int]) -> None:
    deadlines_ns = {}
    for router in daemon.routers:
        leader = leaders.get(router.member)
        heard_ns = 0
        if leader is not None:
            heard_ns = next_advert_ns[leader] - leader.settings.advert_int_ns - leader.advert_drift_ns
            if router.name in leader.instance.vrrp.peers:
                router.machine.assume_master(leader.settings.advert_int_ns)
                path = world.fabric.path(leader.instance, router.instance, router.member)
                heard_ns += path.latency_ns
        deadlines_ns[router] = heard_ns + router.machine.down_timer_ns
    daemon.resume(State.BACKUP, deadlines_ns)
