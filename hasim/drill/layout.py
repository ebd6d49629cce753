"""Where everything of a scenario is in a drill's network: names and addresses, and nothing that has to be done.

The cloud is one namespace: a bridge per subnet with the subnet's gateway on it, a port per interface of an instance, a
link to the clients, and the address of the API. Instances and clients are a namespace each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from hasim.errors import UserError
from hasim.scenario.model import CLIENTS, CONTROL_PLANE, Instance, Scenario

__all__ = ["API_PORT", "SERVICE_PORT", "Bridge", "Layout", "Port", "layout_of"]

API_PORT = 18080
SERVICE_PORT = 8443
"""Where the application of every instance answers (UDP to clients, TCP to its own check script)."""

_OUTSIDE = ("198.18.0.0/24", "192.0.2.0/24", "203.0.113.0/24")
"""Ranges for documentation and tests, of which one is not the VPC's: clients and the API are there."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A subnet: its bridge in the cloud's namespace, and the address at which the cloud routes from there."""

    subnet: str
    device: str
    gateway: IPv4Address
    network: IPv4Network


@dataclass(frozen=True, slots=True)
class Port:
    """An interface of an instance: ``device`` inside the guest, ``name`` at the bridge."""

    instance: str
    interface: str
    subnet: str
    device: str
    name: str
    address: IPv4Address
    others: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole network. ``members`` are the instances of each instance and zone name."""

    bridges: dict[str, Bridge]
    ports: tuple[Port, ...]
    members: dict[str, tuple[str, ...]]
    client_gateway: IPv4Address
    client: IPv4Address
    api: IPv4Address

    def ports_of(self, instance: str, subnet: str | None = None) -> tuple[Port, ...]:
        """The interfaces of an instance, of one subnet or of all; its primary one first."""
        return tuple(port for port in self.ports if port.instance == instance and subnet in (None, port.subnet))

    def port(self, instance: str, interface: str) -> Port:
        """That interface."""
        return next(port for port in self.ports_of(instance) if port.interface == interface)

    def devices(self) -> dict[str, dict[str, str]]:
        """Instance -> interface -> device."""
        found: dict[str, dict[str, str]] = {}
        for port in self.ports:
            found.setdefault(port.instance, {})[port.interface] = port.device
        return found

    def ends(self, side: Iterable[str]) -> list[str]:
        """The instances of a side of a partition, with ``clients`` and ``api`` as they are."""
        return [end for name in side for end in self.members.get(name, (name,))]

    def addresses(self, end: str) -> list[str]:
        """From which addresses an instance, the clients or the API speak."""
        if end == CLIENTS:
            return [str(self.client)]
        if end == CONTROL_PLANE:
            return [str(self.api)]
        return [str(address) for port in self.ports_of(end) for address in (port.address, *port.others)]


def layout_of(scenario: Scenario) -> Layout:
    """The layout of a scenario.

    Raises:
        UserError: a subnet has no address left for its gateway.
    """
    taken = _taken(scenario)
    bridges = {}
    for index, subnet in enumerate(scenario.subnets):
        gateway = next((host for host in subnet.cidr.hosts() if host not in taken), None)
        if gateway is None:
            raise UserError(f"a drill needs an address for the gateway of the subnet {subnet.name}, and none is left")
        bridges[subnet.name] = Bridge(subnet.name, f"br{index}", gateway, subnet.cidr)
    outside = next(network for network in map(IPv4Network, _OUTSIDE) if not network.overlaps(scenario.vpc_cidr))
    members: dict[str, tuple[str, ...]] = {instance.name: (instance.name,) for instance in scenario.instances}
    for zone in scenario.zones:
        members[zone] = tuple(instance.name for instance in scenario.instances if instance.zone == zone)
    return Layout(
        bridges=bridges,
        ports=tuple(port for index, instance in enumerate(scenario.instances) for port in _ports(index, instance)),
        members=members,
        client_gateway=outside[1],
        client=outside[2],
        api=outside[10],
    )


def _ports(number: int, instance: Instance) -> Iterable[Port]:
    for index, interface in enumerate(instance.interfaces):
        yield Port(
            instance=instance.name,
            interface=interface.name,
            subnet=interface.subnet,
            device=f"eth{index}",
            name=f"p{number}.{index}",
            address=interface.address,
            others=interface.secondary_addresses,
        )


def _taken(scenario: Scenario) -> set[IPv4Address]:
    taken = {scenario.floating.address} if scenario.floating.address is not None else set()
    for instance in scenario.instances:
        for interface in instance.interfaces:
            taken |= {interface.address, *interface.secondary_addresses}
    return taken
