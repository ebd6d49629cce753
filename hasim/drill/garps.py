"""Gratuitous ARPs on the cloud's bridges: how a guest claims a HAVIP.

The kernel says when each came: who reads them does other things too, and may be late.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address

from hasim.drill.namespaces import Namespace
from hasim.units import SECOND

__all__ = ["GarpWatch"]

_ETH_P_ALL = 0x0003
"""A bridge takes frames from its ports before whoever listens for one protocol sees them."""
_ARP_TYPE = bytes.fromhex("0806")
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_TYPE = slice(12, 14)
_ETHERNET_BYTES = 14
_OUTGOING = 4
_SO_TIMESTAMPNS = 35
"""Which is SCM_TIMESTAMPNS too."""
_TIMESPEC = struct.Struct("@ll")
_ROOM_FOR_TIMES = socket.CMSG_SPACE(_TIMESPEC.size)
_OLDEST_NS = SECOND
"""A frame that looks older, or not yet sent, has seen the system's clock being set."""


class GarpWatch:
    """Tells of every gratuitous ARP for an address that comes from one of the ports (port -> instance): ``heard`` is
    given the instance and the time (CLOCK_MONOTONIC, ns)."""

    def __init__(
        self, cloud: Namespace, address: IPv4Address, ports: Mapping[str, str], heard: Callable[[str, int], None]
    ) -> None:
        self._address = address.packed
        self._ports = ports
        self._heard = heard
        self._socket = cloud.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        try:
            frame, ancillary, _, (port, _, kind, *_) = self._socket.recvmsg(128, _ROOM_FOR_TIMES)
        except BlockingIOError:
            return
        if kind == _OUTGOING or port not in self._ports or frame[_TYPE] != _ARP_TYPE:
            return
        if len(frame) < _ETHERNET_BYTES + _ARP.size:
            return
        *_, sender, _, target = _ARP.unpack_from(frame, _ETHERNET_BYTES)
        if sender == target == self._address:
            self._heard(self._ports[port], _came_ns(ancillary))


def _came_ns(ancillary: Iterable[tuple[int, int, bytes]]) -> int:
    """When the kernel took a frame in, on CLOCK_MONOTONIC; now, where it does not say."""
    now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            age_ns: int = wall_ns - (seconds * SECOND + nanoseconds)
            if 0 <= age_ns <= _OLDEST_NS:
                return now_ns - age_ns
    return now_ns
