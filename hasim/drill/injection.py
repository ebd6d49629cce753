"""The faults of an episode, done to real processes, links and packets, and undone."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from hasim.scenario.model import Fault, FaultKind
from hasim.scenario.troubles import API_FAULTS
from hasim.sim.faults import fault_targets, instances_in_zones
from hasim.trace import FaultBegan, FaultEnded, LinkChanged, Record
from hasim.units import SECOND

if TYPE_CHECKING:
    from hasim.drill.room import Room

__all__ = ["Injection"]

_PATH_FAULTS = (FaultKind.PARTITION, FaultKind.ONE_WAY_PARTITION, FaultKind.LOSS)


class Injection:
    """Whatever goes wrong in one room. ``records`` say when each fault began to take hold and to be over.

    ``beginnings`` are from when until when each took hold, ``took_ns`` how long every beginning and end took."""

    def __init__(self, room: Room) -> None:
        self.records: list[Record] = []
        self.beginnings: list[tuple[int, int]] = []
        self.took_ns: list[int] = []
        self._room = room

    def begin(self, fault: Fault) -> None:
        """A fault takes hold of all its targets.

        The record bears the time before the first step: what a fault does may show before all of it is done.
        """
        for target in fault_targets(fault):
            now_ns = time.monotonic_ns()
            in_zones = instances_in_zones(self._room.scenario, fault, target)
            self.records.append(FaultBegan(now_ns, fault.name, fault.kind, target, in_zones))
            self._begin(fault, target)
            self.beginnings.append((now_ns, time.monotonic_ns()))
            self.took_ns.append(time.monotonic_ns() - now_ns)

    def end(self, fault: Fault) -> None:
        """It is put right; the record bears the time before the first step of that."""
        for target in fault_targets(fault):
            now_ns = time.monotonic_ns()
            in_zones = instances_in_zones(self._room.scenario, fault, target)
            self.records.append(FaultEnded(now_ns, fault.name, fault.kind, target, in_zones))
            self._end(fault, target)
            self.took_ns.append(time.monotonic_ns() - now_ns)

    def _begin(self, fault: Fault, target: str) -> None:
        room = self._room
        match fault.kind:
            case FaultKind.CRASH:
                self._crash(target)
            case FaultKind.ZONE_OUTAGE:
                for name in room.layout.members[target]:
                    self._crash(name)
            case FaultKind.STOP:
                self._shut_down(target)
            case FaultKind.FREEZE:
                room.network.isolate(target, adverts=not fault.packets_queued)
                room.guests[target].freeze()
            case FaultKind.KEEPALIVED_KILL:
                room.guests[target].daemon.kill(fault.process)
            case FaultKind.KEEPALIVED_STOP:
                room.guests[target].daemon.stop()
            case FaultKind.KEEPALIVED_RELOAD:
                configured = room.scenario.instance(target).vrrp.priority
                room.guests[target].daemon.reload(fault.priority or configured)
            case FaultKind.SERVICE_FAILURE:
                room.guests[target].close_gate(fault.name, hangs=fault.hangs)
            case FaultKind.LINK_DOWN:
                self._set_links(fault, target, up=False)
            case kind if kind in _PATH_FAULTS:
                room.network.begin(fault)
            case kind if kind in API_FAULTS:
                room.cloud.begin(fault)
            case kind:
                raise ValueError(f"{kind} cannot be drilled")

    def _end(self, fault: Fault, target: str) -> None:
        room = self._room
        match fault.kind:
            case FaultKind.FREEZE:
                room.guests[target].thaw()
                room.network.join(target)
            case FaultKind.KEEPALIVED_KILL | FaultKind.KEEPALIVED_STOP:
                if fault.process != "child":
                    room.later(self._restart(target))
            case FaultKind.KEEPALIVED_RELOAD:
                if fault.priority is not None:
                    room.guests[target].daemon.reload(room.scenario.instance(target).vrrp.priority)
            case FaultKind.SERVICE_FAILURE:
                room.guests[target].open_gate(fault.name)
            case FaultKind.LINK_DOWN:
                self._set_links(fault, target, up=True)
            case kind if kind in _PATH_FAULTS:
                room.network.end(fault)
            case kind if kind in API_FAULTS:
                room.cloud.end(fault)
            case kind:
                raise ValueError(f"{kind} lasts until the end of an episode")

    def _crash(self, name: str) -> None:
        self._room.guests[name].lose_power()
        self._room.network.power_off(name)
        self._room.cloud.crash(name)

    def _shut_down(self, name: str) -> None:
        """An orderly stop: keepalived says good-bye, then the power goes, and the cloud knows."""
        guest = self._room.guests[name]
        guest.daemon.stop()
        guest.close_gate("shut down", hangs=False)
        self._room.later(self._power_off(name))

    async def _power_off(self, name: str) -> None:
        await asyncio.sleep(self._room.scenario.instance(name).daemon.stop_grace_ns / SECOND)
        self._room.guests[name].lose_power()
        self._room.network.power_off(name)
        self._room.cloud.stopped(name)

    async def _restart(self, name: str) -> None:
        """Start the daemon again as soon as the one before is gone: a clean stop takes its second."""
        daemon = self._room.guests[name].daemon
        while daemon.running:
            await asyncio.sleep(0.005)
        daemon.start()

    def _set_links(self, fault: Fault, target: str, *, up: bool) -> None:
        for port in self._room.layout.ports_of(target, fault.subnet):
            self.records.append(LinkChanged(time.monotonic_ns(), target, port.interface, up))
            self._room.network.set_link(port, up=up)
