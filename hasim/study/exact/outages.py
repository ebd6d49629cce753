"""How long the address is gone on the average when it moves, where that has a closed form.

A crashed MASTER sent its last advert a time ago that is uniform between 0 and the interval; the BACKUP waits for its
master-down interval from when it heard that one. So detection is uniform over the last interval of the master-down
time, with the mean ``down - interval / 2 + delay``. What follows is a row of independent steps whose means add up.

That holds while nothing branches: no lost advert, no refused or failed call, nobody else who competes. What may branch
is an objection, and then outages are measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from hasim.scenario.advertised import drops_clients
from hasim.scenario.distributions import Distribution
from hasim.scenario.model import Instance, Link, Mechanism, Scenario
from hasim.scenario.steady import steady_priority
from hasim.sim.randomness import Randomness
from hasim.sim.world import World
from hasim.vrrp.timers import OWNER_PRIORITY, master_down_interval

__all__ = ["MeanOutages", "mean_outages", "objections_to_closed_form"]

_QUERY, _MOVE = "DescribeNetworkInterfaces", "MigratePrivateIpAddress"
_LARGEST_UNIFORM = 1.0 - 2.0**-53


@dataclass(frozen=True, slots=True)
class MeanOutages:
    """Mean outages (ns) with which an instance becomes the one that serves.

    Attributes:
        failover_ns: from the crash of the MASTER.
        return_ns: when it is the first to come back, and another had the address: from when it is back.
        resumption_ns: likewise, and it still has the address.
        failback_ns: when it preempts: from when the address is gone.
    """

    failover_ns: float
    return_ns: float
    resumption_ns: float
    failback_ns: float


def objections_to_closed_form(scenario: Scenario) -> Iterator[str]:
    """Why the mean outage has no closed form here; none if it has."""
    mechanism = scenario.floating.mechanism
    if mechanism is not Mechanism.SECONDARY_IP_MIGRATE:
        yield f"the mechanism {mechanism} is not a single call that moves an address"
        return
    if len(scenario.instances) > 2 and len({steady_priority(i) for i in scenario.instances}) < len(scenario.instances):
        yield "several instances of the same priority compete for the address"
    if len(scenario.instances) > 2 and not all(instance.notify.check_first for instance in scenario.instances):
        yield "a notify script does not ask which of the others has the address"
    if len({(i.vrrp.version, i.vrrp.advert_int_ns) for i in scenario.instances}) > 1:
        yield "the instances differ in the version of VRRP or in advert_int"
    yield from _silences(scenario)
    for action in (_QUERY, _MOVE):
        behaviour = scenario.control_plane.actions[action]
        if behaviour.error_rate or behaviour.task_failure_rate:
            yield f"{action} is refused, or fails, at random"
    for link in (scenario.network.within_zone, scenario.network.between_zones):
        if link.loss:
            yield "adverts are lost"
    whose: dict[str, list[str]] = {}
    for instance in scenario.instances:
        for objection in _objections_to(scenario, instance):
            whose.setdefault(objection, []).append(instance.name)
    for objection, names in whose.items():
        yield f"{' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}: {objection}"


def _silences(scenario: Scenario) -> Iterator[str]:
    """Who does not hear whom though nothing is amiss: for its own settings, or a security group."""
    world = World(scenario, randomness=Randomness(0, 0), quiet=True, detail=None, faults_strike=False)
    for sender, receiver in permutations(scenario.instances, 2):
        if receiver.name not in sender.vrrp.peers or not world.fabric.path(sender, receiver).passes:
            yield f"{receiver.name} does not hear {sender.name}"


def _objections_to(scenario: Scenario, instance: Instance) -> Iterator[str]:
    """What of a single instance it is; several may have the same."""
    vrrp, policy = instance.vrrp, instance.notify
    if vrrp.preempt_delay_ns or vrrp.startup_delay_ns or instance.sync_group:
        yield "a wait before preempting or starting, or a sync group"
    if vrrp.priority == OWNER_PRIORITY:
        yield "the owner of the address may begin as MASTER"
    if vrrp.track_scripts or vrrp.track_processes or vrrp.track_files:
        yield "something is tracked, which takes its time after a boot"
    if drops_clients(scenario, vrrp, vrrp.priority):
        yield "what is sent to the address is dropped by the MASTER"
    if policy.release_on_backup or policy.on_rx_lower_priority:
        yield "the notify script runs for more than becoming MASTER"
    if _longest(instance.guest.configure) > 0 or _longest(instance.service.start_up) > 0:
        yield "the guest takes time beside the API"
    if _longest(instance.guest.network_ready) > 0:
        yield "packets do not pass at once after a boot"
    if instance.service.on_master_only:
        yield "the service starts only on the MASTER"
    answers = scenario.control_plane.actions
    if any(_longest(answers[action].accept) > policy.call_timeout_ns for action in (_QUERY, _MOVE)):
        yield "calls may be given up before they are answered"


def mean_outages(scenario: Scenario, instance: Instance) -> MeanOutages:
    """Those of an instance, in a scenario to which there are no objections."""
    others = [other for other in scenario.instances if other is not instance]
    vrrp, daemon = instance.vrrp, instance.daemon
    interval_ns = others[0].vrrp.advert_int_ns + others[0].daemon.advert_drift_ns
    priority = steady_priority(instance)
    advert_int_ns = others[0].vrrp.advert_int_ns if vrrp.version == 3 else vrrp.advert_int_ns
    down_ns = master_down_interval(vrrp.version, priority, advert_int_ns, vrrp.down_timer_adverts)
    own_down_ns = master_down_interval(vrrp.version, priority, vrrp.advert_int_ns, vrrp.down_timer_adverts)
    late_ns = daemon.timer_latency.mean_ns() + daemon.take_over.mean_ns()
    link = _link(scenario, instance, others[0])
    delay_ns = link.latency_ns + link.jitter.mean_ns()
    return MeanOutages(
        failover_ns=down_ns - interval_ns / 2 + delay_ns + late_ns + _transfer_ns(scenario, instance, dead=True),
        return_ns=own_down_ns + late_ns + _transfer_ns(scenario, instance, dead=True),
        resumption_ns=own_down_ns + late_ns,
        failback_ns=_transfer_ns(scenario, instance, dead=False) - delay_ns,
    )


def _transfer_ns(scenario: Scenario, instance: Instance, *, dead: bool) -> float:
    """From becoming MASTER until packets arrive, on the average."""
    policy, actions = instance.notify, scenario.control_plane.actions
    move = actions[_MOVE]
    asked_ns = actions[_QUERY].accept.mean_ns() if policy.check_first else 0.0
    task = move.task_dead_host if dead else move.task
    started_ns = policy.start_up.mean_ns() + policy.sleep_before_ns
    return started_ns + asked_ns + move.accept.mean_ns() + task.mean_ns() + scenario.control_plane.propagation.mean_ns()


def _link(scenario: Scenario, one: Instance, other: Instance) -> Link:
    return scenario.network.within_zone if one.zone == other.zone else scenario.network.between_zones


def _longest(distribution: Distribution) -> int:
    return distribution.quantile(_LARGEST_UNIFORM)
