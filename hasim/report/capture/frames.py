"""Ethernet frames as keepalived sends them: adverts (IPv4 and IPv6), gratuitous ARPs, unsolicited advertisements of
IPv6 neighbours.

What the RFCs leave open follows a capture of keepalived 2.2.7: DSCP CS6, an IPv4 identification that counts up from 1,
gratuitous ARPs as requests whose target hardware address is the broadcast address, neighbour advertisements from the
announced address itself with the override flag.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import dpkt

from hasim.vrrp.wire import IP_PROTOCOL, Advertisement, encode

__all__ = ["advert_frame", "announcement_frame", "link_local_address", "multicast_mac"]

Address = IPv4Address | IPv6Address

_CLASS_SELECTOR_6 = 0xC0
_HOP_LIMIT = 255
_BROADCAST = b"\xff" * 6
_ALL_NODES = IPv6Address("ff02::1")
_OVERRIDE = 0x20000000
_NEIGHBOUR_ADVERTISEMENT = 136
_TARGET_LINK_LAYER_ADDRESS = b"\x02\x01"


def advert_frame(
    advert: Advertisement, source: Address, destination: Address, source_mac: bytes, target_mac: bytes, number: int
) -> bytes:
    """The frame of one advert; ``number`` counts the datagrams of the sending process from 1 (IPv4 identification).

    Raises:
        hasim.vrrp.wire.WireError: the advert cannot be written, or the address families differ.
    """
    message = encode(advert, source, destination)
    if isinstance(source, IPv6Address):
        return _ethernet(_ipv6(message, IP_PROTOCOL, source, destination, _CLASS_SELECTOR_6), source_mac, target_mac)
    packet = dpkt.ip.IP(
        tos=_CLASS_SELECTOR_6,
        id=number & 0xFFFF,
        ttl=_HOP_LIMIT,
        p=IP_PROTOCOL,
        src=source.packed,
        dst=destination.packed,
        data=message,
    )
    return _ethernet(packet, source_mac, target_mac)


def announcement_frame(address: Address, mac: bytes) -> bytes:
    """ "``address`` is at ``mac``", told to everybody: a gratuitous ARP, or its like of IPv6 (RFC 4861 7.2.6)."""
    if isinstance(address, IPv4Address):
        packed = address.packed
        arp = dpkt.arp.ARP(op=dpkt.arp.ARP_OP_REQUEST, sha=mac, spa=packed, tha=_BROADCAST, tpa=packed)
        return bytes(dpkt.ethernet.Ethernet(src=mac, dst=_BROADCAST, type=dpkt.ethernet.ETH_TYPE_ARP, data=arp))
    body = _OVERRIDE.to_bytes(4, "big") + address.packed + _TARGET_LINK_LAYER_ADDRESS + mac
    message = dpkt.icmp6.ICMP6(type=_NEIGHBOUR_ADVERTISEMENT, code=0, sum=0, data=body)
    return _ethernet(_ipv6(message, dpkt.ip.IP_PROTO_ICMP6, address, _ALL_NODES, 0), mac, multicast_mac(_ALL_NODES))


def multicast_mac(group: Address) -> bytes:
    """The Ethernet address of a multicast group (RFC 1112 6.4, RFC 2464 7)."""
    if isinstance(group, IPv6Address):
        return b"\x33\x33" + group.packed[-4:]
    low = int(group) & 0x7FFFFF
    return b"\x01\x00\x5e" + low.to_bytes(3, "big")


def link_local_address(mac: bytes) -> IPv6Address:
    """The link-local address that an interface gives itself (RFC 4291 appendix A)."""
    identifier = bytes([mac[0] ^ 0x02]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    return IPv6Address(b"\xfe\x80" + bytes(6) + identifier)


def _ipv6(data: object, protocol: int, source: Address, destination: Address, traffic_class: int) -> dpkt.Packet:
    packet = dpkt.ip6.IP6(
        nxt=protocol,
        hlim=_HOP_LIMIT,
        plen=len(data),  # type: ignore[arg-type]
        src=source.packed,
        dst=destination.packed,
        data=data,
    )
    packet.fc = traffic_class
    return packet


def _ethernet(packet: dpkt.Packet, source: bytes, target: bytes) -> bytes:
    kind = dpkt.ethernet.ETH_TYPE_IP6 if isinstance(packet, dpkt.ip6.IP6) else dpkt.ethernet.ETH_TYPE_IP
    return bytes(dpkt.ethernet.Ethernet(src=source, dst=target, type=kind, data=packet))
