"""What becomes of an API call whose packets are lost: TCP sends them again, ever more rarely.

A call is one request and one answer, over a connection of its own. Both take no time on their way (the time that a call
takes is the control plane's ``accept``), but whoever is frozen or cut off does not get what is sent to it then. Its
sender notices that no acknowledgement comes, and sends again: after the initial time-out, and each time after twice as
long as before (RFC 6298, 5.5), up to two minutes (Linux' TCP_RTO_MAX).

* **The answer** left the API when it was served, and is sent again after 0.2, 0.6, 1.4, 3.0, 6.2, ... seconds. 0.2 s is
  Linux' least time-out (TCP_RTO_MIN); the round trip, which it adds, is neglected. So after a freeze, or a cut, of some
  seconds an answer is late by anything up to as long again. Where packets wait for a frozen guest (``packets_queued``)
  the answer is there when it goes on. Only the way to the caller has to be open.
* **The request** leaves when the script makes the call. What has been sent is served, whatever happens to the caller
  then. On a way that is cut, the first packet of the connection is sent again after 1, 2, 3, 4, 5, 7, 11, 19, ...
  seconds, until it and its acknowledgement pass; then the request follows at once. (The initial time-out of RFC 6298,
  2.1, which Linux since 6.5 doubles only after four more, its tcp_syn_linear_timeouts; older ones after 1, 3, 7, 15,
  ...) A frozen guest sends nothing, and what it would have sent meanwhile when it goes on.
* **The caller's limit** (``notify.call_timeout``) goes by a clock that runs on in a freeze. An answer that comes at
  that very instant counts. If the limit passes in a freeze, it is the first thing that the caller notices, and the call
  is given up, even with its answer waiting: so do curl, and hasim's exported script with its alarm.

Measured with Linux 6.18 between two network namespaces: an answer of several segments came 0.65, 1.46, 3.13, 6.46 and
13.26 s after it had been sent, and a connection was made after 1.00, 2.04, 3.06 and 7.13 s (the kernel rounds its
timers up). An answer that fits into one segment is sent once more after 0.2 s without counting as a time-out (a tail
loss probe, RFC 8985), so that its instants are 0.2 s later.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import simpy

from hasim.scenario.model import Instance
from hasim.units import MILLISECOND, MINUTE, SECOND

if TYPE_CHECKING:
    from hasim.sim.world import World

__all__ = ["Retransmission"]

_ANSWER_PAUSE_NS = 200 * MILLISECOND
_CONNECTION_PAUSE_NS = SECOND
_EQUAL_CONNECTION_PAUSES = 5
_LONGEST_PAUSE_NS = 2 * MINUTE


class Retransmission:
    """The packets between the scripts of one run and the API. What is sent arrives at once, or is sent again."""

    def __init__(self, world: World) -> None:
        self._world = world

    def connect(self, caller: Instance, given_up_ns: int) -> Generator[simpy.Event, Any, bool]:
        """Send the request of an instance that runs; True as soon as the API has it, False when it is given up."""
        kernel, fabric, guest = self._world.kernel, self._world.fabric, self._world.hosts[caller.name]
        pauses_ns = _pauses_ns(_CONNECTION_PAUSE_NS, equal=_EQUAL_CONNECTION_PAUSES)
        while not fabric.api_reachable(caller):
            pause_ns = next(pauses_ns)
            if kernel.now + pause_ns > given_up_ns:
                return False
            yield kernel.sleep(pause_ns)
            while guest.thawed is not None:
                yield guest.thawed
        return kernel.now <= given_up_ns

    def deliver(self, caller: Instance, given_up_ns: int) -> Generator[simpy.Event, Any, bool]:
        """Send the answer to an instance; True as soon as it is there, False when it comes too late.

        An answer that is there may still wait for a caller that stands still.
        """
        kernel = self._world.kernel
        pauses_ns = _pauses_ns(_ANSWER_PAUSE_NS, equal=1)
        while not self._takes_packets(caller):
            pause_ns = next(pauses_ns)
            if kernel.now + pause_ns > given_up_ns:
                return False
            yield kernel.sleep(pause_ns)
        return True

    def _takes_packets(self, caller: Instance) -> bool:
        """Whether a packet from the API gets as far as the guest's network interface, and is not lost there."""
        is_there = self._world.hosts[caller.name].thawed is None or self._world.daemons[caller.name].queues_packets
        return is_there and self._world.fabric.hears_api(caller)


def _pauses_ns(first_ns: int, *, equal: int) -> Iterator[int]:
    """How long is waited for an acknowledgement, before each retransmission: so many times the same, then twice as
    long each time."""
    pause_ns = first_ns
    for _ in range(equal):
        yield pause_ns
    while True:
        pause_ns = min(2 * pause_ns, _LONGEST_PAUSE_NS)
        yield pause_ns
