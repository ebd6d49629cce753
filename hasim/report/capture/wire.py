"""From the records of a run to the frames that left its instances.

A capture shows what each instance put on its own interface: an advert once for each unicast peer or once for the
group, a burst of gratuitous ARPs as so many frames. What did not arrive is in it all the same, with a comment that says
whom it did not reach. A frame to a peer in another subnet goes to the gateway's hardware address.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from hasim.report.capture.frames import advert_frame, announcement_frame, multicast_mac
from hasim.scenario.model import Instance, Interface, Scenario, Transport
from hasim.scenario.topology import Topology, build_region
from hasim.trace import AdvertSent, GarpSent, Trace
from hasim.vrrp.wire import MULTICAST_V4, Advertisement

__all__ = ["Packet", "packets"]

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
    senders = _senders(scenario)
    for record in trace.records:
        if isinstance(record, AdvertSent):
            yield from senders[record.instance].adverts(record)
        elif isinstance(record, GarpSent):
            yield from senders[record.instance].announcements(record)


def _senders(scenario: Scenario) -> dict[str, _Sender]:
    topology = build_region(scenario, scenario.instances[0].name)
    return {instance.name: _Sender(scenario, topology, instance) for instance in scenario.instances}


class _Sender:
    """One instance's network interface, and how many datagrams have left it."""

    def __init__(self, scenario: Scenario, topology: Topology, instance: Instance) -> None:
        self._scenario = scenario
        self._topology = topology
        self._instance = instance
        self._sent = 0
        configured = scenario.floating.mechanism.is_configured_by_keepalived
        address = scenario.floating.address if configured else None
        self._addresses = () if address is None else (address,)

    def adverts(self, record: AdvertSent) -> Iterator[Packet]:
        """The frames of one advert."""
        vrrp = self._instance.vrrp
        mine = self._heartbeat(self._instance)
        advert = Advertisement(
            vrrp.version, vrrp.virtual_router_id, record.priority, vrrp.advert_int_ns, self._addresses
        )
        for destination, mac, peers in self._destinations(mine):
            self._sent += 1
            frame = advert_frame(advert, mine.address, destination, self._mac(self._instance, mine), mac, self._sent)
            lost = [peer for peer in peers if peer in record.unreached]
            comment = f"does not reach {', '.join(lost)}" if lost else ""
            yield Packet(record.at, self._instance.name, mine.name, frame, comment)

    def announcements(self, record: GarpSent) -> Iterator[Packet]:
        """The frames of one burst of gratuitous ARPs."""
        subnet = self._scenario.floating.subnet
        interface = next((i for i in self._instance.interfaces if i.subnet == subnet), self._instance.interfaces[0])
        mac = self._mac(self._instance, interface)
        for _ in range(record.repeat):
            for address in self._addresses:
                yield Packet(record.at, self._instance.name, interface.name, announcement_frame(address, mac), "")

    def _destinations(self, mine: Interface) -> Iterator[tuple[IPv4Address, bytes, tuple[str, ...]]]:
        """Where an advert goes: address, hardware address of the next hop, and whom it is for."""
        vrrp = self._instance.vrrp
        if vrrp.transport is Transport.MULTICAST:
            yield MULTICAST_V4, multicast_mac(MULTICAST_V4), vrrp.peers
            return
        for name in vrrp.peers:
            peer = self._scenario.instance(name)
            theirs = self._heartbeat(peer)
            near = theirs.subnet == mine.subnet
            yield theirs.address, self._mac(peer, theirs) if near else _GATEWAY_MAC, (name,)

    def _heartbeat(self, instance: Instance) -> Interface:
        return next(i for i in instance.interfaces if i.name == instance.vrrp.interface)

    def _mac(self, instance: Instance, interface: Interface) -> bytes:
        identifier = self._topology.interface_ids[(instance.name, interface.name)]
        entity = self._topology.region.interface(identifier)
        return bytes.fromhex(entity.mac_address.replace(":", ""))
