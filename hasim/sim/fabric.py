"""The network between the instances: carrier, security groups, partitions, loss and delay.

A :class:`Path` is what one advert from one instance to another meets: whether it passes, how long it takes and with
what probability it is lost. Paths are computed when asked for and kept until something changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from hasim.scenario.advertised import advert_group, advertised_addresses
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
from hasim.sim.fates import Fates
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
    """From one instance's heartbeat interface to another's.

    ``longest_jitter_ns`` bounds the random part of the delay; ``fates`` is None where no advert is lost.
    """

    passes: bool
    latency_ns: int
    delays: tuple[Delay, ...]
    longest_jitter_ns: int
    fates: Fates | None

    def lost(self, index: int) -> bool:
        """Whether advert number ``index`` on this path is lost."""
        return self.fates is not None and self.fates.lost(index)

    def delay_ns(self, index: int) -> int:
        """How long advert number ``index`` travels."""
        total_ns = self.latency_ns
        for delay in self.delays:
            total_ns += delay.distribution.quantile(uniform_at(delay.key, index))
        return total_ns


class Fabric:
    """Who can reach whom. Faults add and remove cuts, losses and delays; links go down and up.

    ``version`` counts the changes: what was asked of one version is remembered until the next.
    """

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
        self._unready: set[str] = set()
        self.version = 0
        self._paths: dict[tuple[str, str, str], Path] = {}
        self._clients: dict[tuple[str, str], bool] = {}
        self._api: dict[str, bool] = {}
        self._fates: dict[tuple[tuple[str, ...], float], Fates] = {}
        self._admitted: dict[tuple[str, str, str], bool] = {}

    def begin(self, fault: Fault) -> None:
        """A partition, loss or latency period takes hold."""
        self._change()
        self._list_of(fault).append(fault)

    def end(self, fault: Fault) -> None:
        """The partition, loss or latency period is over."""
        self._change()
        self._list_of(fault).remove(fault)

    def lose(self, sender: str, receiver: str, row: range) -> None:
        """Let the adverts with these numbers be lost on that path as it is now, and the one before them arrive."""
        self._change()
        for (streams, _), fates in self._fates.items():
            if streams == (sender, receiver):
                fates.lose(row)

    def _change(self) -> None:
        """Something is about to change: whatever was remembered is forgotten."""
        self._before_change()
        self.version += 1
        for remembered in (self._paths, self._clients, self._api):
            remembered.clear()

    def _list_of(self, fault: Fault) -> list[Fault]:
        return self._impairments if fault.kind in (FaultKind.LOSS, FaultKind.LATENCY) else self._cuts

    def set_link(self, instance: str, interface: str, up: bool) -> bool:
        """Raise or lower a carrier (nested: it is up when every fault that lowered it is over); True if that changed
        it."""
        self._change()
        key = (instance, interface)
        before = self._down.get(key, 0)
        self._down[key] = before - 1 if up else before + 1
        return (before == 0) != (self._down[key] == 0)

    def set_ready(self, instance: str, ready: bool) -> None:
        """Let packets pass to and from a booted instance, or not yet."""
        self._change()
        if ready:
            self._unready.discard(instance)
        else:
            self._unready.add(instance)

    def link_is_up(self, instance: str, interface: str) -> bool:
        """Whether that interface has a carrier."""
        return self._down.get((instance, interface), 0) == 0

    def lets_out(self, instance: str, interface: str) -> bool:
        """Whether what that interface sends gets as far as the cloud: its link is up, and its network ready."""
        return self.link_is_up(instance, interface) and instance not in self._unready

    def interfaces_in(self, instance: Instance, subnet: str | None) -> tuple[Interface, ...]:
        """The interfaces of ``instance`` in ``subnet`` (None: all of them)."""
        return tuple(i for i in instance.interfaces if subnet is None or i.subnet == subnet)

    def clients_reach(self, instance: str, interface: str) -> bool:
        """Whether clients can talk to that interface, both ways."""
        key = (instance, interface)
        reach = self._clients.get(key)
        if reach is None:
            subnets = {self._subnet_of[key]}
            cut = self._is_cut(CLIENTS, instance, subnets) or self._is_cut(instance, CLIENTS, subnets)
            reach = self._clients[key] = self.link_is_up(instance, interface) and not cut
        return reach

    def api_reachable(self, instance: Instance) -> bool:
        """Whether a script on ``instance`` can call the cloud's API through its primary interface."""
        name = instance.name
        reachable = self._api.get(name)
        if reachable is None:
            primary = instance.interfaces[0]
            subnets = {primary.subnet}
            cut = self._is_cut(name, CONTROL_PLANE, subnets) or self._is_cut(CONTROL_PLANE, name, subnets)
            reachable = self._api[name] = self.link_is_up(name, primary.name) and not cut
        return reachable

    def hears_api(self, instance: Instance) -> bool:
        """Whether what the cloud's API sends to ``instance`` arrives there; the way back does not matter."""
        primary = instance.interfaces[0]
        cut = self._is_cut(CONTROL_PLANE, instance.name, {primary.subnet})
        return self.link_is_up(instance.name, primary.name) and not cut

    def severed(self, one: Instance, other: Instance) -> bool:
        """Whether nothing passes between the heartbeat interfaces of two instances, neither way."""
        subnets = {self._heartbeat(one).subnet, self._heartbeat(other).subnet}
        links = self.link_is_up(one.name, one.vrrp.interface) and self.link_is_up(other.name, other.vrrp.interface)
        there, back = self._is_cut(one.name, other.name, subnets), self._is_cut(other.name, one.name, subnets)
        return not links or (there and back)

    def path(self, sender: Instance, receiver: Instance, member: str = "") -> Path:
        """What an advert from ``sender`` to ``receiver`` meets now, both seen in the virtual router ``member`` of their
        sync group (empty: in that of the floating address)."""
        key = (sender.name, receiver.name, member)
        path = self._paths.get(key)
        if path is None:
            path = self._paths[key] = self._compute(sender, receiver, member)
        return path

    def _compute(self, sender: Instance, receiver: Instance, member: str) -> Path:
        names = (sender.name, receiver.name)
        streams = (*names, member) if member else names
        same_zone = sender.zone == receiver.zone
        link = self._scenario.network.within_zone if same_zone else self._scenario.network.between_zones
        subnets = {self._heartbeat(sender).subnet, self._heartbeat(receiver).subnet}
        passes = (
            self.link_is_up(sender.name, sender.vrrp.interface)
            and self.link_is_up(receiver.name, receiver.vrrp.interface)
            and self._is_admitted(sender, receiver, member)
            and not self._is_cut(*names, subnets)
        )
        survival = 1.0 - link.loss
        delays = [Delay(link.jitter, self._randomness.key("jitter", *streams))] if link.jitter.mean_ns() else []
        for fault in self._impairments:
            if self._hits(fault, *names, subnets):
                survival *= 1.0 - fault.probability
                if fault.extra.mean_ns():
                    delays.append(Delay(fault.extra, self._randomness.key("latency", fault.name, *streams)))
        longest_jitter_ns = sum(delay.distribution.quantile(_LARGEST_UNIFORM) for delay in delays)
        return Path(passes, link.latency_ns, tuple(delays), longest_jitter_ns, self._fates_of(streams, 1.0 - survival))

    def _fates_of(self, streams: tuple[str, ...], loss: float) -> Fates | None:
        """The fates of the adverts while that loss is in force; each loss has fates of its own."""
        if loss <= 0:
            return None
        key = (streams, loss)
        if key not in self._fates:
            self._fates[key] = Fates(self._randomness.key("loss", *streams, repr(loss)), loss)
        return self._fates[key]

    def _heartbeat(self, instance: Instance) -> Interface:
        return next(i for i in instance.interfaces if i.name == instance.vrrp.interface)

    def _is_admitted(self, sender: Instance, receiver: Instance, member: str) -> bool:
        """Whether adverts arrive at all, and are not thrown away as another router's; nothing in a run changes that."""
        key = (sender.name, receiver.name, member)
        if key not in self._admitted:
            out, into = self._heartbeat(sender), self._heartbeat(receiver)
            if sender.vrrp.transport is Transport.MULTICAST:
                carried = self._scenario.network.multicast and out.subnet == into.subnet
                carried = carried and advert_group(sender.vrrp) == advert_group(receiver.vrrp)
            else:
                carried = receiver.name in sender.vrrp.peers and receiver.vrrp.transport is Transport.UNICAST
            self._admitted[key] = (
                carried
                and _same_family(sender, receiver, out, into)
                and sender.vrrp.virtual_router_id == receiver.vrrp.virtual_router_id
                and sender.vrrp.version == receiver.vrrp.version
                and sender.vrrp.password == receiver.vrrp.password
                and self._names_addresses_of(receiver, sender, member)
                and self._group_accepts(out, into.address, egress=True)
                and self._group_accepts(into, out.address, egress=False)
            )
        return self._admitted[key]

    def _names_addresses_of(self, receiver: Instance, sender: Instance, member: str) -> bool:
        """Whether an advert names all addresses of its receiver and no others, in whatever order."""
        theirs, own = (advertised_addresses(self._scenario, one.vrrp, member) for one in (sender, receiver))
        return set(theirs) == set(own)

    def _group_accepts(self, interface: Interface, peer: IPv4Address, *, egress: bool) -> bool:
        return accepts_adverts((self._groups[name] for name in interface.security_groups), peer, egress=egress)

    def _is_cut(self, source: str, target: str, subnets: set[str]) -> bool:
        if source in self._unready or target in self._unready:
            return True
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


def _same_family(sender: Instance, receiver: Instance, out: Interface, into: Interface) -> bool:
    """Whether both speak the same version of IP; link-local IPv6 addresses are heard in their subnet only."""
    if sender.vrrp.native_ipv6 != receiver.vrrp.native_ipv6:
        return False
    if not sender.vrrp.native_ipv6 or out.subnet == into.subnet:
        return True
    return not any(i.ipv6_address is None or i.ipv6_address.is_link_local for i in (out, into))
