"""What waits for a process that is frozen or busy, in the order in which it came; its sockets take only so much."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from hasim.scenario.model import Transport
from hasim.vrrp.events import AdvertReceived, Event

if TYPE_CHECKING:
    from hasim.sim.router import Router

__all__ = ["Inbox"]

_Socket: TypeAlias = tuple[str, bool, Transport]
"""What the ``vrrp_instance`` blocks that share one have in common: interface, IPv6 or not, transport."""

_LEAST_BUFFER = 2304
"""Bytes that the kernel gives at least, however few a program asks for."""


class Inbox:
    """Everything that a daemon with these routers has not worked on yet.

    Its sockets take adverts while less than their buffer is in use, and lose what comes then. keepalived asks the
    kernel for the sum of what the instances on a socket want, and gets twice as much.
    """

    def __init__(self, routers: Sequence[Router]) -> None:
        self._waiting: deque[tuple[Router, Event]] = deque()
        self._unread: Counter[_Socket] = Counter()
        self._limits = {
            _socket(router): _limit([r for r in routers if _socket(r) == _socket(router)]) for router in routers
        }

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, router: Router, event: Event) -> None:
        """Something has come for a router; an advert for which there is no room is lost."""
        if isinstance(event, AdvertReceived):
            socket = _socket(router)
            if self._unread[socket] >= self._limits[socket]:
                return
            self._unread[socket] += 1
        self._waiting.append((router, event))

    def take(self) -> tuple[Router, Event]:
        """What came first."""
        router, event = self._waiting.popleft()
        if isinstance(event, AdvertReceived):
            self._unread[_socket(router)] -= 1
        return router, event

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()
        self._unread.clear()


def _socket(router: Router) -> _Socket:
    vrrp = router.instance.vrrp
    return vrrp.interface, vrrp.native_ipv6, vrrp.transport


def _limit(routers: Sequence[Router]) -> int:
    """How many adverts fit into the socket of these routers."""
    daemon = routers[0].instance.daemon
    asked = sum(router.instance.vrrp.kernel_rx_buf_size or 0 for router in routers)
    room = max(2 * asked, _LEAST_BUFFER) if asked else daemon.receive_buffer
    return -(-room // daemon.advert_in_buffer)
