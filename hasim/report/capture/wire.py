"""From the records of a run to the frames that left its instances.

A capture shows what each instance put on its own interfaces: an advert of each of its ``vrrp_instance``s once for each
unicast peer or once for the group, a burst of gratuitous ARPs as so many frames. What did not arrive is in it all the
same, with a comment that says whom it did not reach. A frame to a peer in another subnet goes to the gateway's hardware
address.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple, TypeAlias

from hasim.report.capture.frames import advert_frame, announcement_frame, multicast_mac
from hasim.scenario.advertised import advert_group, advertised_addresses, configured_address
from hasim.scenario.model import Instance, Interface, Scenario, VrrpSettings
from hasim.scenario.topology import Topology, build_region
from hasim.trace import AdvertSent, GarpSent, Trace
from hasim.vrrp.wire import Advertisement

__all__ = ["Packet", "packets"]

_Address: TypeAlias = IPv4Address | IPv6Address

_GATEWAY_MAC = bytes.fromhex("feee00000001")


class Packet(NamedTuple):
    """One frame as it left ``instance`` by ``interface``; ``comment`` says what became of it, if anything did."""

    at_ns: int
    instance: str
    interface: str
    frame: bytes
    comment: str


def packets(scenario: Scenario, trace: Trace) -> Iterator[Packet]:
    """The adverts and gratuitous ARPs of a run, in time order; the trace must have been made with ``detail``."""
    network = _Network(scenario)
    senders = {
        (instance.name, member): _Sender(network, instance, member)
        for instance in scenario.instances
        for member in ("", *(member.name for member in instance.sync_group))
    }
    for record in trace.records:
        if isinstance(record, AdvertSent):
            yield from senders[record.instance, record.member].adverts(record)
        elif isinstance(record, GarpSent):
            yield from network.announcements(record)


class _Network:
    """Whose addresses, of both kinds, are where."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._topology: Topology = build_region(scenario, scenario.instances[0].name)

    def mac(self, instance: Instance, interface: Interface) -> bytes:
        """The hardware address of an instance's interface."""
        identifier = self._topology.interface_ids[(instance.name, interface.name)]
        entity = self._topology.region.interface(identifier)
        return bytes.fromhex(entity.mac_address.replace(":", ""))

    def announcements(self, record: GarpSent) -> Iterator[Packet]:
        """The frames of one burst of gratuitous ARPs; none where keepalived has no address of its own there."""
        address = configured_address(self.scenario, "")
        if address is None:
            return
        instance = self.scenario.instance(record.instance)
        subnet = self.scenario.floating.subnet
        interface = next((i for i in instance.interfaces if i.subnet == subnet), instance.interfaces[0])
        frame = announcement_frame(address, self.mac(instance, interface))
        for _ in range(record.repeat):
            yield Packet(record.at, instance.name, interface.name, frame, "")


class _Sender:
    """One ``vrrp_instance`` of an instance, and how many datagrams it has sent."""

    def __init__(self, network: _Network, instance: Instance, member: str) -> None:
        self._network = network
        self._instance = instance
        self._member = member
        self._vrrp = _settings(instance, member)
        self._interface = _heartbeat(instance, self._vrrp)
        self._sent = 0

    def adverts(self, record: AdvertSent) -> Iterator[Packet]:
        """The frames of one advert."""
        vrrp, mine = self._vrrp, self._interface
        advert = Advertisement(
            vrrp.version,
            vrrp.virtual_router_id,
            record.priority,
            vrrp.advert_int_ns,
            advertised_addresses(self._network.scenario, vrrp, self._member),
            None if vrrp.password is None else vrrp.password.encode(),
        )
        source, mac = _source(mine, vrrp), self._network.mac(self._instance, mine)
        assert source is not None, "who sends over IPv6 has an address there"
        for destination, next_hop, peers in self._destinations():
            self._sent += 1
            frame = advert_frame(advert, source, destination, mac, next_hop, self._sent)
            lost = [peer for peer in peers if peer in record.unreached]
            comment = f"does not reach {', '.join(lost)}" if lost else ""
            yield Packet(record.at, self._instance.name, mine.name, frame, comment)

    def _destinations(self) -> Iterator[tuple[_Address, bytes, tuple[str, ...]]]:
        """Where an advert goes: address, hardware address of the next hop, and whom it is for."""
        vrrp = self._vrrp
        group = advert_group(vrrp)
        if group is not None:
            yield group, multicast_mac(group), vrrp.peers
            return
        for name in vrrp.peers:
            peer = self._network.scenario.instance(name)
            theirs = _heartbeat(peer, _settings(peer, self._member))
            near, address = theirs.subnet == self._interface.subnet, _source(theirs, vrrp)
            if address is None or (address.is_link_local and not near):
                continue  # nobody there has it, so that no frame can leave
            yield address, self._network.mac(peer, theirs) if near else _GATEWAY_MAC, (name,)


def _settings(instance: Instance, member: str) -> VrrpSettings:
    """The settings of that ``vrrp_instance`` of an instance; where it has none of the name, of its first."""
    return next((other.vrrp for other in instance.sync_group if other.name == member), instance.vrrp)


def _heartbeat(instance: Instance, vrrp: VrrpSettings) -> Interface:
    return next(i for i in instance.interfaces if i.name == vrrp.interface)


def _source(interface: Interface, vrrp: VrrpSettings) -> _Address | None:
    """The address of an interface in the family of the adverts."""
    return interface.ipv6_address if vrrp.native_ipv6 else interface.address
