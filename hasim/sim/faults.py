"""Faults: what goes wrong, when, and how it is put right again.

To add a kind of fault: name it in :class:`~hasim.scenario.model.FaultKind` and in the schema, and give it a line in
``_begin`` and ``_end``.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

from hasim.scenario.model import Fault, FaultKind, Scenario, ends_by_itself
from hasim.scenario.troubles import API_FAULTS
from hasim.trace import FaultBegan, FaultEnded, LinkChanged

if TYPE_CHECKING:
    from hasim.scenario.distributions import Distribution
    from hasim.sim.host import Host
    from hasim.sim.randomness import Stream
    from hasim.sim.world import World

__all__ = ["Faults", "fault_targets", "instances_in_zones"]

_PATH_FAULTS = (FaultKind.PARTITION, FaultKind.ONE_WAY_PARTITION, FaultKind.LOSS, FaultKind.LATENCY)


class Faults:
    """All faults of a run, each a process per target."""

    def __init__(self, world: World, *, by_themselves: bool) -> None:
        """``by_themselves``: they strike as the scenario says; otherwise only when :meth:`strike` tells them to."""
        self._world = world
        self._durations: dict[tuple[str, str], Stream] = {}
        if not by_themselves:
            return
        for fault in world.scenario.faults:
            for target in fault_targets(fault):
                life = self._once(fault, target) if fault.at_ns is not None else self._again_and_again(fault, target)
                world.kernel.process(life)

    def strike(self, fault: Fault, target: str, lasts_ns: int | None = None) -> None:
        """Let a fault take hold of its target now, for as long as it lasts (None: as the scenario says)."""
        key = (fault.name, target)
        if key not in self._durations:
            self._durations[key] = self._world.randomness.stream("fault", *key, "duration")
        self._world.kernel.process(self._happen(fault, target, self._durations[key], lasts_ns))

    def _once(self, fault: Fault, target: str) -> Generator[simpy.Event, Any, None]:
        assert fault.at_ns is not None
        yield self._world.kernel.sleep(fault.at_ns)
        yield from self._happen(fault, target, self._world.randomness.stream("fault", fault.name, target, "duration"))

    def _again_and_again(self, fault: Fault, target: str) -> Generator[simpy.Event, Any, None]:
        assert fault.time_to_failure is not None
        waits = self._world.randomness.stream("fault", fault.name, target, "time_to_failure")
        durations = self._world.randomness.stream("fault", fault.name, target, "duration")
        while True:
            yield self._world.kernel.sleep(fault.time_to_failure.quantile(waits.uniform()))
            yield from self._happen(fault, target, durations)
            if self._lasts(fault, target) is None:
                return

    def _lasts(self, fault: Fault, target: str) -> Distribution | None:
        """How long it lasts; None: until the end of the run."""
        if fault.duration is not None or target not in self._world.hosts:
            return fault.duration
        return ends_by_itself(fault, self._world.scenario.instance(target))

    def _happen(
        self, fault: Fault, target: str, durations: Any, lasts_ns: int | None = None
    ) -> Generator[simpy.Event, Any, None]:
        kernel, in_zones = self._world.kernel, instances_in_zones(self._world.scenario, fault, target)
        self._world.record(FaultBegan(kernel.now, fault.name, fault.kind, target, in_zones))
        self._begin(fault, target)
        duration = self._lasts(fault, target)
        if duration is None:
            return
        yield kernel.sleep(duration.quantile(durations.uniform()) if lasts_ns is None else lasts_ns)
        self._world.record(FaultEnded(kernel.now, fault.name, fault.kind, target, in_zones))
        self._end(fault, target)

    def _begin(self, fault: Fault, target: str) -> None:
        world = self._world
        match fault.kind:
            case FaultKind.CRASH:
                world.hosts[target].power_off("crash")
            case FaultKind.STOP:
                world.hosts[target].shut_down()
            case FaultKind.ZONE_OUTAGE:
                for host in self._in_zone(target):
                    host.power_off("zone_outage")
            case FaultKind.FREEZE:
                world.hosts[target].freeze(queues_packets=fault.packets_queued)
            case FaultKind.KEEPALIVED_KILL | FaultKind.KEEPALIVED_STOP:
                if fault.process == "child":
                    world.daemons[target].lose_child(politely=_stops_politely(fault))
                else:
                    world.hosts[target].keepalived_down(politely=_stops_politely(fault))
            case FaultKind.KEEPALIVED_RELOAD:
                world.hosts[target].reload_keepalived(fault.name, fault.priority)
            case FaultKind.SERVICE_FAILURE:
                world.hosts[target].service_fails(hangs=fault.hangs)
            case FaultKind.PROCESS_KILL:
                world.hosts[target].end_processes(fault.tracked, fault.count)
            case FaultKind.FILE_WRITE:
                world.hosts[target].write_file(fault.name, fault.tracked, fault.value)
            case FaultKind.LINK_DOWN:
                self._set_links(fault, target, up=False)
            case kind if kind in _PATH_FAULTS:
                world.fabric.begin(fault)
                world.paths_changed()
            case kind if kind in API_FAULTS:
                world.control_plane.begin(fault)

    def _end(self, fault: Fault, target: str) -> None:
        world = self._world
        match fault.kind:
            case FaultKind.CRASH | FaultKind.STOP:
                world.hosts[target].power_on()
            case FaultKind.ZONE_OUTAGE:
                for host in self._in_zone(target):
                    host.power_on()
            case FaultKind.FREEZE:
                world.hosts[target].thaw()
            case FaultKind.KEEPALIVED_KILL | FaultKind.KEEPALIVED_STOP:
                if fault.process != "child":
                    world.hosts[target].keepalived_up()
            case FaultKind.KEEPALIVED_RELOAD:
                if fault.priority is not None:
                    world.hosts[target].restore_configuration(fault.name)
            case FaultKind.SERVICE_FAILURE:
                world.hosts[target].service_recovers(hangs=fault.hangs)
            case FaultKind.PROCESS_KILL:
                world.hosts[target].start_processes(fault.tracked, fault.count)
            case FaultKind.FILE_WRITE:
                world.hosts[target].restore_file(fault.name, fault.tracked)
            case FaultKind.LINK_DOWN:
                self._set_links(fault, target, up=True)
            case kind if kind in _PATH_FAULTS:
                world.fabric.end(fault)
                world.paths_changed()
            case kind if kind in API_FAULTS:
                world.control_plane.end(fault)

    def _in_zone(self, zone: str) -> list[Host]:
        return [host for host in self._world.hosts.values() if host.instance.zone == zone]

    def _set_links(self, fault: Fault, target: str, *, up: bool) -> None:
        world = self._world
        instance = world.scenario.instance(target)
        for interface in world.fabric.interfaces_in(instance, fault.subnet):
            if world.fabric.set_link(target, interface.name, up):
                world.record(LinkChanged(world.kernel.now, target, interface.name, up))
                world.daemons[target].tracking.link_changed(interface.name, up)
        world.paths_changed()


def _stops_politely(fault: Fault) -> bool:
    """A stopped keepalived says goodbye, and so does the VRRP process whose parent was killed."""
    return fault.kind is FaultKind.KEEPALIVED_STOP or fault.process == "parent"


def fault_targets(fault: Fault) -> tuple[str, ...]:
    """What a fault hits, one life each; a partition or an API fault is one thing whatever it touches."""
    if fault.kind in _PATH_FAULTS:
        return ("|".join((",".join(fault.between), ",".join(fault.and_))),)
    if fault.kind in API_FAULTS:
        return (",".join(fault.targets) or "api",)
    return fault.targets


def instances_in_zones(scenario: Scenario, fault: Fault, target: str) -> tuple[tuple[str, str], ...]:
    """The zones that a fault names, which strikes one of its targets, each with every instance in it."""
    zones = {target, *fault.between, *fault.and_}
    return tuple((instance.zone, instance.name) for instance in scenario.instances if instance.zone in zones)
