"""The network between the instances: carrier, security groups, partitions, loss and delay.

A :class:`Path` is what one advert from one instance to another meets: whether it passes, how long it takes and with
what probability it is lost. Paths are computed when asked for and kept until something changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from hasim.scenario.distributions import Distribution
from hasim.scenario.model import (
    CLIENTS,
    CONTROL_PLANE,
    Fault,
    FaultKind,
    Instance,
    Interface,
    Scenario,
    Transport,
)
from hasim.scenario.security import accepts_adverts
from hasim.sim.randomness import Randomness, uniform_at

__all__ = ["Delay", "Fabric", "Path"]

_LARGEST_UNIFORM = 1.0 - 2.0**-53
"""Above every uniform number that can be drawn: its quantile bounds every draw."""


class Delay(NamedTuple):
    """A random part of a delay: draw number ``k`` is ``distribution.quantile(uniform_at(key, k))``."""

    distribution: Distribution
    key: int


@dataclass(frozen=True, slots=True)
class Path:
    """From one instance's heartbeat interface to another's. ``loss_key`` is the stream of the adverts' fates."""

    passes: bool
    latency_ns: int
    delays: tuple[Delay, ...]
    loss: float
    loss_key: int

    def lost(self, index: int) -> bool:
        """Whether advert number ``index`` on this path is lost."""
        return self.loss > 0 and uniform_at(self.loss_key, index) < self.loss

    def delay_ns(self, index: int) -> int:
        """How long advert number ``index`` travels."""
        total_ns = self.latency_ns
        for delay in self.delays:
            total_ns += delay.distribution.quantile(uniform_at(delay.key, index))
        return total_ns

    def longest_jitter_ns(self) -> int:
        """A bound of the random part of the delay."""
        return sum(delay.distribution.quantile(_LARGEST_UNIFORM) for delay in self.delays)


class Fabric:
    """Who can reach whom. Faults add and remove cuts, losses and delays; links go down and up."""

    def __init__(self, scenario: Scenario, randomness: Randomness, before_change: Callable[[], None]) -> None:
        self._scenario = scenario
        self._randomness = randomness
        self._before_change = before_change
        self._zone_of = {instance.name: instance.zone for instance in scenario.instances}
        self._subnet_of = {
            (instance.name, interface.name): interface.subnet
            for instance in scenario.instances
            for interface in instance.interfaces
        }
        self._groups = {group.name: group for group in scenario.security_groups}
        self._cuts: list[Fault] = []
        self._impairments: list[Fault] = []
        self._down: dict[tuple[str, str], int] = {}
        self._paths: dict[tuple[str, str], Path] = {}
        self._admitted: dict[tuple[str, str], bool] = {}

    def begin(self, fault: Fault) -> None:
        """A partition, loss or latency period takes hold."""
        self._before_change()
        self._list_of(fault).append(fault)
        self._paths.clear()

    def end(self, fault: Fault) -> None:
        """The partition, loss or latency period is over."""
        self._before_change()
        self._list_of(fault).remove(fault)
        self._paths.clear()

    def _list_of(self, fault: Fault) -> list[Fault]:
        return self._impairments if fault.kind in (FaultKind.LOSS, FaultKind.LATENCY) else self._cuts

    def set_link(self, instance: str, interface: str, up: bool) -> bool:
        """Raise or lower a carrier (nested: it is up when every fault that lowered it is over); True if that changed
        it."""
        self._before_change()
        self._paths.clear()
        key = (instance, interface)
        before = self._down.get(key, 0)
        self._down[key] = before - 1 if up else before + 1
        return (before == 0) != (self._down[key] == 0)

    def link_is_up(self, instance: str, interface: str) -> bool:
        """Whether that interface has a carrier."""
        return self._down.get((instance, interface), 0) == 0

    def interfaces_in(self, instance: Instance, subnet: str | None) -> tuple[Interface, ...]:
        """The interfaces of ``instance`` in ``subnet`` (None: all of them)."""
        return tuple(i for i in instance.interfaces if subnet is None or i.subnet == subnet)

    def clients_reach(self, instance: str, interface: str) -> bool:
        """Whether clients can talk to that interface, both ways."""
        subnet = self._subnet_of[(instance, interface)]
        return self.link_is_up(instance, interface) and not (
            self._is_cut(CLIENTS, instance, {subnet}) or self._is_cut(instance, CLIENTS, {subnet})
        )

    def api_reachable(self, instance: Instance) -> bool:
        """Whether a script on ``instance`` can call the cloud's API through its primary interface."""
        primary = instance.interfaces[0]
        return self.link_is_up(instance.name, primary.name) and not (
            self._is_cut(instance.name, CONTROL_PLANE, {primary.subnet})
            or self._is_cut(CONTROL_PLANE, instance.name, {primary.subnet})
        )

    def path(self, sender: Instance, receiver: Instance) -> Path:
        """What an advert from ``sender`` to ``receiver`` meets now."""
        key = (sender.name, receiver.name)
        path = self._paths.get(key)
        if path is None:
            path = self._paths[key] = self._compute(sender, receiver)
        return path

    def _compute(self, sender: Instance, receiver: Instance) -> Path:
        names = (sender.name, receiver.name)
        same_zone = sender.zone == receiver.zone
        link = self._scenario.network.within_zone if same_zone else self._scenario.network.between_zones
        subnets = {self._heartbeat(sender).subnet, self._heartbeat(receiver).subnet}
        passes = (
            self.link_is_up(sender.name, sender.vrrp.interface)
            and self.link_is_up(receiver.name, receiver.vrrp.interface)
            and self._is_admitted(sender, receiver)
            and not self._is_cut(*names, subnets)
        )
        survival = 1.0 - link.loss
        delays = [Delay(link.jitter, self._randomness.key("jitter", *names))] if link.jitter.mean_ns() else []
        for fault in self._impairments:
            if self._hits(fault, *names, subnets):
                survival *= 1.0 - fault.probability
                if fault.extra.mean_ns():
                    delays.append(Delay(fault.extra, self._randomness.key("latency", fault.name, *names)))
        return Path(passes, link.latency_ns, tuple(delays), 1.0 - survival, self._randomness.key("loss", *names))

    def _heartbeat(self, instance: Instance) -> Interface:
        return next(i for i in instance.interfaces if i.name == instance.vrrp.interface)

    def _is_admitted(self, sender: Instance, receiver: Instance) -> bool:
        """Whether adverts arrive at all, and are not thrown away as another router's; nothing in a run changes that."""
        key = (sender.name, receiver.name)
        if key not in self._admitted:
            out, into = self._heartbeat(sender), self._heartbeat(receiver)
            if sender.vrrp.transport is Transport.MULTICAST:
                carried = self._scenario.network.multicast and out.subnet == into.subnet
                carried = carried and receiver.vrrp.transport is Transport.MULTICAST
            else:
                carried = receiver.name in sender.vrrp.peers and receiver.vrrp.transport is Transport.UNICAST
            self._admitted[key] = (
                carried
                and sender.vrrp.virtual_router_id == receiver.vrrp.virtual_router_id
                and sender.vrrp.version == receiver.vrrp.version
                and self._group_accepts(out, into.address, egress=True)
                and self._group_accepts(into, out.address, egress=False)
            )
        return self._admitted[key]

    def _group_accepts(self, interface: Interface, peer: IPv4Address, *, egress: bool) -> bool:
        return accepts_adverts((self._groups[name] for name in interface.security_groups), peer, egress=egress)

    def _is_cut(self, source: str, target: str, subnets: set[str]) -> bool:
        return any(self._hits(fault, source, target, subnets) for fault in self._cuts)

    def _hits(self, fault: Fault, source: str, target: str, subnets: set[str]) -> bool:
        if fault.subnet is not None and fault.subnet not in subnets:
            return False
        if self._is_in(source, fault.between) and self._is_in(target, fault.and_):
            return True
        one_way = fault.kind is FaultKind.ONE_WAY_PARTITION
        return not one_way and self._is_in(target, fault.between) and self._is_in(source, fault.and_)

    def _is_in(self, endpoint: str, side: tuple[str, ...]) -> bool:
        return endpoint in side or self._zone_of.get(endpoint) in side
