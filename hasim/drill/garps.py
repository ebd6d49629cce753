"""Gratuitous ARPs on the cloud's bridges: how a guest claims a HAVIP."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from hasim.drill.namespaces import Namespace

__all__ = ["GarpWatch"]

_ETH_P_ALL = 0x0003
"""A bridge takes frames from its ports before whoever listens for one protocol sees them."""
_ARP_TYPE = bytes.fromhex("0806")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_TYPE = slice(12, 14)
_ETHERNET_BYTES = 14
_OUTGOING = 4


class GarpWatch:
    """Tells of every gratuitous ARP for an address that comes from one of the ports (port -> instance)."""

    def __init__(
        self, cloud: Namespace, address: IPv4Address, ports: Mapping[str, str], heard: Callable[[str], None]
    ) -> None:
        self._address = address.packed
        self._ports = ports
        self._heard = heard
        self._socket = cloud.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        try:
            frame, (port, _, kind, *_) = self._socket.recvfrom(128)
        except BlockingIOError:
            return
        if kind == _OUTGOING or port not in self._ports or frame[_TYPE] != _ARP_TYPE:
            return
        if len(frame) < _ETHERNET_BYTES + _ARP.size:
            return
        *_, sender, _, target = _ARP.unpack_from(frame, _ETHERNET_BYTES)
        if sender == target == self._address:
            self._heard(self._ports[port])
