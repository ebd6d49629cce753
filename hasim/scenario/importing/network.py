"""A VPC for addresses that come from configuration files.

keepalived.conf knows addresses and no networks. Where the configured ones fit into a VPC they are kept, in the smallest
subnets that hold them; where they cannot (public or IPv6 addresses, or too far apart) others take their place, which
changes nothing about the time that a failover takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from hasim.keepalived.config import IPAddress, Vip

__all__ = ["HEARTBEAT", "SERVICE", "NetworkPlan", "plan_network", "with_interfaces"]

SERVICE, HEARTBEAT = "service", "heartbeat"
_VPC_RANGES = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_WIDEST, _NARROWEST, _USUAL = 16, 28, 24
_RESERVED_AT_START = 2
_STAND_IN_VPC = IPv4Network("10.0.0.0/16")
_STAND_IN_SUBNET = IPv4Network("10.0.1.0/24")
_STAND_IN_ADDRESS = IPv4Address("10.0.1.100")


@dataclass(frozen=True)
class NetworkPlan:
    """Where everything is: ``addresses`` are the nodes' own in the subnet that carries the adverts (a node without one
    gets a free one), ``further`` those on further interfaces by node and interface, each of which has the subnet of its
    name. ``assumed`` says what was not in the files."""

    vpc: IPv4Network
    subnets: Mapping[str, IPv4Network]
    floating: IPv4Address
    addresses: Mapping[str, IPv4Address]
    assumed: tuple[str, ...] = ()
    further: Mapping[tuple[str, str], IPv4Address] = field(default_factory=dict)

    @property
    def separate_heartbeats(self) -> bool:
        """Whether adverts have a subnet of their own."""
        return HEARTBEAT in self.subnets


def plan_network(sources: Mapping[str, IPAddress | None], vip: Vip | None) -> NetworkPlan:
    """A network for the nodes' own addresses (by node; None where unknown) and the address that moves."""
    addresses = _distinct(sources)
    kept = _keep(addresses, vip)
    if kept is not None:
        return kept
    reason = "no virtual address is configured" if vip is None else f"{vip.address} and the nodes' addresses"
    if vip is not None:
        is_ipv4 = vip.address.version == 4
        reason += " do not fit into a VPC together" if is_ipv4 else " are IPv6, and private IPv4 addresses move"
    return NetworkPlan(
        _STAND_IN_VPC,
        {SERVICE: _STAND_IN_SUBNET},
        _STAND_IN_ADDRESS,
        {},
        (f"the addresses ({reason}): 10.0.1.0/24 takes their place, which changes no time",),
    )


def with_interfaces(
    plan: NetworkPlan, interfaces: Iterable[str], sources: Mapping[tuple[str, str], IPAddress | None]
) -> NetworkPlan:
    """The plan with a subnet for every further interface; ``sources`` are the known addresses by node and interface."""
    subnets, further = dict(plan.subnets), dict(plan.further)
    for interface in interfaces:
        known = {node: address for (node, name), address in sources.items() if name == interface}
        found = _distinct(known) or {}
        network = _covering(found.values()) if found else None
        if network is None or not _has_room(plan.vpc, subnets, network):
            network, found = _free(plan.vpc, subnets), {}
        subnets[interface] = network
        further |= {(node, interface): address for node, address in found.items()}
    return replace(plan, subnets=subnets, further=further)


def _has_room(vpc: IPv4Network, subnets: Mapping[str, IPv4Network], network: IPv4Network) -> bool:
    return network.subnet_of(vpc) and not any(network.overlaps(other) for other in subnets.values())


def _free(vpc: IPv4Network, subnets: Mapping[str, IPv4Network]) -> IPv4Network:
    """A subnet of the usual size that nothing uses yet."""
    return next(network for network in vpc.subnets(new_prefix=_USUAL) if _has_room(vpc, subnets, network))


def _distinct(sources: Mapping[str, IPAddress | None]) -> dict[str, IPv4Address] | None:
    """The nodes' addresses that are known; None where one of them cannot be in a VPC."""
    known = {node: address for node, address in sources.items() if address is not None}
    found = {node: address for node, address in known.items() if isinstance(address, IPv4Address)}
    if len(found) < len(known) or len(set(found.values())) < len(found):
        return None
    return found


def _keep(addresses: dict[str, IPv4Address] | None, vip: Vip | None) -> NetworkPlan | None:
    """The plan with the configured addresses, if there is one."""
    if addresses is None or vip is None or not isinstance(vip.address, IPv4Address):
        return None
    floating = vip.address
    if floating in addresses.values():
        return None
    prefix = vip.prefix_length if _WIDEST <= vip.prefix_length <= _NARROWEST else _USUAL
    service = _subnet_of([floating], IPv4Network((int(floating), prefix), strict=False))
    if service is None:
        return None
    if all(_is_usable(address, service) for address in addresses.values()):
        return _plan({SERVICE: service}, floating, addresses)
    heartbeat = _covering(addresses.values())
    if heartbeat is None:
        return None
    if not heartbeat.overlaps(service):
        return _plan({SERVICE: service, HEARTBEAT: heartbeat}, floating, addresses)
    together = _covering([floating, *addresses.values()])
    return None if together is None else _plan({SERVICE: together}, floating, addresses)


def _plan(
    subnets: dict[str, IPv4Network], floating: IPv4Address, addresses: dict[str, IPv4Address]
) -> NetworkPlan | None:
    """The plan with these subnets, if a VPC can hold them."""
    vpc = _supernet(list(subnets.values()), _WIDEST)
    return None if vpc is None else NetworkPlan(vpc, subnets, floating, addresses)


def _covering(addresses: Iterable[IPv4Address]) -> IPv4Network | None:
    """The smallest subnet of the usual size or more in which all addresses can be used."""
    listed = list(addresses)
    first = IPv4Network((int(listed[0]), _USUAL), strict=False)
    return _subnet_of(listed, first)


def _subnet_of(addresses: Sequence[IPv4Address], network: IPv4Network) -> IPv4Network | None:
    """The network, widened until all addresses can be used in it."""
    while not all(_is_usable(address, network) for address in addresses):
        if network.prefixlen == _WIDEST:
            return None
        network = network.supernet()
    return network if any(network.subnet_of(whole) for whole in _VPC_RANGES) else None


def _supernet(networks: Sequence[IPv4Network], widest: int) -> IPv4Network | None:
    """The range that holds all networks, as wide as a VPC may be at most."""
    whole = networks[0].supernet(new_prefix=widest)
    return whole if all(network.subnet_of(whole) for network in networks) else None


def _is_usable(address: IPv4Address, network: IPv4Network) -> bool:
    """Whether the cloud lets an address of a subnet be used: not the first two and not the last."""
    return network.network_address + _RESERVED_AT_START <= address <= network.broadcast_address - 1
